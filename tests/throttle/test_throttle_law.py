"""The law, under simulated jitter: no window holds more than the limit."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from clocks import StillClock
from hypothesis import given, settings
from hypothesis import strategies as st
from throttle.calls import API

from campaign_magics.throttle import Limits, MemoryStore, Usage
from campaign_magics.throttle.delays import HEADROOM
from campaign_magics.throttle.ledger import Ask, Permit
from campaign_magics.throttle.limits import window

pytestmark = pytest.mark.pure


@dataclass
class Judge:
    """A server that counts arrivals in a sliding window."""

    limit: Callable[[float], float]
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def admits(self, arrival: float) -> bool:
        rule = window(self.limit(arrival))
        recent = [t for t in self.accepted[-2000:] if t > arrival - rule.seconds]
        ok = len(recent) < rule.calls
        (self.accepted if ok else self.refused).append(arrival)
        return ok


@dataclass
class Simulation:
    """Workers in closed loops; times drawn from one seeded generator."""

    limits: Limits
    workers: int
    seed: int = 0
    oversleep: float = 0.0
    before_sent: float = 0.0  # client-side delay, told by sent()
    travel: float = 0.0  # delay that nobody sees
    answer: float = 0.02
    judge: Judge | None = None
    apis: tuple[str, ...] = (API,)
    dead: dict[int, float] = field(default_factory=dict)
    clock: StillClock = field(default_factory=lambda: StillClock(100.0))
    store: MemoryStore = field(default_factory=MemoryStore)
    arrivals: list[float] = field(default_factory=list)
    by_worker: dict[int, int] = field(default_factory=dict)

    def run(self, seconds: float) -> Simulation:
        self.random = random.Random(self.seed)
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.count = 0
        end = self.clock.seconds + seconds
        for worker in range(self.workers):
            self.later(self.random.random() * 0.01, self.asker(worker, None))
        while self.events and self.events[0][0] < end:
            self.clock.seconds, _, event = heapq.heappop(self.events)
            event()
        self.arrivals.sort()
        return self

    def later(self, seconds: float, event: Callable[[], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (self.clock.seconds + seconds, self.count, event))

    def asker(self, worker: int, ticket: int | None) -> Callable[[], None]:
        def ask() -> None:
            if self.clock.seconds > self.dead.get(worker, float("inf")):
                return
            api = self.apis[worker % len(self.apis)]
            wish = Ask(api=api, limits=self.limits, headroom=HEADROOM, ticket=ticket)
            answer = self.store.ask(wish, self.clock)
            if isinstance(answer, Permit):
                self.send(worker, answer)
            else:
                late = self.random.random() * self.oversleep
                self.later(answer.seconds + late, self.asker(worker, answer.ticket))

        return ask

    def send(self, worker: int, permit: Permit) -> None:
        self.by_worker[worker] = self.by_worker.get(worker, 0) + 1
        delay = self.random.random() * self.before_sent
        travel = self.random.random() * self.travel
        answer = travel + self.random.random() * self.answer
        held = [permit]

        def sent() -> None:
            held[0] = self.store.sent(held[0], HEADROOM, self.clock)

        def end() -> None:
            if self.judge is None or self.judge.admits(self.clock.seconds):
                counts = Usage(second=0, api=permit.api, kernel="")
                self.store.settle(held[0], counts, self.clock)
            else:
                self.store.refuse(held[0], "", self.limits, 1.0, self.clock)
            self.later(0.0, self.asker(worker, None))

        if delay:
            self.later(delay, sent)
        self.arrivals.append(self.clock.seconds + delay + travel)
        # a judge decides at the arrival; the answer then follows at once
        self.later(delay + (travel if self.judge else answer), end)


def most_in_a_window(times: list[float], seconds: float) -> int:
    first, most = 0, 0
    for last, time in enumerate(times):
        while times[first] <= time - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


def share_used(times: list[float], limit: float, start: float, end: float) -> float:
    """Return the calls in a span of time as a share of those the limit allows."""
    return sum(start <= t < end for t in times) / (limit * (end - start))


@settings(max_examples=60, deadline=None)
@given(
    limit=st.sampled_from([0.5, 1, 2, 2.5, 5, 10, 37]),
    workers=st.integers(1, 60),
    oversleep=st.floats(0, 0.02),
    before_sent=st.sampled_from([0, 0.02, 0.3]),
    answer=st.sampled_from([0.001, 0.03, 0.4]),
    seed=st.integers(0, 10**6),
)
def test_no_window_holds_more_than_the_limit(
    limit: float,
    workers: int,
    oversleep: float,
    before_sent: float,
    answer: float,
    seed: int,
) -> None:
    """Whatever the sleep, the sending and (within the headroom) the way do."""
    run = Simulation(
        Limits(limit),
        workers,
        seed,
        oversleep=oversleep,
        before_sent=before_sent,
        travel=HEADROOM,
        answer=answer,
    ).run(max(4.0, 8 / limit))
    rule = window(limit)
    assert most_in_a_window(run.arrivals, rule.seconds) <= rule.calls


@settings(max_examples=20, deadline=None)
@given(
    own=st.sampled_from([2, 5]),
    whole=st.sampled_from([6, 8]),
    workers=st.integers(2, 30),
    seed=st.integers(0, 10**6),
)
def test_both_limits_hold_at_once(
    own: float, whole: float, workers: int, seed: int
) -> None:
    """One API's limit and the instance's, with calls to three APIs."""
    limits = Limits(whole, {"a#A": own})
    run = Simulation(
        limits, workers, seed, oversleep=0.01, apis=("a#A", "b#B", "c#C")
    ).run(5.0)
    assert most_in_a_window(run.arrivals, 1.0) <= whole
    rows = run.store.view(600, run.clock).usage
    assert sum(row.calls for row in rows if row.api == "a#A") <= own * 5 + own


@pytest.mark.parametrize(("limit", "workers"), [(5, 8), (10, 4), (50, 20), (500, 60)])
def test_a_saturated_budget_is_used_to_98_percent(limit: int, workers: int) -> None:
    """With wake-ups up to 4 ms late."""
    seconds = 20 if limit < 500 else 10
    run = Simulation(
        Limits(limit), workers, oversleep=0.004, travel=0.005, answer=0.03
    ).run(seconds)
    assert share_used(run.arrivals, limit, 100, 100 + seconds) >= 0.98
    assert most_in_a_window(run.arrivals, 1.0) <= limit


def test_sharers_get_equal_parts() -> None:
    """Jain's index of 16 workers with the same wish is at least 0.98."""
    run = Simulation(Limits(20), 16, oversleep=0.01).run(20.0)
    parts = list(run.by_worker.values())
    jain = sum(parts) ** 2 / (len(parts) * sum(p * p for p in parts))
    assert len(parts) == 16
    assert jain >= 0.98


