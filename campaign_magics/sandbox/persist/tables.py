"""Rows in and out of a database, many at a time; every value is bound.

A batch is one statement: DuckDB takes its values as lists, a column each, SQLite as
JSON or row by row.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

import pyarrow as pa

from ...schemas.model import Database
from ..stores.columns import StoredColumn, arrow_schema
from ..stores.databases import Databases
from ..stores.ddl import delete, insert, quoted
from .causes import NotSaved, duplicate
from .redo import Log
from .shape import Shape
from .values import Stored

Values = tuple[Stored, ...]

_FEW: Final = 8
"""Rows up to which DuckDB takes VALUES faster than an Arrow table."""


class Tables(Protocol):
    """The tables of one database; every method is called within a transaction."""

    def fetch(
        self,
        shape: Shape,
        wanted: Sequence[str],
        by: Sequence[str],
        keys: Sequence[Values],
    ) -> Iterator[Values]:
        """Yield the ``wanted`` columns of rows whose ``by`` columns equal a key.

        Null equals null.  Record 0, which stands for "none", is never found.
        """

    def insert(self, shape: Shape, rows: Sequence[Values]) -> None:
        """Insert rows, their values in the order of the shape's columns.

        Raises NotSaved naming the first unique key that is taken.
        """

    def update(
        self,
        shape: Shape,
        by: Sequence[str],
        paths: Sequence[str],
        rows: Sequence[Values],
    ) -> None:
        """Set columns; each row holds the values of ``by``, then those of ``paths``."""

    def delete(self, shape: Shape, by: Sequence[str], keys: Sequence[Values]) -> None:
        """Delete the rows whose ``by`` columns equal a key."""


def tables_of(
    databases: Databases, log: Log | None = None
) -> Mapping[Database, Tables]:
    """Return the tables of both databases; what is done to them is logged."""
    log = log or Log()
    return {"local": LocalTables(databases, log), "cloud": CloudTables(databases, log)}


class LocalTables:
    """The tables in SQLite, which keeps keys unique."""

    def __init__(self, databases: Databases, log: Log) -> None:
        self._databases = databases
        self._log = log

    def fetch(
        self,
        shape: Shape,
        wanted: Sequence[str],
        by: Sequence[str],
        keys: Sequence[Values],
    ) -> Iterator[Values]:
        """Yield columns of the rows that match (see ``Tables``)."""
        tests = [
            f"t.{quoted(column.name)} IS json_extract(k.value, '$[{at}]')"
            for at, column in enumerate(_columns(shape, by))
        ]
        table = f"{quoted(shape.table)} AS t"
        sql = (
            f"SELECT {_listed(shape, wanted)} FROM json_each(?) AS k"  # noqa: S608
            f" CROSS JOIN {table} WHERE {' AND '.join([*tests, *_not_zero(shape)])}"
        )
        given = json.dumps([list(key) for key in keys])
        return _rows(self._databases, "local", sql, [given])

    def insert(self, shape: Shape, rows: Sequence[Values]) -> None:
        """Insert rows (see ``Tables``)."""
        names = [column.name for column in shape.columns.values()]
        sql = insert(shape.table, names, f"VALUES {_marks(names)}")
        self._many(shape, sql, names, rows)

    def update(
        self,
        shape: Shape,
        by: Sequence[str],
        paths: Sequence[str],
        rows: Sequence[Values],
    ) -> None:
        """Set columns (see ``Tables``)."""
        sets = ", ".join(f"{quoted(c.name)} = ?" for c in _columns(shape, paths))
        tests = " AND ".join(f"{quoted(c.name)} IS ?" for c in _columns(shape, by))
        sql = f"UPDATE {quoted(shape.table)} SET {sets} WHERE {tests}"  # noqa: S608
        names = [column.name for column in _columns(shape, (*paths, *by))]
        size = len(by)
        self._many(shape, sql, names, [(*row[size:], *row[:size]) for row in rows])

    def delete(self, shape: Shape, by: Sequence[str], keys: Sequence[Values]) -> None:
        """Delete rows (see ``Tables``)."""
        names = [column.name for column in _columns(shape, by)]
        self._many(shape, delete(shape.table, names), names, keys)

    def _many(
        self, shape: Shape, sql: str, names: Sequence[str], rows: Iterable[Values]
    ) -> None:
        self._log.is_local = True
        with self._databases.local.transaction() as connection:
            for row in rows:
                try:
                    connection.execute(sql, row)
                except sqlite3.IntegrityError as exc:
                    held = dict(zip(reversed(names), reversed(row), strict=True))
                    raise _taken(shape, str(exc), held) from exc


class CloudTables:
    """The tables in DuckDB, which keeps no key unique."""

    def __init__(self, databases: Databases, log: Log) -> None:
        self._databases = databases
        self._log = log

    def fetch(
        self,
        shape: Shape,
        wanted: Sequence[str],
        by: Sequence[str],
        keys: Sequence[Values],
    ) -> Iterator[Values]:
        """Yield columns of the rows that match (see ``Tables``)."""
        batch = _Batch(_columns(shape, by), keys)
        tests = " AND ".join([*batch.tests(len(by)), *_not_zero(shape)])
        sql = f"SELECT {_listed(shape, wanted)} FROM {quoted(shape.table)} AS t"  # noqa: S608
        joined = f"JOIN {batch.table} ON" if batch.table else "WHERE"
        return _rows(self._databases, "cloud", f"{sql} {joined} {tests}", batch.params)

    def insert(self, shape: Shape, rows: Sequence[Values]) -> None:
        """Insert rows (see ``Tables``)."""
        names = [column.name for column in shape.columns.values()]
        if len(rows) <= _FEW:
            values = ", ".join([_marks(names)] * len(rows))
            sql = insert(shape.table, names, f"VALUES {values}")
            self._execute(sql, [v for row in rows for v in row])
            return
        batch = _Batch(list(shape.columns.values()), rows)
        given = f"SELECT * FROM {batch.table}"  # noqa: S608
        self._log.steps.append((insert(shape.table, names, given), batch.params))
        types = arrow_schema(shape.schema, "cloud")
        arrays = [
            pa.array(column, types.field(name).type)
            for column, name in zip(batch.params, names, strict=True)
        ]
        self._databases.cloud.load(shape.table, pa.table(arrays, names=names))

    def update(
        self,
        shape: Shape,
        by: Sequence[str],
        paths: Sequence[str],
        rows: Sequence[Values],
    ) -> None:
        """Set columns (see ``Tables``)."""
        columns = _columns(shape, (*by, *paths))
        batch = _Batch(columns, rows)
        values = list(map(batch.value, range(len(columns))))[len(by) :]
        sets = ", ".join(
            f"{quoted(column.name)} = {value}"
            for column, value in zip(columns[len(by) :], values, strict=True)
        )
        sql = f"UPDATE {quoted(shape.table)} AS t SET {sets}"  # noqa: S608
        source = f" FROM {batch.table}" if batch.table else ""
        tests = " AND ".join(batch.tests(len(by)))
        self._execute(f"{sql}{source} WHERE {tests}", batch.params)

    def delete(self, shape: Shape, by: Sequence[str], keys: Sequence[Values]) -> None:
        """Delete rows (see ``Tables``)."""
        batch = _Batch(_columns(shape, by), keys)
        sql = f"DELETE FROM {quoted(shape.table)} AS t"  # noqa: S608
        source = f" USING {batch.table}" if batch.table else ""
        tests = " AND ".join(batch.tests(len(by)))
        self._execute(f"{sql}{source} WHERE {tests}", batch.params)

    def _execute(self, sql: str, params: list[Any]) -> None:
        self._log.steps.append((sql, params))
        self._databases.execute("cloud", sql, params)


class _Batch:
    """Rows of values as DuckDB takes them: one row bare, more as a table of lists."""

    def __init__(self, columns: Sequence[StoredColumn], rows: Sequence[Values]) -> None:
        self._columns = columns
        self._is_one = len(rows) == 1
        turned = [list(column) for column in zip(*rows, strict=True)]
        self._nullable = [None in column for column in turned]
        self.params: list[Any] = list(rows[0]) if self._is_one else turned

    @property
    def table(self) -> str:
        """The rows as a table named ``k``; empty for one row."""
        if self._is_one:
            return ""
        lists = ", ".join(
            f"unnest(${at}::{column.storage.duckdb}[]) AS c{at}"
            for at, column in enumerate(self._columns, start=1)
        )
        return f"(SELECT {lists}) AS k"

    def value(self, at: int) -> str:
        """Return the SQL of one column's value."""
        type_ = self._columns[at].storage.duckdb
        return f"${at + 1}::{type_}" if self._is_one else f"k.c{at + 1}"

    def tests(self, count: int) -> list[str]:
        """Return the conditions that the first columns equal those of the table."""
        equal = ["IS NOT DISTINCT FROM" if one else "=" for one in self._nullable]
        return [
            f"t.{quoted(self._columns[at].name)} {equal[at]} {self.value(at)}"
            for at in range(count)
        ]


