"""The world of one sandbox: its schemas, its rows, its time."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import duckdb
import pyarrow as pa

from ... import __version__
from ...clock import SYSTEM_CLOCK, Clock
from ...errors import InvalidOption
from ...schemas.errors import SchemaError
from ...schemas.model import Schema
from ...xtk.names import did_you_mean
from ..data.draft import has_zero, zero_record
from ..data.seed import DEFAULT_ROWS, DEFAULT_SEED, seed_tables
from ..engine.sqlite_functions import SQLITE_FUNCTIONS
from ..faults import Fault
from .agenda import Agenda
from .columns import has_table, is_staging_twin
from .databases import CLOUD_FILE, LOCAL_FILE, Databases
from .ddl import delete, highest, select
from .dictionary import (
    Dictionary,
    compiled,
    read_source,
    saved_in,
    saved_name,
    sources_in,
    standard_dictionary,
)
from .journal import Journal
from .registry import paths_to_sql, registry_rows
from .sequences import Sequences
from .stamp import Stamp, read_stamp, remove_stamp, replace_file, write_stamp

VERSION: Final = "8.7.4"
BUILD: Final = "9385"
"""The Campaign server that the sandbox says it is."""

_MOST_IN_MEMORY: Final = 100_000
"""Recipients above which the cloud's rows go to a file even if they are not kept."""

