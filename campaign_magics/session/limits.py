"""How many rows a query returns, and how we know whether there are more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any, Final

from ..errors import InvalidValue
from ..query.model import QueryDef

DEFAULT_ROWS: Final = 200
"""What a server returns when nobody says more (protocol.md §5.1)."""

ALL_ROWS: Final = 2_000_000_000
"""``lineCount`` that no table reaches and every server reads as a long."""


@dataclass(frozen=True, slots=True)
class ProfileLimit:
    """The query's own ``lineCount``, else ``rows``; the type of `PROFILE_LIMIT`."""

    rows: int = DEFAULT_ROWS

    def __repr__(self) -> str:
        return "PROFILE_LIMIT"


PROFILE_LIMIT: Final = ProfileLimit()
"""Left out: the query's own lineCount, else 200.  None means every row."""

Limit = int | None | ProfileLimit


def rows_wanted(query: QueryDef, limit: Limit) -> int | None:
    """Return how many rows to hand out, None for all.

    A limit given with the call beats the query's ``lineCount`` only downwards: the
    smaller of the two counts.  Raises InvalidValue for a limit that is no number, or
    below 0.
    """
    if isinstance(limit, ProfileLimit):
        return limit.rows if query.line_count is None else query.line_count
    if limit is not None and not _is_count(limit):
        raise InvalidValue(
            f"A limit of {limit!r} rows makes no sense.",
            hint="give a number of rows, or None for all of them",
        )
    given = [int(n) for n in (limit, query.line_count) if n is not None]
    return min(given) if given else None


def _is_count(limit: Any) -> bool:
    """Tell whether it is a whole number, of Python or numpy, and not below 0."""
    return isinstance(limit, Integral) and int(limit) >= 0


def one_more(query: QueryDef, wanted: int | None) -> QueryDef:
    """Return the query that asks for one row more than wanted, to see if it exists."""
    if query.operation != "select":
        return query
    return replace(query, line_count=ALL_ROWS if wanted is None else wanted + 1)
