"""The cloud database: DuckDB, no unique keys, made for scans and joins."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from .ddl import insert
from .local import BATCH_ROWS, Tables, grouped

_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    # A query sees the tables and nothing else of this machine.
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
}


class CloudStore:
    """One DuckDB database, in memory when ``path`` is None.

    Each call has a cursor of its own, so threads do not wait for each other; writers
    take turns, because DuckDB refuses two that touch the same rows.  ``setup`` is
    SQL run once at the start, for instance ``CREATE OR REPLACE MACRO``.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        setup: Sequence[str] = (),
        writer: threading.RLock | None = None,
    ) -> None:
        where = ":memory:" if path is None else str(path)
        self._connection = duckdb.connect(where, config=_CONFIG)
        self._connection.execute("SET TimeZone = 'UTC'")
        self._writer = writer or threading.RLock()
        self._mine = threading.local()
        for statement in setup:
            self._connection.execute(statement)

    def run(
        self, sql: str, params: Sequence[Any] = (), *, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Run a query; errors are raised here, rows stream in batches.

        At least one batch comes, empty when there is no row.  Sums of integers come
        as int64, other decimals as double.
        """
        bound = self._bound
        cursor = bound or self._connection.cursor()
        relation = cursor.sql(sql, params=list(params))
        if relation is None:
            raise duckdb.InvalidInputException("the statement returns no rows")
        batches = _batches(relation.to_arrow_reader(batch_rows))
        # The transaction's next statement would cut a reader short.
        return iter(list(batches)) if bound else batches

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement in its own transaction; return the rows it changed."""
        with self.transaction() as cursor:
            cursor.execute(sql, list(params))
            found = cursor.fetchone()
        return found[0] if found and isinstance(found[0], int) else 0

    @contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Make the block atomic: all of it is stored, or none when it raises.

        The thread's own reads see what it wrote.  Blocks nest; the outermost counts.
        """
        if (bound := self._bound) is not None:
            yield bound
            return
        with self._writer, self._connection.cursor() as cursor:
            cursor.execute("BEGIN TRANSACTION")
            self._mine.cursor = cursor
            try:
                yield cursor
                cursor.execute("COMMIT")
            except BaseException:
                # A failed COMMIT has already rolled back.
                with suppress(duckdb.TransactionException):
                    cursor.execute("ROLLBACK")
                raise
            finally:
                self._mine.cursor = None

    def load(self, table: str, rows: pa.Table) -> None:
        """Append Arrow rows to a table; columns are matched by name."""
        sql = insert(table, rows.column_names, "SELECT * FROM incoming")
        with self.transaction() as cursor:
            # A registered table would be kept alive until the transaction ends.
            cursor.from_arrow(rows).query("incoming", sql)

    def tables(self) -> Tables:
        """Return every table's columns."""
        sql = (
            "SELECT lower(table_name), lower(column_name), data_type"
            " FROM duckdb_columns()"
        )
        cursor = self._bound or self._connection.cursor()
        return grouped(cursor.execute(sql).fetchall())

    def close(self) -> None:
        """Write what is pending and release the file."""
        with self._writer:
            self._connection.close()

    @property
    def in_transaction(self) -> bool:
        """True within this thread's ``transaction()``."""
        return self._bound is not None

    @property
    def _bound(self) -> duckdb.DuckDBPyConnection | None:
        return getattr(self._mine, "cursor", None)


def _batches(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    schema = pa.schema([(f.name, _plain(f.type)) for f in reader.schema])
    empty = True
    for batch in reader:
        empty = False
        yield batch if batch.schema == schema else batch.cast(schema)
    if empty:
        yield pa.RecordBatch.from_pylist([], schema=schema)


def _plain(type_: pa.DataType) -> pa.DataType:
    """DuckDB sums integers as 128-bit decimals; Campaign has no such type."""
    if pa.types.is_decimal(type_):
        return pa.int64() if type_.scale == 0 else pa.float64()
    return pa.string() if pa.types.is_null(type_) else type_
