"""Waiting: how often it looks, what it tells, how it ends; no second really passes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from clocks import StillClock

from campaign_magics.api.shown import Shown
from campaign_magics.api.waiting import Moment, Patience, Seen, wait
from campaign_magics.errors import InvalidValue, ServerError, StillRunning
from campaign_magics.session import Interrupted
from campaign_magics.session.progress import Progress, Underway

pytestmark = pytest.mark.pure


def connection(rate: float | None = None) -> Any:
    budget = SimpleNamespace(snapshot=lambda history: SimpleNamespace(rate=rate))
    return SimpleNamespace(budget=budget, underway=Underway())


def looks(*states: str) -> Any:
    """Return a look that sees one state after the other; the last one ends it."""
    seen = [
        Seen(thing=state, state=state, over=at == len(states) - 1)
        for at, state in enumerate(states)
    ]
    return iter(seen).__next__


def test_the_pause_grows_while_nothing_changes_and_starts_anew_when_it_does() -> None:
    clock = StillClock()
    states = ["a", "a", "a", "b", "b", "b"]
    assert wait(connection(), "it", looks(*states), Patience(clock=clock)) == "b"
    assert clock.waits == [0.5, 0.75, 1.125, 0.5, 0.75]


def test_the_pause_has_a_limit() -> None:
    clock = StillClock()
    wait(connection(), "it", looks(*["a"] * 30), Patience(clock=clock))
    assert max(clock.waits) == 15.0


def test_a_small_budget_is_not_spent_on_looking() -> None:
    """At one call in 5 seconds, every other turn is left to others."""
    clock = StillClock()
    wait(connection(rate=0.2), "it", looks(*"aaab"), Patience(clock=clock))
    assert clock.waits == [10.0, 10.0, 10.0]


def test_what_is_over_costs_one_look() -> None:
    clock = StillClock()
    assert wait(connection(), "it", looks("done"), Patience(clock=clock)) == "done"
    assert clock.waits == []


def test_an_error_on_the_way_ends_the_wait_and_not_the_work() -> None:
    """Said once there is work that goes on; a first look that fails is only that."""
    answers: list[Any] = [ServerError("HTTP 500.", hint="try again in a while")]

    def look() -> Seen[str]:
        if len(answers) > 1:
            return Seen(thing="it", state=answers.pop(), over=False)
        raise answers[0]

    for seen, hint in (
        (["a"], "try again in a while; only the wait has ended, the work goes on"),
        ([], "try again in a while"),
    ):
        answers[0] = ServerError("HTTP 500.", hint="try again in a while")
        answers += seen
        with pytest.raises(ServerError) as caught:
            wait(connection(), "it", look, Patience(clock=StillClock()))
        assert caught.value.hint.partition("; wait again")[0] == hint


@pytest.mark.parametrize("timeout", [0, 1, 7.5])
def test_the_time_is_up_to_the_second(timeout: float) -> None:
    clock = StillClock()
    patience = Patience(timeout=timeout, clock=clock)
    with pytest.raises(StillRunning) as caught:
        wait(connection(), "it", looks(*["busy"] * 99), patience)
    assert clock.seconds == 1_000.0 + timeout
    assert "It is still 'busy'" in caught.value.message
    assert caught.value.facts["state"] == "busy"


def counting(*counts: int) -> Any:
    """Return a look at work of 100 steps; the last one ends it."""
    seen = [
        Seen(thing=n, state="Running", over=n == counts[-1], done=n, total=100)
        for n in counts
    ]
    return iter(seen).__next__


def test_each_look_is_told_with_its_share_and_the_time_left() -> None:
    """10 steps in the first half second are 20 a second: 90 take 4.5 seconds."""
    told: list[Progress] = []
    patience = Patience(progress=told.append, clock=StillClock())
    wait(connection(), "job 7", counting(0, 10, 10, 100), patience)
    assert list(map(str, told)) == [
        "job 7: Running · 0% · 0 s",
        "job 7: Running · 10% · 0 s · 4 s left",
        "job 7: Running · 10% · 1 s · 9 s left",
        "job 7: Running · 100% · 2 s",
    ]
    assert isinstance(told[0], Moment)


def test_a_count_that_starts_anew_is_measured_anew() -> None:
    told: list[Progress] = []
    patience = Patience(progress=told.append, clock=StillClock())
    wait(connection(), "job 7", counting(50, 70, 10, 20, 100), patience)
    assert [one.left for one in told] == [None, pytest.approx(0.75), None, 4.0, None]


def test_a_wait_is_underway_until_it_ends_however_it_ends() -> None:
    """The meter shows what ``underway`` holds."""
    here = connection()
    seen: list[str] = []

    def note(_: Progress) -> None:
        seen.extend(map(str, here.underway.now))

    wait(here, "job 7", counting(0, 100), Patience(progress=note, clock=StillClock()))
    assert seen == ["job 7: Running · 0% · 0 s", "job 7: Running · 100% · 0 s"]
    assert here.underway.now == ()

    def interrupted() -> Any:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="Job 7 had not been seen yet after 0 s"):
        wait(here, "job 7", interrupted, Patience(clock=StillClock()))
    with pytest.raises(StillRunning):
        wait(here, "job 7", counting(0, 1), Patience(timeout=0, clock=StillClock()))
    assert here.underway.now == ()


def test_a_broken_progress_line_does_not_end_the_wait() -> None:
    def broken(_: Progress) -> None:
        raise RuntimeError("no display")

    patience = Patience(progress=broken, clock=StillClock())
    assert wait(connection(), "it", looks(*"ab"), patience) == "b"


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_a_senseless_timeout_is_refused(timeout: float) -> None:
    with pytest.raises(InvalidValue, match="makes no sense"):
        Patience(timeout=timeout)


def test_what_is_shown_is_escaped_and_leaves_out_what_is_empty() -> None:
    class Evil(Shown):
        @property
        def title(self) -> str:
            return "<b>"

        def facts(self) -> list[tuple[str, object]]:
            return [("a<", "x&y"), ("none", None), ("empty", ""), ("n", 12_345)]

    html = Evil()._repr_html_()
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
    assert "a&lt;" in html
    assert "x&amp;y" in html
    assert "none" not in html
    assert str(Evil()).splitlines() == ["<b>", "  a<  x&y", "  n   12,345"]


def test_it_is_called_as_it_turns_out_to_be_called() -> None:
    """An id is waited for; its name is what people know."""
    seen = Seen(thing=1, state="Busy", over=False, what="workflow WKF1")
    with pytest.raises(StillRunning, match="Workflow WKF1 is still 'Busy'"):
        wait(
            connection(),
            "the workflow",
            lambda: seen,
            Patience(timeout=0, clock=StillClock()),
        )
