"""What a result tells about itself, and the line that a face shows under it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..query.check import Checked
from ..throttle import Snapshot
from .tally import Tally

MORE = "more rows exist: raise the limit or read all"


def facts_of(checked: Checked, tally: Tally, **more: Any) -> dict[str, Any]:
    """Return ``attrs["campaign"]``: plain values that any frame operation can copy.

    ``more`` holds ``rows``, ``truncated``, ``limit`` (None when all rows were asked
    for) and ``warning``.  Seconds are floats; ``seconds`` and
    ``throttled_seconds`` (in which a call waited for the budget) are by the clock on
    the wall, the others add up what ran at the same time.
    """
    return {
        "schema": checked.query.schema,
        "database": checked.database,
        **more,
        "pages": tally.pages,
        "calls": tally.calls,
        "seconds": round(tally.seconds, 6),
        "throttled_seconds": round(tally.waited, 6),
        "server_seconds": round(tally.server_seconds, 6),
        "decode_seconds": round(tally.decode_seconds, 6),
    }


def footer(facts: Mapping[str, Any], usage: Snapshot) -> str:
    """Return the line under a result, and another one where something is amiss.

    ``first 200 rows · nms:recipient (cloud) · 1 call · 0.03 s · TPS 1/10 · more …``
    """
    waited = facts["throttled_seconds"]
    truncated = facts["truncated"]
    parts = [
        _rows(facts),
        _to(facts),
        f"{facts['schema']} ({facts['database']})",
        _pages(facts["pages"]),
        _count(facts["calls"], "call"),
        f"{facts['seconds']:.2f} s",
        f"waited {waited:.1f} s" if waited >= 0.05 else "",
        tps(usage),
        MORE if truncated else "",
    ]
    line = " · ".join(part for part in parts if part)
    return f"{line}\n{facts['warning']}" if facts["warning"] else line


def tps(usage: Snapshot) -> str:
    """Return calls in the last second and the limit: ``TPS 1/10``."""
    limit = "" if usage.limit is None else f"/{usage.limit:g}"
    eased = f" (eased to {usage.rate:g})" if usage.eased and usage.rate else ""
    return f"TPS {usage.used}{limit}{eased}"


def _rows(facts: Mapping[str, Any]) -> str:
    rows = facts["rows"]
    if facts.get("records", rows) != rows:
        return f"{_count(rows, 'row')} of {_count(facts['records'], 'record')}"
    if facts["truncated"]:
        return "first row" if rows == 1 else f"first {rows:,} rows"
    return _count(rows, "row")


def _to(facts: Mapping[str, Any]) -> str:
    """Name the folder that rows went to, and how many files they are now."""
    if "to" not in facts:
        return ""
    return f"{facts['to']} ({_count(facts['parts'], 'part')})"


def _pages(pages: int) -> str:
    return _count(pages, "page") if pages > 1 else ""


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
