"""Texts → elements: one document a row, joined a column at a time.

Whole columns are escaped and joined by Arrow, so Python never sees a row
(reference/libraries.md: some nine times faster than building elements).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .dtypes import STRING

_ESCAPES: Final = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&quot;"),
    ("\n", "&#10;"),
    ("\t", "&#9;"),
    ("\r", "&#13;"),
)
_ESCAPED_BYTES: Final = frozenset(ord(plain) for plain, _ in _ESCAPES)
_NOT_ESCAPED: Final = bytes({*range(256)} - _ESCAPED_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """How an element is made of the columns of a table of texts.

    ``constants`` are attributes that every element has, ``attributes`` and ``text``
    name columns.  A null leaves its attribute out.  An element is there where any of
    the columns in it has a value; the outermost one is always there.  With ``items``,
    the element is repeated for each item of that column, a list of structs; the columns
    in it are then the fields of the structs.  ``markup`` names two columns of markup:
    further attributes, with a space before each, and content.
    """

    name: str
    constants: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    children: tuple[Element, ...] = ()
    items: str | None = None
    markup: tuple[str, str] | None = None

    def columns(self) -> Iterator[str]:
        """Yield the columns that decide whether the element is there."""
        if self.items is not None:
            yield self.items
            return
        yield from self.attributes.values()
        if self.text is not None:
            yield self.text
        for child in self.children:
            yield from child.columns()


def encode(element: Element, texts: pa.RecordBatch) -> pa.Array:
    """Return one element for each row, as XML text.

    The texts hold no character that XML forbids.
    """
    return _joined(list(_pieces(element, texts)), texts.num_rows)


def joined(texts: pa.Array) -> bytes:
    """Return all texts one after the other, in UTF-8; Arrow holds them that way."""
    if len(texts) == 0:
        return b""
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    first, last = offsets[texts.offset], offsets[texts.offset + len(texts)]
    data = texts.buffers()[2]
    return bytes(memoryview(data)[first:last]) if data is not None else b""


Piece: TypeAlias = str | pa.Array
"""A constant, or a text for each row; null stands for nothing."""


def _pieces(element: Element, texts: pa.RecordBatch) -> Iterator[Piece]:
    yield f"<{element.name}"
    for name, text in element.constants.items():
        yield f' {name}="{escape(text)}"'
    for name, column in element.attributes.items():
        values = texts.column(column)
        if values.null_count == 0:
            yield f' {name}="'
            yield _escaped(values)
            yield '"'
        elif values.null_count < len(values):
            yield _wrapped(f' {name}="', _escaped(values), '"')
    if element.markup is not None:
        yield texts.column(element.markup[0])
    inside = list(_inside(element, texts))
    if not inside:
        yield "/>"
        return
    yield ">"
    yield from inside
    yield f"</{element.name}>"


def _inside(element: Element, texts: pa.RecordBatch) -> Iterator[Piece]:
    if element.text is not None:
        yield _escaped(texts.column(element.text))
    if element.markup is not None:
        yield texts.column(element.markup[1])
    for child in element.children:
        if child.items is not None:
            yield _repeated(child, texts.column(child.items))
        else:
            yield from _optional(child, texts)


def _optional(child: Element, texts: pa.RecordBatch) -> Iterator[Piece]:
    """Yield a child element where any of its columns has a value."""
    columns = [texts.column(name) for name in child.columns()]
    pieces = list(_pieces(child, texts))
    if any(column.null_count == 0 for column in columns):
        yield from pieces
        return
    there = columns[0].is_valid()
    for column in columns[1:]:
        there = pc.or_(there, column.is_valid())
    whole = _joined(pieces, texts.num_rows)
    yield pc.if_else(there, whole, pa.scalar(None, STRING))


def _repeated(child: Element, lists: pa.ListArray) -> pa.Array:
    """Return the elements of each row's items, one after the other."""
    structs = lists.flatten()
    if len(structs) == 0:
        return pa.nulls(len(lists), STRING)
    items = pa.RecordBatch.from_arrays(
        structs.flatten(), schema=pa.schema(structs.type)
    )
    each = _joined(list(_pieces(child, items)), items.num_rows)
    counts = pc.fill_null(pc.list_value_length(lists), 0)
    ends = np.cumsum(counts.to_numpy(zero_copy_only=False), dtype=np.int32)
    offsets = pa.array(np.concatenate([np.zeros(1, np.int32), ends]))
    return pc.binary_join(pa.ListArray.from_arrays(offsets, each), "")


def _joined(pieces: Sequence[Piece], rows: int) -> pa.Array:
    merged = list(_merged(pieces))
    if all(isinstance(piece, pa.Scalar) for piece in merged):
        return pa.array(["".join(map(str, pieces))] * rows, STRING)
    return pc.binary_join_element_wise(
        *merged, "", null_handling="replace", null_replacement=""
    )


def _wrapped(before: str, values: pa.Array, after: str) -> pa.Array:
    """Put constants around each value; null stays null."""
    return pc.binary_join_element_wise(before, values, after, "")


def _merged(pieces: Sequence[Piece]) -> Iterator[pa.Scalar | pa.Array]:
    """Join neighbouring constants, so that Arrow joins fewer columns."""
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            yield pa.scalar(text, STRING)
            text = ""
        yield piece
    if text:
        yield pa.scalar(text, STRING)


def _escaped(texts: pa.Array) -> pa.Array:
    notable = set(joined(texts).translate(None, _NOT_ESCAPED))
    for plain, reference in _ESCAPES:
        if ord(plain) in notable:
            texts = pc.replace_substring(texts, plain, reference)
    return texts


def escape(text: str) -> str:
    """Return a text as it stands in an attribute or an element."""
    for plain, reference in _ESCAPES:
        text = text.replace(plain, reference)
    return text
