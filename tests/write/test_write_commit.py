"""Commits to the real sandbox: what lands, what is refused, what is sent again."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from write.steps import SCHEMA, calls, commit, found
from write.trials import fault_trial, kill_trial

import campaign_magics as cm
from campaign_magics.errors import AccessDenied, InvalidOption, PartialWrite, SoapFault
from campaign_magics.session import Interrupted, Progress
from campaign_magics.workbench import Session
from campaign_magics.write.result import WriteResult


@pytest.fixture(autouse=True)
def _no_faults(server: cm.Sandbox) -> Iterator[None]:
    yield
    server.faults("off")


@pytest.mark.slow
def test_one_bad_row_in_ten_thousand(
    session: Session, server: cm.Sandbox, people: Any, tag: str
) -> None:
    """9,999 rows land; the one is named with its index, column and reason."""
    frame = people(10_000, **{"folder.name": "nmsProspects"})
    frame.index = pd.Index([f"line {n}" for n in range(10_000)])
    frame.loc["line 7123", "folder.name"] = "nowhere"
    server.stats(clear=True)
    result = commit(session, frame, sample=0)
    assert result.landed == 9_999
    assert calls(server, "WriteCollection") <= 10 + 2 * math.log2(1_000)
    (refused,) = result.rejected.itertuples()
    assert refused.index == "line 7123"
    assert refused.email == f"p7123@{tag}.example"
    assert refused.column == "folder.name"
    assert "nowhere" in refused.reason
    assert refused.code == "SOP-330011"
    assert (
        session.count(f"SELECT id FROM {SCHEMA} WHERE account = :tag", {"tag": tag})
        == 9_999
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", range(2))
def test_a_killed_commit_goes_on_exactly_once(number: int, server: cm.Sandbox) -> None:
    """SIGKILL at a random moment; tests/bench/fuzz_commit.py does it fifty times."""
    kill_trial(server, number, random.Random(number))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(100, 103))
def test_faults_cost_no_row_and_double_none(number: int, server: cm.Sandbox) -> None:
    """Ordered faults, lost answers included; the bench does this fifty times too."""
    fault_trial(server, number, random.Random(number))


@pytest.mark.parametrize("operation", ["insert", "insertOrUpdate", "update"])
def test_a_lost_answer_is_looked_after_at_once(
    session: Session, server: cm.Sandbox, people: Any, tag: str, operation: str
) -> None:
    """The call was applied, its answer was lost: nobody notices, nothing is doubled."""
    frame = people(20, text1="new")
    if operation == "update":
        commit(session, frame.assign(text1="old"))
    server.faults("reset", moment="after", api="*#WriteCollection", calls=1)
    server.stats(clear=True)
    result = commit(session, frame, operation=operation, sample=0)
    assert result.landed == 20
    assert calls(server, "WriteCollection") == 1
    assert found(session, tag, "text1")["text1"].tolist() == ["new"] * 20


def test_a_call_that_never_arrived_is_sent_again(
    session: Session, server: cm.Sandbox, people: Any, tag: str
) -> None:
    server.faults("reset", moment="before", api="*#WriteCollection", calls=1)
    assert commit(session, people(20), operation="insert").landed == 20
    assert found(session, tag)["email"].is_unique


def test_answers_that_are_always_lost_end_it_and_the_next_run_knows(
    session: Session, server: cm.Sandbox, people: Any, tag: str
) -> None:
    """PartialWrite says so; its result and the journal tell what is in doubt."""
    frame = people(40)
    server.faults("login_page", api="*#WriteCollection", skip=2)
    with pytest.raises(PartialWrite) as caught:
        commit(session, frame, batch_rows=10)
    error = caught.value
    assert 10 <= error.result.landed <= 20
    assert error.journal == error.result.path
    assert "in doubt" in error.message
    assert "run it again" in error.hint
    states = set(error.result.journal["state"])
    assert {"acknowledged", "doubtful"} <= states
    server.faults("off")
    result = commit(session, frame, batch_rows=10)
    assert result.landed + result.skipped == 40
    assert result.skipped == error.result.landed
    assert len(found(session, tag)) == 40


def test_nothing_written_is_no_partial_write(server: cm.Sandbox, people: Any) -> None:
    """Who may not write is told so, after one call."""
    import campaign_magics.front as front

    environment = {
        **front.sandbox_environment(server),
        "CAMPAIGN_SANDBOX_USER": "reader",
    }
    with front._open(environment, {}) as reader:
        plan = reader.write(people(5_000), SCHEMA, key="@email", ingest=False)
        with pytest.raises((AccessDenied, SoapFault)) as caught:
            plan.commit()
    assert "nothing was written" in caught.value.hint


def test_an_interrupt_ends_it_at_once_and_the_next_run_goes_on(
    session: Session, server: cm.Sandbox, people: Any, tag: str
) -> None:
    server.faults("latency", seconds=0.2, api="*#WriteCollection")
    frame = people(100)
    plan = session.write(
        frame, SCHEMA, key="@email", operation="insert", ingest=False, batch_rows=10
    )

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="of 100 rows landed") as caught:
        plan.commit(progress=stop)
    assert "run it again" in caught.value.hint
    server.faults("off")
    result = commit(session, frame, operation="insert", batch_rows=10)
    assert result.landed + result.skipped == 100
    assert result.rejected.empty
    assert len(found(session, tag)) == 100


def test_inserting_what_exists_is_refused_and_not_doubled(
    session: Session, people: Any, tag: str
) -> None:
    """Email is no unique key of Campaign's; the one who names it as key means it."""
    commit(session, people(5, text1="old"))
    plan = session.write(
        people(8, text1="new"),
        SCHEMA,
        key="@email",
        operation="insert",
        ingest=False,
    )
    assert plan.counts["refused"] == 5
    assert plan.counts["insert"] == 3
    result = plan.commit()
    assert result.landed == 3
    assert result.rejected["index"].tolist() == [0, 1, 2, 3, 4]
    assert result.rejected["column"].unique().tolist() == ["email"]
    texts = found(session, tag, "text1")["text1"].tolist()
    assert sorted(texts) == ["new"] * 3 + ["old"] * 5


