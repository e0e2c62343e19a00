"""A world: seeded, kept, reset, and grown by new schemas."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date

import pyarrow as pa
import pytest

from campaign_magics.errors import InvalidOption
from campaign_magics.sandbox.faults import Fault
from campaign_magics.sandbox.stores.world import build_world
from campaign_magics.schemas.errors import SchemaError

AS_OF = date(2026, 1, 15)

STORE = b"""<srcSchema namespace="cus" name="store" label="Stores">
  <element name="store" autopk="true">
    <key name="code"><keyfield xpath="@code"/></key>
    <attribute name="code" type="string" length="10"/>
    <attribute name="city" type="string" length="40"/>
  </element>
</srcSchema>"""

GROWN = STORE.replace(
    b'length="40"/>', b'length="40"/><attribute name="area" type="long"/>'
)

EXTENSION = b"""<srcSchema namespace="cus" name="recipient"
  extendedSchema="nms:recipient"><element name="recipient">
  <attribute name="points" type="long"/></element></srcSchema>"""


def build(**options):
    return build_world(**{"rows": 20, "as_of": AS_OF} | options)


def rows(world, database, sql, params=()):
    batches = world.databases.run(database, sql, params)
    return pa.Table.from_batches(batches).to_pylist()


def value(world, database, sql, params=()):
    ((found,),) = (row.values() for row in rows(world, database, sql, params))
    return found


def count(world, table, database="cloud"):
    return value(world, database, f"SELECT count(*) FROM {table}")


@pytest.fixture(scope="module")
def world():
    """Read-only: tests that write build their own."""
    found = build()
    yield found
    found.close()


def test_a_world_has_schemas_and_rows(world):
    """Rows are where their schema says, reference rows in both databases."""
    assert world.schema("nms:recipient").database == "cloud"
    assert world.schema_xml("nms:recipient").startswith(b"<?xml")
    assert b"extendedSchema" not in world.schema_xml("nms:recipient")
    assert "xtk:session" in world.schema_ids()
    assert count(world, "NmsRecipient") == 21
    assert count(world, "NmsDelivery") == count(world, "NmsDelivery", "local") > 24


def test_reference_tables_join_in_the_cloud(world):
    """A recipient's folder is a local row with a copy beside the recipient."""
    sql = (
        "SELECT count(*) FROM NmsRecipient r JOIN XtkFolder f USING (iFolderId)"
        " WHERE f.sModel = 'nmsFolder'"
    )
    assert value(world, "cloud", sql) == 20


def test_staging_twins_are_there_and_empty(world):
    """protocol: v8 writes go to a local …Stg table until replication runs."""
    assert count(world, "NmsRecipientStg", "local") == 0
    assert "nms:recipientStg" in world.schema_ids()


def test_schemas_are_rows_too(world):
    """xtk:schema and xtk:srcSchema list what the instance knows."""
    sql = "SELECT sLabel FROM XtkSrcSchema WHERE sNamespace = ? AND sName = ?"
    assert value(world, "local", sql, ["nms", "recipient"]) == "Recipients"
    assert count(world, "XtkSchema", "local") == len(world.schema_ids())
    assert count(world, "XtkSrcSchema") == len(world.source_ids())


def test_an_unknown_schema_is_a_fault_with_a_near_name(world):
    """The server answers it as it answers any other."""
    with pytest.raises(Fault, match="nms:recipent") as failure:
        world.schema("nms:recipent")
    assert "nms:recipient" in failure.value.detail
    with pytest.raises(Fault):
        world.schema_xml("a:b")
    with pytest.raises(Fault):
        world.source_xml("a:b")


def test_new_records_are_numbered_after_the_seeded_ones(world):
    """One sequence numbers all tables; nobody gets a number twice."""
    greatest = value(world, "cloud", "SELECT max(iRecipientId) FROM NmsRecipient")
    first, second = (world.sequences.take("XtkNewId", 3) for _ in range(2))
    assert min(first) > greatest
    assert list(second) == [n + 3 for n in first]
    assert list(world.sequences.take("Other", 2)) == [1001, 1002]


def test_database_id_is_the_option(world):
    """What the session info tells equals the option XtkDatabaseId."""
    assert world.database_id == value(
        world, "local", "SELECT sStringValue FROM XtkOption WHERE sName='XtkDatabaseId'"
    )
    assert world.database_id.startswith("u")


