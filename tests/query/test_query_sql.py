"""SQL becomes the queryDef written by hand, and finds what DuckDB finds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from lxml import etree

from campaign_magics.query.check import check
from campaign_magics.query.from_xml import from_xml
from campaign_magics.query.model import QueryDef
from campaign_magics.query.read import read
from campaign_magics.query.to_xml import to_xml
from campaign_magics.sandbox.stores.world import World

pytestmark = pytest.mark.pure
Ask = Callable[[str], list[tuple[Any, ...]]]

GOLDEN = Path(__file__).parents[1] / "golden" / "sql"
TABLES = (
    "NmsRecipient", "XtkFolder", "NmsCountry", "NmsService", "NmsSubscription",
    "NmsDelivery", "NmsBroadLogRcp", "NmsBroadLogMsg", "NmsTrackingLogRcp",
    "NmsRcpGrpRel", "NmsGroup",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """One pair: the SQL, its queryDef, and what DuckDB is asked."""

    title: str
    sql: str
    expected: str
    duck: str


def _cases() -> Iterator[Case]:
    for path in sorted(GOLDEN.glob("*.txt")):
        for block in path.read_text("utf-8").split("\n===\n"):
            title, _, rest = block.strip().partition("\n")
            sql, expected, *given = re.split(r"\n---\n", rest)
            duck = given[0] if given else _as_duckdb(sql)
            yield Case(f"{path.stem}: {title[2:]}", sql, expected, duck)


def _as_duckdb(sql: str) -> str:
    """Write the names of the same SQL as DuckDB has them."""
    sql = sql.rstrip("; \n")
    sql = re.sub(r"\[([^]]+)\]", lambda found: found[1].replace("/", "."), sql)
    sql = re.sub(r"@(?=[a-z])(?!%|')", "", sql) if "'" not in sql else sql
    sql = re.sub(r"\b(\w+)-id\b(?! AS x)", r'"\1-id"', sql)
    sql = re.sub(r"\blocation/", "location.", sql)
    return re.sub(r"\b(nms|xtk):(?=\w)", r"\1.", sql)


CASES = list(_cases())


@pytest.fixture(scope="module")
def duck(world: World) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same rows in a DuckDB that the sandbox does not know."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in TABLES:
            batches = list(world.databases.run("cloud", f"SELECT * FROM {name}"))
            connection.register("rows", pa.Table.from_batches(batches))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM rows")
        connection.execute((GOLDEN / "views.sql").read_text("utf-8"))
        yield connection


def document(query: QueryDef) -> QueryDef:
    """Leave out what the document does not hold: the names of columns."""
    return from_xml(etree.fromstring(etree.tostring(to_xml(query))))


def plain(value: Any) -> Any:
    """One spelling for equal values; an empty text and a null are one in XTK."""
    match value:
        case None | "":
            return None
        case bool():
            return int(value)
        case float() | Decimal():
            return round(float(value), 6)
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return aware.astimezone(UTC).isoformat()
        case date():
            return value.isoformat()
    return value


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_sql_becomes_the_query_written_by_hand(case: Case, world: World) -> None:
    """As far as the document goes; checking adds aliases where a value has no place."""
    reading = read(case.sql, world.schema)
    found = check(reading.query, world.schema, reading.source).query
    pairs = zip(found.select, reading.query.select, strict=True)
    asked = tuple(replace(one, alias=other.alias) for one, other in pairs)
    expected = from_xml(etree.fromstring(case.expected))
    assert document(replace(found, select=asked)) == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_the_sandbox_finds_what_duckdb_finds(
    case: Case, ask: Ask, duck: duckdb.DuckDBPyConnection
) -> None:
    """Two engines that share no code give the same rows, in the order asked for."""
    expected = [tuple(map(plain, row)) for row in duck.execute(case.duck).fetchall()]
    found = [tuple(map(plain, row)) for row in ask(case.sql)]
    if "<orderBy>" not in case.expected:
        expected, found = sorted(expected, key=repr), sorted(found, key=repr)
    assert found == expected


def test_there_are_enough_cases_and_they_find_something(
    duck: duckdb.DuckDBPyConnection,
) -> None:
    """150 statements; nearly all find rows, so that equality means something."""
    assert len(CASES) >= 150
    empty = [case for case in CASES if not duck.execute(case.duck).fetchall()]
    assert len(empty) < 10