def test_rows_that_find_no_record_are_told_as_such(
    session: Session, people: Any
) -> None:
    """The server takes them; that they landed does not mean that anything is there."""
    frame = people(3, _operation=["update", "delete", "insertOrUpdate"])
    plan = session.write(frame, SCHEMA, key="@email", ingest=False)
    assert plan.counts["missing"] == 2
    result = plan.commit()
    assert result.landed == 3
    assert result.note == "2 rows had no record when this was planned: nothing to do"


def test_the_journal_forgets_what_was_overwritten(
    session: Session, people: Any, tag: str
) -> None:
    """A, then B, then A again: the second A is no repetition of the first."""
    a, b = people(5, text1="a"), people(5, text1="b").iloc[3:4]
    assert commit(session, a).landed == 5
    assert commit(session, b).landed == 1
    again = commit(session, a)
    assert (again.landed, again.skipped) == (5, 0)
    assert set(found(session, tag, "text1")["text1"]) == {"a"}
    assert commit(session, a).skipped == 5


def test_what_others_have_changed_since_is_told_when_it_is_skipped(
    session: Session, people: Any
) -> None:
    """The journal knows nothing of others; the plan looks, and the result tells it."""
    frame = people(40, text1="1")
    commit(session, frame)
    plan = session.write(frame, SCHEMA, key="@email", ingest=False)
    assert (plan.skipped, plan.outdated) == (40, "")
    session.call(
        "xtk:session",
        "Write",
        '<recipient xtkschema="nms:recipient" _operation="update" _key="@email" '
        f'email="{frame["email"][39]}" text1="2"/>',
    )
    plan = session.write(frame, SCHEMA, key="@email", ingest=False)
    assert "1 of 40 rows that landed before" in plan.outdated
    assert plan.outdated in str(plan)
    assert "--force" in plan.commit().note
    assert plan.commit(force=True).landed == 40
    assert not session.write(frame, SCHEMA, key="@email", ingest=False).outdated


def test_deleting_by_condition_makes_the_journal_forget(
    session: Session, people: Any, tag: str
) -> None:
    frame = people(5)
    commit(session, frame)
    assert session.delete(SCHEMA, "account = :tag", {"tag": tag}).commit().landed == 5
    assert commit(session, frame).landed == 5
    assert len(found(session, tag)) == 5


