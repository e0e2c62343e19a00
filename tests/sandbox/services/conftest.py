"""Business methods called in this process, on a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from clocks import StillClock
from lxml import etree

from campaign_magics.query.from_xml import from_xml
from campaign_magics.sandbox.auth import Authority, Operator, Session
from campaign_magics.sandbox.business.clockwork import settle
from campaign_magics.sandbox.engine import execute
from campaign_magics.sandbox.faults import Fault
from campaign_magics.sandbox.instance import Call, Instance, Reply
from campaign_magics.sandbox.quota import Quota
from campaign_magics.sandbox.router import find_route, not_emulated
from campaign_magics.sandbox.stores.world import World, build_world

DAY = date(2026, 3, 15)
ADMIN = Operator(login="admin", label="Administrator", id=1059)
READER = Operator(login="reader", id=1061, rights=frozenset())


class Desk:
    """Calls methods as a client would, without the wire."""

    def __init__(self, world: World, clock: StillClock) -> None:
        self.world = world
        self.clock = clock
        self.instance = Instance(world=world, authority=Authority(), quota=Quota())

    def call(
        self,
        action: str,
        *args: Any,
        entity: str | None = None,
        by: Operator = ADMIN,
    ) -> Reply:
        """Call ``nms:delivery#Prepare``; text that begins with < is a document."""
        urn, _, name = action.partition("#")
        route = find_route(self.instance, (urn, name))
        if route.coverage is None:
            raise not_emulated(route)
        given = [
            etree.fromstring(arg)
            if isinstance(arg, str) and arg.startswith("<")
            else arg
            for arg in args
        ]
        settle(self.world)
        call = Call(
            instance=self.instance,
            urn=urn,
            schema=route.schema,
            method=route.method,
            args=(*given, *[None] * (len(route.method.inputs) - len(given))),
            entity=None if entity is None else etree.fromstring(entity),
            session=Session(operator=by, ends=9e9, security=b"", key=b""),
        )
        return route.coverage.service(call)

    def refused(self, action: str, *args: Any, **more: Any) -> str:
        """Call what is refused, and return the cause."""
        with pytest.raises(Fault) as caught:
            self.call(action, *args, **more)
        assert caught.value.code == "SOP-330011"
        return caught.value.detail

    def after(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.seconds += seconds
        settle(self.world)

    def rows(self, schema: str, paths: str, where: str = "") -> list[tuple[str, ...]]:
        """Ask a query and return its rows as texts: ``rows("nms:delivery", "@id")``."""
        names = paths.split()
        nodes = "".join(
            f'<node expr="{expr}" alias="@a{at}"/>' for at, expr in enumerate(names)
        )
        test = f"<where><condition expr={quoted(where)}/></where>" if where else ""
        query = etree.fromstring(
            f'<queryDef schema="{schema}" operation="select" lineCount="100000">'
            f"<select>{nodes}</select>{test}</queryDef>"
        )
        settle(self.world)
        found = etree.fromstring(b"".join(execute(from_xml(query), self.world)))
        return [tuple(row.get(f"a{n}") for n in range(len(names))) for row in found]

    def value(self, schema: str, path: str, where: str) -> str:
        """Return one value of the only row that matches."""
        ((value,),) = self.rows(schema, path, where)
        return value

    def count(self, schema: str, where: str) -> int:
        return len(self.rows(schema, "1", where))


def quoted(text: str) -> str:
    return (
        '"'
        + text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        + '"'
    )


def build_desk(rows: int = 300, seed: int = 7) -> Desk:
    clock = StillClock(1_773_576_000.0)  # 2026-03-15 12:00:00 UTC
    return Desk(build_world(rows=rows, seed=seed, as_of=DAY, clock=clock), clock)


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """One world for a module; tests take care to use rows of their own."""
    made = build_desk()
    yield made
    made.world.close()
