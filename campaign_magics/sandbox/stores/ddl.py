"""The SQL that makes a schema's table: pure functions from a schema to text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ...schemas.model import Database, Index, Schema
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


def alter_table(
    schema: Schema, database: Database, present: Mapping[str, str]
) -> Iterator[str]:
    """Yield what makes a table as the schema is: columns added or retyped, none lost.

    ``present`` are the SQL types of the columns there are, by name in lower case.
    A value that does not fit its new type becomes 0 or null.
    """
    table = quoted(str(schema.table))
    for column in stored_columns(schema):
        found = present.get(column.name.lower())
        if found is None:
            text = _column(column, database, False)
            yield f"ALTER TABLE {table} ADD COLUMN {text}"
        elif found != (wanted := column.storage.sql(database)):
            name = quoted(column.name)
            if database == "cloud":
                yield (
                    f"ALTER TABLE {table} ALTER COLUMN {name}"
                    f" SET DATA TYPE {wanted} USING TRY_CAST({name} AS {wanted})"
                )
            else:
                yield from _retype(schema, column)


def _retype(schema: Schema, column: StoredColumn) -> Iterator[str]:
    """Yield the steps SQLite needs to change a column's type."""
    table, name = quoted(str(schema.table)), quoted(column.name)
    before, wanted = quoted(f"{column.name} before"), column.storage.sqlite
    for index in schema.indexes:
        if column.path in index.paths:
            yield f"DROP INDEX IF EXISTS {_index_name(schema, index)}"
    yield f"ALTER TABLE {table} RENAME COLUMN {name} TO {before}"
    yield f"ALTER TABLE {table} ADD COLUMN {_column(column, 'local', False)}"
    yield f"UPDATE {table} SET {name} = CAST({before} AS {wanted})"  # noqa: S608 - quoted
    yield f"ALTER TABLE {table} DROP COLUMN {before}"


def create_indexes(schema: Schema) -> Iterator[str]:
    """Yield CREATE INDEX for a local table: keys are unique, links are looked up.

    The compiler lists an index for each key, save those marked ``noDbIndex``; the
    internal key has one in any case.
    """
    row_id = _row_id(schema)
    names = {c.path: c.name for c in stored_columns(schema)}
    key = schema.internal_key
    indexes = list(schema.indexes)
    if key is not None and all(key.paths != index.paths for index in indexes):
        indexes.append(Index(name=f"{key.name}Key", paths=key.paths))
    for index in indexes:
        if row_id is not None and index.paths == (row_id.path,):
            continue
        if index.paths and all(path in names for path in index.paths):
            columns = [names[path] for path in index.paths]
            kind = "UNIQUE INDEX" if index.unique else "INDEX"
            title = _index_name(schema, index)
            on = f"{quoted(str(schema.table))} ({_listed(columns)})"
            yield f"CREATE {kind} IF NOT EXISTS {title} ON {on}"


CHANGED = "SandboxChanged"
"""Schemas whose rows changed since the cloud's copy of them was made."""

CREATE_CHANGED = f"CREATE TABLE IF NOT EXISTS {CHANGED} (sSchema TEXT PRIMARY KEY)"


def create_triggers(schema: Schema) -> Iterator[str]:
    """Yield CREATE TRIGGER for a local table: every change of it leaves a mark."""
    name = schema.id.replace("'", "''")
    for event in ("INSERT", "UPDATE", "DELETE"):
        title = quoted(f"{schema.table}_{event.lower()}")
        mark = f"INSERT OR IGNORE INTO {CHANGED} VALUES ('{name}')"  # noqa: S608 - quoted
        table = quoted(str(schema.table))
        yield (
            f"CREATE TRIGGER IF NOT EXISTS {title} AFTER {event} ON {table}"
            f" BEGIN {mark}; END"
        )


def _index_name(schema: Schema, index: Index) -> str:
    return quoted(f"{schema.table}_{index.name}")


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
