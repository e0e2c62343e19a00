"""How an XTK type is stored: one table for both databases.

Numbers default to 0 and are never null, strings and dates may be (protocol.md §10).
SQLite has no times: it keeps ``YYYY-MM-DD HH:MM:SS.mmm`` in UTC and ``YYYY-MM-DD``
as text, which sort and compare as times do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from ...schemas.compiler import STAGING
from ...schemas.model import Database, Schema
from ...xtk.types import INT64, MEMO, Kind, XtkType

XML_COLUMN: Final = "mData"
"""The memo that holds every ``xml="true"`` field of a record (protocol.md §4.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """Column types of one XTK type: SQL text and Arrow type in each database."""

    sqlite: str
    duckdb: str
    local: pa.DataType
    cloud: pa.DataType
    default: int | None = None

    def sql(self, database: Database) -> str:
        """Return the SQL type in this database."""
        return self.sqlite if database == "local" else self.duckdb

    def arrow(self, database: Database) -> pa.DataType:
        """Return the Arrow type that this database stores and gives back."""
        return self.local if database == "local" else self.cloud


_TEXT = Storage(sqlite="TEXT", duckdb="VARCHAR", local=pa.string(), cloud=pa.string())
_INTEGER = Storage(
    sqlite="INTEGER", duckdb="INTEGER", local=pa.int64(), cloud=pa.int32(), default=0
)
_BIG = Storage(
    sqlite="INTEGER", duckdb="BIGINT", local=pa.int64(), cloud=pa.int64(), default=0
)
_REAL = Storage(
    sqlite="REAL", duckdb="DOUBLE", local=pa.float64(), cloud=pa.float64(), default=0
)
_DATETIME = Storage(
    sqlite="TEXT", duckdb="TIMESTAMP", local=pa.string(), cloud=pa.timestamp("us")
)
_DATE = Storage(sqlite="TEXT", duckdb="DATE", local=pa.string(), cloud=pa.date32())

_BY_KIND: Final[dict[Kind, Storage]] = {
    Kind.STRING: _TEXT,
    Kind.INTEGER: _INTEGER,
    Kind.NUMBER: _REAL,
    Kind.BOOLEAN: _INTEGER,
    Kind.DATETIME: _DATETIME,
    Kind.LOCAL_DATETIME: _DATETIME,
    Kind.DATE: _DATE,
    Kind.TIMESPAN: _INTEGER,
    Kind.ELEMENT: _TEXT,
}


def storage(type_: XtkType) -> Storage:
    """Return how values of this type are stored."""
    return _BIG if type_ == INT64 else _BY_KIND[type_.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredColumn:
    """One column of a table; ``path`` is empty for the XML memo."""

    name: str
    path: str
    type: XtkType

    @property
    def storage(self) -> Storage:
        """How the column is stored."""
        return storage(self.type)


def stored_columns(schema: Schema) -> tuple[StoredColumn, ...]:
    """Return the columns of a schema's table, in the schema's order.

    Computed fields have no column; XML fields and collections share ``mData``.
    """
    columns: dict[str, StoredColumn] = {}
    for field in schema.fields:
        if field.expr is None and not field.xml and field.sql_name:
            column = StoredColumn(name=field.sql_name, path=field.path, type=field.type)
            columns.setdefault(field.sql_name.lower(), column)
    if any(field.xml for field in schema.fields) or schema.collections:
        memo = StoredColumn(name=XML_COLUMN, path="", type=MEMO)
        columns.setdefault(XML_COLUMN.lower(), memo)
    return tuple(columns.values())


def has_table(schema: Schema) -> bool:
    """Tell whether records of the schema are rows of a table."""
    return bool(schema.table) and bool(stored_columns(schema))


def is_staging_twin(schema_id: str, schemas: Mapping[str, Schema]) -> bool:
    """Tell whether a schema is the local staging twin of a staged cloud schema."""
    original = schemas.get(schema_id.removesuffix(STAGING))
    return schema_id.endswith(STAGING) and original is not None and original.staged


def arrow_schema(schema: Schema, database: Database | None = None) -> pa.Schema:
    """Return the Arrow schema of a schema's table, as its database stores it."""
    where = database or schema.database
    columns = stored_columns(schema)
    return pa.schema([(c.name, c.storage.arrow(where)) for c in columns])
