"""An instance on a socket whose time passes only when somebody waits for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from clocks import StillClock
from sandbox.server.served import listening
from sandbox.services.conftest import ADMIN, READER

from campaign_magics.api import Deliveries, Delivery, Jobs, Subscriptions, Workflows
from campaign_magics.profiles import Profile
from campaign_magics.sandbox.app import App
from campaign_magics.sandbox.auth import Authority
from campaign_magics.sandbox.instance import Instance
from campaign_magics.sandbox.quota import Quota
from campaign_magics.sandbox.stores.world import build_world
from campaign_magics.secret import Secret
from campaign_magics.session import Connection, open_as

FRENCH = "language = 'fr' AND email IS NOT NULL"
"""Whom the tests' deliveries are for."""


class Office:
    """A running instance with its clock, and doors for its operators."""

    def __init__(self, cache: Path) -> None:
        self.clock = StillClock(1_773_576_000.0)  # 2026-03-15 12:00:00 UTC
        self.world = build_world(rows=300, as_of=date(2026, 3, 15), clock=self.clock)
        authority = Authority()
        for operator in (ADMIN, READER):
            authority.add_operator(operator, Secret("secret"))
        self.instance = Instance(world=self.world, authority=authority, quota=Quota())
        self._open = ExitStack()
        self._open.callback(self.world.close)
        self.listener = self._open.enter_context(listening(App(self.instance)))
        self._cache = cache
        self.connection = self.connect()
        self.workflows = Workflows(self.connection, clock=self.clock)
        self.deliveries = Deliveries(self.connection, clock=self.clock)
        self.subscriptions = Subscriptions(self.connection)
        self.jobs = Jobs(self.connection, clock=self.clock)

    def connect(self, user: str = "admin", **settings: Any) -> Connection:
        profile = Profile(
            name="live",
            url=self.listener.url,
            user=user,
            budget_store="memory",
            **settings,
        )
        opened = open_as(
            Connection, profile, password=Secret("secret"), cache=self._cache
        )
        self._open.callback(opened.close)
        return opened

    def calls(self, work: Callable[[], object]) -> list[str]:
        """Return the actions that some work called, in their order."""
        heard: list[str] = []
        with self.connection.trace(lambda exchange: heard.append(exchange.method)):
            work()
        return heard

    def close(self) -> None:
        self._open.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One instance for a module; tests take care to use records of their own."""
    made = Office(tmp_path_factory.mktemp("schemas"))
    yield made
    made.close()


def new(office: Office, **more: Any) -> Delivery:
    """Return a delivery that is not prepared yet."""
    settings: dict[str, Any] = {"targets": FRENCH, "label": "For the tests", **more}
    return office.deliveries.create("mail", **settings)
