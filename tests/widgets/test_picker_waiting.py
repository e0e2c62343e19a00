"""A slow server and an impatient user: one question at a time."""

from __future__ import annotations

from typing import Any

import pytest
from clocks import StillClock

from campaign_magics.widgets.picker.view import Picker

pytestmark = pytest.mark.pure


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def picker(session: Any, clock: StillClock) -> Picker:
    picker = Picker(session, "nms:recipient", clock=clock)
    picker.tick("@email")
    return picker


def test_clicks_made_during_a_long_question_are_not_asked(
    picker: Picker, session: Any, clock: StillClock
) -> None:
    """They arrive at once when it is answered; a later one is meant."""
    answer = session.count

    def slow(query: Any) -> int:
        clock.seconds += 8
        return int(answer(query))

    session.count = slow
    picker.count.click()
    picker.count.click()
    picker.start.click()
    assert len(session.asked) == 1
    clock.seconds += 1
    picker.start.click()
    assert len(session.asked) == 2


def test_a_quick_answer_lets_the_next_click_through(
    picker: Picker, session: Any
) -> None:
    picker.count.click()
    picker.preview.click()
    assert len(session.asked) == 2


def test_a_click_of_another_thread_is_dropped_while_one_is_asked(
    picker: Picker, session: Any
) -> None:
    """JupyterLab may deliver them while the first one waits."""
    answer = session.count

    def clicked_again(query: Any) -> int:
        picker.count.click()
        return int(answer(query))

    session.count = clicked_again
    picker.count.click()
    assert len(session.asked) == 1
