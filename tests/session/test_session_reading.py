"""Reading page by page: no row is lost or doubled, whatever the rows and the pages."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from session.rows import Rows

from campaign_magics.errors import BadAnswer, InvalidValue, SoapFault
from campaign_magics.query.model import Condition, OrderNode, QueryDef
from campaign_magics.session.reading import Plan, Reading

pytestmark = pytest.mark.pure

BY_ID_DOWN = [OrderNode(expr="@id", desc=True)]
BY_EMAIL = [OrderNode(expr="@email")]


def emails(reading: Reading) -> list[str]:
    """What a reading brings, in order."""
    return [text for page in reading for text in page.table["email"].to_pylist()]


def expected(rows: Rows, *, down: bool = False) -> list[str]:
    """Every row once, ordered by key."""
    places = range(len(rows.keys))
    return [f"r{at}" for at in (reversed(places) if down else places)]


@st.composite
def key_lists(draw: st.DrawFn) -> list[int]:
    """Keys in clumps with gaps, some of them with several rows."""
    clumps = draw(
        st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 40)), max_size=5)
    )
    keys = [start + n for start, size in clumps for n in range(size)]
    distinct = sorted(set(keys))
    return [key for key in distinct for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]


@settings(max_examples=60, deadline=None)
@given(
    keys=key_lists(),
    size=st.integers(2, 30),
    seconds=st.sampled_from([0.0, 0.5, 3.0]),
    down=st.booleans(),
)
def test_every_row_comes_once_and_in_order(
    keys: list[int], size: int, seconds: float, down: bool
) -> None:
    """One page at a time or four in ranges of keys: the same rows in the same order."""
    rows = Rows(keys, seconds=seconds)
    checked = rows.checked("@email", order=BY_ID_DOWN if down else ())
    assert emails(rows.reading(checked, rate=1.0, page_size=size)) == expected(
        rows, down=down
    )


@settings(max_examples=40, deadline=None)
@given(
    keys=key_lists(),
    size=st.integers(2, 30),
    wanted=st.integers(0, 100),
    seconds=st.sampled_from([0.0, 3.0]),
    by_line=st.booleans(),
)
def test_a_limit_is_kept_and_more_rows_are_told(
    keys: list[int], size: int, wanted: int, seconds: float, by_line: bool
) -> None:
    """Exactly as many as wanted; ``more`` is true if and only if more exist."""
    rows = Rows(keys, seconds=seconds)
    checked = rows.checked("@email", order=BY_EMAIL if by_line else ())
    pages = list(rows.reading(checked, wanted=wanted, page_size=size))
    found = [text for page in pages for text in page.table["email"].to_pylist()]
    assert found == expected(rows)[:wanted]
    assert pages[-1].more is (len(keys) > wanted)
    assert not any(page.more for page in pages[:-1])


@settings(max_examples=40, deadline=None)
@given(
    keys=key_lists(),
    size=st.integers(2, 30),
    stop=st.integers(1, 6),
    by_line=st.booleans(),
)
def test_going_on_behind_any_page_brings_the_rest(
    keys: list[int], size: int, stop: int, by_line: bool
) -> None:
    """What came before the break and what comes after it make the whole."""
    rows = Rows(keys, seconds=3.0)
    checked = rows.checked("@email", order=BY_EMAIL if by_line else ())
    plan = Plan(checked=checked, wanted=None, page_size=size)
    before: list[str] = []
    behind = None
    for page, _ in zip(rows.reading(plan), range(stop), strict=False):
        before += page.table["email"].to_pylist()
        behind = page.behind
    if behind is not None:
        before += emails(rows.reading(plan.go_on(behind, len(before))))
    assert before == expected(rows)


@pytest.mark.parametrize("count", [0, 1, 199, 200, 299, 300, 1_000, 1_001])
def test_a_limit_of_the_server_does_not_end_the_reading(count: int) -> None:
    """An instance that never returns more than 100 rows is read to the end."""
    rows = Rows(range(count))
    rows.cap = 200
    assert emails(rows.reading(rows.checked())) == expected(rows)
    assert emails(rows.reading(rows.checked(order=BY_EMAIL))) == expected(rows)


def test_keys_that_are_texts_are_read_one_page_after_another() -> None:
    """Texts (autouuid) have an order and no distance: no ranges are guessed."""
    keys = [f"{n:04x}'\\" for n in range(100)]
    rows = Rows(keys, seconds=5.0)
    assert emails(rows.reading(rows.checked("@email"), page_size=9)) == expected(rows)
    assert all(len(query.where) <= 1 for query in rows.asked)


def test_the_key_is_added_and_taken_away() -> None:
    """Selected: as it is.  Not selected: asked for under a name nobody uses."""
    rows = Rows(range(10))
    [page] = rows.reading(rows.checked("@email"))
    assert page.table.column_names == ["email"]
    assert [node.expr for node in rows.asked[0].select] == ["@email", "@id"]
    [page] = rows.reading(rows.checked("@id", "@email"))
    assert page.table.column_names == ["id", "email"]
    assert [node.expr for node in rows.asked[1].select] == ["@id", "@email"]


def test_conditions_stay_together_beside_the_bound() -> None:
    """``a OR b`` becomes ``@id > 5 AND (a OR b)``; a start line counts once."""
    rows = Rows(range(10))
    either = Condition(expr="@id > 1", bool_operator="OR"), Condition(expr="@id < 1")
    checked = rows.checked()
    query = QueryDef(
        schema="nms:thing", select=checked.query.select, where=either, start_line=4
    )
    way = Plan(checked=replace(checked, query=query), wanted=None).way
    sent = way.between(5)  # type: ignore[union-attr]
    assert sent.where == (Condition(expr="@id > 5"), Condition(conditions=either))
    assert sent.start_line is None
    assert way.between(None).start_line == 4  # type: ignore[union-attr]


def test_a_start_line_is_skipped_once() -> None:
    rows = Rows(range(20))
    checked = rows.checked(start=3)
    assert emails(rows.reading(checked, page_size=4)) == expected(rows)[3:]


def test_pages_in_flight_follow_budget_and_time() -> None:
    """Quick calls: one after the other.  Slow ones: four at once, in ranges."""
    quick = Rows(range(400), seconds=0.01)
    emails(quick.reading(quick.checked(), rate=10.0, page_size=20))
    assert len(quick.asked) == 20
    assert all(len(query.where) <= 1 for query in quick.asked)
    slow = Rows(range(400), seconds=1.0)
    emails(slow.reading(slow.checked(), rate=10.0, page_size=20))
    assert sum(len(query.where) == 2 for query in slow.asked) > 10
    assert len(slow.asked) <= 27


def test_rows_that_are_new_behind_the_last_are_read_too() -> None:
    """The last range has no end: what was written meanwhile is not left out."""
    rows = Rows(list(range(300)), seconds=1.0)

    def write(query: QueryDef) -> None:
        if len(rows.asked) == 8:
            rows.keys.extend(range(300, 330))

    rows.before = write
    assert len(emails(rows.reading(rows.checked(), rate=10.0, page_size=20))) == 330


def test_an_order_of_its_own_is_read_by_lines_with_a_warning() -> None:
    """The key makes the order total; the reader learns that rows may move."""
    rows = Rows(range(30))
    reading = rows.reading(rows.checked(order=BY_EMAIL), page_size=10)
    assert len(emails(reading)) == 30
    assert [query.start_line for query in rows.asked][:3] == [None, 10, 20]
    assert [order.expr for order in rows.asked[0].order_by] == ["@email", "@id"]
    assert "the query is ordered by @email" in reading.warning
    assert "may be missing or come twice" in reading.warning
    one = rows.reading(rows.checked(order=BY_EMAIL), page_size=100)
    assert len(emails(one)) == 30
    assert one.warning == ""


def test_a_server_that_ignores_the_order_is_found_out() -> None:
    rows = Rows([1, 2, 3])
    rows.keys = [2, 1, 3]
    with pytest.raises(BadAnswer, match="another order"):
        emails(rows.reading(rows.checked()))


def test_a_server_that_ignores_the_bound_is_found_out() -> None:
    """Numbers or texts: the same page twice is an error, never an endless reading."""
    for rows in (Rows(range(50)), Rows([f"k{n:02}" for n in range(50)])):
        rows.stubborn = True
        with pytest.raises(BadAnswer, match="come again"):
            emails(rows.reading(rows.checked(), page_size=10))


def test_a_page_too_small_for_one_records_rows_says_so() -> None:
    rows = Rows([7] * 30)
    with pytest.raises(InvalidValue, match="more than 10 rows"):
        emails(rows.reading(rows.checked(), page_size=10))
    with pytest.raises(InvalidValue, match="page of 0"):
        rows.reading(rows.checked(), page_size=0)


def test_a_failure_on_the_way_is_raised_in_its_place() -> None:
    """The pages before it come; the error is the wire's own."""
    rows = Rows(range(100), seconds=1.0)

    def fail(query: QueryDef) -> None:
        if len(rows.asked) == 6:
            raise SoapFault("no", hint="later")

    rows.before = fail
    got: list[str] = []

    def read() -> None:
        for page in rows.reading(rows.checked(), rate=10.0, page_size=10):
            got.extend(page.table["email"].to_pylist())

    with pytest.raises(SoapFault):
        read()
    assert got == expected(rows)[: len(got)]
    assert len(got) >= 20


def test_giving_up_sends_the_threads_home() -> None:
    """A reader that leaves in the middle leaves no thread behind."""
    rows = Rows(range(1_000), seconds=1.0)
    pages = iter(rows.reading(rows.checked(), rate=10.0, page_size=10))
    next(pages)
    next(pages)
    pages.close()
    until = time.monotonic() + 5
    while _crew() and time.monotonic() < until:
        time.sleep(0.01)
    assert _crew() == []


def _crew() -> Sequence[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "campaign-pages"]


def test_counting_ahead_tells_the_total() -> None:
    rows = Rows(range(50))
    reading = rows.reading(rows.checked(), page_size=10)
    for number, _ in enumerate(reading):
        if number == 0:
            assert reading.total is None
            reading.count_ahead()
            while reading.total is None:
                time.sleep(0.001)
    assert reading.total == 50
    assert reading.tally.calls == 6
