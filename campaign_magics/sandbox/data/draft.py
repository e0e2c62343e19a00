"""From columns by XTK path to a table with SQL column names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from ...schemas.model import Field, Schema
from ..stores.columns import StoredColumn, arrow_schema, stored_columns

Values = Mapping[str, Any]
"""Columns by path, ``""`` the XML memo: arrays and lists, or one value for all rows."""

Fill = Callable[[Field], Any]
"""Makes the column of a field that no value was given for; None leaves it empty."""


def to_table(
    schema: Schema, values: Values, count: int, fill: Fill | None = None
) -> pa.Table:
    """Return ``count`` rows of a schema, dates and times typed as in the cloud.

    Paths that the schema does not have are passed over; columns without values take
    ``fill``, else 0 or null.
    """
    types = arrow_schema(schema, "cloud")
    arrays = []
    for column in stored_columns(schema):
        given = values.get(column.path)
        if given is None and fill is not None and column.path not in values:
            given = fill(schema.field_by_path[column.path]) if column.path else None
        arrays.append(_array(given, column, types.field(column.name).type, count))
    return pa.table(arrays, schema=types)


def zero_record(schema: Schema, values: Values | None = None) -> pa.Table:
    """Return the record with key 0, which stands for "none" (protocol.md §4.2)."""
    return to_table(schema, values or {}, 1)


def has_zero(schema: Schema) -> bool:
    """Tell whether the schema's table holds a record 0: numeric ``autopk`` keys."""
    return schema.auto_pk and not schema.auto_uuid


def _array(
    given: Any, column: StoredColumn, type_: pa.DataType, count: int
) -> pa.Array | pa.ChunkedArray:
    if given is None:
        return pa.repeat(pa.scalar(column.storage.default, type_), count)
    if isinstance(given, pa.Array | pa.ChunkedArray):
        return given if given.type == type_ else given.cast(type_)
    if isinstance(given, np.ndarray):
        return pa.array(given).cast(type_)
    if isinstance(given, list):
        return pa.array(given).cast(type_)
    return pa.repeat(pa.scalar(given).cast(type_), count)
