"""What is done later: once for many requests, and once more for a late one."""

from __future__ import annotations

import threading

import pytest

from campaign_magics.widgets.later import Later

pytestmark = pytest.mark.pure


def test_many_requests_are_one_act_and_no_thread_stays() -> None:
    done: list[str] = []
    later = Later(lambda: done.append(threading.current_thread().name), pause=0.05)
    for _ in range(50):
        later.ask()
    assert later.wait()
    assert done == ["campaign-later"]
    assert "campaign-later" not in {t.name for t in threading.enumerate()}
    later.ask()
    assert later.wait()
    assert len(done) == 2


def test_a_request_during_the_act_is_one_more_act() -> None:
    """Never two at a time, and never none after the last request."""
    begun, ends = threading.Semaphore(0), threading.Semaphore(0)
    running: list[int] = []
    most = 0

    def act() -> None:
        nonlocal most
        running.append(1)
        most = max(most, len(running))
        begun.release()
        assert ends.acquire(timeout=10)
        running.pop()

    later = Later(act, pause=0.01)
    later.ask()
    assert begun.acquire(timeout=10)
    later.ask()
    later.ask()
    ends.release(2)
    assert begun.acquire(timeout=10)
    assert later.wait()
    assert most == 1
    assert not begun.acquire(blocking=False)


def test_nothing_asked_is_nothing_to_wait_for() -> None:
    assert Later(lambda: None).wait()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_an_act_that_fails_does_not_stop_the_next() -> None:
    done: list[int] = []

    def act() -> None:
        done.append(1)
        raise ZeroDivisionError

    later = Later(act, pause=0.01)
    for _ in range(2):
        later.ask()
        assert later.wait()
    assert len(done) == 2
