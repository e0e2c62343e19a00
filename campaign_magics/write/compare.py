"""Rows against what the server has: what each would change, and whether it is there."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa

from ..session import Connection
from .batches import Batch
from .layout import Entity, Slot
from .relations import Item, Listed, Relations, is_comparable, no_record
from .route import INSERT, UPSERT, Parcel
from .rows import Rows
from .stored import Column, Key, Reader, Record, plain

Outcome = Literal["insert", "update", "unchanged", "delete", "missing", "refused"]
OUTCOMES: Final[tuple[Outcome, ...]] = (
    "insert",
    "update",
    "unchanged",
    "delete",
    "missing",
    "refused",
)
"""What becomes of a row; ``missing`` has nothing to update or delete."""

EXISTS: Final = "A record with this key exists already; operation='update' changes it."
_NOT_COMPARED: Final = "(not compared)"
"""Stands for what is stored, where that cannot be read."""
_AS_GIVEN: Final = "(as given)"
_MADE: Final = "An earlier commit of this row made its record."


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One value: the slot's path, what is stored (None: no record), what will be."""

    path: str
    current: str | None
    new: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What becomes of one row, counted from 0 among those that can be sent."""

    row: int
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    column: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Existing:
    """Rows to be inserted that are there, counted from their batch's start.

    An earlier commit of the same rows ``made`` some; the ``others`` are refused.
    """

    made: tuple[int, ...] = ()
    others: tuple[int, ...] = ()


class Comparison:
    """Compares rows of a parcel with the records that have their keys.

    ``made`` are rows to be inserted whose records, if there are any, are no others'.
    """

    def __init__(
        self, connection: Connection, parcel: Parcel, made: Collection[int] = ()
    ) -> None:
        self._connection = connection
        self._parcel = parcel
        self._made = made
        rows = parcel.asked
        slots = {slot.path: slot for slot in rows.layout.slots}
        self._slots = list(slots.values())
        self._relations = [
            Relations(connection, rows.schema, items)
            for items in rows.layout.items
            if is_comparable(items)
        ]
        compared = {one.path for one in self._relations}
        self._unread = [path for path in rows.layout.unread if path not in compared]
        self._cleared = dict(_cleared(rows.layout.root))
        key = [_column(slots[path]) for path in rows.key]
        others = [_column(slot) for slot in self._slots]
        others += [column for one in self._relations for column in one.parents]
        names = [parcel.route.staging] if parcel.route.staging else []
        # First the staging table: a record on its way to the cloud is then seen.
        self._readers = [
            Reader(connection, connection.schemas[name], key, others)
            for name in (*names, rows.schema.id)
        ]
        self.several: set[Key] = set()
        self.waiting: set[Key] = set()

    def preview(self, rows: Sequence[int]) -> list[Verdict]:
        """Return what becomes of these rows, by what is stored now."""
        table = self._parcel.asked.table.take(pa.array(rows, pa.int64()))
        values = table.to_pylist()
        key = self._parcel.asked.key
        keys = [tuple(one[path] for path in key) for one in values]
        *staged, records = self._find(keys, self._readers)
        self.waiting |= {key for key in keys if any(key in one for one in staged)}
        absent = _Absent(self, values, rows, keys)
        found = [records.get(key) for key in keys]
        lists = self._lists(values, found)
        return [
            self._verdict(row, one, key, record, absent, of)
            for row, one, key, record, of in zip(
                rows, values, keys, found, lists, strict=True
            )
        ]

    def _lists(
        self, values: Sequence[Mapping[str, Any]], records: Sequence[Record | None]
    ) -> list[dict[str, Listed]]:
        """Return what becomes of the items of each row, by their collection."""
        found: list[dict[str, Listed]] = [{} for _ in values]
        for one in self._relations:
            rows = [row[one.path] or [] for row in values]
            if any(rows):
                for of, listed in zip(found, one.compare(rows, records), strict=True):
                    of[one.path] = listed
        return found

    def existing(self, batch: Batch, rows: Iterable[int]) -> Existing:
        """Return those of a batch's rows to be inserted whose key a record has."""
        operations = self._parcel.asked.operations(batch.start, batch.stop)
        keys = self._parcel.asked.keys(batch.start, batch.stop)
        wanted = [at for at in rows if operations[at] == INSERT]
        if not wanted:
            return Existing()
        records = self._find([keys[at] for at in wanted], self._readers)
        there = [at for at in wanted if any(keys[at] in found for found in records)]
        made = tuple(at for at in there if batch.start + at in self._made)
        others = tuple(at for at in there if batch.start + at not in self._made)
        return Existing(made=made, others=others)

    def there(self, rows: Sequence[int]) -> set[int]:
        """Return those of these rows whose effect is on the server."""
        if not rows:
            return set()
        table = self._parcel.asked.table.take(pa.array(rows, pa.int64()))
        values = table.to_pylist()
        keys = [tuple(one[path] for path in self._parcel.asked.key) for one in values]
        there: set[int] = set()
        for found in self._find(keys, self._readers):
            records = [found.get(key) for key in keys]
            lists = self._lists(values, records)
            there.update(
                row
                for row, one, record, of in zip(
                    rows, values, records, lists, strict=True
                )
                if self._is_there(self._operation(row), one, record, of)
            )
        return there

    def _is_there(
        self,
        operation: str,
        row: Mapping[str, Any],
        record: Record | None,
        lists: Mapping[str, Listed],
    ) -> bool:
        # What waits in a staging table does not tell whether a deletion does, too; it
        # is sent again, and deletes nothing the second time.
        staged = bool(self._parcel.route.staging)
        if operation == "delete":
            return record is None and not staged
        if record is None:
            return operation == "update" and not staged
        if operation == INSERT:
            return True
        refused = any(one.fault for one in lists.values())
        return not (refused or any(self._changes(row, record, lists)))

    def _verdict(
        self,
        row: int,
        values: Mapping[str, Any],
        key: Key,
        record: Record | None,
        absent: _Absent,
        lists: Mapping[str, Listed],
    ) -> Verdict:
        operation = self._operation(row)
        if operation == "delete":
            return Verdict(row=row, outcome="delete" if record else "missing")
        if operation == INSERT and (record or key in self.waiting):
            if row in self._made:
                return Verdict(row=row, outcome="unchanged", reason=_MADE)
            column = self._parcel.asked.key[0]
            return Verdict(row=row, outcome="refused", column=column, reason=EXISTS)
        if operation == "update" and not record:
            return Verdict(row=row, outcome="missing")
        faults = [absent.fault(row), *(one.fault for one in lists.values())]
        if fault := next(filter(None, faults), None):
            path, reason = fault
            return Verdict(row=row, outcome="refused", column=path, reason=reason)
        ignored = absent.ignored(row)
        changes = tuple(self._changes(values, record, lists, ignored))
        if record is None:
            return Verdict(row=row, outcome="insert", changes=changes)
        outcome: Outcome = "update" if changes else "unchanged"
        return Verdict(row=row, outcome=outcome, changes=changes)

    def _changes(
        self,
        row: Mapping[str, Any],
        record: Record | None,
        lists: Mapping[str, Listed],
        ignored: frozenset[str] = frozenset(),
    ) -> Iterator[Change]:
        for slot in self._slots:
            text = row[slot.path]
            if text is None or slot.path in ignored:
                continue
            new = plain(text, slot.field)
            current = None if record is None else record[slot.path]
            if new == current:
                continue
            for path in self._cleared.get(slot.path, ()):
                gone = None if record is None else record[path]
                yield Change(path=path, current=gone, new="")
            if slot.path not in self._cleared:
                yield Change(path=slot.path, current=current, new=new)
        for path, listed in lists.items():
            if listed.current or listed.new:
                current = None if record is None else _shown(listed.current)
                yield Change(path=path, current=current, new=_shown(listed.new))
        for path in self._unread:
            given = row[path]
            if isinstance(given, str):  # collections that a document names
                for name in given.split(", "):
                    yield Change(path=name, current=_NOT_COMPARED, new=_AS_GIVEN)
            elif given:
                yield Change(path=path, current=_NOT_COMPARED, new=_shown(given))

    @property
    def is_complete(self) -> bool:
        """False where rows may change more than a query can tell."""
        return not self._unread

    def _operation(self, row: int) -> str:
        return self._parcel.asked.operations(row, row + 1)[0]

    def _find(
        self, keys: Sequence[Key], readers: Iterable[Reader]
    ) -> list[dict[Key, Record]]:
        found = [reader.find(keys) for reader in readers]
        self.several |= found[-1].several
        return [one.records for one in found]

    def missing_links(
        self, link: Entity, values: Sequence[Mapping[str, Any]]
    ) -> set[Key]:
        """Return the keys in these rows that no linked record has."""
        slots = {slot.local: slot for slot in link.all_slots()}
        nested = {slot.path: slot for slot in link.all_slots()}
        paths = link.key_paths
        columns = [
            Column(path=local, field=(slots.get(local) or nested[path]).field)
            for local, path in zip(link.key, paths, strict=True)
        ]
        keys = {tuple(one[path] for path in paths) for one in values}
        keys = {key for key in keys if None not in key}
        found = Reader(self._connection, link.schema, columns).find(keys)
        return keys - found.records.keys()

    @property
    def parcel(self) -> Parcel:
        """The rows that are compared."""
        return self._parcel


