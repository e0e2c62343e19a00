"""Items of a collection against the records that they are (N-N and 1-N links)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..schemas.model import Join, Schema
from ..session import Connection
from .layout import Entity, Items
from .stored import Column, Key, Reader, Record, plain

Item = Mapping[str, str | None]
"""Texts of an item by their paths from the written record."""

_Linked = Mapping[str, Mapping[Key, Key]]
"""By the path of a link: foreign keys of the records that have a key."""

_CHANGES = ("insertOrUpdate", "update")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What becomes of one row's items: those that change, as stored and as given.

    ``fault`` is a column, and why the server will refuse the row for it.
    """

    current: Sequence[Item] = ()
    new: Sequence[Item] = ()
    fault: tuple[str, str] | None = None


class Relations:
    """Compares the items of one collection; those that are not given stay as they are.

    An item is found by its parent and by what tells it from its siblings.  A link among
    that is looked up on its own: it may lead into the other database.
    """

    def __init__(self, connection: Connection, parent: Schema, items: Items) -> None:
        self._connection = connection
        self._entity = entity = items.entity
        self.path = items.path
        own = [slot for slot in entity.slots if not slot.is_derived]
        self._own_key = [slot for slot in own if slot.local in entity.key]
        self._others = [slot for slot in own if slot.local not in entity.key]
        self.parents = _columns(parent, [join.source for join in _joins(entity)])
        key = [join.target for join in _joins(entity)]
        key += [slot.local for slot in self._own_key]
        key += [join.source for link in entity.links for join in _joins(link)]
        self._reader = Reader(
            connection,
            entity.schema,
            _columns(entity.schema, key),
            _columns(entity.schema, [slot.local for slot in self._others]),
        )

    def compare(
        self, rows: Sequence[Sequence[Item]], parents: Sequence[Record | None]
    ) -> list[Listed]:
        """Return what becomes of the items of each row, given the rows' records."""
        items = [item for row in rows for item in row]
        links = self._entity.links
        linked = {link.path: self._linked(link, items) for link in links}
        keys = [
            [self._key(item, parent, linked) for item in items]
            for items, parent in zip(rows, parents, strict=True)
        ]
        found = self._reader.find(key for row in keys for key in row if key).records
        return [
            self._listed(items, [found.get(key) if key else None for key in of], linked)
            for items, of in zip(rows, keys, strict=True)
        ]

    def _linked(self, link: Entity, items: Iterable[Item]) -> Mapping[Key, Key]:
        targets = [join.target for join in _joins(link)]
        key, others = _columns(link.schema, link.key), _columns(link.schema, targets)
        wanted = [_texts(item, link.key_paths) for item in items]
        reader = Reader(self._connection, link.schema, key, others)
        found = reader.find(key for key in wanted if key).records
        return {
            key: tuple(record[path] for path in targets)
            for key, record in found.items()
        }

    def _key(self, item: Item, parent: Record | None, linked: _Linked) -> Key | None:
        """Return what the reader finds an item by, None where it cannot be there."""
        own = _texts(item, [slot.path for slot in self._own_key])
        if parent is None or own is None:
            return None
        parts = [tuple(parent[column.path] for column in self.parents), own]
        for link in self._entity.links:
            known = linked[link.path].get(_texts(item, link.key_paths) or ())
            if known is None:
                return None
            parts.append(known)
        return tuple(text for part in parts for text in part)

    def _listed(
        self,
        items: Sequence[Item],
        records: Sequence[Record | None],
        linked: _Linked,
    ) -> Listed:
        operation = self._entity.operation
        if operation == "insertOrUpdate" and (fault := self._fault(items, linked)):
            return Listed(fault=fault)
        current, new = [], []
        for item, record in zip(items, records, strict=True):
            if record is None:
                new += [item] if operation == "insertOrUpdate" else []
            elif operation == "delete":
                current.append(item)
            elif operation in _CHANGES and self._differs(item, record):
                current.append(self._as_stored(item, record))
                new.append(item)
        return Listed(current=current, new=new)

    def _fault(self, items: Sequence[Item], linked: _Linked) -> tuple[str, str] | None:
        """Return the first link to a record that nobody has, which no item can have."""
        for item in items:
            for link in self._entity.links:
                key = _texts(item, link.key_paths)
                if key and key not in linked[link.path]:
                    return link.key_paths[0], no_record(link, key)
        return None

    def _differs(self, item: Item, record: Record) -> bool:
        given = ((item[slot.path], slot) for slot in self._others)
        return any(
            text is not None and plain(text, slot.field) != record[slot.local]
            for text, slot in given
        )

    def _as_stored(self, item: Item, record: Record) -> Item:
        stored = {slot.path: record[slot.local] for slot in self._others}
        return {path: stored.get(path, text) for path, text in item.items()}


def is_comparable(items: Items) -> bool:
    """Tell whether a query can say what is stored of a collection.

    Not of one that is stored as XML, whose items are new records whatever is there, or
    whose links are more than a part of what items are found by.
    """
    entity = items.entity
    if entity.link is None or entity.operation == "insert":
        return False
    return all(
        link.operation == "none"
        and not link.links
        and all(f"{link.name}/{path}" in entity.key for path in link.key)
        for link in entity.links
    )


def fate(items: Items) -> str:
    """Return a sentence for a preview: what becomes of items that are not given."""
    if is_comparable(items):
        return f"{items.path}: items that are not given stay as they are."
    replaced = items.entity.link is None and items.entity.operation is None
    written = "replace those that are stored" if replaced else "are written"
    return f"{items.path}: not compared; the items given {written}."


def no_record(link: Entity, key: Key) -> str:
    """Return the reason why a row is refused that names a record nobody has."""
    named = ", ".join(
        f"{path} = {text!r}" for path, text in zip(link.key, key, strict=True)
    )
    return f"There is no {link.schema.id} with {named}."


def _texts(item: Item, paths: Sequence[str]) -> Key | None:
    """Return the texts of a key, None when a part is missing."""
    texts = [item[path] for path in paths]
    known = tuple(text for text in texts if text is not None)
    return known if len(known) == len(texts) else None


def _joins(entity: Entity) -> Sequence[Join]:
    return entity.link.joins if entity.link is not None else ()


def _columns(schema: Schema, paths: Iterable[str]) -> list[Column]:
    return [Column(path=path, field=schema.field_by_path[path]) for path in paths]
