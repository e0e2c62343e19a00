"""The local database: SQLite, unique keys, one writer at a time, many readers."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from .ddl import insert

SqlFunction = Callable[..., Any]
"""A Python function that SQL may call; it must not depend on anything but its input."""

Tables = dict[str, dict[str, str]]
"""SQL types of columns by table and column; names in lower case."""

BATCH_ROWS: Final = 10_000
_BUSY_SECONDS: Final = 30.0
_TYPES: Final[dict[type, pa.DataType]] = {
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    bytes: pa.binary(),
}


class LocalStore:
    """One SQLite file in WAL mode.

    A call borrows a connection from a pool and gives it back; inside
    ``transaction()`` the thread's calls share one.  Reads never wait for a writer.
    ``functions`` maps SQL names to Python functions of any number of arguments;
    ``writer`` is the lock that writers take turns on.
    """

    def __init__(
        self,
        path: Path,
        *,
        functions: Mapping[str, SqlFunction] | None = None,
        writer: threading.RLock | None = None,
    ) -> None:
        self._path = path
        self._functions = dict(functions or {})
        self._idle: list[sqlite3.Connection] = []
        self._guard = threading.Lock()
        self._writer = writer or threading.RLock()
        self._mine = threading.local()
        self._closed = False
        with self._borrowed() as connection:
            connection.execute("PRAGMA journal_mode = WAL")

    def run(
        self, sql: str, params: Sequence[Any] = (), *, batch_rows: int = BATCH_ROWS
    ) -> Iterator[pa.RecordBatch]:
        """Run a query; errors are raised here, rows follow in batches.

        At least one batch comes, empty when there is no row.  Columns are int64,
        double or string by what the rows hold; a column of nulls is string.
        """
        connection = self._bound or self._borrow()
        try:
            cursor = connection.execute(sql, params)
            rows = cursor.fetchmany(batch_rows)
        except BaseException:
            self._give_back(connection)
            raise
        types = [_type_of(column) for column in _columns(cursor, rows)]
        first = _batch(cursor, rows, types)
        if len(rows) < batch_rows:
            self._give_back(connection)
            return iter([first])
        rest = self._rest(connection, cursor, types, batch_rows)
        if connection is self._bound:
            rest = iter(list(rest))  # the transaction may end before it is read
        return chain([first], rest)

    def execute(self, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement in its own transaction; return the rows it changed."""
        with self.transaction() as connection:
            return connection.execute(sql, params).rowcount

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make the block atomic: all of it is stored, or none when it raises.

        The thread's own reads see what it wrote.  Blocks nest; the outermost counts.
        """
        if (bound := self._bound) is not None:
            yield bound
            return
        with self._writer, self._borrowed() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._mine.connection = connection
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            finally:
                self._mine.connection = None

    def load(self, table: str, rows: pa.Table) -> None:
        """Append Arrow rows to a table; columns are matched by name."""
        marks = ", ".join("?" for _ in rows.column_names)
        sql = insert(table, rows.column_names, f"VALUES ({marks})")
        with self.transaction() as connection:
            for batch in rows.to_batches(max_chunksize=BATCH_ROWS):
                values = [column.to_pylist() for column in batch.columns]
                connection.executemany(sql, zip(*values, strict=True))

    def tables(self) -> Tables:
        """Return every table's columns."""
        sql = (
            "SELECT lower(m.name), lower(c.name), c.type"
            " FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        )
        with self._borrowed() as connection:
            return grouped((self._bound or connection).execute(sql).fetchall())

    def close(self) -> None:
        """Close every connection; those in use close when their call ends."""
        with self._guard:
            self._closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    @property
    def in_transaction(self) -> bool:
        """True within this thread's ``transaction()``."""
        return self._bound is not None

    @property
    def _bound(self) -> sqlite3.Connection | None:
        return getattr(self._mine, "connection", None)

    @contextmanager
    def _borrowed(self) -> Iterator[sqlite3.Connection]:
        connection = self._borrow()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def _borrow(self) -> sqlite3.Connection:
        with self._guard:
            if self._closed:
                raise sqlite3.ProgrammingError("the local database is closed")
            if self._idle:
                return self._idle.pop()
        return self._connect()

    def _give_back(self, connection: sqlite3.Connection) -> None:
        if connection is self._bound:
            return
        with self._guard:
            if not self._closed:
                self._idle.append(connection)
                return
        connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,  # the pool lends it to one call at a time
            cached_statements=256,
        )
        # In WAL mode NORMAL survives the process; only a power cut may cost a commit.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA trusted_schema = OFF")
        for name, function in self._functions.items():
            connection.create_function(name, -1, function, deterministic=True)
        return connection

    def _rest(
        self,
        connection: sqlite3.Connection,
        cursor: sqlite3.Cursor,
        types: list[pa.DataType],
        batch_rows: int,
    ) -> Iterator[pa.RecordBatch]:
        try:
            while rows := cursor.fetchmany(batch_rows):
                yield _batch(cursor, rows, types)
        finally:
            cursor.close()
            self._give_back(connection)


def grouped(columns: Iterable[tuple[str, str, str]]) -> Tables:
    """Return table, column, type as tables."""
    found: Tables = {}
    for table, column, type_ in columns:
        found.setdefault(table, {})[column] = type_
    return found


def _columns(
    cursor: sqlite3.Cursor, rows: Sequence[tuple[Any, ...]]
) -> Iterable[tuple[Any, ...]]:
    if rows:
        return zip(*rows, strict=True)
    return [() for _ in cursor.description or ()]


def _type_of(values: tuple[Any, ...]) -> pa.DataType:
    """Return the type that holds every value; text holds anything."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds == {int, float}:
        return pa.float64()
    return _TYPES[kinds.pop()] if len(kinds) == 1 else pa.string()


def _batch(
    cursor: sqlite3.Cursor, rows: Sequence[tuple[Any, ...]], types: list[pa.DataType]
) -> pa.RecordBatch:
    names = [described[0] for described in cursor.description or ()]
    columns = zip(_columns(cursor, rows), types, strict=True)
    arrays = [_array(values, type_) for values, type_ in columns]
    return pa.RecordBatch.from_arrays(arrays, names=names)


def _array(values: tuple[Any, ...], type_: pa.DataType) -> pa.Array:
    try:
        return pa.array(values, type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        # A later batch, or a mixed column: SQLite types values, not columns.
        texts = (None if value is None else str(value) for value in values)
        return pa.array(texts, pa.string()).cast(type_)
