"""The application over a real socket: faults, limits, sessions, streams, control."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sandbox.server.caller import ROUTER, Answer, Caller
from sandbox.server.conftest import Served

from campaign_magics.sandbox import engine
from campaign_magics.sandbox.auth import Operator
from campaign_magics.sandbox.envelope import MAX_BYTES
from campaign_magics.sandbox.faults import Fault
from campaign_magics.sandbox.router import COVERAGE
from campaign_magics.secret import Secret

EXPIRED = "XSV-350008 Session has expired or is invalid. Please reconnect."
CONTROL = {"X-Sandbox-Control": "control me"}


def faultstring(answer: Answer) -> str:
    assert answer.status == 200
    assert answer.fault is not None, answer.text
    return answer.fault[1]


# --- methods that are, are not, and are elsewhere ---


def test_a_method_that_no_schema_declares(caller: Caller):
    """SOP-330006, as a live server words it."""
    assert faultstring(caller.call("xtk:session", "Nope")) == (
        "SOP-330006 The method 'Nope' is not defined in SOAP service 'xtk:session'."
    )


@pytest.mark.parametrize("urn", ["nms:nope", "nope", "xtk:persist|nms:nope", "a|b|c"])
def test_a_service_that_does_not_exist(caller: Caller, urn: str):
    """No schema, no method."""
    assert faultstring(caller.call(urn, "Write")).startswith("SOP-330006")


@pytest.mark.parametrize("urn", ["xtk:session", "nms:recipient"])
def test_an_interface_method_on_the_wrong_service(caller: Caller, urn: str):
    """SOP-330024: the URN must name the interface."""
    answer = caller.call(urn, "GetEntityIfMoreRecent", "xtk:schema|xtk:session")
    assert faultstring(answer).startswith("SOP-330024")


@pytest.mark.parametrize(
    "urn", ["xtk:persist", "xtk:persist|xtk:session", "xtk:persist|nms:delivery"]
)
def test_the_three_ways_to_name_an_interface(caller: Caller, urn: str):
    """Alone, of the schema that declares it, of one that implements it."""
    answer = caller.call(urn, "GetEntityIfMoreRecent", "xtk:schema|nms:group")
    assert answer.payload().get("name") == "group"
    assert f"xmlns='urn:{urn}'" in answer.text


@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("prefix", ["", "urn:"])
def test_the_action_may_be_quoted(caller: Caller, quote: str, prefix: str):
    """SOAPAction with or without quotes, as toolkits send it."""
    action = f"{quote}{prefix}xtk:session#TestCnx{quote}"
    assert caller.call("x", "Y", headers={"SOAPAction": action}).status == 200


def test_without_an_action_the_body_tells(caller: Caller):
    """Namespace and name of the method element."""
    answer = caller.call("xtk:session", "GetServerTime", headers={"SOAPAction": '""'})
    assert "GetServerTimeResponse" in answer.text


def test_every_declared_method_runs_or_says_that_it_does_not(
    served: Served, caller: Caller
):
    """No method of any schema ends in silence or in a crash."""
    for name in served.instance.world.schema_ids():
        schema = served.instance.world.schema(name)
        for method in schema.methods:
            if (name, method.name) not in COVERAGE:
                answer = caller.call(name, method.name)
                assert faultstring(answer).startswith("SOP-330011")
                assert answer.fault is not None
                assert "does not emulate" in answer.fault[2]


def test_the_coverage_table_names_real_methods(served: Served):
    """An entry that no schema declares could never be called."""
    world = served.instance.world
    declared = set()
    for schema in map(world.schema, world.schema_ids()):
        declared |= {(schema.id, method.name) for method in schema.methods}
        for urn, methods in schema.interfaces.items():
            declared |= {(urn, method.name) for method in methods}
    assert set(COVERAGE) <= declared


def test_too_many_arguments(caller: Caller):
    """SOP-330003; names never matter, the count does."""
    assert faultstring(caller.call("xtk:session", "GetOption", "a", "b")).startswith(
        "SOP-330003"
    )


def test_faults_may_come_as_500(served: Served, caller: Caller):
    """As a live 8.6.3 does: a switch."""
    served.instance.settings.fault_status = 500
    answer = caller.call("xtk:session", "Nope")
    assert answer.status == 500
    assert answer.fault is not None


# --- sessions ---


def test_a_call_without_a_session_is_refused(served: Served):
    """Unknown methods too: strangers learn nothing."""
    stranger = served.caller()
    for method in ("TestCnx", "Nope"):
        answer = stranger.call("xtk:session", method)
        assert (answer.status, answer.text) == (403, EXPIRED)
        assert answer.headers["Content-Type"].startswith("text/plain")
    stranger.close()


@pytest.mark.parametrize(
    "carrier",
    ["cookie", "header", "soap header", "first parameter", "others, then cookie"],
)
def test_the_session_may_come_in_four_places(caller: Caller, carrier: str):
    """Cookie, X-Session-Token, SOAP header, first parameter."""
    token = caller.tokens["Cookie"].partition("=")[2]
    security = {"X-Security-Token": caller.tokens["X-Security-Token"]}
    headers, soap_header, parameter = dict(security), "", ""
    if carrier == "cookie":
        headers["Cookie"] = f"a=b; __sessiontoken={token}; c=d"
    elif carrier == "header":
        headers["X-Session-Token"] = token
    elif carrier == "soap header":
        soap_header = (
            f"<Header><Cookie>__sessiontoken={token}</Cookie><X-Security-Token>"
            f"{security['X-Security-Token']}</X-Security-Token></Header>"
        )
        headers = {}
    elif carrier == "first parameter":
        parameter = token
    else:
        headers |= {"Cookie": f"__sessiontoken={token}", "X-Session-Token": "___no"}
        parameter = "___no"
    body = (
        f"<Envelope>{soap_header}<Body><TestCnx><t>{parameter}</t></TestCnx></Body>"
        "</Envelope>"
    )
    sent = {"SOAPAction": "xtk:session#TestCnx", **headers}
    assert caller.send("POST", ROUTER, body.encode(), sent).status == 200


def test_a_bearer_header_replaces_both_tokens(served: Served, caller: Caller):
    """IMS mode; refused unless the token was announced."""
    caller.tokens = {"Authorization": "Bearer ey.ims"}
    assert caller.call("xtk:session", "TestCnx").text == EXPIRED
    admin = next(iter(served.instance.authority.operators()))
    served.instance.authority.allow_bearer(Secret("ey.ims"), admin)
    assert caller.call("xtk:session", "TestCnx").status == 200
    assert caller.call("xtk:session", "BearerTokenLogon", "ey.ims").status == 200
    assert caller.call("xtk:session", "BearerTokenLogon", "other").status == 403


def test_who_am_i(served: Served):
    """GetUserInfo names the operator of the session, with its rights."""
    reader = Operator(login="eve <&>", label="Eve", id=5, rights=frozenset({"export"}))
    served.instance.authority.add_operator(reader, Secret("p&<>' é"))
    client = served.caller()
    assert client.log_on("eve <&>", "p&<>' é").status == 200
    info = client.call("xtk:session", "GetUserInfo").payload()
    assert (info.get("login"), info.get("loginCS")) == ("eve <&>", "Eve (eve <&>)")
    assert [r.get("right") for r in info.findall("login-right")] == ["export"]
    client.close()


def test_log_on_tells_what_the_sdk_reads(served: Served):
    """Server, version, operator, packages (protocol.md §3)."""
    client = served.caller()
    info = client.log_on()
    document = info.payload  # the session info is the second output
    assert document is not None
    for fact in (
        "buildNumber='",
        "instanceName='sandbox'",
        "majNumber='8'",
        "sessionTimeOut='86400'",
        "login='admin'",
        "loginId='1059'",
        "<login-right right='admin'/>",
        "namespace='nms'",
    ):
        assert fact in info.text
    client.close()


# --- services ---


def test_options(caller: Caller):
    """Value and type; an unknown one is empty, whatever its name tries."""
    found = caller.call("xtk:session", "GetOption", "XtkDatabaseId")
    assert found.output("pstrValue")
    assert found.output("pbtType") == "6"
    for name in ("nope", "", "x' or 1=1 or @name='", "a\\'b"):
        unknown = caller.call("xtk:session", "GetOption", name)
        assert (unknown.output("pstrValue"), unknown.output("pbtType")) == ("", "0")


def test_a_schema_is_sent_once_per_md5(caller: Caller):
    """The same md5 is answered by an empty document."""
    urn, method, key = (
        "xtk:persist",
        "GetEntityIfMoreRecent",
        "xtk:schema|nms:recipient",
    )
    md5 = caller.call(urn, method, key, "", "false").payload().get("md5")
    again = caller.call(urn, method, key, md5, "false")
    assert "literalxml'></pdomDoc>" in again.text
    assert caller.call(urn, method, key, "0" * 32, "false").payload() is not None


def test_source_schemas_are_entities_too(caller: Caller):
    """``xtk:srcSchema|…`` is what a developer edits."""
    source = caller.call(
        "xtk:persist", "GetEntityIfMoreRecent", "xtk:srcSchema|nms:recipient"
    ).payload()
    assert source.tag == "srcSchema"


def test_an_entity_that_is_not_there(caller: Caller):
    """Empty, or XFR-180000 when it must exist."""
    urn, method = "xtk:persist", "GetEntityIfMoreRecent"
    for key in ("xtk:schema|nms:nope", "xtk:form|nms:recipient", "nms:recipient", ""):
        assert "></pdomDoc>" in caller.call(urn, method, key, "", "false").text
        answer = caller.call(urn, method, key, "", "true")
        assert faultstring(answer).startswith("SOP-330011")
        assert answer.fault is not None
        assert answer.fault[2].startswith("XFR-180000")


def test_the_server_stops_at_200_rows_unless_told(caller: Caller):
    """§5.1; and lineCount tells."""
    assert len(caller.query("nms:recipient", "@id").payload()) == 200
    assert len(caller.query("nms:recipient", "@id", lineCount="7").payload()) == 7


def test_build_query_returns_sql(caller: Caller):
    """What a real instance would run."""
    answer = caller.call(
        "xtk:queryDef",
        "BuildQuery",
        '<queryDef schema="nms:recipient"><select><node expr="@email"/></select>'
        "</queryDef>",
    )
    assert "SELECT" in answer.output("pstrSql").upper()
    assert "sEmail" in answer.output("pstrSql")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<other/>",
        "<queryDef/>",
        '<queryDef schema="nms:nope"/>',
        '<queryDef schema="nms:recipient" operation="drop"/>',
        '<queryDef schema="nms:recipient" lineCount="many"/>',
        '<queryDef schema="nms:recipient"><select><node/></select></queryDef>',
        '<queryDef schema="nms:recipient"><select><node expr="1; DROP TABLE x"/>'
        "</select></queryDef>",
    ],
)
@pytest.mark.parametrize("method", ["ExecuteQuery", "SelectAll", "BuildQuery"])
def test_bad_questions_are_faults_of_their_method(
    caller: Caller, method: str, document: str
):
    """SOP-330011 names the method that was called; the detail has the cause."""
    answer = caller.call("xtk:queryDef", method, document)
    if method == "SelectAll" and answer.fault is None:
        return  # it replaces the select, so a bad one there does no harm
    assert faultstring(answer) == (
        f"SOP-330011 Error while executing the method '{method}' of service "
        "'xtk:queryDef'."
    )
    assert answer.fault is not None
    assert answer.fault[2]


# --- streams ---


def slow_rows(count: int, failing: bool) -> Any:
    def execute(query: object, world: object) -> Iterator[bytes]:
        yield b"<recipient-collection>"
        for _ in range(count):
            yield b"<recipient email='someone@example.test'/>" * 1000
        if failing:
            raise Fault("SOP-330011", "the database went away")
        yield b"</recipient-collection>"

    return execute


def test_long_answers_are_chunked(caller: Caller, monkeypatch: pytest.MonkeyPatch):
    """No Content-Length, and the envelope closes."""
    monkeypatch.setattr(engine, "execute", slow_rows(50, failing=False))
    answer = caller.query("nms:recipient", "@id")
    assert answer.headers["Transfer-Encoding"] == "chunked"
    assert len(answer.payload()) == 50_000
    caller.tokens["Accept-Encoding"] = "gzip"
    zipped = caller.query("nms:recipient", "@id")
    assert zipped.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(zipped.body) == answer.body


def test_a_fault_at_the_start_of_a_stream_is_a_fault(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
):
    """Headers go out after the first rows."""
    monkeypatch.setattr(engine, "execute", slow_rows(1, failing=True))
    assert faultstring(caller.query("nms:recipient", "@id")).startswith("SOP-330011")


def test_a_failure_inside_a_stream_cuts_the_answer(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """The client sees an incomplete chunked body, never a whole one."""
    from http.client import IncompleteRead

    monkeypatch.setattr(engine, "execute", slow_rows(50, failing=True))
    with pytest.raises(IncompleteRead):
        caller.query("nms:recipient", "@id")
    assert "the database went away" in caplog.text


def test_a_bug_is_a_fault_that_tells_no_details(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    """Never HTTP 500; the log has the traceback."""

    def execute(query: object, world: object) -> Iterator[bytes]:
        raise ZeroDivisionError("inner secret")

    monkeypatch.setattr(engine, "execute", execute)
    answer = caller.query("nms:recipient", "@id")
    assert faultstring(answer).startswith("SOP-330011")
    assert "ZeroDivisionError" in answer.text
    assert "inner secret" not in answer.text
    assert "ZeroDivisionError" in caplog.text


# --- limits ---


def test_over_the_limit_is_429_with_retry_after(served: Served, caller: Caller):
    """Text body, whole seconds; the connection lives on and the counts are right."""
    served.instance.quota.clear()
    served.instance.quota.limit(tps=5)
    answers = [caller.call("xtk:session", "TestCnx") for _ in range(20)]
    refused = [a for a in answers if a.status == 429]
    assert len(refused) == 15
    assert {a.headers["Retry-After"] for a in refused} == {"1"}
    assert "limit" in refused[0].text
    stats = served.instance.quota.stats()
    assert (stats["calls"], stats["throttled"]) == (5, 15)
    api = stats["apis"]["xtk:session#TestCnx"]
    assert (api["calls"], api["throttled"]) == (5, 15)


def test_the_limit_comes_before_the_session(served: Served):
    """Refused calls cost nothing, Logon counts."""
    served.instance.quota.limit(tps=1)
    client = served.caller()
    assert client.log_on().status == 200
    assert client.log_on().status == 429
    client.close()


def test_sixteen_threads_get_the_limit_and_no_more(served: Served, caller: Caller):
    """Every answer is a 200 or a 429, and the server's count is the clients'."""
    served.instance.quota.clear()
    served.instance.quota.limit(tps=40)

    def burst(_: int) -> list[int]:
        client = served.caller()
        client.tokens = caller.tokens
        statuses = [client.call("xtk:session", "TestCnx").status for _ in range(25)]
        client.close()
        return statuses

    with ThreadPoolExecutor(16) as pool:
        statuses = [status for some in pool.map(burst, range(16)) for status in some]
    stats = served.instance.quota.stats()
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) == stats["calls"]
    assert statuses.count(429) == stats["throttled"]
    assert stats["max_in_a_second"] == 40


def test_queries_in_parallel_are_whole(served: Served, caller: Caller):
    """16 threads, one answer each time."""
    expected = caller.query("nms:recipient", "@id", lineCount="50").body

    def ask(_: int) -> set[bytes]:
        client = served.caller()
        client.tokens = caller.tokens
        bodies = {
            client.query("nms:recipient", "@id", lineCount="50").body for _ in range(5)
        }
        client.close()
        return bodies

    with ThreadPoolExecutor(16) as pool:
        assert set().union(*pool.map(ask, range(16))) == {expected}


# --- HTTP ---


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nope", 404),
        ("POST", "/r/test", 405),
        ("GET", ROUTER, 405),
        ("POST", "/sandbox/control/stats", 403),
        ("GET", "/nl/jsp/soaprouter.jsp/x", 404),
    ],
)
def test_other_addresses(caller: Caller, verb: str, path: str, status: int):
    """404, 405, 403: never a guess."""
    assert caller.send(verb, path, b"x").status == status
    assert caller.call("xtk:session", "TestCnx").status == 200


def test_a_body_may_be_zipped_or_chunked(caller: Caller):
    """Both at once as well."""
    body = b"<Envelope><Body><TestCnx><t/></TestCnx></Body></Envelope>"
    headers = {"SOAPAction": "xtk:session#TestCnx", **caller.tokens}
    zipped = {**headers, "Content-Encoding": "gzip"}
    for sent, more in ((body, headers), (gzip.compress(body), zipped)):
        assert caller.send("POST", ROUTER, sent, more).status == 200
        pieces = iter([sent[:10], sent[10:]])
        caller.connection.request("POST", ROUTER, pieces, more, encode_chunked=True)
        response = caller.connection.getresponse()
        assert (response.status, bool(response.read())) == (200, True)


def test_a_refused_chunked_call_leaves_the_connection_clean(
    served: Served, caller: Caller
):
    """The unread body is not taken for the next request."""
    served.instance.quota.limit(tps=0.001)
    caller.call("xtk:session", "TestCnx")
    for _ in range(3):
        pieces = iter([b"GET / HTTP/1.1\r\n\r\n" * 100])
        caller.connection.request("POST", ROUTER, pieces, encode_chunked=True)
        response = caller.connection.getresponse()
        assert (response.status, bool(response.read())) == (429, True)


def test_a_body_over_the_limit_is_413(served: Served, caller: Caller):
    """And the caller, who sends it all first, gets to read it."""
    answer = caller.send("POST", ROUTER, b"x" * (MAX_BYTES + 10), caller.tokens)
    assert answer.status == 413


@pytest.mark.parametrize(
    "request_",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"POST\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 1_0\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n X: continues nothing\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST " + ROUTER.encode() + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"zz\r\nhello\r\n0\r\n\r\n",
        b"POST " + ROUTER.encode() + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"fffffffffff\r\nhello\r\n0\r\n\r\n",
        b"POST " + ROUTER.encode() + b" HTTP/1.1\r\nContent-Length: 10\r\n\r\n<a>",
    ],
)
def test_what_is_not_http_is_refused_quickly(served: Served, request_: bytes):
    """No 5xx, no hang, and the server goes on."""
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as line:
        answer = b""
        with suppress(OSError):  # refused before it was read to the end
            line.sendall(request_)
            line.shutdown(socket.SHUT_WR)
            answer = line.recv(100)
    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert time.monotonic() - started < 5
    client = served.caller()
    assert client.send("GET", "/r/test").status == 200
    client.close()


def test_idle_connections_do_not_hold_workers(served: Served):
    """A hundred that say nothing, and one that asks."""
    idle = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(100)]
    client = served.caller()
    started = time.monotonic()
    assert client.send("GET", "/r/test").status == 200
    assert time.monotonic() - started < 1
    client.close()
    for line in idle:
        line.close()


def test_a_keep_alive_call_is_quick(caller: Caller):
    """Under 2 ms on loopback, in the median, whatever else the machine does."""
    seconds = []
    for _ in range(200):
        started = time.perf_counter()
        caller.call("xtk:session", "TestCnx")
        seconds.append(time.perf_counter() - started)
    assert sorted(seconds)[len(seconds) // 4] < 0.002


# --- control ---


def control(caller: Caller, verb: str, command: str, what: object = None) -> Any:
    body = None if what is None else json.dumps(what).encode()
    answer = caller.send(verb, f"/sandbox/control/{command}", body, CONTROL)
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
