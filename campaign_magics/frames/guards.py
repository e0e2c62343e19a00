"""What the fast parser would get silently wrong, found before it is believed.

xml2arrow joins the texts of a repeated child, joins ``type`` and ``x:type``, stops at
a cut document without a word and lets control characters pass.  Each is looked for in
the bytes, with numpy, at a few per cent of the time parsing takes.  A false alarm
costs time only: the answer then goes the second way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .envelope import Envelope

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]

_CHUNK: Final = 1 << 18  # stays in the second-level cache
_PREFIXED_ATTRIBUTE = re.compile(
    rb":[A-Za-z_\x80-\xff][-\w.\x80-\xff]*\s*=\s*[\"']",
)
_AFTER_NAME = np.zeros(256, dtype=bool)
_AFTER_NAME[list(b" \t\n\r/>")] = True
_NOT_OPENING = np.frombuffer(b"/!?", dtype=np.uint8)
_LAYOUT = np.frombuffer(b"\t\n\r", dtype=np.uint8)


class Declined(Exception):
    """The fast parser is not to be trusted with this answer; the text says why."""


def count_rows(envelope: Envelope, links: Iterable[str]) -> int:
    """Count the rows from their start tags, and check what stands between them.

    ``links`` are the child elements that columns are read from.  Raises Declined for
    a cut document, several collections or kinds of row, prefixed names, or a link
    twice in one row.
    """
    data, row = envelope.data, envelope.row or ""
    end = _end_of_rows(envelope)
    start = data.find(b"<" + row.encode())
    if _PREFIXED_ATTRIBUTE.search(data, start, end):
        raise Declined("an attribute has a prefix")
    tags = _Tags(data, start, end)
    rows = tags.named(row)
    collections = tags.named(envelope.container[-1])
    if collections.sum() > 1:
        raise Declined("there is more than one collection")
    known = rows | collections
    row_number = np.cumsum(rows)
    for link in links:
        found = tags.named(link)
        if not np.diff(row_number[found]).all():
            raise Declined(f"a row holds <{link}> more than once")
        known |= found
    _check_unknown(tags, tags.opening[~known], rows, row)
    return int(row_number[-1])


def check_characters(text: pa.Array) -> None:
    """Decline control characters, which lxml reports with their position."""
    offsets, content = text.buffers()[1:]
    if content is None or not len(text):
        return
    last = np.frombuffer(offsets, dtype=np.int32)[text.offset + len(text)]
    used = np.frombuffer(content, dtype=np.uint8)[:last]
    low = used[used < ord(" ")]
    if low.size and not np.isin(low, _LAYOUT).all():
        raise Declined("a text holds a control character")


def _end_of_rows(envelope: Envelope) -> int:
    """Return where the collection closes; only closing tags may follow."""
    names = [re.escape(name.encode()) for name in reversed(envelope.container)]
    closing = rb"".join(rb"\s*</(?:[^\s<>:]+:)?" + name + rb"\s*>" for name in names)
    end = envelope.data.rfind(b"</" + envelope.container[-1].encode())
    if end < 0 or not re.compile(closing + rb"\s*\Z").match(envelope.data, end):
        raise Declined("the document does not end with its collection")
    return end


class _Tags:
    """Where the tags of a document stand: the first byte of each name."""

    def __init__(self, data: bytes, start: int, end: int) -> None:
        self.view = np.frombuffer(data, dtype=np.uint8)
        self._words = np.ndarray(len(data) - 7, dtype="<u8", buffer=data, strides=(1,))
        after = (
            np.concatenate(
                [
                    np.flatnonzero(self.view[at : min(at + _CHUNK, end)] == ord("<"))
                    + at
                    for at in range(start, end, _CHUNK)
                ]
            )
            + 1
        )
        first = self.view[after]
        self.opening: Positions = after[~np.isin(first, _NOT_OPENING)]
        self.closing: Positions = after[first == ord("/")] + 1

    def named(self, name: str, among: Positions | None = None) -> npt.NDArray[np.bool_]:
        """Tell which tags (opening ones, or ``among``) have exactly this name.

        Eight bytes are compared at a time; closing tags after the rows leave room.
        """
        starts = self.opening if among is None else among
        raw = name.encode()
        chosen = np.ones(len(starts), dtype=bool)
        for at in range(0, len(raw), 8):
            part = raw[at : at + 8]
            mask = np.uint64(2 ** (8 * len(part)) - 1)
            word = self._words[starts[chosen] + at] & mask
            chosen[chosen] = word == int.from_bytes(part, "little")
        chosen[chosen] = _AFTER_NAME[self.view[starts[chosen] + len(raw)]]
        return chosen

    def any_prefix(self, starts: Positions) -> bool:
        """Tell whether one of these names has a colon."""
        at = starts
        while at.size:
            byte = self.view[at]
            if (byte == ord(":")).any():
                return True
            at = at[~_AFTER_NAME[byte]] + 1
        return False


def _check_unknown(
    tags: _Tags, unknown: Positions, rows: npt.NDArray[np.bool_], row: str
) -> None:
    """Decline elements beside the rows, or elements that may be asked ones in disguise.

    A row with content is an opening tag followed by a closing one; what lies between
    such a pair is inside a row.
    """
    if not unknown.size:
        return
    if tags.any_prefix(unknown):
        raise Declined("an element has a prefix")
    opened = tags.opening[rows]
    closed = tags.closing[tags.named(row, tags.closing)]
    edges = np.concatenate([[-1], opened, closed, [tags.view.size]])
    opens = np.repeat([False, True, False, True], [1, len(opened), len(closed), 1])
    order = np.argsort(edges)
    following = np.searchsorted(edges[order], unknown)
    opens = opens[order]
    if not (opens[following - 1] & ~opens[following]).all():
        raise Declined("an element stands beside the rows")
