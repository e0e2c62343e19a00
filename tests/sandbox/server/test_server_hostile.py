"""A few of the malformed requests that tests/bench/fuzz_server.py sends in bulk."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox.server.hostile import Sender
from sandbox.server.malformed import malformed
from sandbox.server.served import Served

from campaign_magics.sandbox.stores.world import World, build_world


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Rows of this module alone: some of the requests may write."""
    made = build_world(rows=50)
    yield made
    made.close()


def test_malformed_requests_are_answered(served: Served):
    """No 5xx, no reset, no unfinished envelope, no failure of the sandbox's own."""
    caller = served.caller()
    caller.log_on()
    outcome = Sender(served.port, caller.tokens).run(f"suite-{n}" for n in range(1200))
    assert outcome.wrong == []
    assert sum(outcome.statuses.values()) == 1200
    assert len({kind for kind, _ in outcome.statuses}) == 7
    assert outcome.slowest < 10
    assert caller.call("xtk:session", "TestCnx").fault is None
    caller.close()


def test_a_seed_is_a_request():
    """The same one each time, so that a failure can be looked at."""
    assert malformed("7-1") == malformed("7-1") != malformed("7-2")
