"""What a query would cost, before it is run."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .progress import duration
from .reading import Plan
from .way import ByLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A query's cost: what ``dry_run`` returns.

    ``found`` records match; ``rows`` of them would be read (at most, where the query
    folds them) in ``calls`` calls, which take ``seconds`` at ``tps`` calls a second;
    None without a limit.  ``sql`` is what the server would run.
    """

    schema: str
    database: str
    found: int
    rows: int
    at_most: bool
    calls: int
    page_size: int
    paging: str
    tps: float | None
    seconds: float | None
    sql: str

    def __str__(self) -> str:
        return "\n".join(f"{name:<8}  {text}" for name, text in self.lines())

    def lines(self) -> list[tuple[str, str]]:
        """Return name and text of each fact, the SQL last."""
        most = "at most " if self.at_most else ""
        limit = "no TPS limit"
        if self.seconds is not None:
            limit = (
                f"{duration(self.seconds)} at {self.tps:g} TPS, if the server keeps up"
            )
        return [
            ("query", f"{self.schema} ({self.database})"),
            ("found", f"{self.found:,} records"),
            ("rows", f"{most}{self.rows:,}"),
            ("calls", f"{most}{self.calls:,}{self.paging}"),
            ("time", limit),
            ("SQL", self.sql),
        ]


def estimate(plan: Plan, *, found: int, tps: float | None, sql: str) -> Estimate:
    """Work out what a plan costs when ``found`` records match."""
    rows = found if plan.wanted is None else min(found, plan.wanted)
    calls, paging = 1, ""
    way = None if plan.is_one_call else plan.way
    if way is not None:
        calls = max(1, math.ceil(rows / plan.page_size))
        paging = f", {plan.page_size:,} rows each"
        if isinstance(way, ByLine):
            paging += f"; {way.warning}"
    query = plan.checked.query
    return Estimate(
        schema=query.schema,
        database=plan.checked.database,
        found=found,
        rows=rows,
        at_most=bool(query.group_by or query.distinct)
        or any(node.group_by for node in query.select),
        calls=calls,
        page_size=plan.page_size,
        paging=paging,
        tps=tps,
        seconds=None if tps is None else calls / tps,
        sql=sql,
    )
