"""A world with a staged custom schema, on a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clocks import StillClock
from lxml import etree

from campaign_magics.sandbox.auth import Operator
from campaign_magics.sandbox.stores.world import World, build_world

ADMIN = Operator(login="admin", id=1059)
START = 1_784_116_800.0  # 2026-07-15 12:00:00 UTC

SAMPLE = b"""<srcSchema namespace="dem" name="sampleTable" label="Sample Table"
 implements="xtk:persist" xtkschema="xtk:srcSchema">
<element name="sampleTable" label="Sample Table" autopk="true" autouuid="true"
 autoStg="true" dataSource="nms:extAccount:ffda">
<key name="code"><keyfield xpath="@code"/></key>
<attribute name="code" type="string" length="20"/>
<attribute name="testcol1" type="string" length="255"/>
<attribute name="testcol2" type="string" length="255"/>
<attribute name="created" type="datetime" default="GetDate()"/>
<element name="note" type="memo" xml="true"/>
</element></srcSchema>"""
"""Adobe's sample table ("Campaign API staging mechanism"), with a key and a memo."""


class Tables:
    """Rows of both databases, straight from SQL."""

    def __init__(self, world: World) -> None:
        self.world = world

    def ask(self, database: Any, sql: str, *params: Any) -> list[dict[str, Any]]:
        found = self.world.databases.run(database, sql, params)
        return [row for batch in found for row in batch.to_pylist()]

    def staged(self) -> list[dict[str, Any]]:
        return self.ask("local", "SELECT * FROM DemSampleTableStg ORDER BY 1")

    def cloud(self) -> list[dict[str, Any]]:
        return self.ask("cloud", "SELECT * FROM DemSampleTable ORDER BY 1")

    def waiting(self) -> int:
        return int(self.ask("local", "SELECT count(*) n FROM SandboxStaged")[0]["n"])

    def logs(self, workflow: str) -> list[str]:
        sql = (
            "SELECT sMessage m FROM XtkWorkflowLog l JOIN XtkWorkflow w"
            " ON w.iWorkflowId = l.iWorkflowId WHERE w.sInternalName = ?"
            " AND tsLog >= '2026-07-15 12:00:00' ORDER BY iWorkflowLogId"
        )
        return [row["m"] for row in self.ask("local", sql, workflow)]


def xml(text: str) -> etree._Element:
    """One document of the sample table, its staging schema named as Adobe does."""
    body = text if text.startswith("<") else f"<sampleTableStg {text}/>"
    document = etree.fromstring(body)
    document.set("xtkschema", "dem:sampleTableStg")
    return document


@pytest.fixture(scope="session")
def staging_world() -> Iterator[World]:
    """Few rows, and Adobe's sample table."""
    made = build_world(rows=20, clock=StillClock(START))
    made.define(SAMPLE)
    made.databases.replicate()
    yield made
    made.close()


@pytest.fixture
def world(staging_world: World) -> Iterator[World]:
    """That world, its sample table empty and its clock at noon."""
    staging_world.clock = StillClock(START)
    yield staging_world
    staging_world.journal.clear()
    for database, table in (
        ("local", "DemSampleTableStg"),
        ("cloud", "DemSampleTable"),
    ):
        staging_world.databases.execute(database, f"DELETE FROM {table}")


@pytest.fixture
def clock(world: World) -> StillClock:
    return world.clock


@pytest.fixture
def tables(world: World) -> Tables:
    return Tables(world)
