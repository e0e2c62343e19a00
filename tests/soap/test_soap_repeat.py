"""What is called again and what never: lost answers, refusals, 429, time-outs."""

from __future__ import annotations

import threading

import pytest
from soap.calls import GET_OPTION, WRITE, Connect
from soap.scripted import EXPIRED, Says, Server, fault, response

from campaign_magics.errors import (
    AccessDenied,
    AnswerLost,
    NotCampaign,
    ServerError,
    SoapFault,
    Throttled,
)
from campaign_magics.schemas.model import Method
from campaign_magics.soap.exchange import Exchange
from campaign_magics.soap.retry import Timeouts


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
