"""Ingest and IngestExt: what goes into staging, and what the cloud gets of it."""

from __future__ import annotations

import re

import pytest
from lxml import etree
from sandbox.staging.conftest import ADMIN, xml

from campaign_magics.sandbox.faults import Fault
from campaign_magics.sandbox.persist.causes import NotSaved
from campaign_magics.sandbox.persist.save import write_documents
from campaign_magics.sandbox.staging.ingest import ingest, ingest_ext
from campaign_magics.sandbox.staging.move import is_waiting, move

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def shown(rows, *columns):
    return [tuple(row[column] for column in columns) for row in rows]


def test_a_document_without_its_key_gets_a_uuid(world, tables):
    """Adobe's first sample: the staging table is fed, the UUID is the record's key."""
    (given,) = ingest(world, [xml('testcol1="a" testcol2="b"')], ADMIN)
    assert UUID.fullmatch(given)
    assert shown(tables.staged(), "sSampleTableId", "sTestcol1") == [(given, "a")]
    assert tables.cloud() == []
    move(world)
    assert shown(tables.cloud(), "sSampleTableId", "sTestcol1") == [(given, "a")]
    assert tables.staged() == []


def test_a_document_with_its_key_gets_none(world, tables):
    """Adobe's second sample: no UUID comes back, the record keeps its own key."""
    assert ingest(world, [xml('_key="@id" id="ABC12345" testcol1="a"')], ADMIN) == []
    move(world)
    assert shown(tables.cloud(), "sSampleTableId", "sTestcol1") == [("ABC12345", "a")]


def test_a_numbered_record_tells_its_number(world, tables):
    """nms:recipient has numeric keys here: the id given is the cloud's."""
    document = etree.fromstring(
        '<recipientStg email="a@b.c" xtkschema="nms:recipientStg"/>'
    )
    (given,) = ingest(world, [document], ADMIN)
    sql = "SELECT iRecipientId i FROM NmsRecipient WHERE sEmail = 'a@b.c'"
    assert tables.ask("cloud", sql) == []
    move(world)
    assert tables.ask("cloud", sql) == [{"i": int(given)}]


def test_ingest_only_inserts(world, tables):
    """The same e-mail twice makes two records: nothing is looked up, as documented."""
    for _ in range(2):
        ingest(world, [xml('_key="@code" code="K" testcol1="a"')], ADMIN)
    move(world)
    assert len(tables.cloud()) == 2


def test_a_key_that_exists_is_merged(world, tables):
    """Only the columns named change: what the record had besides stays."""
    ingest(world, [xml('id="A" testcol1="a" testcol2="b"')], ADMIN)
    move(world)
    ingest(world, [xml('_key="@id" id="A" testcol1="new"')], ADMIN)
    move(world)
    assert shown(tables.cloud(), "sTestcol1", "sTestcol2") == [("new", "b")]


def test_the_cloud_gets_the_defaults_of_the_moment_of_staging(world, tables, clock):
    """Created is when it was ingested, not an hour later when it was moved."""
    ingest(world, [xml('testcol1="a"')], ADMIN)
    clock.seconds += 3_600
    move(world)
    (row,) = tables.cloud()
    assert row["tsCreated"].isoformat() == "2026-07-15T12:00:00"


def test_ingest_ext_updates_a_staged_record(world, tables):
    """The staging table is updated, one row, and the cloud gets the last state."""
    ingest(world, [xml('id="A" testcol1="a" testcol2="b"')], ADMIN)
    ingest_ext(world, [xml('_key="@id" id="A" testcol1="a2"')], ADMIN)
    assert shown(tables.staged(), "sTestcol1", "sTestcol2") == [("a2", "b")]
    move(world)
    assert shown(tables.cloud(), "sTestcol1", "sTestcol2") == [("a2", "b")]


def test_ingest_ext_updates_a_cloud_record_by_another_key(world, tables):
    """The record is found in the cloud by ``_key`` when the document is moved."""
    ingest(world, [xml('id="A" code="K" testcol1="a" testcol2="b"')], ADMIN)
    move(world)
    ingest_ext(world, [xml('_key="@code" code="K" testcol1="a2"')], ADMIN)
    assert shown(tables.cloud(), "sTestcol1") == [("a",)]
    move(world)
    assert shown(tables.cloud(), "sSampleTableId", "sTestcol1", "sTestcol2") == [
        ("A", "a2", "b")
    ]


def test_ingest_ext_inserts_what_is_nowhere(world, tables):
    """Adobe: insert works when the record's key is not in the staging table."""
    ingest_ext(world, [xml('_key="@id" id="N" testcol1="a"')], ADMIN)
    move(world)
    assert shown(tables.cloud(), "sSampleTableId", "sTestcol1") == [("N", "a")]


