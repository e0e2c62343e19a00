"""Both databases behind one door: run, execute, load, replicate."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from ...schemas.model import Database, Schema
from .cloud import CloudStore
from .columns import arrow_schema, has_table, stored_columns
from .ddl import (
    CHANGED,
    CREATE_CHANGED,
    alter_table,
    create_indexes,
    create_table,
    create_triggers,
    delete,
    select,
)
from .local import LocalStore, SqlFunction

LOCAL_FILE: Final = "local.sqlite"
CLOUD_FILE: Final = "cloud.duckdb"


class Databases:
    """The local (SQLite) and the cloud (DuckDB) database of one sandbox.

    Without ``directory`` the rows live in a temporary folder and go with ``close()``;
    the cloud's stay in memory when ``in_memory``.  ``functions`` are Python functions
    for SQLite by SQL name, ``macros`` are statements for DuckDB.  Every method may be
    called from any thread; readers never wait, writers take turns.
    """

    def __init__(
        self,
        directory: Path | None = None,
        *,
        in_memory: bool = True,
        functions: Mapping[str, SqlFunction] | None = None,
        macros: Sequence[str] = (),
    ) -> None:
        # One lock for both: two locks could be taken in two orders.
        self._writer = threading.RLock()
        self._references: dict[str, Schema] = {}
        with ExitStack() as opened:
            folder = directory or Path(
                opened.enter_context(TemporaryDirectory(prefix="campaign-sandbox-"))
            )
            lives_in_memory = directory is None and in_memory
            cloud = None if lives_in_memory else folder / CLOUD_FILE
            self.cloud = CloudStore(cloud, setup=macros, writer=self._writer)
            opened.callback(self.cloud.close)
            self.local = LocalStore(
                folder / LOCAL_FILE, functions=functions, writer=self._writer
            )
            opened.callback(self.local.close)
            self.local.execute(CREATE_CHANGED)
            self._opened = opened.pop_all()

    def run(
        self, database: Database, sql: str, params: Sequence[Any] = ()
    ) -> Iterator[pa.RecordBatch]:
        """Run a query; errors are raised here, rows stream in Arrow batches.

        There is always a first batch, empty when there is no row.  Local dates and
        times are strings, cloud ones are date32 and timestamp[us] (UTC).
        """
        return self._store(database).run(sql, params)

    def execute(self, database: Database, sql: str, params: Sequence[Any] = ()) -> int:
        """Run one statement and return the rows it changed.

        It is committed at once, unless the thread has a transaction open.
        """
        return self._store(database).execute(sql, params)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make the block atomic in each database, for this thread's calls.

        The local database commits first: a crash between the two leaves at worst a
        reference row that nothing points to yet.
        """
        with self.cloud.transaction(), self.local.transaction():
            yield

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other threads' writes out while the block lasts; no transaction."""
        with self._writer:
            yield

    def create(
        self, schemas: Iterable[Schema], *, local_only: Collection[str] = ()
    ) -> set[str]:
        """Create the schemas' tables, or alter them to fit; safe to repeat.

        A local table also gets a copy in the cloud, unless it is named in
        ``local_only``.  Returns the ids of the schemas whose table is new.
        """
        stored = [schema for schema in schemas if has_table(schema)]
        local = [schema for schema in stored if schema.database == "local"]
        copied = [schema for schema in local if schema.id not in local_only]
        cloud = [schema for schema in stored if schema.database == "cloud"]
        with self.transaction():
            created = self._make(local, "local") | self._make(cloud, "cloud")
            self._make(copied, "cloud")
            for schema in local:
                for statement in create_indexes(schema):
                    self.local.execute(statement)
            for schema in copied:
                for statement in create_triggers(schema):
                    self.local.execute(statement)
            named = {schema.id: schema for schema in copied}
            self._references = {**self._references, **named}
        return created

    def load(self, schema: Schema, rows: pa.Table) -> None:
        """Append rows to the schema's table; columns are its SQL names.

        Arrow types are converted to what the database stores; a column left out, and
        a null number, gets the column's default.
        """
        converted = _converted(schema, rows, schema.database)
        self._store(schema.database).load(str(schema.table), converted)

    def clear(self, schemas: Iterable[Schema]) -> None:
        """Delete every row of these schemas; copies follow at the next replication."""
        with self.transaction():
            for schema in filter(has_table, schemas):
                self.execute(schema.database, delete(str(schema.table)))

    def replicate(self, schema_ids: Iterable[str] | None = None) -> dict[str, int]:
        """Copy reference tables (all, or those named) from local to cloud.

        Returns the rows copied by schema.  Cloud readers see the old copies until all
        are ready.
        """
        wanted = None if schema_ids is None else set(schema_ids)
        with self.alone():  # a change between copy and mark would never be copied
            with self.cloud.transaction():
                copied = {
                    schema.id: self._replicate(schema)
                    for schema in self._references.values()
                    if wanted is None or schema.id in wanted
                }
            with self.local.transaction():
                for name in copied:
                    self.local.execute(delete(CHANGED, ["sSchema"]), [name])
        return copied

    def changed(self) -> set[str]:
        """Return the reference tables whose rows changed since they were copied."""
        batches = self.local.run(select(CHANGED, ["sSchema"]))
        names = (name for batch in batches for name in batch.column(0).to_pylist())
        return {name for name in names if name in self._references}

    def close(self) -> None:
        """Release files and connections; temporary rows are gone."""
        self._opened.close()

    def _store(self, database: Database) -> LocalStore | CloudStore:
        return self.local if database == "local" else self.cloud

    def _make(self, schemas: Iterable[Schema], database: Database) -> set[str]:
        store = self._store(database)
        tables = store.tables()
        created = set()
        for schema in schemas:
            present = tables.get(str(schema.table).lower())
            if present is None:
                created.add(schema.id)
                store.execute(create_table(schema, database))
            else:
                for statement in alter_table(schema, database, present):
                    store.execute(statement)
        return created

    def _replicate(self, schema: Schema) -> int:
        table = str(schema.table)
        query = select(table, [column.name for column in stored_columns(schema)])
        self.cloud.execute(delete(table))
        count = 0
        for batch in self.local.run(query):
            if batch.num_rows:
                rows = _converted(schema, pa.Table.from_batches([batch]), "cloud")
                self.cloud.load(table, rows)
                count += batch.num_rows
        return count


def _converted(schema: Schema, rows: pa.Table, database: Database) -> pa.Table:
    """Cast rows to the types that the database stores; null numbers become 0."""
    types = arrow_schema(schema, database)
    defaults = {c.name: c.storage.default for c in stored_columns(schema)}
    columns = []
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        cast = _cast(column, types.field(name).type)
        default = defaults[name]
        columns.append(cast if default is None else pc.fill_null(cast, default))
    return pa.table(columns, names=rows.column_names)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type) and pa.types.is_string(wanted):
        # As text a time has its three digits, never more: "… 14:11:31.986".
        return column.cast(pa.timestamp("ms"), safe=False).cast(wanted)
    return column if column.type == wanted else column.cast(wanted)
