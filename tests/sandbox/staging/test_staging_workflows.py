"""The hourly workflows: by command, by time, by method; and what they write down."""

from __future__ import annotations

import pytest
from lxml import etree
from sandbox.staging.conftest import ADMIN, START, xml

from campaign_magics.sandbox.persist.save import write_documents
from campaign_magics.sandbox.schedule import Every
from campaign_magics.sandbox.staging import workflows
from campaign_magics.sandbox.staging.ingest import ingest
from campaign_magics.sandbox.staging.workflows import (
    REFERENCE_TABLES,
    STAGING_DATA,
    replicate,
    replicate_at_once,
    replicate_on_schedule,
)


@pytest.fixture(autouse=True)
def _as_before(world):
    """These tests change what others read."""
    yield
    world.reset()


def rename_folder(world, label):
    """Change one row of a reference table."""
    document = etree.fromstring(
        f'<folder _key="@name" name="nmsRootFolder" label="{label}"'
        ' xtkschema="xtk:folder"/>'
    )
    write_documents(world, [document], ADMIN)


def labels(tables, database):
    sql = "SELECT sLabel l FROM XtkFolder WHERE sName = 'nmsRootFolder'"
    return [row["l"] for row in tables.ask(database, sql)]


def test_a_changed_reference_row_is_seen_after_replication_only(world, tables):
    """The local database has the new label at once, the cloud an hour later."""
    before = labels(tables, "cloud")
    rename_folder(world, "Renamed")
    assert labels(tables, "local") == ["Renamed"]
    assert labels(tables, "cloud") == before
    assert replicate(world)["xtk:folder"] > 0
    assert labels(tables, "cloud") == ["Renamed"]


def test_only_tables_that_changed_are_copied(world):
    """A second run finds nothing but its own journal."""
    rename_folder(world, "Renamed")
    assert set(replicate(world)) == {"xtk:folder"}
    assert replicate(world) == {}


def test_deleted_reference_rows_go_from_the_cloud_too(world, tables):
    """A deletion is a change."""
    sql = "SELECT count(*) n FROM NmsRtEvent WHERE iRtEventId > 0"
    world.databases.execute("local", "DELETE FROM NmsRtEvent WHERE iRtEventId > 0")
    replicate(world)
    assert tables.ask("cloud", sql) == [{"n": 0}]


def test_the_journal_tells_how_many_records_were_sent(world, tables):
    """Release notes of v8.1: the logs include the number of records sent."""
    ingest(world, [xml('id="A"'), xml('id="B"')], ADMIN)
    rename_folder(world, "Renamed")
    replicate(world)
    assert tables.logs(STAGING_DATA) == [
        "2 record(s) of 'dem:sampleTable' sent to the Cloud database"
    ]
    (line,) = tables.logs(REFERENCE_TABLES)
    assert "record(s) of 'xtk:folder' sent to the Cloud database" in line


def test_the_journal_itself_reaches_the_cloud(world, tables):
    """A cloud query of xtk:workflowLog sees the run that copied it."""
    replicate(world)
    sql = "SELECT count(*) n FROM XtkWorkflowLog WHERE tsLog >= '2026-07-15 12:00:00'"
    assert tables.ask("cloud", sql) == tables.ask("local", sql) == [{"n": 2}]
    assert tables.logs(STAGING_DATA) == ["No record to send to the Cloud database"]


def test_the_workflow_row_tells_when_it_ran_and_runs_next(world, tables, clock):
    """Processed at noon, due an hour later."""
    replicate(world)
    (row,) = tables.ask(
        "local",
        "SELECT tsProcessing p, tsNextProcessingDate n, iFailed f FROM XtkWorkflow"
        " WHERE sInternalName = ?",
        STAGING_DATA,
    )
    noon, one = "2026-07-15 12:00:00.000", "2026-07-15 13:00:00.000"
    assert row == {"p": noon, "n": one, "f": 0}


def test_a_failure_is_written_down_and_repaired_by_the_next_run(
    world, tables, monkeypatch
):
    """The workflow is in error with its cause, then idle again."""

    def fail(*_):
        raise OSError("the disk is full")

    sql = "SELECT iStatus s, iFailed f FROM XtkWorkflow WHERE sInternalName = ?"
    with monkeypatch.context() as broken:
        broken.setattr(workflows, "move", fail)
        with pytest.raises(OSError, match="full"):
            replicate(world)
    assert tables.logs(STAGING_DATA) == ["OSError: the disk is full"]
    assert tables.ask("local", sql, STAGING_DATA) == [{"s": 2, "f": 1}]
    replicate(world)
    assert tables.ask("local", sql, STAGING_DATA) == [{"s": 0, "f": 0}]


def test_a_stopped_workflow_does_not_run_on_schedule(world, tables):
    """An operator stopped it: the hour passes, the command still works."""
    stop = "UPDATE XtkWorkflow SET iState = 20 WHERE sInternalName = ?"
    world.databases.execute("local", stop, [STAGING_DATA])
    ingest(world, [xml('id="A"')], ADMIN)
    replicate_on_schedule(world, every=3_600)
    assert tables.cloud() == []
    replicate(world)
    assert len(tables.cloud()) == 1


def test_time_drives_it(world, tables, clock):
    """One turn an hour on the world's clock."""
    seen = []

    def work():
        seen.append(clock.seconds - START)
        replicate_on_schedule(world, every=3_600)
        if len(seen) == 3:
            every._stopped.set()

    every = Every(3_600, work, clock)
    clock.wait = lambda seconds, cancel: (
        cancel.is_set() or setattr(clock, "seconds", clock.seconds + seconds)
    )
    ingest(world, [xml('id="A"')], ADMIN)
    every.start()
    every._thread.join(10)
    assert seen == [3_600, 7_200, 10_800]
    assert len(tables.cloud()) == 1


def test_at_once_copies_what_a_call_left_and_logs_nothing(world, tables):
    """Nothing to do costs nothing and writes nothing."""
    ingest(world, [xml('id="A"')], ADMIN)
    rename_folder(world, "Renamed")
    replicate_at_once(world)
    assert len(tables.cloud()) == 1
    assert labels(tables, "cloud") == ["Renamed"]
    assert tables.logs(STAGING_DATA) == tables.logs(REFERENCE_TABLES) == []
    assert world.databases.changed() == set()
