"""Calls over a real socket: what is sent, what comes back, what is repeated."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from lxml import etree
from soap.scripted import (
    PASSWORD,
    SECURITY,
    SESSION,
    Heard,
    Says,
    Server,
    fault,
    logon_response,
    response,
)

from campaign_magics.errors import (
    AccessDenied,
    AnswerLost,
    BadAnswer,
    InvalidValue,
    NotCampaign,
    NotConnected,
    ServerError,
    SessionExpired,
    SoapFault,
    Throttled,
)
from campaign_magics.schemas.model import Method, Parameter, Schema
from campaign_magics.secret import Secret
from campaign_magics.soap.client import SoapClient
from campaign_magics.soap.exchange import Exchange
from campaign_magics.soap.logon import (
    Anonymous,
    BearerLogin,
    GivenTokens,
    PasswordLogin,
)
from campaign_magics.soap.methods import EXECUTE_QUERY, GET_ENTITY
from campaign_magics.soap.retry import Timeouts

Connect = Callable[..., SoapClient]


def method(
    name: str, *params: str, urn: str = "xtk:session", **options: bool
) -> Method:
    """``method("GetOption", "name: string", "value: string out")``."""
    parameters = []
    for text in params:
        label, _, rest = text.partition(": ")
        kind, _, inout = rest.partition(" ")
        parameters.append(
            Parameter(name=label, type=kind, inout="out" if inout else "in")
        )
    options.setdefault("static", True)
    return Method(name=name, urn=urn, parameters=tuple(parameters), **options)


WRITE = method("Write", "doc: DOMDocument", urn="xtk:persist|xtk:session")
GET_OPTION = method("GetOption", "name: string", "value: string out", "type: byte out")
EXPIRED = Says(b"XSV-350008 Session has expired or is invalid.", status=403)


def body_of(heard: Heard) -> etree._Element:
    """Return the element below the SOAP Body of a request."""
    return etree.fromstring(heard.body)[0][0]


def test_the_first_call_logs_on_and_carries_both_tokens(
    server: Server, connect: Connect
) -> None:
    """Logon once; then cookie and X-Security-Token on every call (protocol.md §1)."""
    server.says(
        "GetOption",
        response("GetOption", "<pstrValue>v</pstrValue><pbtType>6</pbtType>"),
    )
    client = connect()
    assert client.call(GET_OPTION, ["XtkDatabaseId"]).outputs == ("v", 6)
    client.call(GET_OPTION, ["Other"])
    logon, first, second = server.heard
    assert logon.action == "xtk:session#Logon"
    assert [e.text for e in body_of(logon)][1:3] == ["admin", PASSWORD]
    for call in (first, second):
        assert call.action == "xtk:session#GetOption"
        assert call.headers["Cookie"] == f"__sessiontoken={SESSION}"
        assert call.headers["X-Security-Token"] == SECURITY
        assert call.headers["User-Agent"].startswith("campaign_magics/")
        assert call.headers["X-Query-Source"].startswith("campaign_magics/")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_the_envelope_is_the_documented_one(server: Server, connect: Connect) -> None:
    """Document/literal: sessiontoken first, entity next, inputs in order (§2.1)."""
    server.says(
        "SelectAll", response("SelectAll", "<entity><queryDef a='1'/></entity>")
    )
    select_all = method(
        "SelectAll", "duplicate: boolean", urn="xtk:queryDef", static=False
    )
    mine = etree.fromstring("<queryDef schema='nms:recipient'><select/></queryDef>")
    answer = connect().call(select_all, [True], entity=mine)
    call = body_of(server.heard[-1])
    assert call.tag == "{urn:xtk:queryDef}SelectAll"
    assert [etree.QName(e).localname for e in call] == [
        "sessiontoken",
        "entity",
        "duplicate",
    ]
    assert call[1][0].tag == "queryDef"
    assert call[1][0].get("xtkschema") == "xtk:queryDef"
    assert call[2].text == "true"
    assert mine.getparent() is None
    assert mine.get("xtkschema") is None
    assert answer.entity is not None
    assert dict(answer.entity.attrib) == {"a": "1"}


def test_an_interface_method_names_its_schema_in_soapaction_only(
    server: Server, connect: Connect
) -> None:
    """``xtk:persist|nms:delivery`` holds a bar that no namespace may hold (§4.4)."""
    new = method("NewInstance", urn="xtk:persist|nms:delivery", static=False)
    connect().call(new, entity={"delivery": {"label": "Spring & more"}})
    heard = server.heard[-1]
    assert heard.action == "xtk:persist|nms:delivery#NewInstance"
    assert body_of(heard).tag == "{urn:xtk:persist}NewInstance"
    assert body_of(heard)[1][0].get("xtkschema") == "nms:delivery"


def test_arguments_and_outputs_are_converted_by_their_types(
    server: Server, connect: Connect
) -> None:
    """Python values in, Python values out, by position (§2.1, §2.2)."""
    everything = method(
        "Everything",
        "flag: boolean",
        "count: long",
        "missing: long",
        "when: datetime",
        "patch: DOMElement",
        "done: boolean out",
        "id: int64 out",
        "at: datetime out",
        "doc: DOMDocument out",
        "none: DOMElement out",
    )
    server.says(
        "Everything",
        response(
            "Everything",
            "<a>1</a><b>9007199254740993</b><c>2020-07-05 14:11:31.986Z</c>"
            "<d><root x='1'><child>t</child></root></d><e/>",
        ),
    )
    answer = connect().call(
        everything,
        [True, 7, None, datetime(2020, 12, 31, 12, tzinfo=UTC), {"v": {"a": [{}, {}]}}],
    )
    call = body_of(server.heard[-1])
    assert [e.text for e in call[1:5]] == [
        "true",
        "7",
        "0",
        "2020-12-31T12:00:00.000Z",
    ]
    assert etree.tostring(call[5][0]) == b"<v><a/><a/></v>" or len(call[5][0]) == 2
    done, number, at, doc, none = answer.outputs
    assert (done, number, none) == (True, 9007199254740993, None)
    assert at == datetime(2020, 7, 5, 14, 11, 31, 986000, tzinfo=UTC)
    assert isinstance(doc, etree._Element)
    assert etree.tostring(doc) == b'<root x="1"><child>t</child></root>'


@pytest.mark.parametrize(
    ("args", "word"),
    [([], "takes 1 argument, 0 given"), (["a", "b"], "2 given")],
)
def test_a_wrong_number_of_arguments_is_told_with_the_signature(
    server: Server, connect: Connect, args: list[str], word: str
) -> None:
    """Nothing is sent, not even a logon."""
    with pytest.raises(InvalidValue, match=word) as caught:
        connect().call(GET_OPTION, args)
    assert "GetOption(name: string) -> value: string, type: byte" in caught.value.hint
    assert server.heard == []


@pytest.mark.parametrize("value", ["many", 1.5, 2**40])
def test_an_argument_of_the_wrong_type_is_named(
    server: Server, connect: Connect, value: object
) -> None:
    """The error names the parameter and its type."""
    with pytest.raises(InvalidValue, match=r"count: .*long"):
        connect().call(method("Do", "count: long"), [value])
    assert server.heard == []


def test_an_expired_session_costs_one_logon_for_all_threads(
    server: Server, connect: Connect
) -> None:
    """100 threads meet the expiry; there is exactly one more Logon; all get answers."""
    client = connect()
    client.log_on()
    old, new = "___old", "___new"
    server.says("Logon", logon_response(session=new))
    server.says("TestCnx", response("TestCnx"))

    def judge(heard: Heard) -> Says | None:
        cookie = heard.headers.get("Cookie", "")
        return None if new in cookie or not cookie else EXPIRED

    server.before = judge
    failures: list[BaseException] = []

    def call() -> None:
        try:
            client.call(method("TestCnx"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=call) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert server.count("Logon") == 2
    assert old not in str([h.headers for h in server.heard])


def test_an_expired_write_is_made_again(server: Server, connect: Connect) -> None:
    """A call refused for its session was not executed: repeating it is right."""
    server.says("Write", EXPIRED, response("Write"))
    connect().call(WRITE, ["<recipient/>"])
    assert server.count("Write") == 2


@pytest.mark.parametrize(
    "bad",
    [
        Says(hang_up=True),
        Says(b"<page/>", status=503),
        Says(b"", status=502),
        Says(b"", status=504),
        Says(response("GetOption", "<a>v</a><b>6</b>")[:50], announce=4000),
    ],
    ids=["hung up", "503", "502", "504", "broken off"],
)
def test_a_read_survives_a_passing_trouble(
    server: Server, connect: Connect, bad: Says
) -> None:
    """Connection lost, 502, 503, 504, a body cut short: asked again, answered."""
    server.says("GetOption", bad, Says(response("GetOption", "<a>v</a><b>6</b>")))
    seen: list[Exchange] = []
    client = connect()
    client.log_on()
    with client.trace(seen.append):
        assert client.call(GET_OPTION, ["x"]).outputs == ("v", 6)
    assert server.count("GetOption") == 2
    assert [e.retries for e in seen] == [1]


@pytest.mark.parametrize(
    "bad",
    [
        Says(hang_up=True),
        Says(b"<page/>", status=503),
        Says(b"<html>", status=502),
        Says(b"oops", status=500),
        Says(response("Write")[:50], announce=4000),
        Says(response("Write")[:80]),
        Says(b""),
    ],
    ids=["hung up", "503", "502", "500", "broken off", "cut", "empty"],
)
def test_a_write_whose_answer_is_lost_is_never_repeated(
    server: Server, connect: Connect, bad: Says
) -> None:
    """It raises AnswerLost, once, and keeps the cause."""
    server.says("Write", bad)
    with pytest.raises(AnswerLost) as caught:
        connect().call(WRITE, ["<recipient email='a@b.c'/>"])
    assert server.count("Write") == 1
    assert caught.value.facts["method"] == "xtk:persist|xtk:session#Write"
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        (Says(fault("SOP-330011 no", "PGS-220000 duplicate key")), SoapFault),
        (Says(fault("SOP-330011 no"), status=500), SoapFault),
        (Says(b"XSV-350013 not from here", status=403), AccessDenied),
        (Says(b"<html><body>hello", status=200), NotCampaign),
        (Says(b"gone", status=404), NotCampaign),
        (Says(b"bad request", status=400), ServerError),
    ],
    ids=["fault", "fault 500", "refused", "page", "404", "400"],
)
def test_a_write_that_was_refused_is_refused_not_lost(
    server: Server, connect: Connect, said: Says, kind: type[Exception]
) -> None:
    """The server said no, or never was a Campaign: nothing was applied."""
    server.says("Write", said)
    with pytest.raises(kind) as caught:
        connect().call(WRITE, ["<recipient/>"])
    assert type(caught.value) is kind
    assert server.count("Write") == 1


@pytest.mark.parametrize("call", [(WRITE, ["<r/>"]), (GET_OPTION, ["x"])])
def test_a_429_is_waited_for_and_any_call_is_made_again(
    server: Server, connect: Connect, call: tuple[Method, list[str]]
) -> None:
    """A call refused with 429 was not executed; the trace tells the wait."""
    server.says(
        call[0].name,
        Says(b"slow down", status=429, headers={"Retry-After": "0"}),
        response(call[0].name, "<a>v</a><b>6</b>"),
    )
    seen: list[Exchange] = []
    client = connect()
    client.log_on()
    with client.trace(seen.append):
        client.call(*call)
    assert server.count(call[0].name) == 2
    assert (seen[0].status, seen[0].retries, seen[0].error) == (200, 1, "")


def test_a_429_that_outlasts_our_patience_is_throttled(
    server: Server, connect: Connect
) -> None:
    """A Retry-After of an hour is not slept through."""
    server.says("GetOption", Says(b"", status=429, headers={"Retry-After": "3600"}))
    client = connect()
    with pytest.raises(Throttled) as caught:
        client.call(GET_OPTION, ["x"])
    assert caught.value.facts["retry_after"] == 3600
    assert "tps" in caught.value.hint


def test_a_wrong_password_is_said_in_one_line(server: Server, connect: Connect) -> None:
    """AccessDenied, not tried again, and the password is nowhere in the error."""
    server.says("Logon", Says(b"XSV-350012 Invalid login or password.", status=403))
    with pytest.raises(AccessDenied) as caught:
        connect().call(GET_OPTION, ["x"])
    assert server.count("Logon") == 1
    assert PASSWORD not in f"{caught.value!r} {caught.value.facts}"
    assert caught.value.render()[1].startswith("  hint: ")


def test_a_logon_that_says_expired_is_access_denied(
    server: Server, connect: Connect
) -> None:
    """A 401 to the logon itself speaks of the password; renewing cannot help."""
    server.says("Logon", Says(b"", status=401))
    with pytest.raises(AccessDenied):
        connect().call(GET_OPTION, ["x"])
    assert server.count("Logon") == 1


def test_a_logon_without_tokens_is_a_bad_answer(
    server: Server, connect: Connect
) -> None:
    """Empty tokens would make every later call anonymous."""
    server.says("Logon", logon_response(session="", security=""))
    with pytest.raises(BadAnswer, match="no tokens"):
        connect().call(GET_OPTION, ["x"])


def test_given_tokens_are_used_and_never_logged_off(
    server: Server, connect: Connect
) -> None:
    """Somebody else's session: no Logon, no Logoff, and expiry is final."""
    login = GivenTokens(Secret(SESSION), Secret(SECURITY))
    client = connect(login=login)
    server.says("TestCnx", response("TestCnx"), EXPIRED)
    client.call(method("TestCnx"))
    with pytest.raises(SessionExpired, match="cannot be renewed"):
        client.call(method("TestCnx"))
    client.close()
    assert {h.action for h in server.heard} == {"xtk:session#TestCnx"}
    assert server.heard[0].headers["Cookie"] == f"__sessiontoken={SESSION}"


