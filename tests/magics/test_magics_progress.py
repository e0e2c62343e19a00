"""The line that long work draws: how far it is, and what it waits for."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from clocks import StillClock

from campaign_magics.api import Moment
from campaign_magics.magics.business import _footer
from campaign_magics.magics.progress import ProgressLine, waiting_words
from campaign_magics.session.progress import Progress
from campaign_magics.throttle import Budget, Limits, MemoryStore
from campaign_magics.widgets.ticker import TICKER

pytestmark = pytest.mark.pure

STANDING = Progress(
    rows=50, total=200, seconds=9, speed=10, left=15, tps=None, noun="documents"
)

WAIT = Moment(
    what="delivery <DM1>",
    state="Being sent",
    rows=30,
    total=100,
    seconds=9,
    speed=10 / 3,
    left=21,
    tps=None,
)


class Kernel:
    kernel = None


class Page:
    """What a notebook shows: one output, drawn again and again."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shown: list[dict[str, str]] = []
        monkeypatch.setattr("campaign_magics.magics.progress.display", self._display)

    def _display(self, data: dict[str, str], raw: bool, display_id: bool) -> Page:
        self.update(data, raw)
        return self

    def update(self, data: dict[str, str], raw: bool) -> None:
        self.shown.append(data)

    @property
    def texts(self) -> list[str]:
        return [data["text/plain"] for data in self.shown]


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


def paused(clock: StillClock) -> Budget:
    """A budget that a 429 has just stopped for 30 s, with one call in line."""
    budget = Budget("i", Limits(default=10), MemoryStore(), clock)
    with budget.turn("xtk:queryDef#ExecuteQuery") as turn:
        turn.throttled(30.0)
    return budget


def test_it_says_what_it_waits_for_when_nothing_arrives(page: Page) -> None:
    """Not at once: a second of silence comes first; each second counts down."""
    clock = StillClock(100.0)
    line = ProgressLine(Kernel(), paused(clock), clock=clock)
    line.tick()
    assert page.texts == []
    clock.seconds += 2
    line.tick()
    line.tick()
    clock.seconds += 1
    line.tick()
    line.end("done")
    assert page.texts == [
        "waiting for the budget: paused 28 s after HTTP 429",
        "waiting for the budget: paused 27 s after HTTP 429",
        "done",
    ]


def test_a_line_that_only_waited_ends_in_a_sentence_too(page: Page) -> None:
    clock = StillClock(100.0)
    line = ProgressLine(Kernel(), paused(clock), clock=clock)
    clock.seconds += 2
    line.tick()
    line.end()
    assert page.texts[-1] == "it ended before the first answer"


def test_a_wait_ends_with_what_it_saw_last(page: Page) -> None:
    line = ProgressLine(Kernel())
    line(WAIT)
    line.end()
    assert page.texts == [
        "delivery <DM1>: Being sent · 30% · 9 s · 21 s left",
        "delivery <DM1>: Being sent · 30% · 9 s",
    ]
    assert "&lt;DM1&gt;" in page.shown[0]["text/html"]
    assert "&lt;DM1&gt;" in page.shown[1]["text/html"]


def test_the_line_under_a_finished_wait_promises_no_time() -> None:
    assert _footer(None, object(), [WAIT], named=False) == (
        "delivery <DM1>: Being sent · 30% · 9 s"
    )


def test_what_is_done_already_stays_on_the_line(page: Page) -> None:
    clock = StillClock(100.0)
    line = ProgressLine(Kernel(), paused(clock), clock=clock)
    line(STANDING)
    clock.seconds += 2
    line.tick()
    line(STANDING)
    line.end("")
    assert page.texts == [
        "50 of 200 documents · 10 documents/s · 15 s left",
        "50 of 200 documents · 10 documents/s · 15 s left · waiting for the budget:"
        " paused 28 s after HTTP 429",
        "50 of 200 documents · 10 documents/s · 15 s left",
        "50 of 200 documents in 9 s",
    ]
    assert "progress" not in page.shown[-1]["text/html"]
    assert '<progress max="1" value="0.250"' in page.shown[1]["text/html"]


def test_it_is_silent_when_the_budget_is_not_the_cause(page: Page) -> None:
    """A slow server is not a wait for the budget."""
    clock = StillClock(100.0)
    line = ProgressLine(Kernel(), Budget("i", clock=clock), clock=clock)
    clock.seconds += 30
    line.tick()
    line.end("")
    assert page.texts == []


def test_it_looks_only_while_the_work_lasts(page: Page) -> None:
    """On the one ticker, and off it at the end; a late look draws nothing."""
    clock = StillClock(100.0)
    line = ProgressLine(Kernel(), paused(clock), clock=clock)
    assert TICKER.open == (line,)
    line.end("")
    assert TICKER.open == ()
    assert not [t for t in threading.enumerate() if t.name == "campaign-ticker"]
    clock.seconds += 5
    line.tick()
    assert page.texts == []


def test_where_nothing_is_drawn_nobody_looks() -> None:
    """A test, a pipe: no thread for a line that is not there."""
    line = ProgressLine(object(), Budget("i"))
    assert TICKER.open == ()
    line.end("")


def test_waits_in_words() -> None:
    """Calls in line and pauses; nothing where neither is."""

    class Seen:
        waiting = 3
        blocked = 0.0

    seen: Any = Seen()
    assert waiting_words(seen) == "waiting for the budget: 3 in line"
    seen.blocked = 4.2
    assert waiting_words(seen) == (
        "waiting for the budget: 3 in line, paused 4 s after HTTP 429"
    )
    seen.waiting = seen.blocked = 0
    assert waiting_words(seen) == ""
