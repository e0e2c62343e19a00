"""A small world to write into, and short ways to write and to look."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from clocks import StillClock
from lxml import etree

from campaign_magics.query.from_xml import from_xml
from campaign_magics.sandbox.auth import Operator
from campaign_magics.sandbox.engine import execute
from campaign_magics.sandbox.persist.causes import NotSaved
from campaign_magics.sandbox.persist.save import Written, write_documents
from campaign_magics.sandbox.stores.world import World, build_world

ADMIN = Operator(login="admin", id=1059)
NOW = 1_780_000_000.123  # 2026-05-28 20:26:40.123


class Bench:
    """A world, and how tests talk to it: documents in, values and records out."""

    def __init__(self, world: World, clock: StillClock) -> None:
        self.world = world
        self.clock = clock

    def write(self, *documents: str, **options: Any) -> list[Written]:
        """Write documents in one call."""
        parsed = [etree.fromstring(text) for text in documents]
        return write_documents(self.world, parsed, ADMIN, **options)

    def refused(self, *documents: str) -> str:
        """Write documents that must be refused; return the cause."""
        with pytest.raises(NotSaved) as caught:
            self.write(*documents)
        return str(caught.value)

    def rows(self, schema: str, where: str, *paths: str) -> list[dict[str, str]]:
        """Read back through the engine, as clients do."""
        nodes = "".join(
            f'<node expr="[{path}]" alias="@v{at}"/>' for at, path in enumerate(paths)
        )
        query = etree.fromstring(
            f'<queryDef schema="{schema}" operation="select"><select>{nodes}</select>'
            "<where><condition/></where></queryDef>"
        )
        query.find("where/condition").set("expr", where)
        answer = etree.fromstring(b"".join(execute(from_xml(query), self.world)))
        return [{p: row.get(f"v{at}") for at, p in enumerate(paths)} for row in answer]

    def one(self, schema: str, where: str, *paths: str) -> dict[str, str]:
        """Return the only record of a condition."""
        (row,) = self.rows(schema, where, *paths)
        return row

    def count(self, table: str, database: str = "cloud", where: str = "1 = 1") -> int:
        """Count a table's rows past the engine."""
        sql = f"SELECT count(*) FROM {table} WHERE {where}"
        (batch,) = self.world.databases.run(database, sql)  # type: ignore[arg-type]  # a literal
        return int(batch.column(0)[0].as_py())


@contextmanager
def open_bench(rows: int) -> Iterator[Bench]:
    """Make a world of its own, and close it when the block ends."""
    clock = StillClock(NOW)
    world = build_world(rows=rows, clock=clock)
    yield Bench(world, clock)
    world.close()


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """One world for all tests that write records of their own."""
    with open_bench(rows=50) as made:
        yield made
