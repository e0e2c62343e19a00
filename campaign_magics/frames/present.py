"""Decoded table → what users hold: enumerations by name or label, pandas dtypes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..xtk.columns import Column
from .dtypes import STORED, STRING, pandas_dtype


def to_arrow(
    table: pa.Table, columns: Sequence[Column], *, labels: bool = False
) -> pa.Table:
    """Return the table with enumerations as names, or labels.

    Stored values that the schema lacks keep their text.  Collections keep their
    shape; the enumerations in them become plain strings.
    """
    for at, column in enumerate(columns):
        if column.values or column.items:
            shown = _shown(table.column(at), column, labels)
            table = table.set_column(at, column.name, shown)
    return table


def to_pandas(
    table: pa.Table, columns: Sequence[Column], *, labels: bool = False
) -> pd.DataFrame:
    """Return a DataFrame with the dtypes of ``dtypes.DTYPES``.

    Enumerations are unordered categoricals of names (``labels=True``: labels) in the
    schema's order, followed by stored texts the schema lacks; collections are lists
    of dictionaries backed by Arrow.  ``table`` may be several decoded tables put
    together.
    """
    shown = to_arrow(table, columns, labels=labels)
    frame: pd.DataFrame = shown.to_pandas(types_mapper=pandas_dtype)
    return frame


def _shown(stored: pa.ChunkedArray, column: Column, labels: bool) -> pa.ChunkedArray:
    if column.items:
        chunks = [_nested(chunk, column, labels) for chunk in stored.chunks]
        return pa.chunked_array(chunks, stored.type)
    chunks = [
        _dictionary(chunk, column, labels)
        for chunk in stored.unify_dictionaries().chunks
    ]
    return pa.chunked_array(chunks, STORED)


def _dictionary(
    stored: pa.DictionaryArray, column: Column, labels: bool
) -> pa.DictionaryArray:
    """Rename the categories; stored values that share a name become one."""
    names = _names(column, labels)
    renamed = [names.get(text, text) for text in stored.dictionary.to_pylist()]
    distinct = list(dict.fromkeys(renamed))
    codes = stored.indices
    if len(distinct) < len(renamed):
        place = {name: at for at, name in enumerate(distinct)}
        moved = pa.array([place[name] for name in renamed], pa.int32())
        codes = moved.take(codes)
    return pa.DictionaryArray.from_arrays(codes, pa.array(distinct, STRING))


def _names(column: Column, labels: bool) -> dict[str, str]:
    if labels:
        return {v.value: v.label or v.name or v.value for v in column.values}
    return {v.value: v.name or v.value for v in column.values}


def _nested(rows: pa.ListArray, column: Column, labels: bool) -> pa.ListArray:
    """Name the enumerations inside a collection."""
    struct = rows.values
    fields = [
        _item(pc.struct_field(struct, [at]), item, labels)
        for at, item in enumerate(column.items)
    ]
    named = pa.StructArray.from_arrays(fields, fields=list(struct.type))
    return pa.ListArray.from_arrays(rows.offsets, named, type=rows.type)


def _item(stored: pa.Array, item: Column, labels: bool) -> pa.Array:
    if item.items:
        return _nested(stored, item, labels)
    if not item.values:
        return stored
    encoded = stored.dictionary_encode()
    return _dictionary(encoded, item, labels).dictionary_decode()
