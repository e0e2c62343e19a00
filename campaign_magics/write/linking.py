"""Links of a batch: which are set, which are emptied, which lack their key."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from ..frames.dtypes import STRING
from ..xtk.types import Kind
from .layout import Entity, Slot

Columns = dict[str, pa.Array]
"""Texts of a batch by path."""

Note = Callable[[Slot, int, object, str], None]
"""``note(slot, row, value, reason)`` says why a row cannot be sent."""


def settle(entity: Entity, columns: Columns, note: Note) -> None:
    """Take links without a key out of their rows; empty those that shall be.

    A link whose key is missing is left as it is stored; one whose key is empty (``""``,
    number 0) is emptied through its foreign key.  A key with only some of its parts is
    a problem, and so are values for a record that no key names.
    """
    for link in entity.links:
        settle(link, columns, note)
        if link.key:
            _settle(entity, link, columns, note)


def _settle(entity: Entity, link: Entity, columns: Columns, note: Note) -> None:
    slots = {slot.path: slot for slot in link.all_slots() if slot.is_written}
    keys = [slots[path] for path in link.key_paths]
    ids = {join.target for join in link.link.joins} if link.link is not None else set()
    empty = {
        slot.path: is_empty(columns[slot.path], numbered=slot.local in ids)
        for slot in keys
    }
    some = _any(empty.values())
    if not pc.any(some).as_py():
        return
    every = _all(empty.values())
    for slot in keys:
        broken = pc.and_not(empty[slot.path], every)
        for row in rows_of(broken):
            reason = (
                f"{link.path} is found by {', '.join(link.key)}: this part is missing."
            )
            note(slot, row, None, reason)
    for slot in slots.values():
        if slot.path not in empty:
            lost = pc.and_not(every, is_empty(columns[slot.path]))
            for row in rows_of(lost):
                reason = f"There is no {', '.join(link.key)} to find {link.path} by."
                note(slot, row, columns[slot.path][row].as_py(), reason)
    missing = _all(columns[slot.path].is_null() for slot in keys)
    _empty_foreign_key(entity, link, columns, pc.and_not(every, missing))
    for path in slots:
        columns[path] = without(columns[path], every)


def _empty_foreign_key(
    entity: Entity, link: Entity, columns: Columns, cleared: pa.Array
) -> None:
    joins = link.link.joins if link.link is not None else ()
    sources = {join.source for join in joins}
    for slot in entity.slots:
        if slot.is_derived and slot.is_written and slot.local in sources:
            nothing = "0" if slot.field.type.kind is Kind.INTEGER else ""
            columns[slot.path] = pc.if_else(
                cleared, pa.scalar(nothing, STRING), columns[slot.path]
            )


def is_empty(texts: pa.Array, *, numbered: bool = False) -> pa.Array:
    """Tell where there is no value: null, ``""``, or 0 if records are ``numbered``."""
    known = pc.fill_null(texts, "")
    empty = pc.equal(known, "")
    return pc.or_(empty, pc.equal(known, "0")) if numbered else empty


def without(texts: pa.Array, where: pa.Array) -> pa.Array:
    """Return texts with nulls where a mask is true."""
    return pc.if_else(where, pa.scalar(None, STRING), texts)


def rows_of(mask: pa.Array) -> list[int]:
    """Return the positions at which a mask is true."""
    found: list[int] = pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist()
    return found


def _any(masks: Iterable[pa.Array]) -> pa.Array:
    first, *rest = masks
    for mask in rest:
        first = pc.or_(first, mask)
    return first


def _all(masks: Iterable[pa.Array]) -> pa.Array:
    first, *rest = masks
    for mask in rest:
        first = pc.and_(first, mask)
    return first
