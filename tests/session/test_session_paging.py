"""Any size through a session: on the sandbox, each way of reading it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from campaign_magics import Sandbox, connect
from campaign_magics.errors import InvalidOption
from campaign_magics.session import Connection, Interrupted, Progress
from campaign_magics.session.gather import explained
from campaign_magics.session.limits import ALL_ROWS

ALL = "SELECT id, email FROM nms:recipient"


@pytest.fixture(scope="module")
def session(sandbox: Sandbox) -> Iterator[Connection]:
    with connect(sandbox) as made:
        yield made


@pytest.mark.parametrize(
    "query",
    [
        ALL,
        "SELECT email, folder.label FROM nms:recipient",
        ALL + " ORDER BY id DESC",
        ALL + " WHERE blackList = 0 AND email LIKE 'a%' OR lastName = 'Green'",
        "SELECT id, status FROM nms:broadLogRcp WHERE id < 'c'",
        "SELECT id, label FROM nms:delivery",
        ALL + " LIMIT 130 OFFSET 40",
    ],
)
def test_pages_make_the_rows_that_one_answer_has(
    session: Connection, query: str
) -> None:
    """By key, up or down, numbers or texts: the same rows, none twice."""
    paged = session.query(query, limit=None, page_size=90)
    whole = session.query(query, limit=ALL_ROWS - 1, page_size=ALL_ROWS)
    assert paged.attrs["campaign"]["warning"] == ""
    assert list(paged.columns) == list(whole.columns)
    key = list(paged.columns)
    pd.testing.assert_frame_equal(
        paged.sort_values(key, ignore_index=True),
        whole.sort_values(key, ignore_index=True),
    )


@pytest.mark.parametrize(
    "query",
    [
        ALL + " ORDER BY lastName",
        "SELECT lastName, COUNT(*) AS n FROM nms:recipient GROUP BY lastName",
        "SELECT DISTINCT lastName, firstName FROM nms:recipient",
    ],
)
def test_pages_by_line_have_the_same_rows_and_a_warning(
    session: Connection, query: str
) -> None:
    paged = session.query(query, limit=None, page_size=90)
    whole = session.query(query, limit=ALL_ROWS - 1, page_size=ALL_ROWS)
    warning = paged.attrs["campaign"]["warning"]
    assert "may be missing or come twice" in warning
    assert session.footer(paged).splitlines()[1] == warning
    assert list(paged.columns) == list(whole.columns)
    assert len(paged) == len(whole)
    assert not paged.duplicated().any()


def test_a_link_to_many_repeats_its_record_and_nothing_is_lost(
    session: Connection,
) -> None:
    """Rows of one record never lie on two pages."""
    query = """<queryDef schema="nms:recipient" operation="select"><select>
      <node expr="@email"/><node expr="[broadLog/@id]" alias="@log"/></select>
      <where><condition expr="@id &lt; 1100"/></where></queryDef>"""
    paged = session.query(query, limit=None, page_size=60)
    whole = session.query(query, limit=None, page_size=100_000)
    assert len(paged) == len(whole) > 500
    assert paged["log"].dropna().is_unique


def test_pages_come_one_by_one_with_their_facts(session: Connection) -> None:
    """Constant memory: a generator; mistakes are told before the first page."""
    frames = list(session.pages(ALL, page_size=400))
    assert [len(frame) for frame in frames] == [400, 400, 200]
    assert frames[1]["id"].iloc[0] == 1401
    assert [frame.attrs["campaign"]["pages"] for frame in frames] == [1, 2, 3]
    assert [len(f) for f in session.pages(ALL + " WHERE id = -1")] == [0]
    assert sum(map(len, session.pages(ALL, limit=450, page_size=400))) == 450


def test_collections_and_enumerations_survive_the_seams(session: Connection) -> None:
    """Lists stay lists, and categories are the same on every page."""
    query = """<queryDef schema="nms:recipient" operation="select"><select>
      <node expr="@gender"/>
      <node expr="subscription"><node expr="@created"/></node></select></queryDef>"""
    paged = session.query(query, limit=None, page_size=130)
    whole = session.query(query, limit=None)
    assert paged["gender"].tolist() == whole["gender"].tolist()
    assert list(paged["gender"].cat.categories) == list(whole["gender"].cat.categories)
    assert [len(x) for x in paged["subscription"]] == [
        len(x) for x in whole["subscription"]
    ]


def test_slow_pages_go_out_together(sandbox: Sandbox) -> None:
    """With 0.15 s a call, four at once; every row once, in order, no 429."""
    with connect(sandbox) as session:
        session.query(ALL, limit=1)
        sandbox.faults("latency", seconds=0.15)
        sandbox.stats(clear=True)
        frame = session.query(ALL, limit=None, page_size=50)
        sandbox.faults("off")
        counted = sandbox.stats()
    about = frame.attrs["campaign"]
    assert frame["id"].tolist() == list(range(1001, 2001))
    assert counted["throttled"] == 0
    assert about["seconds"] < 0.6 * about["server_seconds"]


def test_progress_counts_up_to_the_total(sandbox: Sandbox) -> None:
    """Frozen facts, at most five a second, and a count once it gets long."""
    seen: list[Progress] = []
    with connect(sandbox, tps=20) as session:
        frame = session.query(ALL, limit=None, page_size=40, progress=seen.append)
    assert len(frame) == 1_000
    assert 1 <= len(seen) <= 5 * frame.attrs["campaign"]["seconds"] + 1
    assert [p.rows for p in seen] == sorted(p.rows for p in seen)
    assert seen[-1].total == 1_000
    assert seen[-1].tps == 20
    assert seen[-1].left is not None


def test_a_broken_watcher_costs_no_rows(
    session: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(progress: Progress) -> None:
        raise RuntimeError("cannot draw")

    with connect_slowly(session) as reading:
        assert len(reading(progress=broken)) == 1_000


class connect_slowly:
    """Make a session's queries long enough to be watched."""

    def __init__(self, session: Connection) -> None:
        self._session = session
        self._ask = session._ask

    def __enter__(self) -> Any:
        wait = threading.Event()

        def slow(*args: Any) -> Any:
            wait.wait(0.06)
            return self._ask(*args)

        self._session._ask = slow  # type: ignore[method-assign]
        return lambda **o: self._session.query(ALL, limit=None, page_size=100, **o)

    def __exit__(self, *_: object) -> None:
        self._session._ask = self._ask  # type: ignore[method-assign]


