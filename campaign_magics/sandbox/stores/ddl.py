"""The SQL that makes a schema's table: pure functions from a schema to text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...schemas.model import Database, Schema
from ...xtk.types import Kind
from .columns import StoredColumn, stored_columns


def quoted(name: str) -> str:
    """Quote an identifier: ``a"b`` becomes ``"a""b"``."""
    return '"' + name.replace('"', '""') + '"'


def insert(table: str, columns: Iterable[str], values: str) -> str:
    """Return INSERT of these columns; ``values`` is what follows the column list."""
    return f"INSERT INTO {quoted(table)} ({_listed(columns)}) {values}"


def select(table: str, columns: Iterable[str]) -> str:
    """Return SELECT of these columns, every row."""
    return f"SELECT {_listed(columns)} FROM {quoted(table)}"  # noqa: S608 - quoted


def highest(table: str, column: str) -> str:
    """Return SELECT of a column's greatest value."""
    return f"SELECT max({quoted(column)}) FROM {quoted(table)}"  # noqa: S608 - quoted


def delete(table: str, columns: Iterable[str] = ()) -> str:
    """Return DELETE of every row, or of those whose columns equal the parameters."""
    where = " AND ".join(f"{quoted(column)} = ?" for column in columns)
    text = f"DELETE FROM {quoted(table)}"  # noqa: S608 - quoted
    return f"{text} WHERE {where}" if where else text


def create_table(schema: Schema, database: Database) -> str:
    """Return CREATE TABLE for a schema.

    A numeric internal key becomes SQLite's row id, so that links join fast.
    """
    row_id = _row_id(schema) if database == "local" else None
    parts = [_column(c, database, c == row_id) for c in stored_columns(schema)]
    return f"CREATE TABLE {quoted(str(schema.table))} ({', '.join(parts)})"


def add_columns(
    schema: Schema, database: Database, present: Iterable[str]
) -> Iterator[str]:
    """Yield ALTER TABLE for each column that the table does not have yet."""
    known = {name.lower() for name in present}
    for column in stored_columns(schema):
        if column.name.lower() not in known:
            text = _column(column, database, False)
            yield f"ALTER TABLE {quoted(str(schema.table))} ADD COLUMN {text}"


def create_indexes(schema: Schema) -> Iterator[str]:
    """Yield CREATE INDEX for a local table: keys are unique, links are looked up.

    The compiler lists an index for each key, save those marked ``noDbIndex``.
    """
    row_id = _row_id(schema)
    names = {c.path: c.name for c in stored_columns(schema)}
    for index in schema.indexes:
        if row_id is not None and index.paths == (row_id.path,):
            continue
        if index.paths and all(path in names for path in index.paths):
            columns = [names[path] for path in index.paths]
            kind = "UNIQUE INDEX" if index.unique else "INDEX"
            title = quoted(f"{schema.table}_{index.name}")
            on = f"{quoted(str(schema.table))} ({_listed(columns)})"
            yield f"CREATE {kind} IF NOT EXISTS {title} ON {on}"


def _row_id(schema: Schema) -> StoredColumn | None:
    """Return the numeric column that alone is the internal key, if unique."""
    key = schema.internal_key
    unique = {index.paths for index in schema.indexes if index.unique}
    if key is None or len(key.paths) != 1 or key.paths not in unique:
        return None
    for column in stored_columns(schema):
        if column.path == key.paths[0] and column.type.kind is Kind.INTEGER:
            return column
    return None


def _column(column: StoredColumn, database: Database, row_id: bool) -> str:
    text = f"{quoted(column.name)} {column.storage.sql(database)}"
    if row_id:
        return f"{text} PRIMARY KEY"
    if column.storage.default is not None:
        return f"{text} DEFAULT {column.storage.default}"
    return text


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(quoted(column) for column in columns)