class _Absent:
    """Linked records that rows name and the server does not have."""

    def __init__(
        self,
        comparison: Comparison,
        values: Sequence[Mapping[str, Any]],
        rows: Sequence[int],
        keys: Sequence[Key],
    ) -> None:
        self._faults: dict[int, tuple[str, str]] = {}
        self._ignored: dict[int, set[str]] = {}
        asked = comparison.parcel.asked
        root = asked.layout.root
        # Links among the rows come last: a row that is refused makes no record.
        for link in sorted(_links(root), key=lambda one: _is_own(one, root)):
            missing = comparison.missing_links(link, values)
            coming = set(keys) if _is_own(link, root) else set[Key]()
            made: set[Key] = set()
            for row, one, own in zip(rows, values, keys, strict=True):
                key = tuple(one[path] for path in link.key_paths)
                if key in missing and key not in made:
                    self._note(row, link, key, is_later=key in coming and key != own)
                if own in coming and self._makes(asked, row):
                    made.add(own)

    def fault(self, row: int) -> tuple[str, str] | None:
        """Return the column that makes the server refuse the row, and why."""
        return self._faults.get(row)

    def ignored(self, row: int) -> frozenset[str]:
        """Return the columns of links that an ``update`` finds no record for."""
        return frozenset(self._ignored.get(row, ()))

    def _makes(self, asked: Rows, row: int) -> bool:
        (operation,) = asked.operations(row, row + 1)
        return operation in (INSERT, UPSERT) and row not in self._faults

    def _note(self, row: int, link: Entity, key: Key, *, is_later: bool) -> None:
        if link.operation == "update":
            paths = {slot.path for slot in link.all_slots()}
            self._ignored.setdefault(row, set()).update(paths)
            return
        reason = no_record(link, key)
        if is_later:
            reason = f"{reason} Put the row that makes it before this one."
        self._faults.setdefault(row, (link.key_paths[0], reason))


def _shown(items: Sequence[Item]) -> str:
    """Return the items of a row as a preview shows them: ``grpA; grpB``."""
    return "; ".join(", ".join(filter(None, item.values())) for item in items)


def _links(entity: Entity) -> Iterator[Entity]:
    """Yield the links whose record must exist, or is left alone where it does not."""
    for link in entity.links:
        if link.operation in ("none", "update"):
            yield link
        if link.operation != "none":
            yield from _links(link)


def _cleared(entity: Entity) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the foreign keys that the layout adds to empty links, with what users see
    of those: the columns that the link is found by.
    """
    for link in entity.links:
        joins = link.link.joins if link.link is not None else ()
        sources = {join.source for join in joins}
        for slot in entity.slots:
            if slot.is_derived and slot.local in sources:
                yield slot.path, link.key_paths
        yield from _cleared(link)


def _is_own(link: Entity, root: Entity) -> bool:
    """Tell whether rows may be linked to records that other rows make."""
    return link.schema.id == root.schema.id and link.key == root.key


def _column(slot: Slot) -> Column:
    return Column(path=slot.path, field=slot.field)
