"""Writing documents: find each record, then insert, update or delete it (§6)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...schemas.model import Link
from ..auth import Operator
from .causes import duplicate, not_saved
from .defaults import Defaults
from .document import Record
from .folders import FOLDER, leave, place
from .keys import ABSENT, Look, choose_key
from .memo import changed_memo
from .rows import Row, Values
from .shape import MEMO, Shape, link_joins
from .unit import Unit
from .values import Stored

Foreign = Mapping[str, Stored]
"""Foreign keys that the entity around a record gives it, by path."""

_NUMBERED_BELOW: Final = 2**30
"""Ids up to which a sequence is kept ahead of the ids that documents bring."""


class Writer:
    """Writes records into a unit of work, one after the other."""

    def __init__(self, unit: Unit, author: Operator) -> None:
        self._unit = unit
        self.defaults = Defaults(unit, author)

    def write(self, records: Sequence[Record]) -> list[Row | None]:
        """Write documents in order; return the record of each, None when it has none.

        Raises NotSaved.
        """
        self._prefetch([(record, {}) for record in records])
        return [self._save(record, {}) for record in records]

    def new(self, record: Record) -> dict[str, Stored]:
        """Return the values that a document would be inserted with."""
        values = dict(record.values)
        self._number(record.shape, values)
        self.defaults.fill(record.shape, values)
        return values

    def _prefetch(self, batch: Sequence[tuple[Record, Foreign]]) -> None:
        """Look up all records of a batch with one query for each key and schema."""
        linked: list[tuple[Record, Foreign]] = [
            (child, {}) for record, _ in batch for child in self._links_of(record)
        ]
        if linked:
            self._prefetch(linked)
        wanted: dict[tuple[str, tuple[str, ...]], list[Values]] = {}
        for record, implied in batch:
            if record.changes:
                self._unit.need(record.shape, [MEMO])
            look = self._look(record, implied)
            if look is not None and not look.is_hopeless:
                mark = (record.shape.schema.id, look.paths)
                wanted.setdefault(mark, []).append(look.values)
        for (schema_id, paths), keys in wanted.items():
            self._unit.load(self._unit.shape(schema_id), paths, keys)
        items = [
            (item, self._foreign(link, row))
            for record, implied in batch
            if record.items and (row := self._find(record, implied)) is not None
            for link, item in record.items
        ]
        if items:
            self._prefetch(items)

    def _links_of(self, record: Record) -> list[Record]:
        for path, child in record.links.items():
            link = record.shape.schema.link_by_path[path]
            targets = [there for _, there in link_joins(record.shape, link)]
            self._unit.need(child.shape, targets)
        return list(record.links.values())

    def _save(self, record: Record, implied: Foreign) -> Row | None:
        if record.operation != "delete":
            self._unit.settle()
        row = self._find(record, implied, must=True)
        if record.operation == "delete":
            if row is not None:
                self._delete(row)
            return None
        if record.operation == "update" and row is None:
            return None
        if record.operation != "none":
            row = self._put(record, row, implied)
        if row is not None:
            for link, item in record.items:
                self._save(item, self._foreign(link, row))
        return row

    def _put(self, record: Record, row: Row | None, implied: Foreign) -> Row:
        values = {**record.values, **self._linked(record), **implied}
        is_folder = record.shape.schema.id == FOLDER
        before = self._unit.value(row, "@parent-id") if row and is_folder else None
        if row is None:
            row = self._insert(record, values)
        else:
            self._update(record, row, values)
        if is_folder:
            place(self._unit, row, before)
        return row

    def _delete(self, row: Row) -> None:
        self._unit.delete(row)
        if row.shape.schema.id == FOLDER:
            leave(self._unit, row)

    def _linked(self, record: Record) -> dict[str, Stored]:
        """Write the linked entities; return the foreign keys that lead to them."""
        found: dict[str, Stored] = {}
        for path, child in record.links.items():
            link = record.shape.schema.link_by_path[path]
            joins = link_joins(record.shape, link)
            row = self._save(child, {})
            if row is not None:
                found |= {here: self._unit.value(row, there) for here, there in joins}
            elif child.operation == "delete":
                found |= {here: record.shape.empties[here] for here, _ in joins}
            elif child.operation == "none":
                raise not_saved(child.shape.schema, _not_found(child))
        return found

    def _insert(self, record: Record, values: dict[str, Stored]) -> Row:
        shape = record.shape
        self._number(shape, values)
        self.defaults.fill(shape, values)
        if record.changes:
            name = shape.schema.name
            values[MEMO] = changed_memo(values[MEMO], name, record.changes)
        return self._unit.add(shape, values)

    def _update(self, record: Record, row: Row, values: dict[str, Stored]) -> None:
        shape = record.shape
        for path in shape.key:
            given = values.pop(path, None)
            if given not in (None, 0, row.values[path]):
                cause = f"The record found has another '{path}' than the document."
                raise not_saved(shape.schema, cause)
        if record.changes:
            memo = self._unit.value(row, MEMO)
            values[MEMO] = changed_memo(memo, shape.schema.name, record.changes)
        news = {p for p, v in values.items() if row.values.get(p, self) != v}
        if news:
            self.defaults.stamp(shape, values)
            self._unit.change(row, values)

    def _number(self, shape: Shape, values: dict[str, Stored]) -> None:
        """Give a new record its key, or check the one that its document brings."""
        schema = shape.schema
        if shape.numbered and not values.get(shape.key[0]):
            values[shape.key[0]] = self._unit.number(schema.sequence)
            return
        if schema.auto_uuid and shape.key and not values.get(shape.key[0]):
            values[shape.key[0]] = str(uuid.uuid4())
            return
        key = tuple(values.get(path) for path in shape.key)
        if not shape.key:
            return
        if any(path not in values for path in shape.key):
            missing = next(path for path in shape.key if path not in values)
            raise not_saved(
                schema, f"The document has no value for the key '{missing}'."
            )
        if self._unit.find(shape, shape.key, key) is not None:
            names = [shape.columns[path].name for path in shape.key]
            index = schema.internal_key.name if schema.internal_key else "key"
            raise duplicate(schema, index, names, key)
        if shape.numbered and (number := int(key[0] or 0)) < _NUMBERED_BELOW:
            self._unit.skip_to(schema.sequence, number + 1)

    def _find(
        self, record: Record, implied: Foreign, *, must: bool = False
    ) -> Row | None:
        if record.operation == "insert":
            return None
        look = self._look(record, implied)
        if look is None:
            if must and record.operation != "insertOrUpdate":
                cause = "The document gives no key to find its record by."
                raise not_saved(record.shape.schema, cause)
            return None
        if look.is_hopeless:
            return None
        return self._unit.find(record.shape, look.paths, look.values)

    def _look(self, record: Record, implied: Foreign) -> Look | None:
        if record.operation == "insert":
            return None
        known: dict[str, Any] = dict(record.values)
        for path, child in record.links.items():
            link = record.shape.schema.link_by_path[path]
            row = self._find(child, {})
            for here, there in link_joins(record.shape, link):
                known[here] = ABSENT if row is None else self._unit.value(row, there)
        known.update(implied)
        return choose_key(record, known, implied)

    def _foreign(self, link: Link, row: Row) -> dict[str, Stored]:
        """Return the foreign keys by which an item belongs to a record."""
        values = {
            join.target: self._unit.value(row, join.source) for join in link.joins
        }
        columns = self._unit.shape(link.target).columns
        return {path: value for path, value in values.items() if path in columns}


def _not_found(record: Record) -> str:
    shown = ", ".join(f"{path}='{value}'" for path, value in record.values.items())
    return f"No record was found to link to ({shown})."
