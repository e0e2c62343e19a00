"""SQLite and DuckDB behind one door: the same calls, Arrow batches, many threads."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime

import duckdb
import pyarrow as pa
import pytest

from campaign_magics.sandbox.stores.databases import Databases
from campaign_magics.schemas.model import Field, Index, Key, Schema
from campaign_magics.xtk.types import TYPES

pytestmark = pytest.mark.pure
BOTH = pytest.mark.parametrize("database", ["local", "cloud"])
ENGINE_ERRORS = {"local": sqlite3.Error, "cloud": duckdb.Error}


def thing(database, name="thing", *more):
    """A schema with one field of each kind; ``more`` are further fields."""
    table = {
        "@id": ("long", "iId"),
        "@name": ("string", "sName"),
        "@price": ("double", "dPrice"),
        "@made": ("datetime", "tsMade"),
        "@day": ("date", "tsDay"),
        "@on": ("boolean", "iOn"),
        "@big": ("int64", "lBig"),
    }
    fields = tuple(
        Field(path=path, label=path, type=TYPES[type_name], sql_name=sql_name)
        for path, (type_name, sql_name) in table.items()
    )
    return Schema(
        namespace="cus",
        name=name,
        table=f"Cus{name.capitalize()}",
        database=database,
        auto_pk=True,
        fields=(*fields, *more),
        keys=(Key(name="id", label="", paths=("@id",), internal=True),),
        indexes=(
            Index(name="id", paths=("@id",), unique=True),
            Index(name="name", paths=("@name",), unique=True),
        ),
    )


@pytest.fixture
def databases():
    found = Databases(functions={"twice": lambda value: value * 2})
    yield found
    found.close()


def rows(databases, database, sql, params=()):
    return pa.Table.from_batches(databases.run(database, sql, params)).to_pylist()


WHEN = datetime(2024, 2, 29, 23, 59, 58, 987000)  # noqa: DTZ001 - stored as UTC


def one_row():
    return pa.table(
        {
            "iId": [1001],
            "sName": ["D'Angelo 김"],
            "dPrice": [1.5],
            "tsMade": pa.array([WHEN], pa.timestamp("us")),
            "tsDay": pa.array([date(2024, 2, 29)]),
            "iOn": [True],
            "lBig": [2**53],
        }
    )


def test_local_times_are_text_and_cloud_times_are_times(databases):
    """The same row, as each database gives it back."""
    expected = {"iId": 1001, "sName": "D'Angelo 김", "dPrice": 1.5, "iOn": 1}
    for database, made, day in (
        ("local", "2024-02-29 23:59:58.987", "2024-02-29"),
        ("cloud", WHEN, date(2024, 2, 29)),
    ):
        schema = thing(database, database)
        databases.create([schema])
        databases.load(schema, one_row())
        (row,) = rows(databases, database, f"SELECT * FROM {schema.table}")
        assert row == expected | {"tsMade": made, "tsDay": day, "lBig": 2**53}


@BOTH
def test_columns_left_out_take_defaults_and_null_numbers_are_0(databases, database):
    """Numbers read back as 0, strings and dates as null (protocol.md §10)."""
    schema = thing(database)
    databases.create([schema])
    databases.load(schema, pa.table({"iId": [1], "dPrice": pa.array([None], "double")}))
    (row,) = rows(databases, database, "SELECT * FROM CusThing")
    assert row == {
        "iId": 1, "sName": None, "dPrice": 0, "tsMade": None, "tsDay": None,
        "iOn": 0, "lBig": 0,
    }  # fmt: skip


@BOTH
def test_an_empty_answer_is_one_empty_batch(databases, database):
    """Names are known even without rows."""
    sql = "SELECT 1 AS a, 'x' AS b WHERE 1 = 2"
    (batch,) = databases.run(database, sql)
    assert batch.num_rows == 0
    assert batch.schema.names == ["a", "b"]


@BOTH
def test_types_of_expressions(databases, database):
    """Integers, numbers and texts come as int64 or int32, double and string."""
    sql = "SELECT sum(x) AS s, avg(x) AS a, 'é' AS t, NULL AS n FROM (SELECT 2 AS x)"
    (batch,) = databases.run(database, sql)
    assert batch.schema.types == [pa.int64(), pa.float64(), pa.string(), pa.string()]
    assert batch.to_pylist() == [{"s": 2, "a": 2.0, "t": "é", "n": None}]


@BOTH
def test_parameters_are_bound_not_pasted(databases, database):
    """A quote is only a character."""
    text = "'; DROP TABLE CusThing; --"
    assert rows(databases, database, "SELECT ? AS x", [text]) == [{"x": text}]


@BOTH
def test_errors_come_with_the_call_and_leave_the_store_usable(databases, database):
    """A wrong query raises where it is run, not when its rows are read."""
    with pytest.raises(ENGINE_ERRORS[database]):
        databases.run(database, "SELECT nothing FROM nowhere")
    assert rows(databases, database, "SELECT 1 AS x") == [{"x": 1}]


def test_large_answers_come_in_batches(databases):
    """25,000 rows are three batches; the types of the first hold for all."""
    numbers = (
        "WITH RECURSIVE n(i) AS"
        " (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 25000)"
        " SELECT i, CASE WHEN i > 20000 THEN i + 0.5 END AS late FROM n"
    )
    batches = list(databases.run("local", numbers))
    assert [b.num_rows for b in batches] == [10_000, 10_000, 5_000]
    assert {str(b.schema) for b in batches} == {str(batches[0].schema)}
    assert batches[2].column(1)[4999].as_py() == "25000.5"
    cloud = list(databases.run("cloud", "SELECT range AS i FROM range(25000)"))
    assert sum(b.num_rows for b in cloud) == 25_000
    assert len(cloud) > 1


def test_an_answer_left_unread_does_not_block_writers(databases):
    """A client that goes away half-way costs nothing."""
    schema = thing("local")
    databases.create([schema])
    names = [f"n{i}" for i in range(12_000)]
    databases.load(schema, pa.table({"iId": list(range(12_000)), "sName": names}))
    reader = databases.run("local", "SELECT iId FROM CusThing")
    next(reader)
    assert databases.execute("local", "DELETE FROM CusThing WHERE iId >= 6000") == 6000
    assert sum(b.num_rows for b in reader) == 2_000  # its own moment, to the end
    assert rows(databases, "local", "SELECT count(*) AS n FROM CusThing") == [
        {"n": 6000}
    ]


def test_sqlite_functions_are_registered(databases):
    """The engine's functions, on every connection."""
    with ThreadPoolExecutor(4) as pool:
        found = list(
            pool.map(
                lambda n: rows(databases, "local", "SELECT twice(?) AS x", [n]),
                range(8),
            )
        )
    assert found == [[{"x": 2 * n}] for n in range(8)]


