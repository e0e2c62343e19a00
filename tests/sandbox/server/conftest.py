"""The server in this process, on a socket of its own, with real rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sandbox.server.caller import Caller

from campaign_magics.sandbox.app import App
from campaign_magics.sandbox.auth import Authority, Operator
from campaign_magics.sandbox.instance import Instance
from campaign_magics.sandbox.listener import Listener
from campaign_magics.sandbox.quota import Quota
from campaign_magics.sandbox.stores.world import World, build_world
from campaign_magics.secret import Secret

ADMIN = Operator(login="admin", label="Administrator", id=1059)


@dataclass(frozen=True)
class Served:
    """A running server, and its inside."""

    listener: Listener
    instance: Instance

    @property
    def port(self) -> int:
        return int(self.listener.bind_addr[1])

    def caller(self) -> Caller:
        return Caller(self.port)


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Few rows: the engine has its own tests."""
    made = build_world(rows=300)
    yield made
    made.close()


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    """A server of this test alone: its own sessions, limits and counts."""
    authority = Authority()
    authority.add_operator(ADMIN, Secret("admin"))
    instance = Instance(world=world, authority=authority, quota=Quota())
    app = App(instance, control_token=Secret("control me"))
    listener = Listener("127.0.0.1", 0, app)
    listener.expiration_interval = 0.01  # how long stopping may take
    listener.prepare()
    thread = threading.Thread(target=listener.serve)
    thread.start()
    yield Served(listener, instance)
    assert listener.finish()
    thread.join()


@pytest.fixture
def caller(served: Served) -> Iterator[Caller]:
    """A client that has logged on."""
    client = served.caller()
    assert client.log_on().status == 200
    yield client
    client.close()