def test_ingest_ext_deletes(world, tables):
    """A record of the cloud, and one that is only staged."""
    ingest(world, [xml('id="A"'), xml('id="B"')], ADMIN)
    move(world)
    ingest(world, [xml('id="C"')], ADMIN)
    for key in "AC":
        document = xml(f'_operation="delete" _key="@id" id="{key}"')
        ingest_ext(world, [document], ADMIN)
    assert tables.staged() == []
    assert shown(tables.cloud(), "sSampleTableId") == [("A",), ("B",)]
    move(world)
    assert shown(tables.cloud(), "sSampleTableId") == [("B",)]


def test_the_order_of_calls_is_kept(world, tables):
    """Delete then insert leaves a fresh record; insert then delete leaves none."""
    ingest(world, [xml('id="A" testcol1="old" testcol2="old"')], ADMIN)
    move(world)
    ingest_ext(world, [xml('_operation="delete" id="A"')], ADMIN)
    ingest_ext(world, [xml('id="A" testcol1="new"')], ADMIN)
    ingest_ext(world, [xml('id="B"')], ADMIN)
    ingest_ext(world, [xml('_operation="delete" id="B"')], ADMIN)
    move(world)
    found = shown(tables.cloud(), "sSampleTableId", "sTestcol1", "sTestcol2")
    assert found == [("A", "new", None)]


def test_an_update_of_a_record_that_does_not_exist_changes_nothing(world, tables):
    """``update`` is staged, but makes no record in the cloud."""
    ingest_ext(world, [xml('_operation="update" id="A" testcol1="a"')], ADMIN)
    assert len(tables.staged()) == 1
    move(world)
    assert tables.cloud() == []
    assert tables.staged() == []


def test_fields_stored_as_xml_are_staged_too(world, tables):
    """A memo in XML arrives, and a partial update leaves it alone."""
    note = '<sampleTableStg id="A"><note>seen &amp; read</note></sampleTableStg>'
    ingest(world, [xml(note)], ADMIN)
    ingest_ext(world, [xml('id="A" testcol1="a"')], ADMIN)
    move(world)
    assert "seen &amp; read" in tables.cloud()[0]["mData"]


def test_unit_write_goes_straight_to_the_cloud(world, tables):
    """Adobe: classic APIs do not benefit from staging, they write to the cloud."""
    document = etree.fromstring('<sampleTable id="W" xtkschema="dem:sampleTable"/>')
    write_documents(world, [document], ADMIN)
    assert shown(tables.cloud(), "sSampleTableId") == [("W",)]
    assert not is_waiting(world)


def test_rows_written_to_the_staging_table_itself_are_moved(world, tables):
    """Write to dem:sampleTableStg is a local write; replication takes the row along."""
    write_documents(world, [xml('id="S" testcol1="a"')], ADMIN)
    assert tables.cloud() == []
    assert [one.records for one in move(world) if one.records] == [1]
    assert shown(tables.cloud(), "sSampleTableId", "sTestcol1") == [("S", "a")]
    assert tables.staged() == []
    assert sum(one.records for one in move(world)) == 0


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        ('<sampleTableStg testcol3="x"/>', "testcol3"),
        (f'<sampleTableStg testcol1="{"x" * 256}"/>', "too long"),
        ('<sampleTableStg _operation="upsert"/>', "IngestExt takes an _operation"),
        ('<sampleTableStg _key="@code" testcol1="x"/>', "@code"),
    ],
)
def test_a_bad_document_is_refused_and_leaves_nothing(world, tables, document, cause):
    """All or nothing: the good document before it is not staged either."""
    with pytest.raises(NotSaved) as caught:
        ingest_ext(world, [xml('id="A"'), xml(document)], ADMIN)
    assert cause in str(caught.value)
    assert tables.staged() == []
    assert tables.waiting() == 0


def test_a_schema_without_staging_is_refused(world):
    """Folders are local; logs are in the cloud but not staged."""
    for name in ("xtk:folder", "nms:broadLogRcp"):
        document = etree.Element(name.partition(":")[2], xtkschema=name)
        with pytest.raises(NotSaved, match="autoStg"):
            ingest(world, [document], ADMIN)


def test_a_schema_that_does_not_exist_is_a_fault(world):
    """As everywhere else."""
    with pytest.raises(Fault, match="XFR-180000"):
        ingest(world, [etree.Element("xStg", xtkschema="dem:xStg")], ADMIN)


def test_reset_forgets_what_waits(world, tables):
    """After a reset nothing staged before turns up."""
    ingest(world, [xml('id="A"')], ADMIN)
    world.reset()
    move(world)
    assert tables.cloud() == []
    assert tables.waiting() == 0
