"""Mishaps as a client meets them: on a real socket, byte for byte."""

from __future__ import annotations

import http.client
import time
from email.utils import parsedate_to_datetime

import pytest
from sandbox.server.caller import ROUTER, Caller

TEST = b"GET /r/test HTTP/1.1\r\nHost: x\r\n\r\n"
ROWS = {"lineCount": "50"}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_status_answers_instead_of_the_call(served, caller, status):
    """The connection stays usable; the call after next is answered as ever."""
    served.order("status", status=status, calls=2)
    first, second = caller.query("nms:recipient", "@id"), caller.send("GET", "/r/test")
    assert (first.status, second.status) == (status, status)
    assert "Retry-After" not in first.headers
    assert caller.query("nms:recipient", "@id").status == 200


def test_retry_after_in_seconds(served, caller):
    """Whole seconds, rounded up: RFC 9110 knows no others."""
    served.order("status", status=429, retry_after=1.2)
    assert caller.query("nms:recipient", "@id").headers["Retry-After"] == "2"


def test_retry_after_as_a_date(served, caller):
    """An HTTP date at least as far away as was ordered, at most a second more."""
    served.order("status", status=503, retry_after=30, http_date=True)
    before = time.time()
    shown = caller.query("nms:recipient", "@id").headers["Retry-After"]
    assert shown.endswith(" GMT")
    assert 30 <= parsedate_to_datetime(shown).timestamp() - before < 32


def test_a_call_answered_with_a_status_was_not_run(served, caller):
    """Logoff did not happen: the session still lives."""
    served.order("status", api="xtk:session#Logoff", calls=1)
    assert caller.call("xtk:session", "Logoff").status == 503
    assert caller.call("xtk:session", "TestCnx").status == 200


def test_a_reset_before_the_call(served, caller):
    """RST, not one byte, and the call was not run."""
    served.order("reset", api="xtk:session#Logoff", calls=1)
    with pytest.raises(ConnectionResetError):
        caller.call("xtk:session", "Logoff")
    caller.close()
    assert caller.call("xtk:session", "TestCnx").status == 200


def test_a_reset_after_the_call(served, caller):
    """RST, not one byte, and yet the call was run: the session has ended."""
    served.order("reset", api="xtk:session#Logoff", calls=1, moment="after")
    with pytest.raises(ConnectionResetError):
        caller.call("xtk:session", "Logoff")
    caller.close()
    refused = caller.call("xtk:session", "TestCnx")
    assert (refused.status, refused.text[:10]) == (403, "XSV-350008")


def test_a_reset_during_the_answer(served):
    """The headers and half of the body come, then RST."""
    served.order("reset", moment="during")
    heard, reset = served.raw(TEST)
    head, _, body = heard.partition(b"\r\n\r\n")
    assert reset
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert body.startswith(b"<redir")
    assert not body.endswith(b"/>")


