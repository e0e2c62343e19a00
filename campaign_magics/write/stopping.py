"""An interrupt before anything was sent, told in two lines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..session import Interrupted


@contextmanager
def nothing_sent(hint: str = "run it again") -> Iterator[None]:
    """Raise Interrupted where Ctrl-C stops what has only read so far."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(
            "It was stopped before anything was sent.", hint=hint
        ) from None
