"""Sessions against the real sandbox, over a real socket."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import pytest
from threads import in_threads

from campaign_magics.errors import AccessDenied, CampaignError, SoapFault
from campaign_magics.profiles import Profile
from campaign_magics.sandbox.process import Sandbox
from campaign_magics.secret import Secret
from campaign_magics.session import Connection, open_as
from campaign_magics.soap.exchange import Exchange

pytestmark = pytest.mark.slow

TPS = 20
QUERY = """<queryDef schema="nms:recipient">
  <select><node expr="@id"/><node expr="@email"/><node expr="[folder/@label]"/></select>
  <orderBy><node expr="@id"/></orderBy>
</queryDef>"""


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox(tps=TPS, rows=300, seed=7) as running:
        yield running


@pytest.fixture
def connect(server: Sandbox, tmp_path: Path) -> Iterator[Callable[..., Connection]]:
    made: list[Connection] = []

    def make(password: Secret | None = None, tps: float | None = TPS) -> Connection:
        profile = Profile(
            name="sandbox",
            url=server.url,
            user=server.user,
            tps=tps,
            budget_store="memory",
        )
        made.append(
            open_as(
                Connection,
                profile,
                password=password or server.password,
                cache=tmp_path,
            )
        )
        return made[-1]

    yield make
    for session in made:
        session.close()
    server.control.throttle(TPS)
    time.sleep(1.0)  # the server's window empties before the next test fills it


def test_rows_arrive_typed_and_the_limit_is_told(
    connect: Callable[..., Connection],
) -> None:
    """The first 200 rows by default; all 300 and the imported ones on request."""
    session = connect()
    frame = session.query(QUERY)
    assert len(frame) == 200
    assert frame.attrs["campaign"]["truncated"] is True
    assert str(frame["id"].dtype) == "Int64"
    assert len(session.query(QUERY, limit=None)) == session.count(QUERY)
    assert session.build_sql(QUERY).upper().startswith("SELECT")
    assert "nms:recipient" in session.schemas


def test_a_burst_waits_here_and_not_at_the_server(
    server: Sandbox, connect: Callable[..., Connection]
) -> None:
    """60 queries at once: all answered, no 429, the budget used to 95 % or more."""
    session = connect()
    session.query(QUERY, limit=1)
    time.sleep(1.0)
    server.control.stats(clear=True)
    seen: list[Exchange] = []
    with session.trace(seen.append):
        sizes = in_threads(60, lambda: len(session.query(QUERY, limit=1)))
    counted = server.control.stats()
    assert sizes == [1] * 60
    assert [e.retries for e in seen] == [0] * 60
    assert (counted["calls"], counted["throttled"]) == (60, 0)
    assert counted["used"] >= 0.95


def test_a_budget_that_is_too_generous_learns_from_429(
    server: Sandbox, connect: Callable[..., Connection]
) -> None:
    """The server halves its limit: calls are refused, repeated, and all answered."""
    session = connect(tps=None)
    session.log_on()
    server.control.throttle(TPS / 2)
    times = in_threads(30, lambda: session.call("xtk:session", "GetServerTime"))
    assert {type(told) for told in times} == {datetime}


def test_an_expired_session_is_renewed_once(
    server: Sandbox, connect: Callable[..., Connection]
) -> None:
    """Every session ends on the server; a hundred threads notice; one logs on."""
    server.control.throttle(None)
    session = connect(tps=None)
    session.query(QUERY, limit=1)
    server.control.expire()
    server.control.stats(clear=True)
    sizes = in_threads(100, lambda: len(session.query(QUERY, limit=1)))
    assert sizes == [1] * 100
    apis = server.control.stats()["apis"]
    assert apis["xtk:session#Logon"]["calls"] == 1
    assert apis["xtk:queryDef#ExecuteQuery"]["calls"] >= 101


def test_a_wrong_password_is_refused(
    server: Sandbox, connect: Callable[..., Connection]
) -> None:
    """Two lines; neither password is in them."""
    wrong = Secret("wrong-canary")
    with pytest.raises(AccessDenied) as caught:
        connect(password=wrong).log_on()
    lines = "\n".join(caught.value.render())
    assert "XSV-350012" in lines
    assert "wrong-canary" not in lines
    assert server.password.reveal() not in lines


def test_a_method_the_server_lacks_is_a_fault(
    connect: Callable[..., Connection],
) -> None:
    """What the schema declares and the server does not run is told by the server."""
    with pytest.raises(SoapFault) as caught:
        connect().call("xtk:session", "EncryptPassword", "x")
    error: CampaignError = caught.value
    assert error.facts["method"] == "xtk:session#EncryptPassword"
    assert error.facts["request_id"]
