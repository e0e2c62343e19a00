"""Commits that meet: one at a time works on a schema, all agree on what is there."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

import campaign_magics as cm
from campaign_magics.errors import InvalidOption, PartialWrite
from campaign_magics.session import Interrupted
from campaign_magics.session.progress import Progress
from campaign_magics.workbench import Session
from campaign_magics.write import journal_file as journal_module
from campaign_magics.write.journal import Job, Journal
from campaign_magics.write.lease import Lease
from campaign_magics.write.plan import Plan
from campaign_magics.write.result import WriteResult

SCHEMA = "nms:recipient"
ROWS = 60


@pytest.fixture
def plan(session: Session, request: pytest.FixtureRequest) -> Callable[[], Plan]:
    """Plan to insert the rows of this test, ten in a call."""
    tag = request.node.name[:40]
    frame = pd.DataFrame({"email": [f"r{n}@{tag}.example" for n in range(ROWS)]})

    def make() -> Plan:
        return session.write(
            frame,
            SCHEMA,
            key="@email",
            operation="insert",
            ingest=False,
            batch_rows=10,
            sample=0,
        )

    return make


def test_the_same_rows_in_two_kernels_land_once(
    server: cm.Sandbox, plan: Callable[[], Plan]
) -> None:
    """The second waits, and then skips; nobody is told that his own rows exist."""
    plans = [plan(), plan()]
    server.faults("latency", api="*#WriteCollection", seconds=0.05)
    results: list[WriteResult] = []
    told: list[Progress] = []

    def run(one: Plan) -> None:
        results.append(one.commit(progress=told.append))

    threads = [threading.Thread(target=run, args=(one,)) for one in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((r.landed, r.skipped) for r in results) == [(0, ROWS), (ROWS, 0)]
    assert all(result.rejected.empty for result in results)
    assert any("another commit to nms:recipient goes first" in str(p) for p in told)


def test_of_two_frames_with_the_same_keys_only_the_last_is_skipped_later(
    session: Session, request: pytest.FixtureRequest
) -> None:
    """The journal agrees with the server about who was last."""
    emails = [f"r{n}@{request.node.name[:40]}.example" for n in range(ROWS)]
    frames = {text: pd.DataFrame({"email": emails, "text2": text}) for text in "ab"}

    def plan(text: str) -> Plan:
        return session.write(
            frames[text], SCHEMA, key="@email", ingest=False, batch_rows=10
        )

    plans = [plan(text) for text in frames]
    threads = [threading.Thread(target=one.commit) for one in plans]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sql = f"SELECT DISTINCT text2 FROM {SCHEMA} WHERE email LIKE :who"
    stored = session.query(sql, {"who": f"r%@{request.node.name[:40]}.example"})
    (last,) = stored["text2"]
    assert {text: plan(text).skipped for text in frames} == {
        text: ROWS if text == last else 0 for text in frames
    }


def test_rows_of_an_interrupted_call_are_not_refused_when_it_is_run_again(
    server: cm.Sandbox, plan: Callable[[], Plan]
) -> None:
    """The call that is under way still is not mistaken for somebody else's records."""
    server.faults("latency", api="*#WriteCollection", seconds=0.4)

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted) as caught:
        plan().commit(progress=stop)
    first: WriteResult = caught.value.facts["result"]
    assert first.landed < ROWS
    result = plan().commit()
    assert result.rejected.empty
    assert result.landed + result.skipped == ROWS


def test_a_journal_that_is_locked_meanwhile_is_told_and_nothing_is_lost(
    server: cm.Sandbox,
    session: Session,
    plan: Callable[[], Plan],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_module, "_PATIENCE", 0.2)
    first = plan()
    server.faults("latency", api="*#WriteCollection", seconds=0.4)
    with closing(
        sqlite3.connect(first.order.path, isolation_level=None, check_same_thread=False)
    ) as other:

        def lock(progress: Progress) -> None:
            if not other.in_transaction:
                other.execute("BEGIN IMMEDIATE")

        with pytest.raises(PartialWrite, match="database is locked") as caught:
            first.commit(progress=lock)
    assert 0 < caught.value.result.landed < ROWS
    result = plan().commit()
    assert result.rejected.empty
    assert result.landed + result.skipped == ROWS
    outcomes = session.journal()["outcome"].tolist()
    assert outcomes[:2] == ["done", "killed"], "its end could not be noted"


@pytest.mark.pure
def test_a_lease_is_waited_for_and_told(tmp_path: Path) -> None:
    """Other schemas do not wait, and an interrupt of the wait leaves no trace."""
    first, second = (Lease(tmp_path / "j.sqlite", "a:b") for _ in range(2))
    other = Lease(tmp_path / "j.sqlite", "a:c")
    looks: list[int] = []

    def waiting() -> None:
        looks.append(1)
        if len(looks) == 2:
            raise KeyboardInterrupt

    first.take(lambda: pytest.fail("nobody has it"))
    other.take(lambda: pytest.fail("it is of another schema"))
    with pytest.raises(Interrupted, match="before anything was sent"):
        second.take(waiting)
    third = Lease(tmp_path / "j.sqlite", "a:b")
    third.take(first.give_back)
    third.give_back()
    other.give_back()


@pytest.mark.pure
def test_a_commit_without_an_end_was_killed(tmp_path: Path) -> None:
    job = Job(schema=SCHEMA, operation="update", key="@email", route="R", rows=2)
    with closing(Journal(tmp_path / "j.sqlite")) as journal:
        journal.begin(job)
        assert journal.jobs()["outcome"].tolist() == ["running"]
        journal.begin(job)
        assert journal.jobs()["outcome"].tolist() == ["running", "killed"]


@pytest.mark.pure
def test_a_lease_whose_file_is_no_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "j.a-b.lock").mkdir()
    with pytest.raises(InvalidOption, match="cannot be used") as caught:
        Lease(tmp_path / "j.sqlite", "a:b").take(lambda: None)
    assert "writable" in caught.value.hint


@pytest.mark.pure
def test_a_lease_ends_with_its_process(tmp_path: Path) -> None:
    """However that ends: nobody waits for one that was killed."""
    words = (
        "import sys, pathlib; from campaign_magics.write.lease import Lease; "
        "lease = Lease(pathlib.Path(sys.argv[1]), 'a:b'); lease.take(lambda: None); "
        "print('taken', flush=True); sys.stdin.read()"
    )
    path = tmp_path / "j.sqlite"
    looks: list[int] = []
    with subprocess.Popen(
        [sys.executable, "-c", words, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"

        def waiting() -> None:
            looks.append(1)
            holder.kill()

        lease = Lease(path, "a:b")
        lease.take(waiting)
        lease.give_back()
    assert looks