def test_a_bearer_token_is_changed_for_a_session(
    server: Server, connect: Connect
) -> None:
    """BearerTokenLogon gives the same tokens as Logon (§3)."""
    logon = logon_response().replace(b"Logon", b"BearerTokenLogon")
    server.says("BearerTokenLogon", logon)
    client = connect(login=BearerLogin(Secret("ey.bearer")))
    client.call(method("TestCnx"))
    client.close()
    assert [h.action.partition("#")[2] for h in server.heard] == [
        "BearerTokenLogon",
        "TestCnx",
        "Logoff",
    ]


def test_an_anonymous_client_never_logs_on(server: Server, connect: Connect) -> None:
    """Calls go out without tokens; a refusal is told as it is."""
    client = connect(login=Anonymous())
    client.call(method("TestCnx"))
    server.says("TestCnx", EXPIRED)
    with pytest.raises(SessionExpired):
        client.call(method("TestCnx"))
    assert server.count("Logon") == 0


def test_closing_logs_off_once_and_ends_the_client(
    server: Server, connect: Connect
) -> None:
    """Logoff carries the session; afterwards calls say the session is closed."""
    client = connect()
    client.log_on()
    client.close()
    client.close()
    assert server.count("Logoff") == 1
    assert server.heard[-1].headers["X-Security-Token"] == SECURITY
    with pytest.raises(NotConnected):
        client.call(GET_OPTION, ["x"])


