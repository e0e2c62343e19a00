"""Which calls go wrong: orders read, counted and decided, without a server."""

from __future__ import annotations

import pytest
from clocks import StillClock
from hypothesis import given
from hypothesis import strategies as st

from campaign_magics.sandbox.mishaps.kinds import KINDS, BadOrder, Status, read_order
from campaign_magics.sandbox.mishaps.plan import Plan

pytestmark = pytest.mark.pure

QUERY = "xtk:queryDef#ExecuteQuery"
WRITE = "xtk:persist#Write"


def fates(
    count: int, api: str = QUERY, clock: StillClock | None = None, **order: object
):
    """Tell of each of so many calls whether the order hits it."""
    plan = Plan(clock=clock or StillClock())
    plan.arm([read_order({"kind": "status", **order})])
    return [bool(plan.strike(api)) for _ in range(count)]


def test_nothing_goes_wrong_until_it_is_ordered():
    """A new plan is not armed and hits nothing."""
    plan = Plan()
    assert not plan.armed
    assert plan.strike(QUERY) == ()


def test_the_next_calls_are_hit_and_no_more():
    """``calls`` 2 hits two."""
    assert fates(4, calls=2) == [True, True, False, False]


def test_some_calls_are_left_alone_first():
    """``skip`` 2 and ``calls`` 1 hit the third: something fails midway."""
    assert fates(5, skip=2, calls=1) == [False, False, True, False, False]


def test_only_the_named_api_is_hit_and_counted():
    """Calls of another API neither suffer nor use the order up."""
    plan = Plan()
    plan.arm([read_order({"kind": "status", "api": "xtk:persist#*", "calls": 1})])
    assert plan.strike(QUERY) == ()
    assert plan.strike(WRITE) == (Status(),)
    assert plan.strike(WRITE) == ()
    (order,) = plan.report()
    assert (order["seen"], order["struck"]) == (2, 1)


def test_a_probability_of_none_and_all():
    """0 never hits, 1 always does."""
    assert fates(20, probability=0) == [False] * 20
    assert fates(20, probability=1) == [True] * 20


@given(st.integers(0, 2**32), st.floats(0.05, 0.95))
def test_a_seed_decides_who_is_hit(seed: int, probability: float):
    """The same seed hits the same calls."""
    order = {"probability": probability, "seed": seed}
    assert fates(50, **order) == fates(50, **order)


def test_seeds_differ_and_probability_is_a_share():
    """Of 2,000 calls at 0.25 about 500 suffer; another seed chooses others."""
    first = fates(2_000, probability=0.25, seed=1)
    assert 430 < sum(first) < 570  # 500 ± 3.6 standard deviations (19.4)
    assert first != fates(2_000, probability=0.25, seed=2)


def test_orders_with_one_seed_do_not_hit_in_step():
    """Two orders of a half each leave some calls whole, and spoil others twice."""
    plan = Plan()
    half = {"kind": "latency", "probability": 0.5, "seed": 3}
    plan.arm([read_order(half), read_order(half)])
    assert {len(plan.strike(QUERY)) for _ in range(100)} == {0, 1, 2}


def test_windows_open_and_close_and_come_round():
    """[0, 2] every 10 seconds: a burst of two seconds, ten seconds apart."""
    clock = StillClock()
    plan = Plan(clock=clock)
    plan.arm([read_order({"kind": "status", "windows": [[0, 2]], "period": 10})])
    hit = []
    for second in range(24):
        clock.seconds = 1000.0 + second
        if plan.strike(QUERY):
            hit.append(second)
    assert hit == [0, 1, 10, 11, 20, 21]


def test_calls_outside_a_window_are_not_counted():
    """The next call is the next one in the window."""
    clock = StillClock()
    plan = Plan(clock=clock)
    plan.arm([read_order({"kind": "status", "windows": [[5, 9]], "calls": 1})])
    assert not plan.strike(QUERY)
    clock.seconds += 6
    assert plan.strike(QUERY)
    assert not plan.strike(QUERY)


def test_mishaps_add_up_until_they_are_taken_back():
    """Several orders hit one call, in the order they were given; clear ends all."""
    plan = Plan()
    plan.arm([read_order({"kind": "latency"}), read_order({"kind": "drip"})])
    assert [type(m) for m in plan.strike(QUERY)] == [KINDS["latency"], KINDS["drip"]]
    plan.clear()
    assert not plan.armed
    assert plan.strike(QUERY) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_reads_and_tells_itself(kind: str):
    """What the report says of an order can be ordered again."""
    order = read_order({"kind": kind, "api": "xtk:*", "skip": 1, "calls": 2})
    told = order.as_json()
    told["windows"] = list(told["windows"])
    assert read_order(told) == order


@pytest.mark.parametrize(
    ("order", "cause"),
    [
        ({}, "kind is one of latency, status"),
        ({"kind": "flood"}, "kind is one of"),
        ({"kind": ["reset"]}, "kind is one of"),
        ({"kind": "status", "status": 418}, "status is one of 429, 500, 502, 503"),
        ({"kind": "status", "status": True}, "status is one of"),
        ({"kind": "status", "retry_after": "soon"}, "retry_after is a number"),
        ({"kind": "reset", "moment": "never"}, "moment is one of before, during"),
        ({"kind": "reset", "seconds": 1}, "reset takes no 'seconds'"),
        ({"kind": "latency", "secnds": 1}, "latency takes no 'secnds'"),
        ({"kind": "latency", "seconds": float("nan")}, "seconds is a number"),
        ({"kind": "latency", "seconds": True}, "seconds is a number"),
        ({"kind": "latency", "seconds": -1}, "seconds is a number"),
        ({"kind": "drip", "bytes_per_second": 0}, "bytes_per_second is a number"),
        ({"kind": "expire", "api": ""}, "api is a pattern"),
        ({"kind": "expire", "calls": 0}, "calls is a whole number"),
        ({"kind": "expire", "calls": 1.5}, "calls is a whole number"),
        ({"kind": "expire", "probability": 2}, "probability is a number from 0 to 1"),
        ({"kind": "expire", "windows": [[2, 1]]}, "a window ends after it starts"),
        ({"kind": "expire", "windows": [2, 1]}, "windows is a list of [from, to]"),
        ({"kind": "expire", "windows": "now"}, "windows is a list of [from, to]"),
        ({"kind": "truncate", "complete": 1}, "complete is true or false"),
    ],
)
def test_a_bad_order_says_what_is_wrong(order: dict[str, object], cause: str):
    """The word that is not liked, and what it takes."""
    with pytest.raises(BadOrder) as caught:
        read_order(order)
    assert cause in str(caught.value)
