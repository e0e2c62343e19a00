"""How values are stored, and the SQL that makes tables."""

from __future__ import annotations

import pyarrow as pa
import pytest

from campaign_magics.sandbox.stores.columns import (
    arrow_schema,
    has_table,
    is_staging_twin,
    storage,
    stored_columns,
)
from campaign_magics.sandbox.stores.ddl import (
    alter_table,
    create_indexes,
    create_table,
    delete,
    quoted,
)
from campaign_magics.schemas.model import Field, Index, Key, Schema
from campaign_magics.xtk.types import TYPES

pytestmark = pytest.mark.pure


def field(path, type_name, sql_name, **more):
    return Field(
        path=path, label=path, type=TYPES[type_name], sql_name=sql_name, **more
    )


THING = Schema(
    namespace="cus",
    name="thing",
    table="CusThing",
    auto_pk=True,
    fields=(
        field("@id", "long", "iThingId"),
        field("@name", "string", "sName"),
        field("@price", "double", "dPrice"),
        field("@made", "datetime", "tsMade"),
        field("@upper", "string", None, expr="Upper(@name)"),
        field("note", "memo", None, xml=True),
    ),
    keys=(Key(name="id", label="", paths=("@id",), internal=True),),
    indexes=(
        Index(name="id", paths=("@id",), unique=True),
        Index(name="name", paths=("@name",), unique=True),
        Index(name="made", paths=("@made",)),
        Index(name="upper", paths=("@upper",)),
    ),
)


@pytest.mark.parametrize(
    ("type_name", "sqlite", "duckdb", "local", "cloud"),
    [
        ("string", "TEXT", "VARCHAR", pa.string(), pa.string()),
        ("memo", "TEXT", "VARCHAR", pa.string(), pa.string()),
        ("uuid", "TEXT", "VARCHAR", pa.string(), pa.string()),
        ("byte", "INTEGER", "INTEGER", pa.int64(), pa.int32()),
        ("long", "INTEGER", "INTEGER", pa.int64(), pa.int32()),
        ("enum", "INTEGER", "INTEGER", pa.int64(), pa.int32()),
        ("boolean", "INTEGER", "INTEGER", pa.int64(), pa.int32()),
        ("timespan", "INTEGER", "INTEGER", pa.int64(), pa.int32()),
        ("int64", "INTEGER", "BIGINT", pa.int64(), pa.int64()),
        ("double", "REAL", "DOUBLE", pa.float64(), pa.float64()),
        ("datetime", "TEXT", "TIMESTAMP", pa.string(), pa.timestamp("us")),
        ("datetimenotz", "TEXT", "TIMESTAMP", pa.string(), pa.timestamp("us")),
        ("date", "TEXT", "DATE", pa.string(), pa.date32()),
    ],
)
def test_each_type_is_stored_as_the_table_says(type_name, sqlite, duckdb, local, cloud):
    """One row of the table of storage types, both databases."""
    found = storage(TYPES[type_name])
    assert (found.sql("local"), found.sql("cloud")) == (sqlite, duckdb)
    assert (found.arrow("local"), found.arrow("cloud")) == (local, cloud)


def test_every_type_can_be_stored():
    """No type of the XTK table is forgotten."""
    assert all(storage(type_).sqlite for type_ in TYPES.values())


def test_computed_fields_have_no_column_and_xml_fields_share_one():
    """protocol.md §4.2: ``xml="true"`` fields live in ``mData``."""
    names = [column.name for column in stored_columns(THING)]
    assert names == ["iThingId", "sName", "dPrice", "tsMade", "mData"]
    assert arrow_schema(THING, "cloud").field("tsMade").type == pa.timestamp("us")


def test_a_schema_without_table_has_none():
    """xtk:session has methods and no rows."""
    assert not has_table(Schema(namespace="xtk", name="session"))
    assert has_table(THING)


def test_a_staging_twin_is_known_by_its_staged_original():
    """``…Stg`` alone is only a name."""
    staged = Schema(namespace="cus", name="x", staged=True)
    plain = Schema(namespace="cus", name="y")
    schemas = {s.id: s for s in (staged, plain)}
    assert is_staging_twin("cus:xStg", schemas)
    assert not is_staging_twin("cus:yStg", schemas)
    assert not is_staging_twin("cus:x", schemas)


def test_numeric_internal_key_is_sqlites_row_id():
    """Links join on it; numbers default to 0, texts to null."""
    assert create_table(THING, "local") == (
        'CREATE TABLE "CusThing" ("iThingId" INTEGER PRIMARY KEY, "sName" TEXT, '
        '"dPrice" REAL DEFAULT 0, "tsMade" TEXT, "mData" TEXT)'
    )
    assert create_table(THING, "cloud") == (
        'CREATE TABLE "CusThing" ("iThingId" INTEGER DEFAULT 0, "sName" VARCHAR, '
        '"dPrice" DOUBLE DEFAULT 0, "tsMade" TIMESTAMP, "mData" VARCHAR)'
    )


def test_indexes_follow_the_schema_where_they_have_columns():
    """The row id needs none, a computed field can have none."""
    assert list(create_indexes(THING)) == [
        'CREATE UNIQUE INDEX IF NOT EXISTS "CusThing_name" ON "CusThing" ("sName")',
        'CREATE INDEX IF NOT EXISTS "CusThing_made" ON "CusThing" ("tsMade")',
    ]


def test_only_missing_columns_are_added():
    """Names compare without regard to case, as both databases do."""
    present = {
        "ithingid": "INTEGER",
        "sname": "VARCHAR",
        "dprice": "DOUBLE",
        "mdata": "VARCHAR",
    }
    assert list(alter_table(THING, "cloud", present)) == [
        'ALTER TABLE "CusThing" ADD COLUMN "tsMade" TIMESTAMP'
    ]


def test_names_are_quoted():
    """A quote in a name cannot end it."""
    assert quoted('a"; DROP TABLE b; --') == '"a""; DROP TABLE b; --"'
    assert delete("T", ["a", 'b"']) == 'DELETE FROM "T" WHERE "a" = ? AND "b""" = ?'