def test_closing_survives_a_server_that_is_gone(
    server: Server, connect: Connect
) -> None:
    """Nobody wants a traceback from a logoff."""
    client = connect()
    client.log_on()
    server.says("Logoff", Says(hang_up=True))
    client.close()


def test_the_row_path_hands_out_raw_bytes(server: Server, connect: Connect) -> None:
    """ExecuteQuery's answer is not parsed on its way (design decision 1)."""
    raw = response("ExecuteQuery", "<pdomOutput><r-collection/></pdomOutput>")
    server.says("ExecuteQuery", raw)
    answer = connect().call(EXECUTE_QUERY, entity="<queryDef schema='nms:r'/>")
    assert answer.raw == raw
    assert "outputs" not in vars(answer)


def test_an_empty_document_is_none(server: Server, connect: Connect) -> None:
    """GetEntityIfMoreRecent answers an empty pdomDoc when there is nothing (§4.1)."""
    server.says(
        "GetEntityIfMoreRecent", response("GetEntityIfMoreRecent", "<pdomDoc/>")
    )
    args = ["xtk:schema|nms:x", "", False]
    assert connect().call(GET_ENTITY, args).value is None


@pytest.mark.parametrize("content", ["", "<a>v</a>", "<a>v</a><b>six</b>"])
def test_outputs_that_do_not_fit_the_declaration_are_a_bad_answer(
    server: Server, connect: Connect, content: str
) -> None:
    """Too few outputs, or one of the wrong type."""
    server.says("GetOption", response("GetOption", content))
    answer = connect().call(GET_OPTION, ["x"])
    with pytest.raises(BadAnswer):
        _ = answer.outputs


