"""Work that comes round."""

from __future__ import annotations

import threading

import pytest

from campaign_magics.sandbox.schedule import Every

pytestmark = pytest.mark.pure


class Turns:
    """A clock that lets a number of turns pass, then waits to be stopped."""

    def __init__(self, turns: int) -> None:
        self.turns = turns
        self.waited: list[float] = []
        self.done = threading.Event()

    def now(self) -> float:
        return 0.0

    def monotonic(self) -> float:
        return 0.0

    def wait(self, seconds: float, cancel: threading.Event | None = None) -> bool:
        assert cancel is not None
        if self.turns == 0:
            self.done.set()
            return cancel.wait(5)
        self.turns -= 1
        self.waited.append(seconds)
        return cancel.is_set()


def test_work_is_done_every_so_often_until_stopped():
    """Not at the start; a stop ends the wait at once."""
    clock, calls = Turns(3), []
    timer = Every(3600, lambda: calls.append(1), clock)
    timer.start()
    assert clock.done.wait(5)
    timer.stop()
    assert clock.waited == [3600, 3600, 3600]
    assert len(calls) == 3


def test_a_failure_does_not_end_it(caplog: pytest.LogCaptureFixture):
    """It is logged, and the next turn comes."""
    clock, calls = Turns(2), []

    def work() -> None:
        calls.append(1)
        raise OSError("disk full")

    timer = Every(1, work, clock)
    timer.start()
    assert clock.done.wait(5)
    timer.stop()
    assert len(calls) == 2
    assert len(caplog.records) == 2


def test_stopping_what_never_started():
    """Does nothing."""
    Every(1, lambda: None).stop()
