"""What a result tells about itself, and the line that a face shows under it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..query.check import Checked
from ..throttle import Snapshot

if TYPE_CHECKING:
    from .select import Page


def facts_of(checked: Checked, page: Page, wanted: int | None) -> dict[str, Any]:
    """Return ``attrs["campaign"]``: plain values that any frame operation can copy.

    Seconds are floats; ``limit`` is None when all rows were asked for.
    """
    exchange = page.answer.exchange
    return {
        "schema": checked.query.schema,
        "database": checked.database,
        "rows": page.table.num_rows,
        "truncated": page.more,
        "limit": wanted,
        "pages": 1,
        "calls": 1 + exchange.retries,
        "throttled_seconds": round(exchange.waited, 6),
        "server_seconds": round(exchange.seconds, 6),
        "decode_seconds": round(page.decode_seconds, 6),
    }


def footer(facts: Mapping[str, Any], usage: Snapshot) -> str:
    """Return the line under a result.

    ``200 of more rows · nms:recipient (cloud) · 1 call · 0.03 s · TPS 1/10``
    """
    waited = facts["throttled_seconds"]
    parts = [
        _rows(facts["rows"], facts["truncated"]),
        f"{facts['schema']} ({facts['database']})",
        _count(facts["calls"], "call"),
        f"{facts['server_seconds'] + facts['decode_seconds']:.2f} s",
        f"waited {waited:.1f} s" if waited >= 0.05 else "",
        tps(usage),
    ]
    return " · ".join(part for part in parts if part)


def tps(usage: Snapshot) -> str:
    """Return calls in the last second and the limit: ``TPS 1/10``."""
    limit = "" if usage.limit is None else f"/{usage.limit:g}"
    eased = f" (eased to {usage.rate:g})" if usage.eased and usage.rate else ""
    return f"TPS {usage.used}{limit}{eased}"


def _rows(rows: int, truncated: bool) -> str:
    return f"{rows:,} of more rows" if truncated else _count(rows, "row")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
