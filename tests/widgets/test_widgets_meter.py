"""The live meter on a real sandbox, clicked without a browser."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from IPython.utils.capture import capture_output

import campaign_magics as cm
from campaign_magics import Sandbox
from campaign_magics.session.progress import Progress
from campaign_magics.widgets.meter.drawing import works_html
from campaign_magics.widgets.meter.view import Meter
from campaign_magics.widgets.ticker import TICKER, Ticker

SQL = "SELECT email FROM nms:recipient"


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[cm.Session]:
    with cm.connect(sandbox, budget_store="memory") as session:
        yield session


class Sent(list[str]):
    """What the widget sends to the front end."""

    def __init__(self, meter: Meter) -> None:
        meter.view.children[1].observe(lambda change: self.append(change.new), "value")


class Still:
    """A clock on which a look takes as long as the test says."""

    def __init__(self) -> None:
        self.at = 0.0
        self.step = 0.0

    def monotonic(self) -> float:
        self.at += self.step
        return self.at

    def now(self) -> float:
        return time.time()

    def wait(self, seconds: float, cancel: object = None) -> bool:
        return False


def idle_ticker() -> Ticker:
    """A ticker that never looks: the test does."""
    return Ticker(3600)


def test_it_moves_while_calls_are_made(session: cm.Session) -> None:
    """The figure on the page is the number of calls, without being asked."""
    meter, moved = session.meter(), threading.Event()
    sent = Sent(meter)

    def check(change: Any) -> None:
        if meter.now.own >= 11:
            moved.set()

    meter.view.children[1].observe(check, "value")
    for _ in range(10):
        session.count(SQL)
    assert moved.wait(10)
    assert "this kernel <b>" in sent[-1]
    meter.close()
    assert TICKER.open == ()


def test_nothing_is_sent_while_nothing_changes(session: cm.Session) -> None:
    """An idle meter is silent: no message, and no look at the usage either."""
    meter = Meter(session, ticker=idle_ticker(), clock=Still())
    sent = Sent(meter)
    for _ in range(20):
        meter.tick()
    assert sent == []
    session.count(SQL)
    meter.tick()
    assert len(sent) == 1
    meter.close()


def test_a_look_is_one_message(session: cm.Session) -> None:
    """Five looks a second are five messages a second at most."""
    meter = Meter(session, ticker=idle_ticker(), clock=Still())
    sent = Sent(meter)
    for _ in range(3):
        session.count(SQL)
        meter.tick()
    assert len(sent) == 3
    meter.close()


def test_a_look_that_takes_long_is_taken_seldom(session: cm.Session) -> None:
    """It has a tenth of the time at most; the rest is the running cell's."""
    clock = Still()
    meter = Meter(session, ticker=idle_ticker(), clock=clock)
    sent = Sent(meter)
    clock.step = 0.1  # every look at the clock finds it so much later
    for _ in range(3):
        session.count(SQL)
        meter.tick()
    assert len(sent) == 1
    clock.at += 1.0
    meter.tick()
    assert len(sent) == 2
    meter.close()


def test_the_running_work_and_its_time_left_are_shown(session: cm.Session) -> None:
    meter = Meter(session, ticker=idle_ticker(), clock=Still())
    with session.underway.reporter(None) as reporter:
        time.sleep(0.21)
        reporter.arrived(100, 400, lambda: None)
        meter.tick()
        assert "Running: <progress" in meter.as_html()
        assert "100 of 400 rows" in meter.as_text()
        assert "s left" in meter.as_text()
    meter.tick()
    assert "Running" not in meter.as_html()
    meter.close()


def test_what_stands_below_does_not_jump_when_work_begins() -> None:
    """A line is kept free for it."""
    work = Progress(rows=1, total=4, seconds=1.0, speed=1.0, left=3.0, tps=None)
    assert works_html([]).count("<div") == works_html([work]).count("<div") == 1


@pytest.mark.parametrize(
    "end",
    [
        lambda meter, session: meter.button.click(),
        lambda meter, session: meter.close(),
        lambda meter, session: session.close(),
        lambda meter, session: TICKER.close_all(),
    ],
    ids=["button", "close", "session", "unload"],
)
def test_it_freezes_and_its_thread_ends(
    session: cm.Session, end: Callable[[Meter, cm.Session], None]
) -> None:
    meter = session.meter()
    session.count(SQL)
    end(meter, session)
    assert meter.closed
    assert meter.button.disabled
    assert "closed at" in meter.as_html()
    assert meter.now.own >= 2  # the logon is a call as well
    assert not [t for t in threading.enumerate() if t.name == "campaign-ticker"]
    meter.close()


def test_a_closed_meter_shows_its_summary_as_plain_output(
    session: cm.Session, shell: Any
) -> None:
    """Shown live it is a widget and its twin; closed, HTML and text alone."""
    meter = session.meter()
    with capture_output() as captured:
        meter._ipython_display_()
    live, note = captured.outputs
    assert "application/vnd.jupyter.widget-view+json" in live.data
    assert note.data["text/plain"].startswith("Meter at ")
    with capture_output() as captured:
        meter.close()
    with capture_output() as captured:
        meter._ipython_display_()
    (frozen,) = captured.outputs
    assert set(frozen.data) == {"text/html", "text/plain"}


def test_its_repr_is_a_line(session: cm.Session) -> None:
    meter = session.meter()
    session.count(SQL)
    meter.close()
    assert "calls here" in repr(meter)
    assert "http" not in repr(meter)
