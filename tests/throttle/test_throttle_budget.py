"""Turns: waiting, interrupting, reporting."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from interrupts import interrupted

from campaign_magics.errors import InvalidOption, Throttled
from campaign_magics.throttle import Budget, Limits, MemoryStore, Store, WaitCancelled
from campaign_magics.throttle.delays import HEADROOM
from campaign_magics.throttle.watch import INTERVAL

QUERY = "xtk:queryDef#ExecuteQuery"
WRITE = "xtk:session#Write"


def take(budget: Budget, count: int, api: str = QUERY) -> list[float]:
    """Return the seconds that each of ``count`` slow calls in a row waited."""
    waits = []
    for _ in range(count):
        with budget.turn(api) as turn:
            waits.append(turn.waited)
            budget._clock.wait(0.05)
    return waits


def test_a_burst_up_to_the_limit_does_not_wait(store: Store, clock: Any) -> None:
    """Ten quick cells at 10 TPS run at once; the eleventh waits its second."""
    budget = Budget("https://x", Limits(10), store, clock)
    waits = take(budget, 11)
    assert waits[:10] == [0.0] * 10
    assert waits[10] == pytest.approx(0.5 + HEADROOM)


def test_a_budget_shows_its_use_and_its_limit(store: Store, clock: Any) -> None:
    budget = Budget("https://x", Limits(10), store, clock)
    assert repr(budget) == "Budget('https://x': 0 of 10 a second, 0 waiting)"
    take(budget, 2)
    assert repr(budget) == "Budget('https://x': 2 of 10 a second, 0 waiting)"
    unlimited = repr(Budget("https://y", None, clock=clock))
    assert unlimited == "Budget('https://y': 0 a second, no limit, 0 waiting)"


@pytest.mark.parametrize(("limit", "window"), [(0.5, 2.0), (1, 1.0), (0.1, 10.0)])
def test_a_limit_of_one_or_less_spaces_calls(
    store: Store, clock: Any, limit: float, window: float
) -> None:
    """Half a call a second is one in two seconds."""
    budget = Budget("https://x", Limits(limit), store, clock)
    waits = take(budget, 3)
    expected = window + HEADROOM - 0.05
    assert waits == pytest.approx([0.0, expected, expected], abs=0.005)


def test_a_call_that_ended_at_once_needs_no_headroom(store: Store, clock: Any) -> None:
    """Its arrival is known to the millisecond."""
    budget = Budget("https://x", Limits(1), store, clock)
    for _ in range(2):
        with budget.turn(QUERY) as turn:
            clock.wait(0.003)
    assert turn.waited == pytest.approx(1.0, abs=0.0001)


def test_a_call_sent_late_pushes_its_successor(store: Store, clock: Any) -> None:
    """A handshake of 0.3 s between permit and sending counts."""
    budget = Budget("https://x", Limits(1), store, clock)
    with budget.turn(QUERY) as turn:
        clock.wait(0.3)
        turn.sent()
        clock.wait(0.1)
    with budget.turn(QUERY) as turn:
        assert turn.waited == pytest.approx(0.9 + HEADROOM)


def test_an_api_has_its_own_limit_within_the_instances(
    store: Store, clock: Any
) -> None:
    """The narrower of the two decides."""
    budget = Budget("https://x", Limits(4, {WRITE: 1}), store, clock)
    assert take(budget, 2, WRITE)[1] > 0.9
    assert max(take(budget, 3)) == 0.0
    assert take(budget, 1)[0] > 0.5


def test_no_limit_does_not_wait(store: Store, clock: Any) -> None:
    """Until the server refuses."""
    assert take(Budget("https://x", Limits(), store, clock), 50) == [0.0] * 50


def test_two_budgets_on_one_store_share_it(store: Store, clock: Any) -> None:
    """Five calls by each fill a limit of ten."""
    one = Budget("https://x", Limits(10), store, clock)
    two = Budget("https://x", Limits(10), store, clock)
    assert take(one, 5) + take(two, 5) == [0.0] * 10
    assert take(one, 1)[0] > 0


def test_a_429_stops_all_sharers_until_retry_after(store: Store, clock: Any) -> None:
    """Retry-After: 7 means that nobody calls for seven seconds."""
    one = Budget("https://x", Limits(10), store, clock)
    two = Budget("https://x", Limits(10), store, clock)
    with one.turn(QUERY) as turn:
        turn.throttled(7)
    assert take(two, 1) == pytest.approx([7.0])
    assert two.snapshot().rate == 5
    assert two.snapshot().eased


def test_a_429_lowers_the_rate_to_what_was_accepted(store: Store, clock: Any) -> None:
    """The 8th call of a second was refused: seven a second it is, then ten again."""
    budget = Budget("https://x", Limits(10), store, clock)
    take(budget, 7)
    with budget.turn(QUERY) as turn:
        turn.throttled(1)
    assert budget.snapshot().rate == 7
    clock.wait(1 + 15)
    assert budget.snapshot().rate == 7
    clock.wait(11)
    assert budget.snapshot().rate == 9
    clock.wait(2)
    assert budget.snapshot().rate == 10
    assert not budget.snapshot().eased


def test_one_429_in_a_full_second_lowers_nothing(store: Store, clock: Any) -> None:
    """The tenth of ten came early; when it happens again, nine it is."""
    budget = Budget("https://x", Limits(10), store, clock)
    for rate in (10, 9):
        take(budget, 9)
        with budget.turn(QUERY) as turn:
            turn.throttled(1)
        assert budget.snapshot().rate == rate
        assert budget.snapshot().blocked == pytest.approx(1)
        clock.wait(1)


def test_429s_in_flight_count_as_one_event(store: Store, clock: Any) -> None:
    """Six calls sent together, three refused: the rate is 3, not an eighth."""
    budget = Budget("https://x", Limits(6), store, clock)
    turns = [budget.turn(QUERY).__enter__() for _ in range(6)]
    clock.wait(0.02)
    for turn in reversed(turns[3:]):
        turn.throttled(None)
    assert budget.snapshot().rate == 3


def test_without_a_limit_it_is_learned_from_the_429(store: Store, clock: Any) -> None:
    """Four calls a second passed, the fifth did not."""
    budget = Budget("https://x", Limits(), store, clock)
    take(budget, 4)
    with budget.turn(QUERY) as turn:
        turn.throttled()
    clock.wait(1.0)
    (usage,) = budget.snapshot().apis
    assert (usage.limit, usage.rate) == (None, 4)
    assert [wait > 0 for wait in take(budget, 5)] == [False] * 4 + [True]
    clock.wait(100)
    assert (budget.snapshot().apis[0].rate or 0) > 8


def test_a_rate_never_falls_to_nothing(store: Store, clock: Any) -> None:
    """A server that refuses everything still gets a call now and then."""
    budget = Budget("https://x", Limits(10), store, clock)
    for _ in range(12):
        with budget.turn(QUERY) as turn:
            turn.throttled(1)
    assert budget.snapshot().rate == 0.1


@pytest.mark.pure
def test_a_429_while_waiting_holds_for_those_who_wait(clock: Any) -> None:
    """A permit is decided when its time comes, not when it is asked for."""
    store = MemoryStore()
    budget = Budget("https://x", Limits(2), store, clock)
    first = budget.turn(QUERY).__enter__()
    take(budget, 1)
    sleep = clock.wait

    def refused_meanwhile(seconds: float, cancel: Any = None) -> bool:
        clock.wait = sleep
        first.throttled(5)
        return bool(sleep(seconds, cancel))

    clock.wait = refused_meanwhile
    assert take(budget, 1) == pytest.approx([5.0], abs=0.01)


def test_cancel_ends_the_wait_and_gives_up_the_place(store: Store, clock: Any) -> None:
    """The next in the queue moves up."""
    budget = Budget("https://x", Limits(1), store, clock)
    take(budget, 1)
    cancel = threading.Event()
    sleep = clock.wait

    def cancelled(seconds: float, event: Any = None) -> bool:
        cancel.set()
        return bool(sleep(0.1, event))

    clock.wait = cancelled
    with pytest.raises(WaitCancelled), budget.turn(QUERY, cancel=cancel):
        raise AssertionError
    assert budget.snapshot().waiting == 0


def test_an_interrupt_ends_the_wait_and_gives_up_the_place(
    store: Store, clock: Any
) -> None:
    """KeyboardInterrupt arrives in the sleep."""
    budget = Budget("https://x", Limits(1), store, clock)
    take(budget, 1)

    def interrupted(seconds: float, cancel: Any = None) -> bool:
        raise KeyboardInterrupt

    clock.wait = interrupted
    with pytest.raises(KeyboardInterrupt), budget.turn(QUERY):
        raise AssertionError
    assert budget.snapshot().waiting == 0


@pytest.mark.pure
def test_ctrl_c_ends_a_real_wait() -> None:
    """The main thread sleeps; the signal wakes it."""
    budget = Budget("https://x", Limits(0.1))
    take(budget, 1)
    with interrupted(0.05), pytest.raises(KeyboardInterrupt), budget.turn(QUERY):
        raise AssertionError
    assert budget.snapshot().waiting == 0


def test_a_wait_longer_than_allowed_raises_throttled(store: Store, clock: Any) -> None:
    """The error says how long and for what."""
    budget = Budget("https://x", Limits(0.1), store, clock)
    take(budget, 1)
    with pytest.raises(Throttled, match=rf"{QUERY} came within 3\.0 s") as caught:
        budget.turn(QUERY, timeout=3).__enter__()
    assert caught.value.hint
    assert caught.value.facts["waited"] == pytest.approx(3)
    assert budget.snapshot().waiting == 0


@pytest.mark.pure
@pytest.mark.parametrize("limit", [0, -1, float("inf"), float("nan")])
def test_a_limit_is_a_number_above_zero(limit: float) -> None:
    """Anything else is an error that names it."""
    with pytest.raises(InvalidOption, match="tps"):
        Limits(limit)
    with pytest.raises(InvalidOption, match=r"a#B"):
        Limits(1, {"a#B": limit})


def test_history_counts_calls_waits_errors_and_bytes(store: Store, clock: Any) -> None:
    """By second, API and kernel; dated since the epoch."""
    budget = Budget("https://x", Limits(1), store, clock)
    with budget.turn(QUERY) as turn:
        turn.finish(status=200, bytes=500)
        turn.finish(status=500, bytes=1)
    clock.seconds += 10
    with budget.turn(WRITE) as turn:
        turn.finish(status=500, bytes=20)
    with pytest.raises(ZeroDivisionError), budget.turn(WRITE):
        raise ZeroDivisionError
    with budget.turn(WRITE) as turn:
        turn.finish(status=429)
    snapshot = budget.snapshot()
    (query, write) = snapshot.apis
    assert (query.total.calls, query.total.waits, query.total.bytes) == (1, 0, 500)
    assert query.total.errors == 0
    assert (write.total.calls, write.total.waits, write.total.throttled) == (3, 2, 1)
    assert (write.total.errors, write.total.bytes) == (2, 20)
    assert write.total.waited == pytest.approx(2.0, abs=0.05)
    assert snapshot.history[0].second == 1_700_001_000
    assert snapshot.history[1].second == 1_700_001_010
    assert {row.kernel for row in snapshot.history} == {snapshot.kernel}


def test_history_ends_after_ten_minutes(store: Store, clock: Any) -> None:
    """Older seconds are not shown, and ``seconds`` asks for fewer."""
    budget = Budget("https://x", Limits(10), store, clock)
    take(budget, 1)
    clock.seconds += 300
    take(budget, 1)
    assert len(budget.snapshot().history) == 2
    assert len(budget.snapshot(60).history) == 1
    clock.seconds += 301
    take(budget, 1)
    assert len(budget.snapshot().history) == 2


def test_a_snapshot_tells_usage_now(store: Store, clock: Any) -> None:
    """Calls of the last second, by API and together."""
    budget = Budget("https://x", Limits(10, {WRITE: 2}), store, clock)
    take(budget, 3)
    take(budget, 1, WRITE)
    snapshot = budget.snapshot()
    assert (snapshot.instance, snapshot.limit, snapshot.rate) == ("https://x", 10, 10)
    assert (snapshot.used, snapshot.waiting, snapshot.blocked) == (4, 0, 0)
    assert [(a.api, a.limit, a.used) for a in snapshot.apis] == [
        (QUERY, None, 3),
        (WRITE, 2, 1),
    ]
    clock.seconds += 1.1
    assert budget.snapshot().used == 0


@pytest.mark.pure
def test_subscribers_hear_of_changes_and_leave_no_thread() -> None:
    """The one thread goes with the last; one that fails is dropped."""
    before = threading.active_count()
    budget = Budget("https://x", Limits(10))
    assert threading.active_count() == before
    heard: list[int] = []
    arrived = threading.Event()

    def show(snapshot: Any) -> None:
        heard.append(snapshot.used)
        if snapshot.used == 1:
            arrived.set()

    def broken(snapshot: Any) -> None:
        raise ZeroDivisionError

    budget.subscribe(broken)
    end = budget.subscribe(show)
    end_other = budget.subscribe(lambda snapshot: None)
    with budget.turn(QUERY):
        pass
    assert arrived.wait(5 * INTERVAL)
    end()
    count = len(heard)
    end_other()
    for thread in threading.enumerate():
        if thread.name == "campaign-budget-watch":
            thread.join(2)
    assert threading.active_count() == before
    assert len(heard) == count
