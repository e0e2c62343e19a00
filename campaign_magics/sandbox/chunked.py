"""A request body that comes in chunks (RFC 9112 §7.1), read with bounded memory.

cheroot's own reader trusts the sizes it is told and reads size lines of any length.
"""

from __future__ import annotations

import re
from typing import IO

_SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(;[^\r\n]*)?\r?\n")
_LINE_BYTES = 1024
_TRAILER_LINES = 100


class ChunkedBody:
    """Reads like a file; ``remaining`` is 0 once the last chunk was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = 0
        self._inside = False
        self.remaining = 1

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes, ``b""`` at the end.

        Raises ValueError when the chunks are not what HTTP says.
        """
        if self._left == 0 and self.remaining:
            self._open_chunk()
        if not self.remaining:
            return b""
        piece = self._stream.read(min(size, self._left))
        if not piece and size:
            raise ValueError("the body ends inside a chunk")
        self._left -= len(piece)
        return piece

    def _open_chunk(self) -> None:
        if self._inside and self._stream.readline(3) not in (b"\r\n", b"\n"):
            raise ValueError("a chunk does not end where it said")
        found = _SIZE.fullmatch(self._stream.readline(_LINE_BYTES))
        if found is None:
            raise ValueError("a chunk has no size")
        self._inside, self._left = True, int(found[1], 16)
        if self._left == 0:
            self._skip_trailer()
            self.remaining = 0

    def _skip_trailer(self) -> None:
        for _ in range(_TRAILER_LINES):
            if self._stream.readline(_LINE_BYTES) in (b"\r\n", b"\n", b""):
                return
        raise ValueError("the trailer does not end")
