"""What users hand in to be written, read a slice of a column at a time.

Slices keep the memory low: no column is copied whole to be converted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from ..errors import InvalidOption
from ..frames.texts import Values

BATCH: Final = 16_384
"""Rows that are converted at a time (reference/libraries.md: fastest, least memory)."""

_ACCEPTED = (
    "give a pandas, polars or pyarrow table, a list of dicts, or an XML document"
)
_REFUSED = (pa.ArrowException, ValueError, TypeError, OverflowError)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Rows by columns: their names, the label of each row, and how to read a slice."""

    names: tuple[str, ...]
    index: pd.Index[Any]
    read: Callable[[int, int, int], Values] = field(repr=False)
    """``read(column, start, stop)``, the column by its place in ``names``."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the index, which is not written."""
        return tuple(str(name) for name in self.index.names if name is not None)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.index)

    def slices(self, name: str) -> Iterator[Values]:
        """Yield a column slice by slice."""
        for start in range(0, len(self), BATCH):
            yield self.column(name, start, min(start + BATCH, len(self)))

    def column(self, name: str, start: int, stop: int) -> Values:
        """Return a slice of the column of that name."""
        return self.read(self.names.index(name), start, stop)


def open_source(data: object) -> Source:
    """Return the rows of ``data``: pandas, polars, pyarrow, or a list of dicts.

    Raises InvalidOption for anything else, and for columns that are not named by texts
    or twice by the same.
    """
    if isinstance(data, pd.DataFrame):
        return _pandas(data)
    if isinstance(data, pa.RecordBatch):
        data = pa.Table.from_batches([data])
    if isinstance(data, pa.Table):
        return _arrow(data)
    if type(data).__module__.partition(".")[0] == "polars":
        return _polars(data)
    if isinstance(data, list | tuple):
        return _dicts(data)
    if isinstance(data, str):
        raise InvalidOption("This text is no XML document.", hint=_ACCEPTED)
    kind = type(data).__name__
    raise InvalidOption(f"Rows cannot be read from {_a(kind)}.", hint=_ACCEPTED)


def _a(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeioAEIO" else f"a {kind}"


def _pandas(frame: pd.DataFrame) -> Source:
    names = _names(list(frame.columns))

    def read(column: int, start: int, stop: int) -> Values:
        return to_values(frame.iloc[start:stop, column])

    return Source(names=names, index=frame.index, read=read)


def _polars(data: Any) -> Source:
    table = data.to_frame() if hasattr(data, "to_frame") else data
    if not hasattr(table, "to_arrow"):
        raise InvalidOption(
            f"A polars {type(data).__name__} is not rows yet.",
            hint="collect() it first",
        )
    return _arrow(table.to_arrow())


def _arrow(table: pa.Table) -> Source:
    names = _names(table.column_names)

    def read(column: int, start: int, stop: int) -> Values:
        part = table.column(column).slice(start, stop - start).combine_chunks()
        return part.combine_chunks() if isinstance(part, pa.ChunkedArray) else part

    return Source(names=names, index=pd.RangeIndex(table.num_rows), read=read)


def _dicts(rows: Sequence[Any]) -> Source:
    for row in rows:
        if not isinstance(row, dict):
            kind = type(row).__name__
            raise InvalidOption(f"A row is {_a(kind)}, not a dict.", hint=_ACCEPTED)
    names = _names(list(dict.fromkeys(name for row in rows for name in row)))

    def read(column: int, start: int, stop: int) -> Values:
        return to_values([row.get(names[column]) for row in rows[start:stop]])

    return Source(names=names, index=pd.RangeIndex(len(rows)), read=read)


def to_values(values: Any) -> Values:
    """Return an Arrow array; Python objects where Arrow has no type for all of them."""
    try:
        array = pa.array(values, from_pandas=True)
    except _REFUSED:
        return list(values)
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _names(names: Sequence[object]) -> tuple[str, ...]:
    texts = [name for name in names if isinstance(name, str)]
    odd = next((name for name in names if not isinstance(name, str)), None)
    if len(texts) < len(names):
        raise InvalidOption(
            f"The column {odd!r} is not named by a text.",
            hint="name columns as a query does: email, location.city, folder.name",
        )
    twice = next((name for name in texts if texts.count(name) > 1), None)
    if twice is not None:
        raise InvalidOption(
            f"The column {twice!r} occurs twice.", hint="rename or drop one of them"
        )
    return tuple(texts)
