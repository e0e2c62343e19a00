"""A world to ask, without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from clocks import StillClock
from lxml import etree

from campaign_magics.frames import decode
from campaign_magics.query.from_xml import from_xml
from campaign_magics.query.to_xml import to_xml
from campaign_magics.sandbox.engine import execute
from campaign_magics.sandbox.stores.world import World, build_world
from campaign_magics.session.select import prepare
from campaign_magics.xtk.types import Kind

NOON = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """300 recipients as of a day long fixed."""
    made = build_world(
        rows=300, seed=7, as_of=date(2026, 3, 15), clock=StillClock(NOON.timestamp())
    )
    yield made
    made.close()


@pytest.fixture(scope="session")
def ask(world: World) -> Callable[..., list[tuple[Any, ...]]]:
    """Read, bind, check, send as text, run, decode: a session without its socket."""

    def rows(
        what: str, params: Mapping[str, Any] | None = None
    ) -> list[tuple[Any, ...]]:
        ready = prepare(what, params, world.schema)
        query = replace(ready.query, line_count=ready.query.line_count or 100_000)
        sent = from_xml(etree.fromstring(etree.tostring(to_xml(query))))
        answer = b"".join(execute(sent, world)).decode()
        envelope = (
            "<SOAP-ENV:Envelope xmlns:SOAP-ENV="
            '"http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>'
            '<ExecuteQueryResponse xmlns="urn:xtk:queryDef"><pdomOutput>'
            f"{answer}</pdomOutput></ExecuteQueryResponse></SOAP-ENV:Body>"
            "</SOAP-ENV:Envelope>"
        )
        table = decode(envelope.encode(), ready.columns, element=ready.element)
        columns = [column.to_pylist() for column in table.columns]
        for at, column in enumerate(ready.columns):
            if column.values and column.type.kind is Kind.INTEGER:
                columns[at] = [int(value) for value in columns[at]]  # not yet names
        return list(zip(*columns, strict=True))

    return rows