_KEY: Final = ("@namespace", "@name")
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class World:
    """Everything a service of the sandbox needs; safe to use from any thread.

    ``databases`` hold the rows, ``sequences`` number new ones, ``agenda`` is what is
    still to happen, ``journal`` what waits in staging, ``clock`` tells the time,
    ``timezone`` is the server's zone (IANA), ``version`` and ``build`` are what the
    server says it is, ``stamp`` is what the rows were seeded from.
    """

    instance: Final = "sandbox"
    version: Final = VERSION
    build: Final = BUILD

    def __init__(
        self,
        dictionary: Dictionary,
        databases: Databases,
        stamp: Stamp,
        *,
        clock: Clock = SYSTEM_CLOCK,
        timezone: str = "UTC",
        standard: Mapping[str, Schema] | None = None,
        defined: Collection[str] = (),
        folder: Path | None = None,
    ) -> None:
        self.databases = databases
        self.stamp = stamp
        self.clock = clock
        self.timezone = timezone
        self.sequences = Sequences(databases.local)
        self.agenda = Agenda(databases.local)
        self.journal = Journal(databases)
        self._dictionary = dictionary
        self._standard = standard or dictionary.schemas
        self._defined = frozenset(defined)
        self._folder = folder

    @property
    def database_id(self) -> str:
        """The value of the option ``XtkDatabaseId``."""
        sql = "SELECT sStringValue FROM XtkOption WHERE sName = 'XtkDatabaseId'"
        for batch in self.databases.run("local", sql):
            for value in batch.column(0).to_pylist():
                return str(value or "")
        return ""

    def schema(self, schema_id: str, /) -> Schema:
        """Return a compiled schema; raises ``Fault`` when there is none."""
        return _find(self._dictionary.schemas, schema_id, "schema")

    def schema_ids(self) -> tuple[str, ...]:
        """Return the full names of all compiled schemas, staging twins included."""
        return tuple(self._dictionary.schemas)

    def schema_xml(self, schema_id: str) -> bytes:
        """Return a compiled schema's document; raises ``Fault`` when there is none."""
        return self._dictionary.documents[self.schema(schema_id).id]

    def source_ids(self) -> tuple[str, ...]:
        """Return the full names of all source schemas, extensions included."""
        return tuple(self._dictionary.sources)

    def source_xml(self, source_id: str) -> bytes:
        """Return a source schema's document; raises ``Fault`` when there is none."""
        return _find(self._dictionary.sources, source_id, "source schema")

    def define(self, source: bytes) -> list[str]:
        """Add or replace one source schema: compile all, create and alter tables.

        Returns the compiled schemas that changed.  New tables are empty, new columns
        have their defaults, retyped ones keep what fits; none is dropped.  Raises
        ``SchemaError``, and changes nothing, when the source is wrong or the rows
        there are forbid it.  Not for use inside a transaction: a rollback would undo
        the tables, not the definition.
        """
        name, source = read_source(source)
        with self.databases.transaction():
            before = self._dictionary
            after = compiled({**before.sources, name: source})
            changed = after.changed(before)
            try:
                self._zero(self._create(after, changed), after)
            except (sqlite3.Error, duckdb.Error) as exc:
                raise SchemaError(
                    f"the table cannot be made so: {exc}",
                    where=name,
                    hint="correct the rows, or leave keys and types as they were",
                ) from exc
            self._register(after)
            if self._folder is not None:
                replace_file(self._folder / saved_name(name), source)
        self._dictionary = after
        self._defined = self._defined | {name}
        return changed

    def prepare(self, *, fresh: bool) -> None:
        """Make tables and rows: all of them, or only those a kept folder lacks."""
        with self.databases.transaction():
            created = self._create(self._dictionary, self.schema_ids())
            if created:
                self._fill(created)
            else:
                self._register(self._dictionary)
        if fresh and self._folder is not None:
            write_stamp(self._folder, self.stamp)

    def reset(self) -> None:
        """Bring the seeded rows back; whatever was written since is gone.

        Schemas defined since stay, their tables empty.  Readers see the old rows
        until the new ones are all there.
        """
        schemas = self._dictionary.schemas
        if self._folder is not None:
            remove_stamp(self._folder)
        with self.databases.transaction():
            self.databases.clear(schemas.values())
            self.sequences.clear()
            self.journal.clear()
            self.agenda.clear()
            self._fill(set(schemas))
        if self._folder is not None:
            write_stamp(self._folder, self.stamp)

    def close(self) -> None:
        """Release files and connections; without a folder the rows are gone."""
        self.databases.close()

    def _create(self, dictionary: Dictionary, names: Iterable[str]) -> set[str]:
        """Create or alter the tables of these schemas; return those that are new."""
        schemas = dictionary.schemas
        twins = [name for name in schemas if is_staging_twin(name, schemas)]
        chosen = [schemas[name] for name in names]
        return self.databases.create(chosen, local_only=twins)

    def _fill(self, names: set[str]) -> None:
        """Seed these schemas' tables, then register, number and replicate."""
        schemas = self._dictionary.schemas
        own = names & (self._defined - self._standard.keys())
        self._zero(own, self._dictionary)
        if wanted := names - own:
            stamp = self.stamp
            for name, rows in seed_tables(
                schemas,
                rows=stamp.rows,
                seed=stamp.seed,
                as_of=stamp.day,
                standard=self._standard,
            ):
                if name in wanted:
                    self.databases.load(schemas[name], rows)
        self._register(self._dictionary)
        self._number()
        self.databases.replicate()
        # Arrow's pool keeps what it once had: hundreds of megabytes.
        pa.default_memory_pool().release_unused()

    def _zero(self, names: Iterable[str], dictionary: Dictionary) -> None:
        """Put record 0 into new tables that are to have one."""
        schemas = dictionary.schemas
        for name in names:
            if has_zero(schemas[name]) and not is_staging_twin(name, schemas):
                self.databases.load(schemas[name], zero_record(schemas[name]))

    def _register(self, dictionary: Dictionary) -> None:
        """Keep the rows of xtk:srcSchema and xtk:schema as the dictionary is."""
        for name, documents in (
            ("xtk:srcSchema", dictionary.sources),
            ("xtk:schema", dictionary.documents),
        ):
            schema = dictionary.schemas[name]
            sql = select(str(schema.table), paths_to_sql(schema, *_KEY, "data"))
            present = {
                f"{namespace}:{local}": text.encode()
                for batch in self.databases.run("local", sql)
                for namespace, local, text in _rows(batch)
            }
            stale = {
                key: xml for key, xml in documents.items() if present.get(key) != xml
            }
            gone = delete(str(schema.table), paths_to_sql(schema, *_KEY))
            for key in stale:
                self.databases.execute("local", gone, key.split(":", 1))
            now = self.clock.now()
            self.databases.load(schema, registry_rows(schema, stale, now))

    def _number(self) -> None:
        """Let new records be numbered after the greatest seeded one."""
        for schema in filter(has_table, self._dictionary.schemas.values()):
            key = schema.internal_key
            if key is None or not has_zero(schema):
                continue
            (column,) = paths_to_sql(schema, *key.paths)
            sql = highest(str(schema.table), column)
            for batch in self.databases.run(schema.database, sql):
                greatest = batch.column(0).to_pylist()[0] or 0
                self.sequences.start_at(schema.sequence, int(greatest) + 1)


