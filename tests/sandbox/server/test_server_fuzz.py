"""Malformed requests: an answer always, and never a 5xx."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sandbox.server.caller import ROUTER
from sandbox.server.malformed import damaged
from sandbox.server.served import Served
from sandbox.server.test_server_wire import captured

from campaign_magics.sandbox.app import App
from campaign_magics.sandbox.auth import Authority, Operator
from campaign_magics.sandbox.instance import Instance
from campaign_magics.sandbox.quota import Quota
from campaign_magics.sandbox.stores.world import World
from campaign_magics.secret import Secret

BODIES = [
    captured(name)[0].partition("\n\n")[2].encode()
    for name in ("01", "04", "05", "09", "10", "11", "14")
]
ACTIONS = [
    "xtk:session#Logon",
    "xtk:session#GetOption",
    "xtk:persist#GetEntityIfMoreRecent",
    "xtk:persist|nms:recipient#GetEntityIfMoreRecent",
    "xtk:queryDef#ExecuteQuery",
    "xtk:queryDef#SelectAll",
    "xtk:queryDef#BuildQuery",
    "",
]
ALLOWED = {200, 400, 403, 404, 405, 413}


@pytest.fixture(scope="module")
def app(world: World) -> App:
    """An application whose bearer token opens everything."""
    authority = Authority()
    admin = Operator(login="admin")
    authority.add_operator(admin, Secret("admin"))
    authority.allow_bearer(Secret("t"), admin)
    return App(Instance(world=world, authority=authority, quota=Quota()))


def ask(app: App, body: bytes, **environ: Any) -> int:
    """Send one request past the socket; return its status."""
    statuses: list[str] = []
    answer = app(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": ROUTER,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "wsgi.url_scheme": "http",
            "HTTP_AUTHORIZATION": "Bearer t",
            "wsgi.input": io.BytesIO(body),
            **environ,
        },
        lambda status, headers: statuses.append(status),
    )
    assert b"".join(answer)
    return int(statuses[0][:3])


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 2**32), action=st.sampled_from(ACTIONS))
def test_damaged_envelopes_get_an_answer(app: App, seed: int, action: str):
    """Whatever became of a body that was good."""
    dice = random.Random(seed)
    body = damaged(dice.choice(BODIES), dice)
    assert ask(app, body, HTTP_SOAPACTION=action) in ALLOWED


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    body=st.binary(max_size=300),
    headers=st.dictionaries(
        st.sampled_from(
            [
                "HTTP_SOAPACTION",
                "HTTP_COOKIE",
                "HTTP_AUTHORIZATION",
                "HTTP_X_SECURITY_TOKEN",
                "HTTP_X_SANDBOX_CONTROL",
                "HTTP_CONTENT_ENCODING",
                "HTTP_ACCEPT_ENCODING",
                "CONTENT_TYPE",
                "CONTENT_LENGTH",
            ]
        ),
        st.text(st.characters(max_codepoint=255), max_size=40),
    ),
    path=st.sampled_from([ROUTER, "/r/test", "/sandbox/control/stats", "/", "//x"]),
    verb=st.sampled_from(["GET", "POST", "PUT", "OPTIONS"]),
)
def test_any_bytes_get_an_answer(
    app: App, body: bytes, headers: dict[str, str], path: str, verb: str
):
    """Headers too, on any path, by any method."""
    status = ask(app, body, PATH_INFO=path, REQUEST_METHOD=verb, **headers)
    assert status in ALLOWED


@pytest.mark.parametrize(
    "body",
    [
        b"<a>" * 100_000,
        b"<Envelope><Body>" + b"<a>" * 5_000 + b"</a>" * 5_000 + b"</Body></Envelope>",
        b"<Envelope><Body><m" + b" a='1'" * 100_000 + b"/></Body></Envelope>",
        b"<Envelope><Body><m>" + b"<p/>" * 100_000 + b"</m></Body></Envelope>",
        b"<m xmlns='urn:" + b"|" * 100_000 + b"'/>",
        b"<m " + b"xmlns:a='urn:x|' " * 20_000 + b"/>",
        b"<m a='" * 20_000,
        b"<Envelope><Body><m><t/><p>" + b"9" * 100_000 + b"</p></m></Body></Envelope>",
    ],
    ids=["open", "deep", "attributes", "parts", "bars", "urns", "quotes", "digits"],
)
def test_large_nonsense_is_quick(app: App, body: bytes):
    """No quadratic time: each of these is read in well under a second."""
    import time

    started = time.perf_counter()
    assert ask(app, body, HTTP_SOAPACTION="xtk:session#GetOption") in ALLOWED
    assert time.perf_counter() - started < 2


def test_it_still_serves_afterwards(served: Served):
    """The same code on a socket, after all that."""
    client = served.caller()
    assert client.log_on().status == 200
    client.close()
