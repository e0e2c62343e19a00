"""Calls that were held up on their way."""

from __future__ import annotations

from typing import Any

import pytest

from campaign_magics.throttle import Budget, Limits
from campaign_magics.throttle.delays import HEADROOM, STEADY_HEADROOM, Delays

pytestmark = pytest.mark.pure


def held_up(*seconds: float) -> float:
    """Return what is thought of the last of these calls."""
    delays = Delays()
    return [delays.held_up("a#B", s) for s in seconds][-1]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([0.02] * 8 + [0.06], 0.04),
        ([0.02] * 8 + [0.03], 0.0),
        ([0.02] * 8 + [9.0], 0.25),
        ([0.02] * 8 + [0.001], 0.0),
        ([0.02] * 3 + [0.06], 0.0),
        ([0.02, 0.2] * 8 + [0.06], 0.0),
        ([0.02] * 8 + [0.06, 0.02, 0.06], 0.04),
        ([0.02] * 8 + [0.06, 0.06, 0.06], 0.0),
        ([0.02] * 64 + [0.06] * 8, 0.04),
        ([0.02] * 64 + [9.0] * 2, 0.25),
        ([0.02] * 64 + [9.0] * 3, 0.0),
    ],
)
def test_a_late_answer_means_something_where_it_is_rare(
    seconds: list[float], expected: float
) -> None:
    """Too few calls, or answers that vary anyway, tell nothing.

    Calls under way together may be late together.  In all, no more than 0.64 s are
    given away in 128 calls: half a hundredth of the budget.
    """
    assert held_up(*seconds) == pytest.approx(expected)


def test_even_answers_need_less_headroom() -> None:
    """One in eight may be late; where more are, the headroom is the larger one."""
    delays = Delays()
    assert delays.headroom("a#B") == HEADROOM
    for _ in range(40):
        delays.held_up("a#B", 0.02)
    assert delays.headroom("a#B") == STEADY_HEADROOM
    assert delays.headroom("c#D") == HEADROOM
    for _ in range(8):
        delays.held_up("a#B", 0.5)
    assert delays.headroom("a#B") == HEADROOM


def test_on_a_busy_machine_every_late_answer_counts() -> None:
    """Those who wait wake 20 ms late: so may calls leave, and answers be read."""
    delays = Delays()
    for number in range(40):
        delays.held_up("a#B", [0.02, 0.02, 0.07][number % 3])
    assert delays.held_up("a#B", 0.07) == 0.0
    for _ in range(8):
        delays.overslept(0.02)
    assert delays.held_up("a#B", 0.07) == pytest.approx(0.05)
    assert delays.headroom("a#B") == HEADROOM
    for _ in range(32):
        delays.overslept(0.0002)
    assert delays.held_up("a#B", 0.07) == 0.0


def test_apis_are_told_apart() -> None:
    """A slow one is not a late fast one."""
    delays = Delays()
    for _ in range(8):
        delays.held_up("a#B", 0.02)
    assert delays.held_up("c#D", 2.0) == 0.0


def test_a_call_held_up_keeps_its_place_longer(clock: Any) -> None:
    """Its successor in the window comes 40 ms later than otherwise."""
    budget = Budget("https://x", Limits(5), clock=clock)
    started = []
    for seconds in [0.02] * 5 + [0.06] + [0.02] * 5:
        with budget.turn("a#B"):
            started.append(clock.seconds)
            clock.wait(seconds)
    gap = started[10] - started[5]
    assert gap == pytest.approx(1 + HEADROOM + 0.04, abs=0.003)