def test_reset_brings_the_seeded_rows_back():
    """Deleted rows return, written ones go, numbers start over."""
    world = build()
    mails = "SELECT sEmail FROM NmsRecipient ORDER BY iRecipientId"
    before = rows(world, "cloud", mails)
    number = world.sequences.take("XtkNewId", 1)
    world.databases.execute("cloud", "DELETE FROM NmsRecipient WHERE iRecipientId > 5")
    world.databases.execute("local", "UPDATE XtkFolder SET sLabel = 'x'")
    world.databases.execute(
        "local", "INSERT INTO NmsRecipientStg (sEmail) VALUES ('a')"
    )
    world.reset()
    assert rows(world, "cloud", mails) == before
    assert count(world, "NmsRecipientStg", "local") == 0
    assert value(world, "local", "SELECT count(*) FROM XtkFolder WHERE sLabel='x'") == 0
    assert world.sequences.take("XtkNewId", 1) == number
    world.close()


def test_a_schema_defined_later_gets_its_table():
    """Compile, create with record 0, then alter: the rows stay."""
    world = build()
    assert world.define(STORE) == ["cus:store"]
    world.databases.execute("local", "INSERT INTO CusStore (sCode) VALUES ('A')")
    assert world.define(GROWN) == ["cus:store"]
    assert world.schema("cus:store").field_by_path["@area"].sql_name == "iArea"
    assert rows(world, "local", "SELECT iStoreId, sCode, iArea FROM CusStore") == [
        {"iStoreId": 0, "sCode": None, "iArea": 0},
        {"iStoreId": 1, "sCode": "A", "iArea": 0},
    ]
    assert world.source_xml("cus:store").count(b"area") == 1
    assert count(world, "XtkSrcSchema WHERE sNamespace = 'cus'", "local") == 1
    world.reset()
    assert count(world, "CusStore", "local") == 1
    world.close()


def test_an_extension_alters_the_table_it_extends():
    """A field added to recipients is a column of both NmsRecipient and its twin."""
    world = build()
    assert set(world.define(EXTENSION)) == {"nms:recipient", "nms:recipientStg"}
    assert value(world, "cloud", "SELECT sum(iPoints) FROM NmsRecipient") == 0
    assert count(world, "NmsRecipientStg WHERE iPoints = 0", "local") == 0
    world.close()


def test_a_wrong_schema_changes_nothing(world):
    """The compiler's error comes through; the old schemas serve on."""
    before = world.schema_ids()
    with pytest.raises(SchemaError):
        world.define(
            b'<srcSchema namespace="cus" name="x"><element name="x">'
            b'<attribute name="a" type="strng"/></element></srcSchema>'
        )
    with pytest.raises(SchemaError):
        world.define(b"<srcSchema")
    assert world.schema_ids() == before


def test_a_folder_of_schemas_is_loaded_and_seeded(tmp_path):
    """One file per schema, or a package; any encoding XML knows."""
    (tmp_path / "deep").mkdir()
    latin = STORE.decode().replace("Stores", "Läden").encode("latin-1")
    (tmp_path / "deep" / "store.xml").write_bytes(
        b'<?xml version="1.0" encoding="ISO-8859-1"?>' + latin
    )
    (tmp_path / "package.xml").write_bytes(
        b'<package><entities schema="xtk:srcSchema">'
        + EXTENSION
        + b"</entities></package>"
    )
    world = build(schemas=tmp_path)
    assert world.schema("cus:store").label == "Läden"
    assert count(world, "CusStore", "local") == 21
    assert value(world, "cloud", "SELECT count(DISTINCT iPoints) FROM NmsRecipient") > 5
    world.close()


@pytest.mark.parametrize("content", [None, {}, {"bad.xml": "<srcSchema"}])
def test_a_folder_without_good_schemas_is_refused(tmp_path, content):
    """Missing, empty or broken: an error with a hint, before anything is made."""
    folder = tmp_path / "schemas"
    if content is not None:
        folder.mkdir()
        for name, text in content.items():
            (folder / name).write_text(text)
    with pytest.raises((InvalidOption, SchemaError)) as failure:
        build(schemas=folder)
    assert failure.value.hint or "bad.xml" in str(failure.value)


def test_a_data_folder_keeps_everything(tmp_path):
    """Rows, definitions and numbers are there again; rows= and seed= do not matter."""
    world = build(data=tmp_path)
    world.define(STORE)
    world.databases.execute("local", "INSERT INTO CusStore (sCode) VALUES ('A')")
    world.databases.execute(
        "cloud", "DELETE FROM NmsRecipient WHERE iRecipientId > 1010"
    )
    world.databases.execute("local", "UPDATE XtkFolder SET sLabel = 'unseen'")
    (number,) = world.sequences.take("XtkNewId", 1)
    world.close()
    again = build(data=tmp_path, rows=500, seed=99, as_of=date(2030, 1, 1))
    assert count(again, "NmsRecipient") == 11
    assert count(again, "CusStore", "local") == 2
    assert count(again, "XtkFolder WHERE sLabel = 'unseen'") == 0  # not replicated
    assert b"store" in again.source_xml("cus:store")
    assert list(again.sequences.take("XtkNewId", 1)) == [number + 1]
    assert (again.stamp.rows, again.stamp.as_of) == (20, "2026-01-15")
    again.reset()
    assert count(again, "NmsRecipient") == 21
    again.close()


