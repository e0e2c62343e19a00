"""Data → rows that can be sent as documents, and those that cannot, with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InvalidOption
from ..frames.encode import encode
from ..schemas.model import Schema
from ..schemas.resolve import Lookup
from .documents import Documents, is_document, read_documents
from .layout import OPERATION, Layout, Wishes
from .planning import plan_layout
from .reading import Reader
from .source import open_source

Nulls = Literal["skip", "clear"]
_NULLS: Final = ("skip", "clear")


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What can be sent, and what cannot.

    ``table`` has the good rows only: a column of texts for each slot of the layout,
    named by its path (``@email``, ``folder/@name``), and ``_operation`` where rows say
    their own.  A null is not sent and leaves what is stored; ``""`` empties it.  A text
    is as ``frames.texts.to_texts`` writes it, so that a decoded answer put through it
    can be compared with.  ``index`` has the label of each good row in the data,
    ``problems`` the columns index, column, value and reason; ``total`` counts all rows
    of the data.
    """

    schema: Schema
    operation: str
    layout: Layout
    table: pa.Table = field(repr=False)
    index: pd.Index[Any] = field(repr=False)
    problems: pd.DataFrame = field(repr=False)
    total: int

    def __len__(self) -> int:
        """Return the number of rows that can be sent."""
        return int(self.table.num_rows)

    @property
    def key(self) -> tuple[str, ...]:
        """The paths of the key: ``@email``, ``folder/@name``."""
        return self.layout.key

    @property
    def has_collections(self) -> bool:
        """True when a row writes relations or items, which no staging table holds."""
        return any(
            bool(pc.any(pc.is_valid(self.table.column(path))).as_py())
            for path in self.layout.unread
        )

    def documents(self, start: int, stop: int) -> list[str]:
        """Return the element of each row, to go into a ``-collection``."""
        if stop <= start:
            return []
        documents: list[str] = encode(
            self.layout.element, self._batch(start, stop)
        ).to_pylist()
        return documents

    def keys(self, start: int, stop: int) -> list[tuple[str, ...]]:
        """Return the texts of each row's key, in the order of ``key``."""
        columns = [
            self.table.column(path).slice(start, stop - start).to_pylist()
            for path in self.key
        ]
        return list(zip(*columns, strict=True))

    def operations(self, start: int, stop: int) -> list[str]:
        """Return what becomes of each row."""
        stop = min(stop, len(self))
        if OPERATION not in self.table.column_names:
            return [self.operation] * max(0, stop - start)
        found: list[str] = (
            self.table.column(OPERATION).slice(start, stop - start).to_pylist()
        )
        return found

    def _batch(self, start: int, stop: int) -> pa.RecordBatch:
        part = self.table.slice(start, stop - start).combine_chunks()
        return (
            part.to_batches()[0]
            if part.num_rows
            else pa.RecordBatch.from_pylist([], part.schema)
        )


def read_rows(
    data: object,
    schema: Schema,
    lookup: Lookup,
    *,
    key: str | Sequence[str] | None = None,
    operation: str = "insertOrUpdate",
    links: Mapping[str, str] | None = None,
    nulls: Nulls = "skip",
) -> Rows:
    """Return the rows of pandas, polars, pyarrow or a list of dicts as documents.

    Data may also be an XML document, ``<recipient …/>`` or ``<recipient-collection>``:
    text or an element, checked and sent as it is.

    ``key`` are paths that tell which record a row is, the schema's own key without;
    ``links`` the operation on a linked record (``{"company": "update"}``), ``none``
    without: it must exist.  ``nulls="clear"`` lets a missing value empty what is
    stored.

    A row that cannot be sent is a problem and raises nothing.  Raises UnknownName,
    UserError and InvalidOption for what is wrong with a column or an option.
    """
    if nulls not in _NULLS:
        raise InvalidOption(
            f"nulls={nulls!r} is unknown.", hint="use 'skip' or 'clear'"
        )
    wishes = Wishes(key=key, operation=operation, links=links)
    documents: Documents | None = None
    if is_document(data):
        documents = read_documents(data, schema, lookup, wishes)
        source, layout = documents.source, documents.layout
    else:
        source = open_source(data)
        layout = plan_layout(source, schema, lookup, wishes)
    clear = nulls == "clear" and documents is None
    read = Reader(source, layout, operation=operation, clear=clear).read()
    table = read.table
    if documents is not None:
        table = _with_markup(table, documents, read.index)
    return Rows(
        schema=schema,
        operation=operation,
        layout=layout,
        table=table,
        index=read.index,
        problems=read.problems,
        total=len(source),
    )


def _with_markup(
    table: pa.Table, documents: Documents, good: pd.Index[Any]
) -> pa.Table:
    """Add the markup of the good documents, whose labels are their places."""
    places = pa.array(good.to_numpy())
    for name, markup in documents.markup.items():
        table = table.append_column(name, markup.take(places))
    return table
