"""Calls that tests make on a budget."""

from __future__ import annotations

from campaign_magics.throttle import Budget

API = "xtk:queryDef#ExecuteQuery"


def take(budget: Budget, count: int = 1) -> list[float]:
    """Make calls in a row; return how long each waited."""
    waits = []
    for _ in range(count):
        with budget.turn(API, timeout=20) as turn:
            waits.append(turn.waited)
    return waits
