"""A collection's items as rows of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InvalidOption
from ..xtk.columns import Column
from .cast import enumerated

Exploded = tuple[pa.Table, tuple[Column, ...]]


def explode(table: pa.Table, columns: Sequence[Column]) -> Exploded:
    """Return one row for each item of the collection, and the columns they have now.

    Columns of an item are named ``subscription.created``; the record's own values are
    repeated, and a record without items keeps one row of nulls.  A collection inside
    the items is taken apart too.  A table without collections comes back as it is.
    Raises InvalidOption for two collections side by side: their items do not pair.
    """
    columns = tuple(columns)
    while places := [at for at, column in enumerate(columns) if column.items]:
        if len(places) > 1:
            names = " and ".join(columns[at].name for at in places)
            raise InvalidOption(
                f"{names} cannot both be made rows: their items do not pair.",
                hint="select one of them, or leave the lists as they are",
            )
        table, columns = _one(table, columns, places[0])
    return table, columns


def _one(table: pa.Table, columns: tuple[Column, ...], at: int) -> Exploded:
    column = columns[at]
    lists = table.column(at).combine_chunks()
    if isinstance(lists, pa.ChunkedArray):  # of a table without chunks
        lists = pa.array([], lists.type)
    records, items = _places(lists)
    struct = lists.flatten().take(items)
    inside = [
        _typed(pc.struct_field(struct, [place]), item)
        for place, item in enumerate(column.items)
    ]
    named = tuple(
        replace(item, name=f"{column.name}.{item.name}") for item in column.items
    )
    flat = (*columns[:at], *named, *columns[at + 1 :])
    others = table.remove_column(at).take(records)
    arrays = [*others.columns[:at], *inside, *others.columns[at:]]
    return pa.Table.from_arrays(arrays, names=[one.name for one in flat]), flat


def _places(lists: pa.ListArray) -> tuple[pa.Array, pa.Array]:
    """Return for each new row the record it belongs to, and its item or null."""
    counts = pc.fill_null(pc.list_value_length(lists), 0).to_numpy()
    rows = np.maximum(counts, 1)
    records = np.repeat(np.arange(len(counts)), rows)
    missing = np.repeat(counts == 0, rows)
    items = np.cumsum(~missing) - 1
    return pa.array(records), pa.array(items, mask=missing)


def _typed(values: pa.Array, item: Column) -> pa.Array:
    return enumerated(values, item) if item.values else values
