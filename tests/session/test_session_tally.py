"""What a reading has cost, added up over its threads."""

from __future__ import annotations

import time

import pytest
from clocks import StillClock

from campaign_magics.session.tally import Tally
from campaign_magics.soap.exchange import Exchange

pytestmark = pytest.mark.pure


def call(seconds: float, waited: float) -> Exchange:
    return Exchange(
        method="xtk:queryDef#ExecuteQuery",
        seconds=seconds,
        waited=waited,
        status=200,
        request_bytes=0,
        response_bytes=0,
        retries=0,
        request_id="",
    )


def test_threads_that_wait_together_wait_once() -> None:
    """Two of them wait from 0 to 2 s and from 1 to 3 s, a third from 5 to 6 s."""
    clock = StillClock(100.0)
    tally = Tally(clock)
    for ends, seconds, waited in ((102.5, 0.5, 2.0), (103.5, 0.5, 2.0), (107, 1, 1)):
        clock.seconds = ends
        tally.called(call(seconds, waited))
    assert tally.waited == pytest.approx(3.0 + 1.0)
    assert tally.server_seconds == pytest.approx(2.0)
    assert tally.waited < tally.seconds == pytest.approx(7.0)


def test_no_wait_is_no_seconds_and_not_a_whole_number() -> None:
    """Facts that are seconds are floats, in every row of a log."""
    assert isinstance(Tally(StillClock(0.0)).waited, float)


def test_a_wait_between_two_others_joins_them() -> None:
    """0–1 and 2–3 s, and then one call that has waited from 0.5 to 2.5 s."""
    clock = StillClock(0.0)
    tally = Tally(clock)
    for ends, waited in ((1.0, 1.0), (3.0, 1.0)):
        clock.seconds = ends
        tally.called(call(0.0, waited))
    tally.called(call(0.5, 2.0))
    assert tally.waited == pytest.approx(3.0)


def test_many_waits_are_counted_in_little_time() -> None:
    """20,000 calls, each of which waited by itself; looked at after each."""
    clock = StillClock(0.0)
    tally = Tally(clock)
    began = time.process_time()
    for number in range(20_000):
        clock.seconds = number + 1.0
        tally.called(call(0.25, 0.5))
        assert tally.waited == pytest.approx(0.5 * (number + 1))
    assert time.process_time() - began < 5  # a look at all of them took 15


def test_what_was_waited_before_the_reading_does_not_count() -> None:
    """A call of another thread had waited from 98 to 99 s."""
    clock = StillClock(100.0)
    tally = Tally(clock)
    clock.seconds = 101.0
    tally.called(call(2.0, 1.0))
    assert tally.waited == 0.0