def _columns(shape: Shape, paths: Sequence[str]) -> list[StoredColumn]:
    return [shape.columns[path] for path in paths]


def _listed(shape: Shape, paths: Sequence[str]) -> str:
    return ", ".join(f"t.{quoted(column.name)}" for column in _columns(shape, paths))


def _not_zero(shape: Shape) -> list[str]:
    if not shape.numbered:
        return []
    return [f"t.{quoted(shape.columns[shape.key[0]].name)} <> 0"]


def _marks(names: Sequence[str]) -> str:
    return f"({', '.join('?' for _ in names)})"


def _rows(
    databases: Databases, database: Database, sql: str, params: Sequence[Any]
) -> Iterator[Values]:
    for batch in databases.run(database, sql, params):
        yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _taken(shape: Shape, said: str, row: Mapping[str, Stored]) -> NotSaved:
    """Return the documented cause of ``UNIQUE constraint failed: XtkOption.sName``."""
    parts = said.partition(":")[2].split(",")
    failed = [part.strip().rpartition(".")[2] for part in parts]
    indexes = {
        tuple(shape.columns[path].name for path in index.paths): index.name
        for index in shape.schema.indexes
        if index.unique and all(path in shape.columns for path in index.paths)
    }
    index = indexes.get(tuple(failed), "key")
    return duplicate(shape.schema, index, failed, [row.get(n, "") for n in failed])