def build_world(
    *,
    rows: int = DEFAULT_ROWS,
    seed: int = DEFAULT_SEED,
    data: Path | None = None,
    schemas: Path | None = None,
    as_of: date | None = None,
    clock: Clock = SYSTEM_CLOCK,
    timezone: str = "UTC",
) -> World:
    """Build a world, seeded as of ``as_of`` (today by the clock unless told).

    ``data`` is a folder to keep everything in; rows are seeded there once, and a
    folder made before is opened as it is, whatever ``rows`` and ``seed`` say.
    ``schemas`` is a folder of a user's own schema files, seeded from their types.
    Raises ``InvalidOption`` for a folder that cannot be used, ``SchemaError`` for a
    wrong schema.
    """
    standard = standard_dictionary()
    own = {} if schemas is None else sources_in(schemas)
    saved = {} if data is None else saved_in(data)
    extra = {**own, **saved}
    dictionary = compiled({**standard.sources, **extra}) if extra else standard
    today = as_of or datetime.fromtimestamp(clock.now(), UTC).date()
    asked = Stamp(version=__version__, rows=rows, seed=seed, as_of=today.isoformat())
    found = None if data is None else _claim(data, asked)
    databases = _open(data, rows)
    try:
        world = World(
            dictionary,
            databases,
            found or asked,
            clock=clock,
            timezone=timezone,
            standard=standard.schemas,
            defined=frozenset(saved),
            folder=data,
        )
        world.prepare(fresh=found is None)
    except BaseException:
        databases.close()
        raise
    return world


def _claim(folder: Path, asked: Stamp) -> Stamp | None:
    """Return the folder's stamp; empty a folder whose seeding never ended."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = read_stamp(folder)
        if found is None:
            for name in (LOCAL_FILE, CLOUD_FILE):
                for path in folder.glob(f"{name}*"):
                    path.unlink()
    except OSError as exc:
        raise InvalidOption(
            f"the folder {folder} cannot be used: {exc.strerror}",
            hint="give --data a folder that you may write to",
        ) from exc
    if found is not None and (found.rows, found.seed) != (asked.rows, asked.seed):
        _log.info("%s keeps its rows=%s seed=%s", folder, found.rows, found.seed)
    return found


def _open(folder: Path | None, rows: int) -> Databases:
    in_memory = rows <= _MOST_IN_MEMORY
    try:
        return Databases(folder, in_memory=in_memory, functions=SQLITE_FUNCTIONS)
    except (duckdb.Error, sqlite3.Error) as exc:
        raise InvalidOption(
            f"the databases in {folder} cannot be opened",
            hint="stop the other sandbox that uses the folder, or give --data another",
        ) from exc


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.to_pylist() for column in batch.columns), strict=True)


def _find(known: Mapping[str, _T], name: str, kind: str) -> _T:
    if (found := known.get(name)) is None:
        text = f"The {kind} '{name}' does not exist."
        raise Fault("XFR-180000", text, did_you_mean(name, known))
    return found