def test_a_schema_added_to_a_kept_folder_is_seeded(tmp_path):
    """A team adds a file to its --schemas folder: its table appears with rows."""
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "store.xml").write_bytes(STORE)
    world = build(data=tmp_path / "data")
    world.databases.execute("cloud", "DELETE FROM NmsRecipient")
    world.close()
    again = build(data=tmp_path / "data", schemas=tmp_path / "schemas")
    assert count(again, "CusStore", "local") == 21
    assert count(again, "NmsRecipient") == 0
    again.close()


def test_a_folder_whose_seeding_never_ended_is_seeded_anew(tmp_path):
    """Without its stamp, what lies there is unfinished."""
    build(data=tmp_path).close()
    (tmp_path / "sandbox.json").unlink()
    world = build(data=tmp_path, rows=5)
    assert count(world, "NmsRecipient") == 6
    world.close()


@pytest.mark.slow
def test_a_folder_in_use_is_refused(tmp_path):
    """Two sandboxes on one folder would damage it."""
    script = (
        "import sys; from pathlib import Path;"
        "from campaign_magics.sandbox.stores.world import build_world\n"
        "world = build_world(rows=5, data=Path(sys.argv[1]))\n"
        "print('open', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline() == b"open\n"
        with pytest.raises(InvalidOption, match="cannot be opened"):
            build(data=tmp_path)
        other.stdin.close()


def test_a_foreign_folder_is_refused(tmp_path):
    """A file in place of a folder, or of our stamp, is not overwritten."""
    (tmp_path / "file").write_text("mine")
    with pytest.raises(InvalidOption):
        build(data=tmp_path / "file")
    (tmp_path / "sandbox.json").write_text(json.dumps({"name": "mine"}))
    with pytest.raises(InvalidOption, match="not what a sandbox wrote"):
        build(data=tmp_path)
    assert (tmp_path / "sandbox.json").exists()


@pytest.mark.slow
def test_kill_9_loses_no_acknowledged_write(tmp_path):
    """What was told done is there after the process is killed; no half write is."""
    script = """
import sys
from pathlib import Path
from campaign_magics.sandbox.stores.world import build_world
world = build_world(rows=5, data=Path(sys.argv[1]))
for number in range(100000):
    with world.databases.transaction():
        for database, table in (("local", "XtkFolder"), ("cloud", "NmsRecipient")):
            key = {"XtkFolder": "iFolderId", "NmsRecipient": "iRecipientId"}[table]
            for twin in (50000, 500000):
                sql = f"INSERT INTO {table} ({key}) VALUES (?)"
                world.databases.execute(database, sql, [twin + number])
    print(number, flush=True)
"""
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
        acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged += [
            int(line) for line in writer.stdout.readlines() if line.strip()
        ]
    world = build(data=tmp_path)
    for database, table, key in (
        ("local", "XtkFolder", "iFolderId"),
        ("cloud", "NmsRecipient", "iRecipientId"),
    ):
        found = rows(world, database, f"SELECT {key} FROM {table} WHERE {key} >= 50000")
        keys = {row[key] for row in found}
        assert {50000 + n for n in acknowledged} <= keys
        assert {n for n in keys if n < 500000} == {
            n - 450000 for n in keys if n >= 500000
        }
    world.close()


def test_a_key_that_rows_break_is_refused():
    """A unique key over doubled values: an error with a hint, the table as it was."""
    world = build()
    key = b'<key name="code"><keyfield xpath="@code"/></key>'
    world.define(STORE.replace(key, b""))
    for number in (1001, 1002):
        sql = "INSERT INTO CusStore (iStoreId, sCode) VALUES (?, 'same')"
        world.databases.execute("local", sql, [number])
    with pytest.raises(SchemaError, match="UNIQUE") as failure:
        world.define(GROWN)
    assert failure.value.hint
    assert "@area" not in world.schema("cus:store").field_by_path
    assert count(world, "CusStore", "local") == 3
    world.close()


def test_a_field_may_use_an_enumeration_of_another_schema(world):
    """nms:broadLogMsg lists its channels in nms:delivery's enumeration."""
    field = world.schema("nms:broadLogMsg").field_by_path["@messageType"]
    assert field.enum is not None
    assert field.enum.name == "nms:delivery:messageType"
    assert "mail" in {value.name for value in field.enum.values}
