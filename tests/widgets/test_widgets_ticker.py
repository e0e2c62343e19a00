"""One thread for all that moves, and none when nothing does."""

from __future__ import annotations

import threading

import pytest

from campaign_magics.widgets.ticker import Ticker

pytestmark = pytest.mark.pure


class View:
    """Waits to be looked at."""

    def __init__(self, ticker: Ticker, *, broken: bool = False) -> None:
        self.seen = threading.Semaphore(0)
        self.ticker = ticker
        self.broken = broken

    def tick(self) -> None:
        self.seen.release()
        if self.broken:
            raise RuntimeError("cannot be drawn")

    def close(self) -> None:
        self.ticker.remove(self)

    def looked_at(self) -> bool:
        return self.seen.acquire(timeout=5)


def threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "campaign-ticker"]


def test_one_thread_serves_all_and_ends_with_the_last() -> None:
    ticker = Ticker(0.001)
    one, other = View(ticker), View(ticker)
    ticker.add(one)
    ticker.add(other)
    assert one.looked_at()
    assert other.looked_at()
    (thread,) = threads()
    assert thread.daemon
    ticker.remove(one)
    assert threads() == [thread]
    ticker.remove(other)
    assert threads() == []


def test_it_starts_again() -> None:
    ticker = Ticker(0.001)
    for _ in range(3):
        view = View(ticker)
        ticker.add(view)
        assert view.looked_at()
        ticker.close_all()
        assert threads() == []
        assert ticker.open == ()


def test_a_broken_view_is_left_alone_and_the_others_go_on() -> None:
    ticker = Ticker(0.001)
    broken, sound = View(ticker, broken=True), View(ticker)
    ticker.add(broken)
    ticker.add(sound)
    assert broken.looked_at()
    assert sound.looked_at()
    assert sound.looked_at()
    assert ticker.open == (sound,)
    ticker.close_all()


def test_the_last_broken_view_ends_the_thread() -> None:
    """The thread itself takes the view away, and does not wait for itself."""
    ticker = Ticker(0.001)
    broken = View(ticker, broken=True)
    ticker.add(broken)
    (thread,) = threads()
    thread.join(5)
    assert threads() == []
