"""One call's work: rows are looked up, changed in memory, and written in batches.

Whoever looks a record up sees what the call did so far, as if every document had been
written at once.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Final

import duckdb
import pyarrow as pa

from ...schemas.model import Schema
from ..stores.world import World
from .causes import database_said
from .redo import Log, catch_up, keep
from .removal import cascades, remove
from .rows import Index, Row, Values, grouped, ordered
from .shape import Shape, shape_of
from .tables import tables_of
from .values import Stored

_DATABASE_ERRORS: Final = (
    duckdb.Error,
    sqlite3.Error,
    pa.ArrowException,
    OverflowError,
)


class Unit:
    """The rows of one call; use it within a transaction, ``flush`` at its end."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.log = Log()
        self.tables = tables_of(world.databases, self.log)
        self._shapes: dict[str, Shape] = {}
        self._rows: dict[str, dict[Values, Row]] = {}
        self._indexes: dict[tuple[str, tuple[str, ...]], Index] = {}
        self._needs: dict[str, set[str]] = {}
        self._new: list[Row] = []
        self._changed: dict[int, Row] = {}
        self._gone: list[Row] = []
        self._doomed: list[Row] = []
        self._numbers: dict[str, tuple[int, int]] = {}

    def shape(self, schema_id: str) -> Shape:
        """Return a schema's shape.  Raises Fault, or NotSaved without a table."""
        if schema_id not in self._shapes:
            self._shapes[schema_id] = shape_of(self.world.schema(schema_id))
        return self._shapes[schema_id]

    def need(self, shape: Shape, paths: Iterable[str]) -> None:
        """Have these columns read with every row looked up from now on."""
        self._needs.setdefault(shape.schema.id, set()).update(paths)

    def load(
        self, shape: Shape, paths: tuple[str, ...], keys: Collection[Values]
    ) -> None:
        """Look many records up at once, so that ``find`` asks the database no more."""
        index = self._index(shape, paths)
        keys = [key for key in dict.fromkeys(keys) if key not in index.asked]
        if not keys:
            return
        index.asked.update(keys)
        needed = self._needs.get(shape.schema.id, set())
        wanted = list(dict.fromkeys((*shape.key, *paths, *sorted(needed))))
        tables = self.tables[shape.database]
        found = list(tables.fetch(shape, wanted, paths, keys))
        held = self._rows.setdefault(shape.schema.id, {})
        size = len(shape.key)
        for values in sorted(found, key=lambda row: ordered(row[:size])):
            self._enter(shape, index, held, dict(zip(wanted, values, strict=True)))

    def find(self, shape: Shape, paths: tuple[str, ...], key: Values) -> Row | None:
        """Return the record that has these values, the first one of several."""
        return next(iter(self.find_all(shape, paths, key)), None)

    def find_all(self, shape: Shape, paths: tuple[str, ...], key: Values) -> list[Row]:
        """Return all records that have these values, by their keys."""
        index = self._index(shape, paths)
        if key not in index.asked:
            self.load(shape, paths, [key])
        return index.all(key)

    def value(self, row: Row, path: str) -> Stored:
        """Return a value of a record, read from the database if need be."""
        if path not in row.values:
            tables = self.tables[row.shape.database]
            for (value,) in tables.fetch(row.shape, [path], row.shape.key, [row.key]):
                row.values[path] = value
        return row.values.get(path, row.shape.empties[path])

    def add(self, shape: Shape, values: dict[str, Stored]) -> Row:
        """Make a new record of all its values."""
        row = Row(shape=shape, values=values, state="new")
        self._new.append(row)
        if shape.key:
            self._rows.setdefault(shape.schema.id, {})[row.key] = row
        for index in self._indexes_of(shape):
            index.put(row)
        return row

    def change(self, row: Row, values: dict[str, Stored]) -> None:
        """Give a record new values; those it has already are no change."""
        news = {p: v for p, v in values.items() if row.values.get(p, row) != v}
        touched = [i for i in self._indexes_of(row.shape) if set(i.paths) & news.keys()]
        for index in touched:
            for path in index.paths:
                self.value(row, path)
            index.take(row)
        row.values.update(news)
        for index in touched:
            index.put(row)
        if row.state == "kept" and news:
            row.changed.update(news)
            self._changed[id(row)] = row

    def delete(self, row: Row) -> None:
        """Remove a record; with those that belong to it at the next ``settle``."""
        for index in self._indexes_of(row.shape):
            index.take(row)
        if cascades(row.shape):
            if self._new or self._changed:
                self.flush()
            self._doomed.append(row)
        elif row.state == "kept":
            self._gone.append(row)
        row.state = "gone"

    def settle(self) -> None:
        """Remove what belongs to the removed, and read anew what may have gone so."""
        if not self._doomed:
            return
        for rows in grouped(self._doomed).values():
            remove(self.tables, self.shape, rows[0].shape, [row.key for row in rows])
        self._doomed.clear()
        self._rows.clear()
        self._indexes.clear()

    def number(self, sequence: str) -> int:
        """Return the next number of a sequence; the transaction keeps others off it."""
        start, used = self._taken(sequence)
        self._numbers[sequence] = (start, used + 1)
        return start + used

    def skip_to(self, sequence: str, number: int) -> None:
        """Have a sequence go on at this number, if it is not beyond it already."""
        start, used = self._taken(sequence)
        self._numbers[sequence] = (start, max(used, number - start))

    def flush(self) -> None:
        """Write everything: what is deleted first, then what changed, then the new."""
        self.settle()
        for sequence, (_, used) in self._numbers.items():
            self.world.sequences.take(sequence, used)
        for rows in grouped(self._gone).values():
            shape = rows[0].shape
            keys = [row.key for row in rows]
            self.tables[shape.database].delete(shape, shape.key, keys)
        self._flush_changes([r for r in self._changed.values() if r.state == "kept"])
        for rows in grouped([r for r in self._new if r.state == "new"]).values():
            shape = rows[0].shape
            values = [tuple(row.values[path] for path in shape.columns) for row in rows]
            self.tables[shape.database].insert(shape, values)
            for row in rows:
                row.state = "kept"
        self._numbers.clear()
        self._gone.clear()
        self._changed.clear()
        self._new.clear()

    def _taken(self, sequence: str) -> tuple[int, int]:
        """Return where a sequence stood, and how many numbers the call took since."""
        if sequence not in self._numbers:
            return self.world.sequences.take(sequence, 0).start, 0
        return self._numbers[sequence]

    def _flush_changes(self, rows: Iterable[Row]) -> None:
        batches: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
        for row in rows:
            paths = tuple(sorted(row.changed))
            batches.setdefault((row.shape.schema.id, paths), []).append(row)
            row.changed = set()
        for (_, paths), batch in batches.items():
            shape = batch[0].shape
            values = [(*row.key, *(row.values[p] for p in paths)) for row in batch]
            self.tables[shape.database].update(shape, shape.key, paths, values)

    def _enter(
        self,
        shape: Shape,
        index: Index,
        held: dict[Values, Row],
        values: dict[str, Stored],
    ) -> None:
        """Take over a row of the database, unless the call has removed it."""
        key = tuple(values[path] for path in shape.key)
        row = held.get(key) if shape.key else None
        if row is None:
            row = Row(shape=shape, values=values)
            held[key] = row
        else:
            row.values = {**values, **row.values}
        if row.state != "gone":
            index.put(row)

    def _index(self, shape: Shape, paths: tuple[str, ...]) -> Index:
        mark = (shape.schema.id, paths)
        if mark not in self._indexes:
            index = self._indexes[mark] = Index(paths=paths)
            for row in [*self._changed.values(), *self._new]:
                if row.shape is shape and row.state != "gone":
                    for path in paths:
                        self.value(row, path)
                    index.put(row)
        return self._indexes[mark]

    def _indexes_of(self, shape: Shape) -> list[Index]:
        schema = shape.schema.id
        return [index for (name, _), index in self._indexes.items() if name == schema]


@contextmanager
def transaction(world: World, schema: Schema) -> Iterator[None]:
    """Make the block one transaction; what a database refuses becomes NotSaved."""
    try:
        with world.databases.transaction():
            yield
    except _DATABASE_ERRORS as exc:
        raise database_said(schema, schema.database, str(exc)) from exc


@contextmanager
def working(unit: Unit, shape: Shape) -> Iterator[None]:
    """Do a unit's work in one transaction over both databases, and write its rows.

    Within a transaction over one of them alone, the other commits first and for itself.
    """
    databases = unit.world.databases
    alike = databases.cloud.in_transaction == databases.local.in_transaction
    with transaction(unit.world, shape.schema):
        catch_up(databases)
        yield
        unit.flush()
        if alike:
            keep(databases, unit.log)