def test_the_cloud_sees_tables_and_nothing_else(databases, tmp_path):
    """SQL cannot read files of this machine."""
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    for sql in (
        f"SELECT * FROM '{secret}'",
        f"SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM secret",
        f"ATTACH '{tmp_path}/other.db'",
    ):
        with pytest.raises(duckdb.Error):
            databases.run("cloud", sql)


@BOTH
def test_execute_tells_how_many_rows_changed(databases, database):
    """And commits at once."""
    databases.create([thing(database)])
    insert = "INSERT INTO CusThing (iId, sName) VALUES (?, ?)"
    assert databases.execute(database, insert, [1, "a"]) == 1
    assert databases.execute(database, "UPDATE CusThing SET sName = 'b'") == 1
    assert databases.execute(database, "DELETE FROM CusThing WHERE iId = 7") == 0


def test_unique_keys_are_local_only(databases):
    """The local database refuses a double, the cloud takes it (v8 Enterprise)."""
    local, cloud = thing("local", "here"), thing("cloud", "there")
    databases.create([local, cloud])
    double = pa.table({"iId": [1, 2], "sName": ["same", "same"]})
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        databases.load(local, double)
    assert rows(databases, "local", "SELECT * FROM CusHere") == []
    databases.load(cloud, double)
    assert len(rows(databases, "cloud", "SELECT * FROM CusThere")) == 2


def test_a_transaction_is_all_or_nothing_in_both(databases):
    """It sees its own writes, others see them at the end, and an error undoes all."""
    local, cloud = thing("local", "here"), thing("cloud", "there")
    databases.create([local, cloud])
    seen = []

    def look():
        seen.append(
            len(rows(databases, "local", "SELECT * FROM CusHere"))
            + len(rows(databases, "cloud", "SELECT * FROM CusThere"))
        )

    def write():
        databases.execute("local", "INSERT INTO CusHere (iId) VALUES (1)")
        databases.execute("cloud", "INSERT INTO CusThere (iId) VALUES (1)")
        look()
        other = threading.Thread(target=look)
        other.start()
        other.join()

    def fail():
        with databases.transaction():
            write()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    look()
    with databases.transaction():
        write()
    look()
    assert seen == [2, 0, 0, 2, 0, 2]


def test_replication_copies_reference_tables(databases):
    """Until it runs, the cloud sees the rows as they were."""
    schema = thing("local")
    databases.create([schema])
    databases.load(schema, one_row())
    assert rows(databases, "cloud", "SELECT * FROM CusThing") == []
    assert databases.replicate() == {"cus:thing": 1}
    (row,) = rows(databases, "cloud", "SELECT * FROM CusThing")
    assert row["tsMade"] == WHEN
    assert row["tsDay"] == date(2024, 2, 29)
    databases.execute("local", "DELETE FROM CusThing")
    assert len(rows(databases, "cloud", "SELECT * FROM CusThing")) == 1
    assert databases.replicate(["cus:other"]) == {}
    assert databases.replicate(["cus:thing"]) == {"cus:thing": 0}
    assert rows(databases, "cloud", "SELECT * FROM CusThing") == []


