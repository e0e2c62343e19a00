"""The law in Redis is Lua: it answers what the law in Python answers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from clocks import StillClock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from throttle.redis_server import RedisServer

from campaign_magics.throttle import Limits, MemoryStore, RedisStore, Store, Usage
from campaign_magics.throttle.ledger import Ask, Permit, Wait


class Pair:
    """The law in Python and the law in Lua, asked the same, at the same time."""

    def __init__(self, redis: Store, limits: Limits, clock: Any) -> None:
        self.stores = (MemoryStore(), redis)
        self.limits = limits
        self.clock = clock
        self.permits: list[tuple[Permit, Permit]] = []
        self.tickets: list[tuple[int, str]] = []

    def ask(self, api: str, which: int) -> None:
        ticket = None
        if self.tickets and which % 3:
            ticket, api = self.tickets.pop(which % len(self.tickets))
        wish = Ask(
            api=api, limits=self.limits, headroom=0.016, ticket=ticket, kernel="k-1"
        )
        python, lua = (store.ask(wish, self.clock) for store in self.stores)
        assert python == lua
        if isinstance(python, Wait):
            self.tickets.append((python.ticket, api))
        else:
            assert isinstance(lua, Permit)
            self.permits.append((python, lua))

    def sent(self, which: int) -> None:
        if self.permits:
            pair = self.permits.pop(which % len(self.permits))
            moved = [
                store.sent(permit, 0.016, self.clock)
                for store, permit in zip(self.stores, pair, strict=True)
            ]
            assert moved[0] == moved[1]
            self.permits.append((moved[0], moved[1]))

    def settle(self, which: int) -> None:
        if self.permits:
            pair = self.permits.pop(which % len(self.permits))
            for store, permit in zip(self.stores, pair, strict=True):
                counts = Usage(second=0, api=permit.api, kernel="k-1", bytes=which)
                held_up = 0.02 * (which % 2)
                store.settle(permit, counts, self.clock, held_up=held_up)

    def refuse(self, which: int) -> None:
        if self.permits:
            pair = self.permits.pop(which % len(self.permits))
            for store, permit in zip(self.stores, pair, strict=True):
                wish = [None, 0.0, 0.7, 2.0][which % 4]
                store.refuse(permit, "k-2", self.limits, wish, self.clock)

    def leave(self, which: int) -> None:
        if self.tickets:
            number, _ = self.tickets.pop(which % len(self.tickets))
            for store in self.stores:
                store.leave(number)

    def compare(self) -> None:
        views = [store.view(30, self.clock) for store in self.stores]
        assert views[0].usage == views[1].usage
        ledgers = [replace(view.ledger, written=0.0) for view in views]
        assert ledgers[0] == ledgers[1]


LIMITS = [
    Limits(),
    Limits(3),
    Limits(2.5, {"a#A": 1}),
    Limits(0.4),
    Limits(12, {"a#A": 5, "b#B": 7.5}),
    Limits(None, {"a#A": 2}),
]
STEPS = st.tuples(
    st.sampled_from(["ask"] * 6 + ["settle"] * 3 + ["sent", "refuse", "leave"]),
    st.sampled_from(["a#A", "b#B", "c#C d"]),
    st.integers(0, 11),
    st.sampled_from([0.0007, 0.003, 0.011, 0.09, 0.31, 1.7, 16.0]),
)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(limits=st.sampled_from(LIMITS), steps=st.lists(STEPS, max_size=60))
def test_the_law_in_lua_is_the_law_in_python(
    redis_server: RedisServer, limits: Limits, steps: list[Any]
) -> None:
    """Every answer is equal to the last digit, and so is what is kept in the end."""
    clock = StillClock(1_000.25)
    store = RedisStore(redis_server.url, f"https://{time.monotonic_ns()}", clock=clock)
    pair = Pair(store, limits, clock)
    for number, (step, api, which, seconds) in enumerate(steps):
        # No two steps at one time: equal slots have one name in Lua, two in Python.
        clock.seconds += seconds * (1 + 1e-3 * number)
        if step == "ask":
            pair.ask(api, which)
        else:
            getattr(pair, step)(which)
    pair.compare()
    assert clock.waits == []
    store.close()
