"""What the fast parser would get silently wrong, found before it is believed.

xml2arrow joins the texts of a repeated child, joins ``type`` and ``x:type``, stops at
a cut document without a word and lets control characters pass.  Each is looked for in
the bytes, with numpy, at a few per cent of the time parsing takes.  A false alarm
costs time only: the answer then goes the second way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from .envelope import Envelope

Bytes = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Kinds = npt.NDArray[np.uint8]

_ROW, _COLLECTION, _ROW_END, _FIRST_LINK = range(4)
_UNKNOWN, _NO_ELEMENT = np.uint8(254), np.uint8(255)
_MAX_LINKS: Final = 250

_CHUNK: Final = 1 << 20  # what is looked at several times stays in the cache
_PREFIXED_ATTRIBUTE = re.compile(
    rb":[A-Za-z_\x80-\xff][-\w.\x80-\xff]*\s*=\s*[\"']",
)
_ENDS_NAME = np.zeros(256, dtype=bool)
_ENDS_NAME[list(b" \t\n\r/>")] = True
_STARTS_NAME = np.ones(256, dtype=bool)
_STARTS_NAME[list(b"/!?")] = False
_LAYOUT = np.frombuffer(b"\t\n\r", dtype=np.uint8)


class Declined(Exception):
    """The fast parser is not to be trusted with this answer; the text says why."""


def count_rows(envelope: Envelope, links: Sequence[str]) -> int:
    """Count the rows from their start tags, and check what stands between them.

    ``links`` are the child elements that columns are read from.  Raises Declined for
    a cut document, several collections or kinds of row, prefixed names, or a link
    twice in one row.
    """
    data, row = envelope.data, envelope.row or ""
    if row in links or len(links) > _MAX_LINKS:
        raise Declined("a link is named like the row, or there are too many")
    end = _end_of_rows(envelope)
    start = data.find(b"<" + row.encode())
    if _PREFIXED_ATTRIBUTE.search(data, start, end):
        raise Declined("an attribute has a prefix")
    names = [row, envelope.container[-1], "/" + row, *links]
    starts, kinds = _tags(data, start, end, [name.encode() for name in names])
    row_number = np.cumsum(kinds == _ROW)
    for kind, link in enumerate(names[_FIRST_LINK:], _FIRST_LINK):
        if not np.diff(row_number[kinds == kind]).all():
            raise Declined(f"a row holds <{link}> more than once")
    if np.count_nonzero(kinds == _COLLECTION) > 1:
        raise Declined("there is more than one collection")
    _check_unknown(data, starts, kinds)
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


def _tags(
    data: bytes, start: int, end: int, names: Sequence[bytes]
) -> tuple[Positions, Kinds]:
    """Return the place after each ``<``, and which of the names stands there.

    Text of CDATA and comments is looked at too: it can only make the guards decline.
    """
    view = np.frombuffer(data, dtype=np.uint8)
    # Every eight bytes of the document as one number, without a copy; the closing
    # tags after the rows leave room for the last ones.
    words = np.ndarray(len(data) - 7, "<u8", data, strides=(1,))
    starts, kinds = [], []
    for at in range(start, end, _CHUNK):
        here = np.flatnonzero(view[at : min(at + _CHUNK, end)] == ord("<")) + (at + 1)
        starts.append(here)
        kinds.append(_kinds(view, words, here, names))
    return np.concatenate(starts), np.concatenate(kinds)


def _kinds(
    view: Bytes, words: Words, starts: Positions, names: Sequence[bytes]
) -> Kinds:
    first = words[starts]
    kinds = np.where(_STARTS_NAME[first & 0xFF], _UNKNOWN, _NO_ELEMENT)
    for kind, name in enumerate(names):
        found = np.flatnonzero(first & _mask(name) == _word(name))
        for at in range(8, len(name), 8):
            word = words[starts[found] + at] & _mask(name[at:])
            found = found[word == _word(name[at:])]
        found = found[_ENDS_NAME[view[starts[found] + len(name)]]]
        kinds[found] = kind
    return kinds


def _check_unknown(data: bytes, starts: Positions, kinds: Kinds) -> None:
    """Decline elements beside the rows, or that may be asked ones in disguise.

    A row with content is an opening tag followed by a closing one; only what lies
    between such a pair is in a row.
    """
    unknown = np.flatnonzero(kinds == _UNKNOWN)
    if not unknown.size:
        return
    if _any_prefix(data, starts[unknown]):
        raise Declined("an element has a prefix")
    edges = np.flatnonzero((kinds == _ROW) | (kinds == _ROW_END))
    opens = np.concatenate([[False], kinds[edges] == _ROW, [True]])
    before = np.searchsorted(edges, unknown)
    if not (opens[before] & ~opens[before + 1]).all():
        raise Declined("an element stands beside the rows")


def _any_prefix(data: bytes, starts: Positions) -> bool:
    view, at = np.frombuffer(data, dtype=np.uint8), starts
    while at.size:
        byte = view[at]
        if (byte == ord(":")).any():
            return True
        at = at[~_ENDS_NAME[byte]] + 1
    return False


def _word(text: bytes) -> np.uint64:
    return np.uint64(int.from_bytes(text[:8], "little"))


def _mask(text: bytes) -> np.uint64:
    return np.uint64(256 ** min(8, len(text)) - 1)
