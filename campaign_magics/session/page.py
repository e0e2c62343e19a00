"""One page: asked for, decoded, and cut where it has to be."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BadAnswer, InvalidValue
from ..frames import decode
from ..query.model import QueryDef
from ..soap.answer import Answer
from ..soap.exchange import Exchange
from ..xtk.columns import Column
from .walk import Brought
from .way import ByKey, Key

if TYPE_CHECKING:
    import pyarrow as pa

Ask = Callable[[QueryDef, Event | None], Answer]
"""Sends a query; the event ends its wait for the budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The rows of one answer, and what it cost."""

    table: pa.Table
    exchange: Exchange
    decode_seconds: float

    @property
    def seconds(self) -> float:
        """Seconds that the page took, waiting for the budget not counted."""
        return self.exchange.seconds + self.decode_seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows as they are handed out.

    ``behind`` is where reading goes on: the last key, or the lines read so far.
    ``more`` tells that rows were left out because of a limit.
    """

    table: pa.Table
    behind: Key | None
    more: bool = False


def fetch(
    ask: Ask,
    query: QueryDef,
    columns: tuple[Column, ...],
    element: str,
    cancel: Event | None = None,
) -> Fetched:
    """Send a query and decode its answer.  Raises BadAnswer and the wire's errors."""
    answer = ask(query, cancel)
    started = time.perf_counter()
    table = decode(answer.raw, columns, element=element)
    return Fetched(
        table=table,
        exchange=answer.exchange,
        decode_seconds=time.perf_counter() - started,
    )


def kept_by_key(table: pa.Table, way: ByKey, keeps: int, behind: Key | None) -> Brought:
    """Return how many rows make the page: no key is divided between two pages.

    A link to many records repeats its record's key.  Raises BadAnswer when the rows
    do not come in the order of their keys, all ``behind`` the last page's, and
    InvalidValue when a page is too small for the rows of one key.
    """
    came = table.num_rows
    if not came:
        return Brought(came=0, kept=0)
    column = table.column(way.place)
    if column.null_count:
        raise _disorder(way, "a row has none")
    keys = column.to_numpy()
    if way.numeric:
        _check_order(keys, way)
    kept = came if keeps >= came else _whole(keys, keeps)
    if not kept:
        raise InvalidValue(
            f"One record ({way.path} = {keys[0]}) has more than {keeps:,} rows, and no "
            "page can hold them.",
            hint="give a larger page size, or select less of what is linked to it",
        )
    first, last = (column[at].as_py() for at in (0, kept - 1))
    if behind is not None and behind in (first, last):
        raise _disorder(way, "the last page's rows come again")
    return Brought(came=came, kept=kept, first=first, last=last)


def _whole(keys: np.ndarray[Any, Any], keeps: int) -> int:
    """Return where the key of the first row left out begins, at most ``keeps``."""
    different = np.flatnonzero(keys[:keeps] != keys[keeps])
    return int(different[-1]) + 1 if different.size else 0


def _check_order(keys: np.ndarray[Any, Any], way: ByKey) -> None:
    steps = np.diff(keys)
    if ((steps > 0) if way.descending else (steps < 0)).any():
        raise _disorder(way, "the rows are in another order")


def _disorder(way: ByKey, what: str) -> BadAnswer:
    return BadAnswer(
        f"The answer cannot be read page by page by {way.path}: {what}.",
        hint="give the query an order of its own, or read it with one large limit",
    )
