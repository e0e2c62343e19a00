"""How each XTK type looks in Arrow and in pandas: one table, and what it implies.

Missing and empty are one value in XTK (protocol.md §10), so every column is
nullable and both become null.  Strings use ``StringDtype("pyarrow")``: it shares the
Arrow buffers instead of copying them, and its missing value is ``pd.NA`` on pandas
2.2 and 3 alike, as it is for ``Int64`` and ``boolean``; pandas 3's default ``str``
would answer NaN in one column and NA in the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import pyarrow as pa

from ..xtk.columns import Column
from ..xtk.types import Kind

Read = Literal["Utf8", "Int64", "Float64"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dtype:
    """One row of the table.

    ``read`` is what the fast parser makes of the text; ``pandas`` None leaves the
    choice to pyarrow (``datetime64``, ``timedelta64``, categorical).
    """

    arrow: pa.DataType
    read: Read = "Utf8"
    pandas: Any = None


STRING = pa.string()
STORED = pa.dictionary(pa.int32(), STRING)
"""An enumeration: stored values in schema order, then any the schema lacks."""

DTYPES: dict[Kind, Dtype] = {
    Kind.STRING: Dtype(arrow=STRING, pandas=pd.StringDtype("pyarrow")),
    Kind.ELEMENT: Dtype(arrow=STRING, pandas=pd.StringDtype("pyarrow")),
    Kind.INTEGER: Dtype(arrow=pa.int64(), read="Int64", pandas=pd.Int64Dtype()),
    Kind.NUMBER: Dtype(arrow=pa.float64(), read="Float64", pandas=pd.Float64Dtype()),
    Kind.BOOLEAN: Dtype(arrow=pa.bool_(), pandas=pd.BooleanDtype()),
    Kind.DATETIME: Dtype(arrow=pa.timestamp("us", tz="UTC")),
    Kind.LOCAL_DATETIME: Dtype(arrow=pa.timestamp("us")),
    Kind.DATE: Dtype(arrow=pa.date32(), pandas=pd.ArrowDtype(pa.date32())),
    Kind.TIMESPAN: Dtype(arrow=pa.duration("us"), read="Int64"),
}

_PANDAS = {row.arrow: row.pandas for row in DTYPES.values() if row.pandas is not None}


def arrow_type(column: Column, *, nested: bool = False) -> pa.DataType:
    """Return the Arrow type of a decoded column.

    A collection is a list of structs.  An enumeration is a dictionary of stored
    texts; inside a collection (``nested``) it is a plain string.
    """
    if column.items:
        fields = [(item.name, arrow_type(item, nested=True)) for item in column.items]
        return pa.list_(pa.struct(fields))
    if column.values:
        return STRING if nested else STORED
    return DTYPES[column.type.kind].arrow


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the schema of the table ``decode`` makes of these columns."""
    return pa.schema([(column.name, arrow_type(column)) for column in columns])


def pandas_dtype(arrow: pa.DataType) -> Any:
    """Return the pandas extension dtype for an Arrow type, None for pyarrow's own."""
    if pa.types.is_list(arrow):
        return pd.ArrowDtype(arrow)
    return _PANDAS.get(arrow)