def test_a_reset_is_no_ordinary_close(served):
    """A refused request ends in a FIN, so the test above sees a difference."""
    heard, reset = served.raw(b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n")
    assert heard.startswith(b"HTTP/1.1 400")
    assert not reset


def test_a_truncated_answer_is_shorter_than_it_says(served, caller):
    """HTTP itself notices: Content-Length promises more."""
    served.order("truncate", keep=0.25, calls=1)
    with pytest.raises(http.client.IncompleteRead) as caught:
        caller.query("nms:recipient", "@email", **ROWS)
    assert caught.value.partial.startswith(b"<?xml")
    caller.close()
    assert caller.query("nms:recipient", "@email").status == 200


def test_a_truncated_answer_that_calls_itself_complete(served, caller):
    """Only the missing end of the envelope tells, and the connection lives on."""
    served.order("truncate", complete=True, calls=1)
    answer = caller.query("nms:recipient", "@email", **ROWS)
    assert answer.status == 200
    assert not answer.text.endswith("</SOAP-ENV:Envelope>")
    assert caller.query("nms:recipient", "@email", **ROWS).text.endswith(
        "</SOAP-ENV:Envelope>"
    )


def test_a_long_answer_in_chunks_breaks_off(served, caller):
    """Schemas make more than a block, so no length was announced: no last chunk."""
    served.order("truncate")
    with pytest.raises(http.client.IncompleteRead) as caught:
        caller.query("xtk:schema", "data", lineCount="50")
    assert caught.value.expected is None


def test_a_login_page_instead_of_an_answer(served, caller):
    """Status 200, HTML, no SOAP: what a proxy in front of Campaign does."""
    served.order("login_page", calls=1)
    answer = caller.query("nms:recipient", "@email")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")


def test_a_session_ends_midway(served, caller):
    """The third call finds its session gone, for good; a new log-on works."""
    served.order("expire", skip=2, calls=1)
    assert caller.query("nms:recipient", "@id").status == 200
    assert caller.query("nms:recipient", "@id").status == 200
    for _ in range(2):
        refused = caller.query("nms:recipient", "@id")
        assert (refused.status, refused.text[:10]) == (403, "XSV-350008")
    assert caller.log_on().status == 200
    assert caller.query("nms:recipient", "@id").status == 200


def test_an_expired_session_is_the_callers_alone(served, caller):
    """Somebody else's session lives on."""
    other = Caller(served.port)
    other.log_on()
    served.order("expire", calls=1)
    assert caller.query("nms:recipient", "@id").status == 403
    assert other.query("nms:recipient", "@id").status == 200
    other.close()


def test_latency_delays_the_answer(served, caller):
    """0.15 seconds more, on that call only."""
    served.order("latency", seconds=0.15, calls=1)
    start = time.monotonic()
    assert caller.query("nms:recipient", "@id").status == 200
    between = time.monotonic()
    assert between - start >= 0.15
    caller.send("GET", "/r/test")
    assert time.monotonic() - between < 0.15


def test_a_slow_drip_is_whole_in_the_end(served):
    """200 bytes or so at 1,000 a second: pieces over at least 0.1 s, none lost."""
    plain, _ = served.raw(TEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    served.order("drip", bytes_per_second=1_000)
    start = time.monotonic()
    slow, reset = served.raw(
        TEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    )
    assert not reset
    assert len(slow) == len(plain)
    assert time.monotonic() - start >= 0.1


def test_mishaps_join(served, caller):
    """A late, slow, cut answer: latency, drip and reset in one call."""
    for kind, words in (
        ("latency", {"seconds": 0.05}),
        ("drip", {"bytes_per_second": 10_000}),
        ("reset", {"moment": "during"}),
    ):
        served.order(kind, **words)
    start = time.monotonic()
    heard, reset = served.raw(TEST)
    assert reset
    assert b"<redir" in heard
    assert time.monotonic() - start >= 0.05


def test_two_hundred_resets_cost_no_worker(served):
    """Every connection lost is one the server lets go: it answers afterwards."""
    served.order("reset", calls=200)
    for _ in range(200):
        assert served.raw(TEST) == (b"", True)
    answer, _ = served.raw(TEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.1 200 OK")


def test_orders_take_the_control_token(served):
    """Without it nothing is told, ordered or taken back."""
    for verb in ("GET", "POST", "DELETE"):
        assert served.control(verb, {"orders": []}, token="admin").status == 403
    assert not served.plan.armed


def test_control_never_goes_wrong(served):
    """What is ordered for everything can still be taken back."""
    served.order("reset")
    assert served.control("GET").status == 200
    assert served.control("DELETE").status == 200
    heard, _ = served.raw(TEST.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert heard.startswith(b"HTTP/1.1 200")


def test_a_bad_order_changes_nothing(served):
    """400 with the cause; the good order beside it does not stand either."""
    orders = [{"kind": "latency"}, {"kind": "reset", "moment": "never"}]
    answer = served.control("POST", {"orders": orders})
    assert answer.status == 400
    assert "moment is one of before, during, after" in answer.text
    assert not served.plan.armed
    assert served.control("POST", {"orders": "all"}).status == 400


def test_what_is_not_ordered_is_not_touched(served, caller):
    """An order for one API leaves the log-on and the pages alone."""
    served.order("reset", api="xtk:queryDef#*")
    assert caller.log_on().status == 200
    assert caller.send("GET", "/r/test").status == 200
    assert caller.send("POST", ROUTER, b"").status == 200
    with pytest.raises(ConnectionResetError):
        caller.query("nms:recipient", "@id")
