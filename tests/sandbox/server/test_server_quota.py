"""The limiter: exact windows, honest counts."""

from __future__ import annotations

import threading

import pytest
from clocks import StillClock
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.sandbox.quota import Quota, SlidingWindow

pytestmark = pytest.mark.pure

API = "xtk:queryDef#ExecuteQuery"


def test_the_call_over_the_limit_is_refused_and_told_when_to_return():
    """Two calls a second: the third in the same second waits for the first to age."""
    quota = Quota(tps=2, clock=StillClock())
    assert quota.admit(API, 10.0) is None
    assert quota.admit(API, 10.25) is None
    refusal = quota.admit(API, 10.5)
    assert refusal is not None
    assert refusal.seconds == pytest.approx(0.5)
    assert refusal.retry_after == 1
    assert refusal.limit == 2


def test_there_is_room_again_exactly_one_second_later():
    """The window is half open: a call leaves it when it is one second old."""
    quota = Quota(tps=1, clock=StillClock())
    assert quota.admit(API, 10.0) is None
    assert quota.admit(API, 10.999) is not None
    assert quota.admit(API, 11.0) is None


def test_a_refused_call_takes_no_room():
    """Hammering does not lock a client out for longer."""
    quota = Quota(tps=1, clock=StillClock())
    quota.admit(API, 10.0)
    for late in range(1, 10):
        assert quota.admit(API, 10.0 + late / 10) is not None
    assert quota.admit(API, 11.0) is None


def test_an_api_has_its_own_limit_below_the_instance():
    """Another API goes on while one is at its limit, up to the instance's."""
    quota = Quota(tps=3, per_api={API: 1}, clock=StillClock())
    assert quota.admit(API, 10.0) is None
    refusal = quota.admit(API, 10.1)
    assert refusal is not None
    assert refusal.scope == API
    assert quota.admit("xtk:session#Logon", 10.2) is None
    assert quota.admit("xtk:session#Logon", 10.3) is None
    refusal = quota.admit("xtk:session#Logon", 10.4)
    assert refusal is not None
    assert refusal.scope == "the instance"


def test_a_call_that_one_window_refuses_is_counted_in_none():
    """An API over its limit does not eat the instance's room."""
    quota = Quota(tps=2, per_api={API: 1}, clock=StillClock())
    quota.admit(API, 10.0)
    assert quota.admit(API, 10.1) is not None
    assert quota.admit("xtk:session#Logon", 10.2) is None


@pytest.mark.parametrize(
    ("limit", "capacity", "seconds"), [(0.5, 1, 2.0), (1, 1, 1.0), (2.5, 2, 0.8)]
)
def test_limits_need_not_be_whole(limit: float, capacity: int, seconds: float):
    """Half a call a second is one in two seconds; 2.5 is two in 0.8 s."""
    window = SlidingWindow(limit)
    assert (window.capacity, window.seconds) == (capacity, pytest.approx(seconds))


@pytest.mark.parametrize("limit", [0, -1, float("nan"), float("inf")])
def test_a_limit_is_a_number_above_zero(limit: float):
    """0 would refuse everything for ever."""
    with pytest.raises(ValueError, match="above 0"):
        SlidingWindow(limit)


def test_without_a_limit_everything_is_admitted_and_counted():
    """``tps`` None."""
    quota = Quota(clock=StillClock())
    assert all(quota.admit(API, 10.0) is None for _ in range(1000))
    assert quota.stats()["calls"] == 1000
    assert quota.stats()["max_in_a_second"] == 1000
    assert quota.stats()["used"] is None


def test_stats_count_calls_refusals_and_use():
    """50 calls a fifth of a second apart use all of a limit of 5."""
    clock = StillClock()
    quota = Quota(tps=5, clock=clock)
    for n in range(50):
        assert quota.admit(API, 1000 + n / 5) is None
    assert quota.admit("x#Y", 1009.81) is not None
    clock.seconds = 1010.0
    stats = quota.stats()
    assert (stats["calls"], stats["throttled"], stats["limit"]) == (50, 1, 5)
    assert stats["max_in_a_second"] == 5
    assert stats["used"] == pytest.approx(1.0)
    assert stats["apis"][API]["calls"] == 50
    assert stats["apis"]["x#Y"]["throttled"] == 1
    assert stats["per_second"][0] == [10, 5, 0]
    assert stats["per_second"][-1] == [1, 5, 1]


def test_clear_forgets_counts_and_keeps_the_window():
    """Counting anew must not open a second burst."""
    quota = Quota(tps=1, clock=StillClock())
    quota.admit(API, 10.0)
    quota.clear()
    assert quota.stats()["calls"] == 0
    assert quota.admit(API, 10.5) is not None


def test_setting_the_instance_limit_leaves_those_of_apis():
    """``per_api`` None changes nothing, an empty mapping lifts them."""
    quota = Quota(per_api={API: 1}, clock=StillClock())
    quota.limit(tps=100)
    quota.admit(API, 10.0)
    assert quota.admit(API, 10.1) is not None
    quota.limit(tps=100, per_api={})
    assert quota.admit(API, 10.2) is None


def test_made_up_names_do_not_fill_the_memory():
    """The SOAPAction is the caller's text."""
    quota = Quota(clock=StillClock())
    for n in range(2000):
        quota.admit(f"x#{n}", 10.0)
    assert len(quota.stats()["apis"]) <= 501
    assert sum(api["calls"] for api in quota.stats()["apis"].values()) == 2000


@settings(max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.floats(0, 0.7, allow_nan=False), max_size=80),
    limit=st.integers(1, 6),
)
def test_no_second_ever_holds_more_than_the_limit(gaps: list[float], limit: int):
    """Whatever the arrivals, and wherever the second starts."""
    quota = Quota(tps=limit, clock=StillClock())
    now, admitted = 0.0, []
    for gap in gaps:
        now += gap
        if quota.admit(API, now) is None:
            admitted.append(now)
    for start in admitted:
        assert sum(start <= t < start + 1.0 - 1e-9 for t in admitted) <= limit


def test_threads_never_get_more_than_the_limit():
    """16 threads, one window."""
    quota = Quota(tps=50, clock=StillClock())
    admitted: list[bool] = []
    threads = [
        threading.Thread(
            target=lambda: admitted.extend(quota.admit(API) is None for _ in range(100))
        )
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 50
    assert quota.stats()["throttled"] == 1550
