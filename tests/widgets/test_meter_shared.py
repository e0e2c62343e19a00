"""A meter over budgets that it shares: with another process, through each store."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from throttle.redis_server import PROGRAM, REQUIRED, RedisServer

import campaign_magics as cm
from campaign_magics import Sandbox
from campaign_magics.errors import NotConnected
from campaign_magics.front import sandbox_environment
from campaign_magics.widgets.ticker import TICKER

SQL = "SELECT email FROM nms:recipient"
QUERIES = "xtk:queryDef#ExecuteQuery"
OTHER_KERNEL = """
import sys
import campaign_magics as cm
with cm.connect("sandbox", budget_store=sys.argv[1]) as session:
    for _ in session.pages("SELECT email FROM nms:recipient", page_size=10): pass
"""


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Sandbox]:
    """A sandbox whose count nobody else adds to."""
    with Sandbox(rows=200, tps=200) as sandbox:
        yield sandbox


@pytest.fixture(params=["sqlite", "redis"])
def store(request: Any, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:{tmp_path}/budget.sqlite"
        return
    if PROGRAM is None and not REQUIRED:
        pytest.skip("redis-server is not installed")
    with RedisServer(tmp_path) as server:
        yield server.url


@pytest.mark.slow
def test_two_kernels_together_are_what_the_sandbox_counted(
    own: Sandbox, store: str
) -> None:
    """Own and other calls apart, and each API's total."""
    with cm.connect(own, budget_store=store) as session:
        meter = session.meter()
        environment = {**os.environ, **sandbox_environment(own)}
        command = [sys.executable, "-c", OTHER_KERNEL, store]
        with subprocess.Popen(command, env=environment) as other:
            for _ in session.pages(SQL, page_size=10):
                pass
            assert other.wait(timeout=60) == 0
        meter.close()
        now, counted = meter.now, own.stats()
    assert now.shared
    assert now.own + now.others == counted["calls"]
    assert now.own >= 20  # 200 rows by ten
    assert now.others >= 20
    calls = {one.api: one.calls for one in now.apis}
    assert calls == {api: one["calls"] for api, one in counted["apis"].items()}
    assert TICKER.open == ()
    assert not [t for t in threading.enumerate() if t.name.startswith("campaign-")]


def test_refusals_and_the_eased_rate_are_shown(own: Sandbox) -> None:
    with cm.connect(own, budget_store="memory") as session:
        meter = session.meter()
        own.faults("status", status=429, retry_after=0, calls=2, api=QUERIES)
        session.count(SQL)
        meter.close()
        told = meter.as_text()
    assert meter.now.refused == 2
    assert meter.now.eased
    assert "2 refused (429)" in told
    assert "a second after HTTP 429" in told


def test_without_a_limit_there_is_none_on_the_page(own: Sandbox) -> None:
    with cm.connect(own, tps=None, budget_store="memory") as session:
        meter = session.meter()
        session.count(SQL)
        meter.close()
    assert "a second, no limit" in meter.as_text()
    assert "None" not in meter.as_html()
    assert "stroke-dasharray" not in meter.as_html()


def test_many_meters_share_one_thread_and_close_with_their_session(
    own: Sandbox,
) -> None:
    with cm.connect(own, budget_store="memory") as session:
        meters = [session.meter() for _ in range(20)]
        names = [thread.name for thread in threading.enumerate()]
        assert names.count("campaign-ticker") == 1
        session.count(SQL)
    assert all(meter.closed for meter in meters)
    assert {meter.now.own for meter in meters} == {meters[0].now.own}
    assert "campaign-ticker" not in [t.name for t in threading.enumerate()]


def test_a_closed_session_has_no_meter(own: Sandbox) -> None:
    """Its figures would stand still; and its thread would never end."""
    session = cm.connect(own, budget_store="memory")
    session.close()
    with pytest.raises(NotConnected, match="This session is closed"):
        session.meter()
    assert TICKER.open == ()