def test_zeeps_own_service_works_on_our_transport(
    server: Server, connect: Connect
) -> None:
    """Who knows zeep gets its proxy; the call carries our session."""
    server.says(
        "GetOption",
        response("GetOption", "<value>v</value><type>6</type>"),
    )
    schema = Schema(namespace="xtk", name="session", methods=(GET_OPTION,))
    service = connect().service(schema)
    assert service.GetOption("", "XtkDatabaseId").value == "v"
    assert server.heard[-1].headers["X-Security-Token"] == SECURITY


def test_slow_and_silent_servers_meet_the_time_out(
    server: Server, connect: Connect
) -> None:
    """A read times out as CallTimeout, a write as AnswerLost; neither is repeated."""
    from campaign_magics.errors import CallTimeout

    quiet = threading.Event()
    client = connect(timeouts=Timeouts(connect=1, read=0.2, total=5))
    client.log_on()
    server.before = lambda heard: quiet.wait(2) and None  # type: ignore[func-returns-value]
    with pytest.raises(CallTimeout):
        client.call(GET_OPTION, ["x"])
    with pytest.raises(AnswerLost):
        client.call(WRITE, ["<r/>"])
    quiet.set()
    assert (server.count("GetOption"), server.count("Write")) == (1, 1)


def test_a_password_login_prints_no_password() -> None:
    """repr of what holds it."""
    assert "hunter2" not in repr(PasswordLogin("me", Secret("hunter2")))
