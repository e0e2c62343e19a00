"""A small instance: the standard schemas, a handful of rows written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
import pytest
from clocks import StillClock
from lxml import etree
from standard import standard_schemas

from campaign_magics.query.from_xml import from_xml
from campaign_magics.query.model import QueryDef
from campaign_magics.sandbox.engine import SQLITE_FUNCTIONS, execute
from campaign_magics.sandbox.faults import Fault
from campaign_magics.sandbox.stores.databases import Databases
from campaign_magics.schemas.model import Schema

NOW = datetime(2026, 3, 15, 12, 30, 45, 678_000, tzinfo=UTC)


def at(text: str) -> datetime:
    """An instant of UTC, as the cloud database stores it."""
    return datetime.fromisoformat(text)


ROWS: dict[str, list[dict[str, Any]]] = {
    "xtk:folder": [
        {"@id": 1100, "@name": "nmsRoot", "@label": "Root", "@parent-id": 0},
        {"@id": 1101, "@name": "vip", "@label": "VIP & friends", "@parent-id": 1100},
    ],
    "nms:recipient": [
        {
            "@id": 1001, "@email": "ann@example.com", "@lastName": "Ångström",
            "@firstName": "Ann", "@gender": 2, "@folder-id": 1101,
            "@birthDate": date(1980, 2, 29), "@blackList": 0,
            "@created": at("2026-01-10 08:00:00.123"),
            "location/@city": "Paris",
        },
        {
            "@id": 1002, "@email": "bob@example.com",
            "@lastName": 'O\'Neil "é" <&>\n2nd',
            "@firstName": "Bob", "@gender": 1, "@folder-id": 1101,
            "@birthDate": date(1990, 12, 31), "@blackList": 1,
            "@created": at("2026-02-01 23:30:00"),
            "location/@city": "London",
        },
        {
            "@id": 1003, "@email": None, "@lastName": "", "@firstName": "Cy",
            "@gender": 0, "@folder-id": 1100, "@birthDate": None, "@blackList": 0,
            "@created": at("2026-03-01 00:00:00"), "location/@city": None,
        },
        {
            "@id": 1004, "@email": "dee@mail.test", "@lastName": "Diaz",
            "@firstName": "Dee", "@gender": 2, "@folder-id": 0, "@birthDate": None,
            "@blackList": 0, "@created": None, "location/@city": "Paris",
        },
    ],
    "nms:service": [
        {"@id": 2001, "@name": "news", "@label": "Newsletter"},
        {"@id": 2002, "@name": "shop", "@label": "Shop"},
    ],
    "nms:subscription": [
        {"@service-id": 2001, "@recipient-id": 1001, "@created": at("2026-01-11")},
        {"@service-id": 2002, "@recipient-id": 1001, "@created": at("2026-01-12")},
        {"@service-id": 2001, "@recipient-id": 1002, "@created": at("2026-02-02")},
    ],
    "nms:delivery": [
        {"@id": 3001, "@label": "Spring", "@internalName": "DM1"},
        {"@id": 3002, "@label": "Proof of spring", "@internalName": "DM2"},
    ],
    "nms:broadLogRcp": [
        {"@id": "a1", "@recipient-id": 1001, "@delivery-id": 3001, "@status": 1},
        {"@id": "a2", "@recipient-id": 1001, "@delivery-id": 3002, "@status": 2},
        {"@id": "b1", "@recipient-id": 1002, "@delivery-id": 3001, "@status": 1},
    ],
}  # fmt: skip


class TinyWorld:
    """What the engine asks of a world; every table can live in either database."""

    def __init__(self, schemas: dict[str, Schema], databases: Databases, zone: str):
        self.schemas = schemas
        self.databases = databases
        self.clock = StillClock(NOW.timestamp())
        self.timezone = zone

    def schema(self, schema_id: str) -> Schema:
        if schema_id not in self.schemas:
            raise Fault("XTK-170024", f"Unknown schema '{schema_id}'.")
        return self.schemas[schema_id]

    def ask(self, query: str | QueryDef) -> str:
        """Answer a queryDef written as XML."""
        if isinstance(query, str):
            query = from_xml(etree.fromstring(query))
        return b"".join(execute(query, self)).decode()


def load(databases: Databases, schema: Schema, rows: list[dict[str, Any]]) -> None:
    """Store rows given by path."""
    names = {path: schema.field_by_path[path].sql_name for row in rows for path in row}
    columns = {
        str(name): pa.array([row.get(path) for row in rows])
        for path, name in names.items()
    }
    databases.load(schema, pa.table(columns))


def build(database: str | None = None, timezone: str = "UTC") -> TinyWorld:
    """Make a world; ``database`` moves every table there."""
    schemas = standard_schemas()
    if database is not None:
        schemas = {n: replace(s, database=database) for n, s in schemas.items()}
    databases = Databases(functions=SQLITE_FUNCTIONS)
    databases.create(schemas.values())
    for name, rows in ROWS.items():
        load(databases, schemas[name], rows)
    databases.replicate()
    return TinyWorld(schemas, databases, timezone)


@pytest.fixture(scope="session")
def make_world() -> Iterator[Callable[..., TinyWorld]]:
    """Make more worlds, closed at the end."""
    made: list[TinyWorld] = []

    def make(database: str | None = None, timezone: str = "UTC") -> TinyWorld:
        made.append(build(database, timezone))
        return made[-1]

    yield make
    for world in made:
        world.databases.close()


@pytest.fixture(scope="session")
def local(make_world) -> TinyWorld:
    """Every table in SQLite."""
    return make_world("local")


@pytest.fixture(scope="session")
def cloud(make_world) -> TinyWorld:
    """Every table in DuckDB."""
    return make_world("cloud")


@pytest.fixture(scope="session")
def mixed(make_world) -> TinyWorld:
    """Tables where Campaign keeps them."""
    return make_world()


@pytest.fixture(params=["local", "cloud"])
def world(request: pytest.FixtureRequest) -> TinyWorld:
    """Each database in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def select(world: TinyWorld):
    """Answer one expression for one recipient: ``select("@id + 1")`` → the text."""

    def ask(expr: str, where: str = "@id = 1001") -> str:
        node = etree.Element("queryDef", schema="nms:recipient", operation="get")
        etree.SubElement(
            etree.SubElement(node, "select"), "node", expr=expr, alias="@x"
        )
        etree.SubElement(etree.SubElement(node, "where"), "condition", expr=where)
        return etree.fromstring(world.ask(etree.tostring(node).decode())).get("x")

    return ask
