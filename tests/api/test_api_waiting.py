"""Waiting: how often it looks, what it tells, how it ends; no second really passes."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from campaign_magics.api.shown import Shown
from campaign_magics.api.waiting import Moment, Patience, Seen, wait
from campaign_magics.errors import InvalidValue, StillRunning

pytestmark = pytest.mark.pure


class Clock:
    """Notes every pause and lets it pass at once."""

    def __init__(self) -> None:
        self.time = 100.0
        self.pauses: list[float] = []

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    def wait(self, seconds: float, cancel: threading.Event | None = None) -> bool:
        self.pauses.append(seconds)
        self.time += seconds
        return False


def connection(rate: float | None = None) -> Any:
    budget = SimpleNamespace(snapshot=lambda history: SimpleNamespace(rate=rate))
    return SimpleNamespace(budget=budget)


def looks(*states: str) -> Any:
    """Return a look that sees one state after the other; the last one ends it."""
    seen = [
        Seen(thing=state, state=state, over=at == len(states) - 1)
        for at, state in enumerate(states)
    ]
    return iter(seen).__next__


def test_the_pause_grows_while_nothing_changes_and_starts_anew_when_it_does() -> None:
    clock = Clock()
    states = ["a", "a", "a", "b", "b", "b"]
    assert wait(connection(), "it", looks(*states), Patience(clock=clock)) == "b"
    assert clock.pauses == [0.5, 0.75, 1.125, 0.5, 0.75]


def test_the_pause_has_a_limit() -> None:
    clock = Clock()
    wait(connection(), "it", looks(*["a"] * 30), Patience(clock=clock))
    assert max(clock.pauses) == 15.0


def test_a_small_budget_is_not_spent_on_looking() -> None:
    """At one call in 5 seconds, every other turn is left to others."""
    clock = Clock()
    wait(connection(rate=0.2), "it", looks(*"aaab"), Patience(clock=clock))
    assert clock.pauses == [10.0, 10.0, 10.0]


def test_what_is_over_costs_one_look() -> None:
    clock = Clock()
    assert wait(connection(), "it", looks("done"), Patience(clock=clock)) == "done"
    assert clock.pauses == []


@pytest.mark.parametrize("timeout", [0, 1, 7.5])
def test_the_time_is_up_to_the_second(timeout: float) -> None:
    clock = Clock()
    patience = Patience(timeout=timeout, clock=clock)
    with pytest.raises(StillRunning) as caught:
        wait(connection(), "it", looks(*["busy"] * 99), patience)
    assert clock.time == 100.0 + timeout
    assert "It is still 'busy'" in caught.value.message
    assert caught.value.facts["state"] == "busy"


def test_each_look_is_told_with_its_share() -> None:
    told: list[Moment] = []
    clock = Clock()
    seen = iter(
        [
            Seen(thing=1, state="Running", over=False, share=0.25),
            Seen(thing=2, state="Finished", over=True, share=1.0),
        ]
    )
    patience = Patience(progress=told.append, clock=clock)
    wait(connection(), "job 7", seen.__next__, patience)
    assert list(map(str, told)) == [
        "job 7: Running · 25% · 0 s",
        "job 7: Finished · 100% · 0 s",
    ]


def test_a_broken_progress_line_does_not_end_the_wait() -> None:
    def broken(_: Moment) -> None:
        raise RuntimeError("no display")

    patience = Patience(progress=broken, clock=Clock())
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
