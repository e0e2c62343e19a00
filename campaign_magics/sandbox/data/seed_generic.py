"""Rows for schemas that the seed does not know: a user's own, and extensions."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import gcd, prod
from typing import Final

import numpy as np
import pyarrow as pa

from ...schemas.model import Field, Link, Schema
from ...xtk.types import Kind
from ..stores.columns import has_table, stored_columns
from . import guess
from .draft import Fill, Values, to_table
from .draw import Ints
from .sizes import CHUNK_ROWS, FIRST_ID, Sizes

LOCAL_ROWS: Final = 10_000
"""Most rows generated for a local table: reference data is small."""

_POOL_ROWS: Final = 200_000
_TREE: Final = 0.7
"""Share of records that have a parent, where a schema links to itself."""


class Filler:
    """Generates what the seed does not know, and remembers what links may point to."""

    def __init__(
        self,
        sizes: Sizes,
        schemas: Mapping[str, Schema],
        standard: Mapping[str, Schema],
    ) -> None:
        self.sizes = sizes
        self.schemas = schemas
        self.standard = standard
        self._pools: dict[tuple[str, str], pa.Array] = {}
        self._calls: dict[str, int] = {}
        self._wanted = {
            (link.target, join.target)
            for schema in schemas.values()
            for link in self.links(schema)
            for join in link.joins
        }

    def is_custom(self, schema: Schema, path: str) -> bool:
        """Tell whether the shipped schema lacks this field."""
        shipped = self.standard.get(schema.id)
        return shipped is None or path not in shipped.field_by_path

    def links(self, schema: Schema) -> list[Link]:
        """Return the schema's own links whose foreign keys are to be generated."""
        own = _primary(schema)
        return [
            link
            for link in schema.links
            if not link.unbound
            and link.joins
            and all(
                join.source != own
                and join.source in schema.field_by_path
                and self.is_custom(schema, join.source)
                for join in link.joins
            )
        ]

    def is_linked(self, schema_id: str) -> bool:
        """Tell whether generated links point to this schema."""
        return any(target == schema_id for target, _ in self._wanted)

    def learn(self, schema: Schema, table: pa.Table) -> None:
        """Remember the values that links to this schema need."""
        for column in stored_columns(schema):
            key = (schema.id, column.path)
            if key not in self._wanted:
                continue
            values = table.column(column.name).combine_chunks()
            known = self._pools.get(key)
            if known is None:
                self._pools[key] = values
            elif len(known) < _POOL_ROWS:
                self._pools[key] = pa.concat_arrays([known, values])

    def pools(self, link: Link) -> list[pa.Array]:
        """Return the target's values for each join, of one length; [] if unknown."""
        found = [self._pools.get((link.target, join.target)) for join in link.joins]
        known = [pool for pool in found if pool is not None]
        if len(known) < len(found) or not len(known[0]):
            return []
        return known

    def extras(self, schema: Schema, values: Values, count: int) -> Fill | None:
        """Return what fills the fields that an extension added to a known schema."""
        names = [c.path for c in stored_columns(schema) if c.path not in values]
        if not any(self.is_custom(schema, path) for path in names if path):
            return None
        call = self._calls[schema.id] = self._calls.get(schema.id, -1) + 1
        linked = self._linked(schema, call, count)

        def fill(field: Field) -> pa.Array | None:
            if not self.is_custom(schema, field.path):
                return None
            if field.path in linked:
                return linked[field.path]
            draw = self.sizes.draw("extra", schema.id, field.path, call)
            return guess.column(field, self.sizes, draw, count)

        return fill

    def _linked(self, schema: Schema, call: int, count: int) -> dict[str, pa.Array]:
        """Return foreign keys: each row points to a record that exists."""
        columns: dict[str, pa.Array | None] = {}
        for link in self.links(schema):
            draw = self.sizes.draw("link", schema.id, link.path, call)
            pools = self.pools(link)
            chosen = draw.below(len(pools[0]), count) if pools else None
            for place, join in enumerate(link.joins):
                columns[join.source] = (
                    None if chosen is None else pools[place].take(pa.array(chosen))
                )
        return columns


def generic_tables(
    filler: Filler, done: Collection[str]
) -> Iterator[tuple[str, pa.Table]]:
    """Yield rows for every schema not seeded yet, link targets first."""
    for schema in _targets_first(filler, done):
        maker = _Maker(filler, schema)
        for start in range(0, max(maker.count, 1), CHUNK_ROWS):
            table = maker.table(np.arange(start, min(start + CHUNK_ROWS, maker.count)))
            filler.learn(schema, table)
            yield schema.id, table


def _targets_first(filler: Filler, done: Collection[str]) -> list[Schema]:
    ordered: dict[str, Schema] = {}
    visited = set(done)

    def visit(schema: Schema) -> None:
        visited.add(schema.id)
        for link in filler.links(schema):
            target = filler.schemas.get(link.target)
            if target is not None and target.id not in visited:
                visit(target)
        if has_table(schema):
            ordered[schema.id] = schema

    for schema in filler.schemas.values():
        if schema.id not in visited:
            visit(schema)
    return list(ordered.values())


