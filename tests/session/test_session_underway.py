"""What long work tells of itself, and who can see it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from clocks import StillClock
from session.rows import Rows

from campaign_magics.session import Connection
from campaign_magics.session.gather import Kept, gather
from campaign_magics.session.progress import Progress, Underway
from campaign_magics.session.result import Look


@pytest.mark.pure
def test_work_is_seen_while_it_lasts_even_if_nobody_watches_it() -> None:
    """A meter shows a reading whose own progress line is switched off."""
    clock = StillClock(0.0)
    underway = Underway(clock)
    with underway.reporter(None, noun="documents") as reporter:
        assert underway.now == ()
        clock.seconds = 2.0
        reporter.arrived(100, 400, lambda: 10.0, waited=1.5)
        (seen,) = underway.now
        # 50 a second: 300 more take 6 s; ten such calls a second are no limit.
        assert str(seen) == (
            "100 of 400 documents · 50 documents/s · 6 s left at 10 TPS · waited 2 s"
        )
    assert underway.now == ()


@pytest.mark.pure
def test_two_works_are_both_seen_the_oldest_first() -> None:
    """Two threads may read over one session."""
    clock = StillClock(0.0)
    underway = Underway(clock)
    with underway.reporter(None) as one, underway.reporter(None) as other:
        clock.seconds = 1.0
        one.arrived(1, None, lambda: None)
        other.arrived(2, None, lambda: None)
        one_more = [progress.rows for progress in underway.now]
        assert one_more == [1, 2]
    assert underway.now == ()


@pytest.mark.pure
def test_a_watch_that_fails_does_not_hide_the_work() -> None:
    """The line that cannot be drawn is dropped; the meter goes on."""
    clock = StillClock(0.0)
    underway = Underway(clock)

    def broken(progress: Progress) -> None:
        raise RuntimeError("no front end")

    with underway.reporter(broken) as reporter:
        for second in (1.0, 2.0):
            clock.seconds = second
            reporter.arrived(5, None, lambda: None)
        assert [progress.rows for progress in underway.now] == [10]


@pytest.mark.pure
def test_an_interrupted_reading_is_no_longer_underway() -> None:
    """The with-block ends with the reading, however it ends."""
    rows = Rows(list(range(100)))
    underway = Underway()
    reading = rows.reading(rows.checked("@email"), page_size=10)
    kept = Kept(digest="", checked=reading.plan.checked, look=Look())
    reporter = underway.reporter(None)
    underway.note(
        reporter,
        Progress(rows=1, total=None, seconds=1, speed=1, left=None, tps=None),
    )
    gather(reading, kept, reporter)
    assert kept.rows == 100
    assert underway.now == ()


def test_what_is_asked_for_at_close_is_done_once(
    connect: Callable[..., Connection],
) -> None:
    """The last comes first; what was taken back is not done; nothing twice."""
    session, done = connect(), []
    session.at_close(lambda: done.append("one"))
    session.at_close(lambda: done.append("other"))
    session.at_close(lambda: done.append("never"))()
    session.close()
    session.close()
    assert done == ["other", "one"]


@pytest.mark.pure
def test_the_last_word_is_told_even_right_after_another() -> None:
    """5 told, 7 not yet: a static sentence of 5 rows would be wrong for ever."""
    clock = StillClock(0.0)
    told: list[Progress] = []
    with Underway(clock).reporter(told.append) as reporter:
        clock.seconds = 1.0
        reporter.arrived(5, 12, lambda: None)
        clock.seconds = 1.1
        reporter.arrived(7, 12, lambda: None)
    assert [one.ended for one in told] == ["5 of 12 rows in 1 s", "12 rows in 1 s"]
