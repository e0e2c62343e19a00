"""Rows as they come → texts by column, problems by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..frames.dtypes import STRING
from ..frames.texts import to_texts
from ..xtk.types import STRING as STRING_TYPE
from .checks import has_default, misfits
from .duplicates import repeated
from .items import list_type, read_items
from .keys import may_be_empty
from .layout import OPERATION, OPERATIONS, Layout, Slot
from .linking import Columns, Note, is_empty, rows_of, settle, without
from .problems import NAMED, Mask, Problems, named
from .source import BATCH, Source

_JOINT: Final = "\x1f"
"""Between the parts of a key: no text that can be sent holds it."""


@dataclass(frozen=True, slots=True)
class Read:
    """Good rows, their labels, and the problems of the others."""

    table: pa.Table
    index: pd.Index[Any]
    problems: pd.DataFrame


class Reader:
    """Reads a source once, batch by batch."""

    def __init__(
        self, source: Source, layout: Layout, *, operation: str, clear: bool
    ) -> None:
        self._source = source
        self._layout = layout
        self._operation = operation
        self._clear = clear
        self._problems = Problems()

    def read(self) -> Read:
        """Convert and check every row."""
        batches = [
            self._batch(start, min(start + BATCH, len(self._source)))
            for start in range(0, len(self._source), BATCH)
        ]
        self._refuse_duplicates(batches)
        good = self._problems.good(len(self._source))
        index = self._source.index
        return Read(
            table=self._good(batches, good),
            index=index if good.all() else index[good],
            problems=self._problems.frame(index),
        )

    def _good(self, batches: list[pa.RecordBatch], good: Mask) -> pa.Table:
        """Keep the good rows; a batch is let go when its rows are copied."""
        kept = []
        for at in range(len(batches)):
            start = at * BATCH
            mask = good[start : start + batches[0].num_rows]
            batch = batches[0]
            kept.append(batch if mask.all() else batch.filter(pa.array(mask)))
            del batches[0]
        return pa.Table.from_batches(kept, self._schema())

    def _schema(self) -> pa.Schema:
        fields = [(slot.path, STRING) for slot in self._layout.slots]
        fields += [(items.path, list_type(items)) for items in self._layout.items]
        fields += [(OPERATION, STRING)] if OPERATION in self._source.names else []
        return pa.schema(fields)

    def _batch(self, start: int, stop: int) -> pa.RecordBatch:
        operations = self._operations(start, stop)
        deleted = pc.equal(operations, "delete")
        columns: Columns = {}

        def note(slot: Slot, row: int, value: object, reason: str) -> None:
            if slot.is_key or not deleted[row].as_py():
                self._problems.add(start + row, slot.name, value, reason)

        for slot in self._layout.slots:
            texts = self._texts(slot, start, stop, note)
            if not slot.is_key and pc.any(deleted).as_py():
                texts = without(texts, deleted)
            columns[slot.path] = texts
        settle(self._layout.root, columns, note)
        self._require(columns, operations, note)
        self._complete_key(columns, start)
        keep = pc.invert(deleted).to_numpy(zero_copy_only=False)
        for items in self._layout.items:
            lists = [
                self._source.column(name, start, stop)
                for name, _ in items.parts.values()
            ]
            columns[items.path] = read_items(
                items, lists, keep, note, clear=self._clear
            )
        if OPERATION in self._source.names:
            columns[OPERATION] = operations
        return pa.RecordBatch.from_pydict(columns, self._schema())

    def _operations(self, start: int, stop: int) -> pa.Array:
        """Return what becomes of each row; what is no operation is a problem."""
        rows = stop - start
        if OPERATION not in self._source.names:
            return pa.repeat(pa.scalar(self._operation, STRING), rows)
        given = self._source.column(OPERATION, start, stop)
        texts = pc.utf8_trim_whitespace(to_texts(given, STRING_TYPE).text)
        texts = pc.if_else(pc.equal(texts, ""), pa.scalar(None, STRING), texts)
        texts = pc.fill_null(texts, self._operation)
        known = pc.is_in(texts, value_set=pa.array(OPERATIONS, STRING))
        for row in rows_of(pc.invert(known)):
            value = texts[row].as_py()
            reason = f"{value!r} is no operation. Use one of {', '.join(OPERATIONS)}."
            self._problems.add(start + row, OPERATION, value, reason)
        return texts

    def _texts(self, slot: Slot, start: int, stop: int, note: Note) -> pa.Array:
        if slot.is_derived:
            return pa.nulls(stop - start, STRING)
        values = self._source.column(slot.name, start, stop)
        read = to_texts(values, slot.field.type, slot.field.enum)
        for misfit in (*read.misfits, *misfits(read.text, slot.field)):
            note(slot, misfit.row, misfit.value, misfit.reason)
        if self._clear and read.text.null_count:
            return pc.fill_null(read.text, "")
        return read.text

    def _require(self, columns: Columns, operations: pa.Array, note: Note) -> None:
        """Refuse rows that lack a required value, or would empty one."""
        inserted = pc.equal(operations, "insert")
        for slot in self._layout.root.slots:
            if not slot.field.required or slot.is_key:
                continue
            texts = columns[slot.path]
            emptied = pc.fill_null(pc.equal(texts, ""), False)
            if not has_default(slot.field):
                emptied = pc.or_(emptied, pc.and_(inserted, texts.is_null()))
            for row in rows_of(emptied):
                note(slot, row, texts[row].as_py(), f"{slot.path} is required.")

    def _complete_key(self, columns: Columns, start: int) -> None:
        """Refuse rows without their key."""
        root = self._layout.root
        slots = [slot for slot in self._layout.slots if slot.is_key]
        internal = root.schema.internal_key
        numbered = internal is not None and internal.paths == root.key
        empty = [is_empty(columns[s.path], numbered=numbered) for s in slots]
        partly = may_be_empty(root.schema, root.key)
        for slot, lacks in zip(slots, empty, strict=True):
            refused = lacks
            if partly:
                refused = reduce(pc.and_, empty)
                columns[slot.path] = pc.fill_null(columns[slot.path], "")
            for row in rows_of(refused):
                self._problems.add(
                    start + row, slot.name, None, "The row has no value for its key."
                )

    def _refuse_duplicates(self, batches: Sequence[pa.RecordBatch]) -> None:
        """Refuse all rows of a key that occurs more than once."""
        slots = {s.path: s for s in self._layout.slots}
        paths = self._layout.key
        column = ", ".join(slots[path].name for path in paths)
        for key, rows in repeated([_joint(batch, paths) for batch in batches]).items():
            labels = self._source.index.take(rows[: NAMED + 1]).to_list()
            for at, row in enumerate(rows):
                others = [label for i, label in enumerate(labels) if i != at]
                reason = (
                    f"The key occurs {len(rows)} times, also in row "
                    f"{named(others, len(rows) - 1)}."
                )
                value = key.replace(_JOINT, ", ")
                self._problems.add(row, column, value, reason)


def _joint(batch: pa.RecordBatch, paths: Sequence[str]) -> pa.Array:
    """Return the key of each row as one text; null where a part is missing."""
    if len(paths) == 1:
        return batch.column(paths[0])
    columns = [batch.column(path) for path in paths]
    return pc.binary_join_element_wise(*columns, _JOINT)