class _Maker:
    """Makes the rows of one unknown schema; keys stay unique across chunks."""

    def __init__(self, filler: Filler, schema: Schema) -> None:
        self.filler = filler
        self.schema = schema
        self.primary = _primary(schema)
        self.links = filler.links(schema)
        rows = filler.sizes.rows
        self.count = rows if schema.database == "cloud" else min(rows, LOCAL_ROWS)
        self.sequential: set[str] = set()
        self.products: list[list[str]] = []
        self._keys()

    def table(self, indexes: Ints) -> pa.Table:
        """Return the rows with these running numbers."""
        sizes, count = self.filler.sizes, len(indexes)
        values: dict[str, pa.Array | None] = {}
        if self.primary is not None:
            values[self.primary] = self._primary_column(indexes)
        chosen = self._products(indexes)
        for link in self.links:
            values.update(self._link(link, indexes, chosen.get(link.path)))
        for path, places in chosen.items():
            if (field := self.schema.field_by_path.get(path)) is not None:
                values[path] = _choices(field).take(pa.array(places))

        def fill(field: Field) -> pa.Array:
            if field.path in self.sequential:
                return guess.unique_column(field, sizes, indexes)
            start = int(indexes[0]) if count else 0
            draw = sizes.draw("field", self.schema.id, field.path, start)
            return guess.column(field, sizes, draw, count)

        return to_table(self.schema, values, count, fill)

    def _primary_column(self, indexes: Ints) -> pa.Array:
        if not self.schema.auto_uuid:
            return pa.array(indexes + FIRST_ID)
        start = int(indexes[0]) if len(indexes) else 0
        draw = self.filler.sizes.draw("key", self.schema.id, start)
        return draw.uuids(len(indexes))

    def _keys(self) -> None:
        """Choose how each unique key stays unique: a running part, or a product."""
        keys = [key.paths for key in self.schema.keys]
        keys += [index.paths for index in self.schema.indexes if index.unique]
        fields = self.schema.field_by_path
        for paths in keys:
            parts = [path for path in paths if path in fields]
            if not parts or self.primary in parts or self.sequential & set(parts):
                continue
            units = [self._unit(path) for path in parts]
            free = [p for p, unit in zip(parts, units, strict=True) if unit is None]
            if free:
                self.sequential.add(free[0])
                continue
            names = list(dict.fromkeys(unit for unit in units if unit is not None))
            self.products.append(names)
            self.count = min(self.count, prod(self._sizes(names)))

    def _unit(self, path: str) -> str | None:
        """Return what a key part is drawn from: a link, a list, or nothing."""
        for link in self.links:
            if any(join.source == path for join in link.joins):
                return link.path
        field = self.schema.field_by_path[path]
        return path if len(_choices(field)) else None

    def _sizes(self, units: list[str]) -> list[int]:
        by_path = {link.path: link for link in self.links}
        sizes = []
        for unit in units:
            if (link := by_path.get(unit)) is not None:
                pools = self.filler.pools(link)
                sizes.append(len(pools[0]) if pools else 1)
            else:
                sizes.append(len(_choices(self.schema.field_by_path[unit])))
        return sizes

    def _products(self, indexes: Ints) -> dict[str, Ints]:
        """Walk through the combinations of a key's parts, each at most once."""
        chosen: dict[str, Ints] = {}
        for units in self.products:
            sizes = self._sizes(units)
            place = _scattered(indexes, prod(sizes))
            for unit, size in zip(units, sizes, strict=True):
                chosen.setdefault(unit, place % size)
                place = place // size
        return chosen

    def _link(
        self, link: Link, indexes: Ints, chosen: Ints | None
    ) -> dict[str, pa.Array | None]:
        if link.target == self.schema.id:
            return self._parents(link, indexes)
        pools = self.filler.pools(link)
        if not pools:
            return {join.source: None for join in link.joins}
        if chosen is None:
            start = int(indexes[0]) if len(indexes) else 0
            draw = self.filler.sizes.draw("link", self.schema.id, link.path, start)
            chosen = draw.below(len(pools[0]), len(indexes))
        return {
            join.source: pool.take(pa.array(chosen))
            for join, pool in zip(link.joins, pools, strict=True)
        }

    def _parents(self, link: Link, indexes: Ints) -> dict[str, pa.Array | None]:
        """Point to an earlier record of the same table: a tree, never a ring."""
        if self.schema.auto_uuid or [j.target for j in link.joins] != [self.primary]:
            return {join.source: None for join in link.joins}
        start = int(indexes[0]) if len(indexes) else 0
        draw = self.filler.sizes.draw("link", self.schema.id, link.path, start)
        above = (draw.random.random(len(indexes)) * indexes).astype(np.int64)
        rooted = (indexes == 0) | ~draw.chance(_TREE, len(indexes))
        return {link.joins[0].source: pa.array(np.where(rooted, 0, above + FIRST_ID))}


def _primary(schema: Schema) -> str | None:
    key = schema.internal_key
    if not (schema.auto_pk or schema.auto_uuid) or key is None:
        return None
    return key.paths[0]


def _choices(field: Field) -> pa.Array:
    """Return the closed list a field's values come from, empty when there is none."""
    if field.enum is not None:
        return pa.array([value.value for value in field.enum.values], pa.string())
    return pa.array([0, 1] if field.type.kind is Kind.BOOLEAN else [], pa.int64())


def _scattered(indexes: Ints, total: int) -> Ints:
    """Map running numbers to distinct numbers below ``total``, out of order."""
    step = max(1, min(int(total * 0.618), 2**62 // max(total, 1)))
    while gcd(step, total) != 1:
        step -= 1
    return (indexes * step + total // 3) % max(total, 1)
