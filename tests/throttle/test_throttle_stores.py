"""What holds in every store: waiters that died, children of a fork."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace
from typing import Any

import pytest
from throttle.calls import API, take

from campaign_magics.throttle import Budget, Limits, Store
from campaign_magics.throttle.ledger import Ask, Permit, Wait


def test_a_dead_waiter_is_passed_over(store: Store, clock: Any) -> None:
    """Its ticket stands first; after the grace the next one goes."""
    wish = Ask(api=API, limits=Limits(1), headroom=0.0)
    assert isinstance(store.ask(wish, clock), Permit)
    dead, waiting = store.ask(wish, clock), store.ask(wish, clock)
    assert isinstance(dead, Wait)
    assert isinstance(waiting, Wait)
    clock.seconds += 1.05
    assert isinstance(store.ask(replace(wish, ticket=waiting.ticket), clock), Wait)
    clock.seconds += 0.1
    assert isinstance(store.ask(replace(wish, ticket=waiting.ticket), clock), Permit)


@pytest.mark.parametrize("store", ["sqlite", "redis"], indirect=True)
def test_a_forked_child_shares_the_budget(store: Store, clock: Any) -> None:
    """Connections do not cross the fork; the budget does, under the child's name."""
    budget = Budget("https://x", Limits(5), store, clock)
    take(budget)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        take(budget)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 0
    take(budget)
    snapshot = budget.snapshot()
    assert snapshot.used == 3
    assert len({row.kernel for row in snapshot.history}) == 2
