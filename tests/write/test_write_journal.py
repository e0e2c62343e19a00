"""The journal: what is known of a batch, whoever sent it, and nothing of its values."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign_magics.errors import InvalidOption
from campaign_magics.write.batches import key_marks
from campaign_magics.write.journal import Job, Journal, Mark
from campaign_magics.write.journal_file import journal_path

pytestmark = pytest.mark.pure

SCHEMA = "nms:recipient"
JOB = Job(schema=SCHEMA, operation="update", key="@email", route="R", rows=2)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "folder" / "journal.sqlite")
    yield opened
    opened.close()


def mark(name: str, *keys: str) -> Mark:
    return Mark(
        digest=name, start=0, stop=len(keys), marks=key_marks((key,) for key in keys)
    )


def land(journal: Journal, one: Mark) -> None:
    journal.sent("job", SCHEMA, one)
    journal.settle(one.digest, "acknowledged")


def test_a_batch_goes_from_sent_to_acknowledged(journal: Journal) -> None:
    """Until its answer comes it is in doubt; what was left out of it is kept."""
    one = mark("one", "a", "b")
    assert journal.find("one") is None
    job = journal.begin(JOB)
    journal.sent(job, SCHEMA, one, refused=[1])
    entry = journal.find("one")
    assert entry is not None
    assert entry.is_in_doubt
    assert entry.refused == (1,)
    assert journal.landed(SCHEMA, [one]) == {}
    journal.settle("one", "acknowledged")
    assert journal.landed(SCHEMA, [one])["one"].refused == (1,)
    journal.end(job, "done", landed=1, skipped=0, rejected=1)
    (line,) = journal.jobs().itertuples()
    assert (line.rows, line.landed, line.rejected, line.in_doubt) == (2, 1, 1, 0)
    assert journal.batches(job)["state"].tolist() == ["acknowledged"]


@pytest.mark.parametrize("state", ["pending", "doubtful", "rejected", "split"])
def test_what_did_not_land_is_never_skipped(journal: Journal, state: str) -> None:
    one = mark("one", "a")
    journal.sent("job", SCHEMA, one)
    journal.settle("one", state)  # type: ignore[arg-type]  # the parameter's are
    assert journal.landed(SCHEMA, [one]) == {}


def test_a_later_batch_with_one_of_its_records_is_the_last_word(
    journal: Journal,
) -> None:
    """Also one that is in doubt: it may have been applied."""
    first, other, second = mark("1", "a", "b"), mark("2", "c"), mark("3", "b", "d")
    land(journal, first)
    land(journal, other)
    journal.sent("job", SCHEMA, second)
    assert set(journal.landed(SCHEMA, [first, other])) == {"2"}
    land(journal, first)
    assert set(journal.landed(SCHEMA, [first, other, second])) == {"1", "2"}


def test_other_schemas_have_records_of_their_own(journal: Journal) -> None:
    land(journal, mark("1", "a"))
    journal.sent("job", "nms:group", mark("2", "a"))
    assert set(journal.landed(SCHEMA, [mark("1", "a")])) == {"1"}


def test_a_sweep_may_have_changed_any_record(journal: Journal) -> None:
    """A deletion by condition does not say which records are gone."""
    land(journal, mark("1", "a"))
    journal.sweeping("job", SCHEMA, "sweep")
    assert journal.landed(SCHEMA, [mark("1", "a")]) == {}


@settings(
    max_examples=50,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=8)
)
def test_only_batches_with_the_last_word_are_skipped(
    tmp_path: Path, batches: list[set[str]]
) -> None:
    """The definition, spelled out: no batch after it shares a record with it."""
    path = tmp_path / "model.sqlite"
    path.unlink(missing_ok=True)
    journal = Journal(path)
    marks = [mark(str(n), *sorted(keys)) for n, keys in enumerate(batches)]
    for one in marks:
        land(journal, one)
    expected = {
        str(n)
        for n, keys in enumerate(batches)
        if not any(keys & later for later in batches[n + 1 :])
    }
    assert set(journal.landed(SCHEMA, marks)) == expected
    journal.close()


def test_it_holds_no_value_and_is_the_owners_alone(journal: Journal) -> None:
    """Keys are hashes; nobody else may read even those."""
    land(journal, mark("1", "someone@secret.example"))
    assert b"someone" not in journal.path.read_bytes()
    assert journal.path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("content", [b"this is no database" * 100, None])
def test_a_journal_that_cannot_be_used_is_an_error_with_a_way_out(
    tmp_path: Path, content: bytes | None
) -> None:
    """A commit without a journal would not be safe."""
    path = tmp_path / "journal.sqlite"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    with pytest.raises(InvalidOption, match="cannot be used") as caught:
        Journal(path)
    assert "delete it" in caught.value.hint


def test_instances_have_journals_of_their_own() -> None:
    """The file is named after the instance, in the user's folder for state."""
    one, other = journal_path("https://a.example"), journal_path("https://b.example")
    assert one != other
    assert one.parent == other.parent
    assert one.name.startswith("a.example-")


def test_processes_write_to_one_journal(tmp_path: Path) -> None:
    """Nothing is lost, nobody fails, when four of them write at once."""
    path = tmp_path / "journal.sqlite"
    code = (
        "import sys; from pathlib import Path;"
        "from campaign_magics.write.journal import Journal, Mark;"
        "j = Journal(Path(sys.argv[1]));"
        "[(j.sent('job', 's', Mark(digest=f'{sys.argv[2]}-{n}', start=0, stop=1,"
        " marks=b'12345678')), j.settle(f'{sys.argv[2]}-{n}', 'acknowledged'))"
        " for n in range(25)]"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(n)])
        for n in range(4)
    ]
    assert [process.wait() for process in running] == [0, 0, 0, 0]
    connection = sqlite3.connect(path)
    turns = [turn for (turn,) in connection.execute("SELECT turn FROM Batch")]
    connection.close()
    assert sorted(turns) == list(range(1, 101))


def test_a_new_journal_is_waited_for_that_another_one_is_making(tmp_path: Path) -> None:
    """Where it is switched to WAL, SQLite does not wait for others by itself."""
    path = tmp_path / "new.sqlite"
    with closing(
        sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    ) as other:
        other.execute("CREATE TABLE Made (it)")
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(0.2, other.execute, ("COMMIT",))
        timer.start()
        Journal(path).close()
        timer.join()