def test_rows_through_staging_land_once_replicated(
    session: Session, server: cm.Sandbox, people: Any, tag: str
) -> None:
    """IngestExt takes what the schema stages; a lost answer there doubles nothing."""
    frame = people(30, text1="1")
    server.faults("reset", moment="after", api="*#IngestExt", calls=1)
    plan = session.write(frame, SCHEMA, key="@email", operation="insert", batch_rows=10)
    assert "IngestExt" in plan.route
    result = plan.commit()
    assert result.landed == 30
    assert "replicated" in result.note
    again = session.write(
        people(30, text1="2"), SCHEMA, key="@email", operation="insert"
    )
    assert again.counts["refused"] == 30  # they wait in the staging table
    assert "30 rows of an earlier write in nms:recipientStg" in " ".join(again.notes)
    assert len(again.commit().rejected) == 30
    server.replicate()
    assert found(session, tag, "text1")["text1"].tolist() == ["1"] * 30
    change = people(
        30, text1="3", _operation=["update", "delete", "insertOrUpdate"] * 10
    )
    assert session.write(change, SCHEMA, key="@email").commit().landed == 30
    server.replicate()
    assert found(session, tag, "text1")["text1"].tolist() == ["3"] * 20


def test_ingest_is_refused_where_nothing_is_staged(session: Session) -> None:
    frame = pd.DataFrame({"name": ["x"], "label": ["X"]})
    with pytest.raises(InvalidOption, match="staging"):
        session.write(frame, "nms:group", ingest=True)
    plan = session.write(frame, "nms:group")
    assert plan.route == "WriteCollection"
    assert plan.database == "local"


def test_linked_records_are_found_changed_or_made(
    session: Session, server: cm.Sandbox
) -> None:
    """``none`` must find its record, ``update`` changes it, an insert makes it."""
    frame = pd.DataFrame(
        {
            "name": ["linkedGroup"],
            "label": ["Linked"],
            "folder.name": ["linkedFolder"],
            "folder.label": ["Made by a row"],
        }
    )
    plan = session.write(frame, "nms:group")
    assert plan.counts["refused"] == 1
    assert "There is no xtk:folder" in plan.outcomes["reason"][0]
    assert plan.commit().rejected["column"].tolist() == ["folder.name"]
    made = session.write(frame, "nms:group", links={"folder": "insertOrUpdate"})
    assert made.counts["insert"] == 1
    assert made.commit().landed == 1
    frame["folder.label"] = "Changed by a row"
    changed = session.write(frame, "nms:group", links={"folder": "update"})
    assert changed.changes["column"].tolist() == ["folder.label"]
    assert changed.commit().landed == 1
    sql = "SELECT folder.label FROM nms:group WHERE name = 'linkedGroup'"
    assert session.query(sql).iloc[0, 0] == "Changed by a row"


def test_two_commits_at_once_keep_one_journal(
    session: Session, people: Any, tag: str
) -> None:
    """Two commits of the same data at once: every row is there once."""
    from threading import Thread

    frame = people(200)
    results: list[WriteResult] = []

    def run() -> None:
        results.append(commit(session, frame, batch_rows=10, sample=0))

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.landed + r.skipped for r in results] == [200, 200]
    assert found(session, tag)["email"].is_unique


def test_progress_counts_rows_to_the_last(session: Session, people: Any) -> None:
    """A watcher sees rows and total, and what is under way."""
    seen: list[Progress] = []
    frame = people(400)
    plan = session.write(frame, SCHEMA, key="@email", ingest=False, batch_rows=5)
    plan.commit(progress=seen.append)
    assert seen
    assert all(one.total == 400 for one in seen)
    assert [one.rows for one in seen] == sorted(one.rows for one in seen)
    assert session.underway.now == ()


@pytest.mark.parametrize(
    ("operation", "ingest", "number"),
    [
        ("insertOrUpdate", False, 2),
        ("insert", False, 2 + 3),
        ("insert", True, 2 + 2 * 3),
    ],
)
def test_the_plan_counts_the_calls_of_the_commit(
    session: Session, people: Any, operation: str, ingest: bool, number: int
) -> None:
    """Two batches of 1,000 and 200 rows; 500 keys are looked for in a query."""
    frame = people(1_200)
    wishes: Any = {"operation": operation, "ingest": ingest}
    assert commit(session, people(1), **wishes).landed == 1  # schemas are read
    plan = session.write(frame[1:], SCHEMA, key="@email", **wishes)
    assert plan.calls == number
    assert plan.commit().calls == number


def test_an_empty_frame_sends_nothing(
    session: Session, server: cm.Sandbox, people: Any
) -> None:
    server.stats(clear=True)
    result = commit(session, people(0))
    assert (result.landed, result.calls) == (0, 0)
    assert calls(server, "WriteCollection") == 0
