"""Rows become XML, a column at a time (protocol.md §5.3, §10).

Null strings and dates are ``""``, null numbers ``0``; booleans are ``1`` and ``0``:
Adobe's own script tests ``wkf.@failed == 1`` on an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ...xtk.types import Kind, XtkType
from .layout import Element, Items, Value
from .xmlmemo import list_items, memo_values

Lists = Callable[[Items, pa.Array], pa.Array]
"""Answers a sub-list: from parents' keys to the XML of their items."""

_CONTROL: Final = "[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x{fffe}\\x{ffff}]"
_ESCAPES: Final = (
    ("&", "&amp;"),
    ("<", "&lt;"),
    (">", "&gt;"),
    ('"', "&quot;"),
    ("\n", "&#10;"),
    ("\t", "&#9;"),
    ("\r", "&#13;"),
)
_ESCAPED_BYTES: Final = {ord(plain) for plain, _ in _ESCAPES}
_FORBIDDEN: Final = {*range(0x20), 0xEF}  # 0xEF begins U+FFFE and U+FFFF
_PLAIN_BYTES: Final = bytes({*range(256)} - _FORBIDDEN - _ESCAPED_BYTES)
_DAY: Final = 10


def rows_xml(row: Element, batch: pa.RecordBatch, lists: Lists) -> pa.Array:
    """Return the XML of each row of a batch."""
    pieces = list(_element(row, batch, lists))
    if all(isinstance(piece, str) for piece in pieces):
        return pa.array(["".join(map(str, pieces))] * batch.num_rows, pa.string())
    return pc.binary_join_element_wise(
        *_merged(pieces), "", null_handling="replace", null_replacement=""
    )


def joined_bytes(texts: pa.Array) -> bytes:
    """Return all texts one after the other; Arrow holds them that way already."""
    if len(texts) == 0:
        return b""
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    first, last = offsets[texts.offset], offsets[texts.offset + len(texts)]
    data = texts.buffers()[2]
    return bytes(memoryview(data)[first:last]) if data is not None else b""


def _element(
    element: Element, batch: pa.RecordBatch, lists: Lists
) -> Iterator[str | pa.Array]:
    yield f"<{element.name}"
    for name, value in element.attributes.items():
        yield f' {name}="'
        yield shown(value, batch)
        yield '"'
    inside = list(_inside(element, batch, lists))
    if not inside:
        yield "/>"
        return
    yield ">"
    yield from inside
    yield f"</{element.name}>"


def _inside(
    element: Element, batch: pa.RecordBatch, lists: Lists
) -> Iterator[str | pa.Array]:
    if element.text is not None:
        yield shown(element.text, batch)
    for child in element.children.values():
        yield from _element(child, batch, lists)
    for one in element.lists:
        if isinstance(one, Items):
            yield lists(one, batch.column(one.column))
        else:
            yield list_items(batch.column(one.column), one.name, one.path, one.fields)


def _merged(pieces: Sequence[str | pa.Array]) -> Iterator[pa.Scalar | pa.Array]:
    """Join neighbouring constants, so that Arrow joins fewer columns."""
    text = ""
    for piece in pieces:
        if isinstance(piece, str):
            text += piece
            continue
        if text:
            yield pa.scalar(text, pa.string())
            text = ""
        yield piece
    if text:
        yield pa.scalar(text, pa.string())


def shown(value: Value, batch: pa.RecordBatch) -> pa.Array:
    """Return a value's column as texts ready for XML."""
    column = batch.column(value.column)
    if value.xml:
        return escaped(memo_values(column, value.xml))
    if value.part:
        return escaped(_named(column, value))
    return as_xml(column, value.type)


def as_xml(column: pa.Array, type_: XtkType) -> pa.Array:
    """Return stored values as the text of their type, escaped."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if type_.kind in {Kind.STRING, Kind.ELEMENT}:
        return escaped(column.cast(pa.string()))
    if type_.kind in {Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME}:
        return _times(column, type_.kind)
    return _numbers(column)


def _times(column: pa.Array, kind: Kind) -> pa.Array:
    """Write ``2020-07-05`` or ``2020-07-05 14:11:31.986Z``; wall-clock has no Z."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("ms"), safe=False)
    text = column.cast(pa.string())
    if kind is Kind.DATE:
        return pc.fill_null(pc.utf8_slice_codeunits(text, 0, _DAY), "")
    if pa.types.is_date(column.type):
        text = pc.binary_join_element_wise(text, "00:00:00.000", " ")
    if kind is Kind.DATETIME:
        text = pc.binary_join_element_wise(text, "Z", "")
    return escaped(text)


def _numbers(column: pa.Array) -> pa.Array:
    """Write numbers plainly: 5, not 5.0; null, infinity and no number are 0."""
    if pa.types.is_string(column.type) or pa.types.is_binary(column.type):
        return escaped(pc.fill_null(column.cast(pa.string()), "0"))
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    if pa.types.is_floating(column.type):
        finite = pc.is_finite(column)
        column = pc.if_else(pc.fill_null(finite, False), column, 0.0)
    text = pc.fill_null(column.cast(pa.string()), "0")
    if (
        pa.types.is_floating(column.type)
        and pc.any(pc.match_substring(text, "e")).as_py()
    ):
        values = [_plain(one) for one in column.to_pylist()]
        text = pa.array(values, pa.string())
    return text


def _plain(number: float) -> str:
    return format(Decimal(repr(number)), "f").removesuffix(".0")


def _named(column: pa.Array, value: Value) -> pa.Array:
    """Return names or labels of an enumeration's values; '' for a stranger."""
    text = column.cast(pa.string())
    keys = pa.array([one.value for one in value.values], pa.string())
    names = [one.name if value.part == "name" else one.label for one in value.values]
    positions = pc.index_in(pc.fill_null(text, ""), keys)
    return pc.fill_null(pa.array(names, pa.string()).take(positions), "")


def escaped(texts: pa.Array) -> pa.Array:
    """Escape texts for an attribute or an element; what XML forbids is dropped."""
    texts = pc.fill_null(texts, "")
    notable = _notable_bytes(texts)
    if notable - _ESCAPED_BYTES:
        texts = pc.replace_substring_regex(texts, _CONTROL, "")
    for plain, reference in _ESCAPES:
        if ord(plain) in notable:
            texts = pc.replace_substring(texts, plain, reference)
    return texts


def _notable_bytes(texts: pa.Array) -> set[int]:
    """Return the bytes that need care: most columns have none."""
    return set(joined_bytes(texts).translate(None, _PLAIN_BYTES))
