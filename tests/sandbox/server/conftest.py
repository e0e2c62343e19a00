"""A server with real rows, and a client that has logged on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox.server.caller import Caller
from sandbox.server.served import Served, serving

from campaign_magics.sandbox.stores.world import World, build_world


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Few rows: the engine has its own tests."""
    made = build_world(rows=300)
    yield made
    made.close()


@pytest.fixture
def served(world: World) -> Iterator[Served]:
    """A server of this test alone: its own sessions, limits and counts."""
    with serving(world) as server:
        yield server


@pytest.fixture
def caller(served: Served) -> Iterator[Caller]:
    """A client that has logged on."""
    client = served.caller()
    assert client.log_on().status == 200
    yield client
    client.close()
