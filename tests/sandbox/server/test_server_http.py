"""HTTP below the envelope: addresses, bodies, idle lines, and what is no HTTP."""

from __future__ import annotations

import gzip
import socket
import time
from contextlib import suppress

import pytest
from sandbox.server.caller import ROUTER, Caller
from sandbox.server.served import Served

from campaign_magics.sandbox.envelope import MAX_BYTES


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