def test_what_arrived_is_kept_and_the_rest_follows(session: Connection) -> None:
    """After any failure: partial has the rows, resume goes on, then it is gone."""
    ask, calls = session._ask, 0

    def interrupted(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        return ask(*args)

    session._ask = interrupted  # type: ignore[method-assign]
    with pytest.raises(Interrupted) as caught:
        session.query(ALL, limit=None, page_size=100)
    session._ask = ask  # type: ignore[method-assign]
    partial = session.partial
    assert partial is not None
    assert 100 <= len(partial) <= 300
    assert partial.attrs["campaign"]["interrupted"] is True
    assert f"{len(partial):,} rows arrived, up to @id = {1000 + len(partial)}" in str(
        caught.value
    )
    lines = caught.value._render_traceback_()
    assert len(lines) == 2
    assert "session.partial" in lines[1]
    with pytest.raises(InvalidOption, match="another query"):
        session.query("SELECT id FROM nms:recipient", limit=None, resume=True)
    whole = session.query(ALL, limit=None, resume=True)
    assert whole["id"].tolist() == list(range(1001, 2001))
    assert session.partial is None
    with pytest.raises(InvalidOption, match="no interrupted reading"):
        session.query(ALL, limit=None, resume=True)


def test_an_error_of_another_kind_is_left_as_it_is() -> None:
    failure = MemoryError("x")
    assert explained(failure, "said", "hint") is failure


def test_a_dry_run_costs_a_count_and_a_translation(session: Connection) -> None:
    seen: list[Any] = []
    with session.trace(seen.append):
        plan = session.dry_run(ALL, limit=None, page_size=300)
    assert sorted(e.method for e in seen) == [
        "xtk:queryDef#BuildQuery",
        "xtk:queryDef#ExecuteQuery",
    ]
    assert (plan.found, plan.rows, plan.calls, plan.database) == (
        1_000,
        1_000,
        4,
        "cloud",
    )
    assert plan.seconds == pytest.approx(4 / 500)
    assert "LIMIT 301" in plan.sql
    assert session.dry_run(ALL).rows == 200
    grouped = session.dry_run(
        "SELECT lastName, COUNT(*) AS n FROM nms:recipient GROUP BY lastName",
        limit=None,
    )
    assert grouped.at_most
    assert "at most 1,000" in str(grouped)
