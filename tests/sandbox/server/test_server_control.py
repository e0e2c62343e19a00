"""The control address: its token, what it drives, what it refuses."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sandbox.server.caller import EXPIRED, Caller
from sandbox.server.served import CONTROL, Served


def control(caller: Caller, verb: str, command: str, what: object = None) -> Any:
    body = None if what is None else json.dumps(what).encode()
    headers = {"X-Sandbox-Control": CONTROL}
    answer = caller.send(verb, f"/sandbox/control/{command}", body, headers)
    assert answer.headers["Content-Type"].startswith("application/json")
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("token", ["", "admin", "control m", "control mé"])
def test_control_needs_its_own_token(caller: Caller, token: str):
    """The log-on password does not give it, nor does a session."""
    headers = {"X-Sandbox-Control": token.encode().decode("latin-1"), **caller.tokens}
    assert caller.send("GET", "/sandbox/control/stats", None, headers).status == 403


def test_control_drives_limits_sessions_and_faults(served: Served, caller: Caller):
    """throttle, expire, settings, stats."""
    assert control(caller, "DELETE", "stats") == (200, {})
    assert control(caller, "POST", "throttle", {"tps": 1}) == (200, {})
    assert caller.call("xtk:session", "TestCnx").status == 200
    assert caller.call("xtk:session", "TestCnx").status == 429
    assert control(caller, "POST", "throttle", {"tps": None}) == (200, {})
    status, stats = control(caller, "GET", "stats")
    assert (status, stats["calls"], stats["throttled"]) == (200, 1, 1)
    assert control(caller, "POST", "settings", {"fault_status": 500}) == (200, {})
    assert caller.call("xtk:session", "Nope").status == 500
    assert control(caller, "POST", "expire", {}) == (200, {"expired": 1})
    assert caller.call("xtk:session", "TestCnx").text == EXPIRED


def test_control_limits_single_apis(caller: Caller):
    """The others go on."""
    what = {"tps": None, "apis": {"xtk:session#TestCnx": 1}}
    assert control(caller, "POST", "throttle", what) == (200, {})
    assert caller.call("xtk:session", "TestCnx").status == 200
    assert caller.call("xtk:session", "TestCnx").status == 429
    assert caller.call("xtk:session", "GetServerTime").status == 200


def test_control_adds_operators_and_bearers(caller: Caller):
    """Someone without rights, and a token of the identity service."""
    eve = {"user": "eve", "password": "p"}
    assert control(caller, "POST", "operators", eve) == (200, {})
    assert control(caller, "POST", "bearers", {"user": "eve", "token": "t"})[0] == 200
    caller.tokens = {"Authorization": "Bearer t"}
    assert "login='eve'" in caller.call("xtk:session", "GetUserInfo").text


def test_control_replicates_and_resets(caller: Caller):
    """The rows are there afterwards."""
    status, told = control(caller, "POST", "replicate")
    assert (status, list(told)) == (200, ["records"])
    assert control(caller, "POST", "reset") == (200, {})
    assert len(caller.query("nms:recipient", "@id", lineCount="9").payload()) == 9


@pytest.mark.parametrize(
    ("verb", "command", "what", "status"),
    [
        ("GET", "nope", None, 404),
        ("POST", "stats", {}, 404),
        ("POST", "throttle", {"tps": -1}, 400),
        ("POST", "throttle", {"tps": "many"}, 400),
        ("POST", "throttle", {"apis": [1]}, 400),
        ("POST", "throttle", {"apis": {"x": 0}}, 400),
        ("POST", "settings", {"fault_status": 404}, 400),
        ("POST", "operators", {"user": "eve"}, 400),
        ("POST", "operators", {"user": "e", "password": "p", "rights": "x"}, 400),
        ("POST", "bearers", {"user": "nobody", "token": "t"}, 400),
        ("POST", "throttle", [], 400),
    ],
)
def test_control_refuses_nonsense(
    caller: Caller, verb: str, command: str, what: object, status: int
):
    """With a reason in JSON."""
    got, answer = control(caller, verb, command, what)
    assert got == status
    assert answer["error"]
