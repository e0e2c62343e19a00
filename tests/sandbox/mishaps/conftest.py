"""A served world of these tests alone, and raw HTTP to it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sandbox.server.caller import Answer, Caller

from campaign_magics.sandbox.app import App
from campaign_magics.sandbox.auth import Authority, Operator
from campaign_magics.sandbox.instance import Instance
from campaign_magics.sandbox.listener import Listener
from campaign_magics.sandbox.mishaps.plan import Plan
from campaign_magics.sandbox.quota import Quota
from campaign_magics.sandbox.stores.world import World, build_world
from campaign_magics.secret import Secret

CONTROL = "control me"


@dataclass(frozen=True)
class Served:
    """A running server and its plan of mishaps."""

    listener: Listener
    plan: Plan
    instance: Instance

    @property
    def port(self) -> int:
        return int(self.listener.bind_addr[1])

    def control(
        self, verb: str, what: dict[str, Any] | None = None, token: str = CONTROL
    ) -> Answer:
        client = Caller(self.port)
        body = None if what is None else json.dumps(what).encode()
        headers = {"X-Sandbox-Control": token}
        try:
            return client.send(verb, "/sandbox/control/faults", body, headers)
        finally:
            client.close()

    def order(self, kind: str, **words: Any) -> None:
        answer = self.control("POST", {"orders": [{"kind": kind, **words}]})
        assert answer.status == 200, answer.text

    def raw(self, request: bytes, seconds: float = 5.0) -> tuple[bytes, bool]:
        """Send bytes; return what came back, and whether it ended in a reset."""
        with socket.create_connection(("127.0.0.1", self.port), seconds) as wire:
            wire.sendall(request)
            heard = b""
            try:
                while piece := wire.recv(65_536):
                    heard += piece
            except ConnectionResetError:
                return heard, True
            return heard, False


@pytest.fixture(scope="session")
def mishap_world() -> Iterator[World]:
    """Few rows."""
    made = build_world(rows=50)
    yield made
    made.close()


@pytest.fixture
def served(mishap_world: World) -> Iterator[Served]:
    """A server of this test alone."""
    authority = Authority()
    admin = Operator(login="admin", label="Administrator", id=1059)
    authority.add_operator(admin, Secret("admin"))
    instance = Instance(world=mishap_world, authority=authority, quota=Quota())
    app = App(instance, control_token=Secret(CONTROL))
    listener = Listener("127.0.0.1", 0, app)
    listener.expiration_interval = 0.01  # how long stopping may take
    listener.prepare()
    thread = threading.Thread(target=listener.serve)
    thread.start()
    yield Served(listener, instance.mishaps, instance)
    assert listener.finish()
    thread.join()


@pytest.fixture
def caller(served: Served) -> Iterator[Caller]:
    """A client that has logged on."""
    client = Caller(served.port)
    assert client.log_on().status == 200
    yield client
    client.close()