def test_one_api_at_its_limit_does_not_hold_back_the_others() -> None:
    """Nine of ten calls a second remain for those who need not wait for API a."""
    limits = Limits(10, {"a#A": 1})
    run = Simulation(limits, 20, apis=("a#A", "b#B"), answer=0.01).run(12.0)
    rows = run.store.view(600, run.clock).usage
    calls = {api: sum(r.calls for r in rows if r.api == api) for api in limits.per_api}
    assert calls["a#A"] in (12, 13)
    assert share_used(run.arrivals, 10, 100, 112) >= 0.98


def test_a_killed_sharer_leaves_its_part_to_the_others() -> None:
    """Six of eight workers die while waiting: at least 95 % of the budget is used."""
    run = Simulation(
        Limits(20),
        40,
        oversleep=0.002,
        dead=dict.fromkeys(range(10), 103.0),
    ).run(13.0)
    assert share_used(run.arrivals, 20, 103, 113) >= 0.95


@pytest.mark.parametrize(("limit", "workers"), [(10, 4), (10, 20), (50, 32)])
def test_a_limit_halved_by_the_server_costs_few_429s(limit: int, workers: int) -> None:
    """Halved for 40 s: under 2 % of calls are refused, and it recovers within 30 s."""
    judge = Judge(lambda t: limit / 2 if 120 <= t < 160 else limit)
    run = Simulation(
        Limits(limit), workers, oversleep=0.004, travel=0.003, judge=judge
    ).run(110.0)
    share = len(judge.refused) / (len(judge.refused) + len(judge.accepted))
    assert share < 0.02
    assert not [t for t in judge.refused if not 120 <= t < 160]
    assert share_used(run.arrivals, limit, 190, 210) >= 0.98