def test_a_twin_is_local_only(databases):
    """A staging twin has no copy in the cloud, where it would be in the way."""
    databases.create([thing("local")], local_only=["cus:thing"])
    with pytest.raises(duckdb.CatalogException):
        databases.run("cloud", "SELECT * FROM CusThing")
    assert databases.replicate() == {}


@BOTH
def test_a_schema_that_grows_keeps_its_rows(databases, database):
    """New columns come with their defaults."""
    assert databases.create([thing(database)]) == {"cus:thing"}
    databases.load(thing(database), one_row())
    points = Field(path="@pts", label="", type=TYPES["long"], sql_name="iPts")
    city = Field(path="@city", label="", type=TYPES["string"], sql_name="sCity")
    assert databases.create([thing(database, "thing", points, city)]) == set()
    (row,) = rows(databases, database, "SELECT iId, iPts, sCity FROM CusThing")
    assert row == {"iId": 1001, "iPts": 0, "sCity": None}


def test_many_threads_lose_nothing(databases):
    """Sixteen threads write and read both databases; every row arrives once."""
    databases.create([thing("local", "here"), thing("cloud", "there")])

    def work(number):
        for place in range(10):
            key = number * 100 + place
            databases.execute("local", "INSERT INTO CusHere (iId) VALUES (?)", [key])
            databases.execute("cloud", "INSERT INTO CusThere (iId) VALUES (?)", [key])
            rows(databases, "local", "SELECT count(*) FROM CusHere")
            rows(databases, "cloud", "SELECT count(*) FROM CusThere")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(work, range(16)))
    expected = [number * 100 + place for number in range(16) for place in range(10)]
    for database, table in (("local", "CusHere"), ("cloud", "CusThere")):
        found = rows(databases, database, f"SELECT iId FROM {table} ORDER BY iId")
        assert [row["iId"] for row in found] == expected


def test_closed_databases_refuse_calls():
    """close() may come while answers are still being read."""
    databases = Databases()
    databases.close()
    with pytest.raises(sqlite3.ProgrammingError):
        databases.run("local", "SELECT 1")
    with pytest.raises(duckdb.Error):
        databases.run("cloud", "SELECT 1")
    databases.close()


def test_times_with_a_zone_are_stored_in_utc(databases):
    """A caller's aware times are converted, not cut."""
    schema = thing("local")
    databases.create([schema])
    aware = datetime(2024, 1, 1, 12, tzinfo=UTC)
    made = pa.array([aware], pa.timestamp("us", tz="Europe/Paris"))
    databases.load(schema, pa.table({"iId": [1], "tsMade": made}))
    (row,) = rows(databases, "local", "SELECT tsMade FROM CusThing")
    assert row == {"tsMade": "2024-01-01 12:00:00.000"}


@BOTH
def test_a_retyped_column_keeps_what_fits(databases, database):
    """Text to number and back; what is no number becomes 0 or null."""
    schema = thing(database)
    databases.create([schema])
    names = pa.table({"iId": [1, 2], "sName": ["12", "dozen"]})
    databases.load(schema, names)
    number = Field(path="@name", label="", type=TYPES["long"], sql_name="sName")
    others = [field for field in schema.fields if field.path != "@name"]
    retyped = replace(schema, fields=(*others, number))
    databases.create([retyped])
    (batch,) = databases.run(database, "SELECT sName FROM CusThing ORDER BY iId")
    assert pa.types.is_integer(batch.schema.types[0])
    assert batch.column(0).to_pylist() in ([12, 0], [12, None])
    databases.create([schema])
    (first, _) = rows(databases, database, "SELECT sName FROM CusThing ORDER BY iId")
    assert first == {"sName": "12"}


@BOTH
def test_an_answer_outlives_the_transaction_it_began_in(databases, database):
    """Rows read late are those of the query's moment, whatever was written since."""
    schema = thing(database)
    databases.create([schema])
    databases.load(schema, pa.table({"iId": list(range(25_000))}))
    with databases.transaction():
        reader = databases.run(database, "SELECT iId FROM CusThing")
        databases.execute(database, "DELETE FROM CusThing")
    others = [databases.run(database, "SELECT 1 AS x") for _ in range(3)]
    assert sum(batch.num_rows for batch in reader) == 25_000
    assert [next(other).num_rows for other in others] == [1, 1, 1]
    assert len(set(map(id, databases.local._idle))) == len(databases.local._idle)
