"""A served world of these tests alone, and raw HTTP to it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from sandbox.server.caller import Answer, Caller
from sandbox.server.served import CONTROL, Served, serving

from campaign_magics.sandbox.mishaps.plan import Plan
from campaign_magics.sandbox.stores.world import World, build_world


class Mishaps(Served):
    """A running server, and how things are made to go wrong on it."""

    @property
    def plan(self) -> Plan:
        return self.instance.mishaps

    def control(
        self, verb: str, what: dict[str, Any] | None = None, token: str = CONTROL
    ) -> Answer:
        client = self.caller()
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
def served(mishap_world: World) -> Iterator[Mishaps]:
    """A server of this test alone."""
    with serving(mishap_world) as server:
        yield Mishaps(server.listener, server.instance)


@pytest.fixture
def caller(served: Mishaps) -> Iterator[Caller]:
    """A client that has logged on."""
    client = served.caller()
    assert client.log_on().status == 200
    yield client
    client.close()
