"""Lists in a frame → items of a collection, flat first, then back in their rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..frames.dtypes import STRING
from ..frames.texts import Values, to_texts
from .checks import misfits
from .layout import Items, Slot
from .linking import Columns, Note, is_empty, rows_of, settle
from .problems import Mask
from .source import to_values

Counts = np.ndarray[Any, np.dtype[np.int64]]
"""How many items each row has."""


@dataclass(frozen=True, slots=True)
class Flat:
    """The items of all rows, one after the other."""

    values: Values
    counts: Counts


def read_items(
    items: Items, columns: Sequence[Values], keep: Mask, note: Note, *, clear: bool
) -> pa.Array:
    """Return the items of each row as a list of structs of texts, null for none.

    ``columns`` are those of ``items.parts``, ``keep`` tells the rows whose items are
    written.
    """
    slots = {slot.path: slot for slot in items.slots}
    flat = [flatten(values) for values in columns]
    parts = dict(zip(items.parts, flat, strict=True))
    counts = flat[0].counts
    alike = _same_counts(slots, parts, note)
    kept = np.repeat(keep & alike, counts)
    parents = np.repeat(np.arange(len(counts)), counts)[kept]
    texts: Columns = {}

    def note_item(slot: Slot, item: int, value: object, reason: str) -> None:
        note(slot, int(parents[item]), value, reason)

    for path, slot in slots.items():
        if path not in parts:
            texts[path] = pa.nulls(len(parents), STRING)
            continue
        part = parts[path]
        mask = np.repeat(keep & alike, part.counts)
        values = field_of(_filtered(part.values, mask), items.parts[path][1])
        texts[path] = _texts(slot, values, note_item, clear=clear)
    settle(items.entity, texts, note_item)
    _need_keys(items, slots, texts, note_item)
    return _lists(texts, np.where(keep & alike, counts, 0))


def _texts(slot: Slot, values: Values, note: Note, *, clear: bool) -> pa.Array:
    read = to_texts(values, slot.field.type, slot.field.enum)
    for misfit in (*read.misfits, *misfits(read.text, slot.field)):
        note(slot, misfit.row, misfit.value, misfit.reason)
    return pc.fill_null(read.text, "") if clear else read.text


def _same_counts(slots: dict[str, Slot], parts: dict[str, Flat], note: Note) -> Mask:
    """Tell which rows have lists of one length; the others are problems."""
    (first, one), *others = parts.items()
    alike = np.ones(len(one.counts), dtype=np.bool_)
    for path, other in others:
        wrong = one.counts != other.counts
        for row in np.flatnonzero(wrong & alike).tolist():
            reason = (
                f"It has {other.counts[row]} items, "
                f"{slots[first].name} {one.counts[row]}."
            )
            note(slots[path], row, None, reason)
        alike &= ~wrong
    return alike


def _need_keys(
    items: Items, slots: dict[str, Slot], texts: Columns, note: Note
) -> None:
    """Refuse rows with an item that nothing identifies."""
    if items.entity.operation == "insert":
        return
    for path in items.entity.key_paths:
        for item in rows_of(is_empty(texts[path])):
            note(slots[path], item, None, "An item has no value for its key.")


def _lists(texts: Columns, counts: Counts) -> pa.Array:
    fields = [pa.field(path, STRING) for path in texts]
    structs = pa.StructArray.from_arrays(list(texts.values()), fields=fields)
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), structs, mask=pa.array(counts == 0)
    )


def list_type(items: Items) -> pa.DataType:
    """Return the type of the column that holds a collection."""
    return pa.list_(pa.struct([(slot.path, STRING) for slot in items.slots]))


def flatten(values: Values) -> Flat:
    """Return the items of each row; a value that is no list is one item."""
    if isinstance(values, pa.Array) and _is_list(values.type):
        lengths = pc.fill_null(pc.list_value_length(values), 0)
        counts = lengths.to_numpy(zero_copy_only=False).astype(np.int64)
        return Flat(values.flatten(), counts)
    if isinstance(values, pa.Array):
        there = values.is_valid()
        counts = there.to_numpy(zero_copy_only=False).astype(np.int64)
        return Flat(values.filter(there), counts)
    rows = [_items_of(value) for value in values]
    counts = np.array([len(row) for row in rows], np.int64)
    return Flat(to_values([item for row in rows for item in row]), counts)


def field_of(values: Values, name: str | None) -> Values:
    """Return one field of structs or dicts; null where there is none."""
    if name is None:
        return values
    if isinstance(values, pa.Array):
        if not pa.types.is_struct(values.type):
            return values if pa.types.is_null(values.type) else values.to_pylist()
        at = values.type.get_field_index(name)
        return pc.struct_field(values, [at]) if at >= 0 else pa.nulls(len(values))
    return to_values([v.get(name) if isinstance(v, dict) else v for v in values])


def fields_in(values: Iterable[Values]) -> tuple[str, ...]:
    """Return the names of the fields of all structs or dicts in these columns."""
    names: dict[str, None] = {}
    for part in values:
        flat = flatten(part).values
        if not isinstance(flat, pa.Array):
            names.update((str(n), None) for v in flat if isinstance(v, dict) for n in v)
        elif pa.types.is_struct(flat.type):
            names.update((field.name, None) for field in flat.type)
    return tuple(names)


def _is_list(arrow: pa.DataType) -> bool:
    return bool(
        pa.types.is_list(arrow)
        or pa.types.is_large_list(arrow)
        or pa.types.is_fixed_size_list(arrow)
    )


def _items_of(value: object) -> list[object]:
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    missing = value is None or (isinstance(value, float) and value != value)
    return [] if missing else [value]


def _filtered(values: Values, mask: Mask) -> Values:
    if mask.all():
        return values
    if isinstance(values, pa.Array):
        return values.filter(pa.array(mask))
    return [value for value, kept in zip(values, mask.tolist(), strict=True) if kept]
