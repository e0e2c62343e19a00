"""One query from what the user wrote to a DataFrame: small steps, one after another."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ..frames import decode, to_pandas
from ..query.check import Checked, check
from ..query.model import Operation, QueryDef
from ..query.params import bind
from ..query.read import Readable, read
from ..schemas.model import Schema
from ..soap.answer import Answer
from .facts import facts_of
from .limits import Limit, one_more, rows_wanted

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Execute = Callable[[QueryDef], Answer]
Lookup = Callable[[str], Schema]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The rows of one answer, cut to what was wanted."""

    table: pa.Table
    more: bool
    answer: Answer
    decode_seconds: float


def prepare(
    what: Readable,
    params: Mapping[str, Any] | None,
    lookup: Lookup,
    *,
    operation: Operation | None = None,
) -> Checked:
    """Read, fill in parameters and check, so that only sound queries are sent.

    ``operation`` replaces the query's own.  Raises QuerySyntaxError, UnknownName or
    InvalidValue, with a caret where possible.
    """
    reading = read(what, lookup)
    query = bind(reading.query, params or {}, reading.source, lookup)
    if operation is not None:
        query = replace(query, operation=operation)
    return check(query, lookup, reading.source)


def fetch_page(checked: Checked, wanted: int | None, execute: Execute) -> Page:
    """Ask once, decode, and cut off the row that only tells that there are more."""
    answer = execute(one_more(checked.query, wanted))
    started = time.perf_counter()
    table = decode(answer.raw, checked.columns, element=checked.element)
    more = wanted is not None and table.num_rows > wanted
    if more:
        table = table.slice(0, wanted)
    return Page(
        table=table,
        more=more,
        answer=answer,
        decode_seconds=time.perf_counter() - started,
    )


def select_frame(
    checked: Checked, limit: Limit, execute: Execute, *, labels: bool = False
) -> pd.DataFrame:
    """Return the rows as a DataFrame whose ``attrs["campaign"]`` tells their story."""
    is_select = checked.query.operation == "select"
    wanted = rows_wanted(checked.query, limit) if is_select else None
    page = fetch_page(checked, wanted, execute)
    frame = to_pandas(page.table, checked.columns, labels=labels)
    frame.attrs["campaign"] = facts_of(checked, page, wanted)
    return frame
