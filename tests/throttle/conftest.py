"""A clock that stands still, a Redis server, and every store that a budget may use."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from clocks import StillClock
from throttle.redis_server import PROGRAM, REQUIRED, RedisServer

from campaign_magics.throttle import MemoryStore, RedisStore, SQLiteStore, Store


class MachineClock(StillClock):
    """As on a machine, the time of day and the monotonic time differ."""

    def now(self) -> float:
        return self.seconds + 1_700_000_000.0


@pytest.fixture
def clock() -> MachineClock:
    return MachineClock()


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """One for all tests that leave it running; each takes an instance of its own."""
    if PROGRAM is None and not REQUIRED:
        pytest.skip("redis-server is not installed")
    with RedisServer(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def own_redis(tmp_path: Path, redis_server: RedisServer) -> Iterator[RedisServer]:
    """One that the test may stop."""
    with RedisServer(tmp_path) as server:
        yield server


@pytest.fixture
def instance() -> str:
    """The URL of an instance that no other test uses."""
    return f"https://{uuid.uuid4().hex}.example"


@pytest.fixture(
    params=[
        pytest.param("memory", marks=pytest.mark.pure),
        pytest.param("sqlite", marks=pytest.mark.pure),
        "redis",
    ]
)
def store(
    request: pytest.FixtureRequest, tmp_path: Path, clock: MachineClock
) -> Iterator[Store]:
    """One for this test, of each kind."""
    store: Store = MemoryStore()
    if request.param == "sqlite":
        store = SQLiteStore(tmp_path / "budgets" / "one.sqlite")
    elif request.param == "redis":
        server = request.getfixturevalue("redis_server")
        instance = request.getfixturevalue("instance")
        store = RedisStore(server.url, instance, clock=clock)
    yield store
    store.close()
