"""Servers that misbehave on the socket: every outcome, for read, write and logon."""

from __future__ import annotations

import gzip
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import product

import pytest
from soap.calls import PING, WRITE
from soap.scripted import logon_response, response

from campaign_magics.errors import (
    AnswerLost,
    BadAnswer,
    CallTimeout,
    CampaignError,
    NotCampaign,
    Unreachable,
)
from campaign_magics.secret import Secret
from campaign_magics.soap.client import SoapClient
from campaign_magics.soap.logon import GivenTokens
from campaign_magics.soap.retry import Timeouts

Act = Callable[[socket.socket, bytes], None]


def http(
    body: bytes, *headers: str, length: bool = True, version: str = "1.1"
) -> bytes:
    lines = [f"HTTP/{version} 200 OK", "Content-Type: text/xml", *headers]
    if length:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chunked(body: bytes) -> bytes:
    half = len(body) // 2
    parts = (body[:half], body[half:], b"")
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts)


def sends(make: Callable[[bytes], bytes]) -> Act:
    """Send what ``make`` makes of the right answer, then close."""
    return lambda connection, answer: connection.sendall(make(answer))


def resets(connection: socket.socket, answer: bytes) -> None:
    linger = struct.pack("ii", 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


def resets_half_way(connection: socket.socket, answer: bytes) -> None:
    connection.sendall(http(answer)[:-20])
    time.sleep(0.05)  # the client reads what there is before the reset drops it
    resets(connection, answer)


def keeps_silent(connection: socket.socket, answer: bytes) -> None:
    time.sleep(0.6)


def drips(connection: socket.socket, answer: bytes) -> None:
    head, _, body = http(answer).partition(b"\r\n\r\n")
    connection.sendall(head + b"\r\n\r\n")
    for byte in body:
        connection.sendall(bytes([byte]))
        time.sleep(0.02)


GOOD: dict[str, Act] = {
    "plain": sends(http),
    "HTTP/1.0": sends(lambda a: http(a, version="1.0", length=False)),
    "until close": sends(lambda a: http(a, "Connection: close", length=False)),
    "chunked": sends(
        lambda a: http(chunked(a), "Transfer-Encoding: chunked", length=False)
    ),
    "gzip": sends(lambda a: http(gzip.compress(a), "Content-Encoding: gzip")),
    "chunked gzip": sends(
        lambda a: http(
            chunked(gzip.compress(a)),
            "Transfer-Encoding: chunked",
            "Content-Encoding: gzip",
            length=False,
        )
    ),
    "latin-1": sends(
        lambda a: http(
            a.replace(b"?>", b" encoding='ISO-8859-1'?><!-- \xe9 -->", 1),
        )
    ),
    "cookie": sends(lambda a: http(a, "Set-Cookie: __sessiontoken=other; path=/")),
}
"""Ways to give the right answer."""

BAD: dict[str, tuple[Act, type[CampaignError], int]] = {
    "hangs up": (lambda c, a: None, Unreachable, 4),
    "resets": (resets, Unreachable, 4),
    "resets half-way": (resets_half_way, BadAnswer, 4),
    "silent": (keeps_silent, CallTimeout, 1),
    "drips": (drips, CallTimeout, 1),
    "no HTTP": (sends(lambda a: b"220 mail.example.test ESMTP\r\n"), NotCampaign, 1),
    "half a head": (sends(lambda a: http(a)[:30]), BadAnswer, 1),
    "short body": (sends(lambda a: http(a)[:-20]), BadAnswer, 4),
    "short chunk": (
        sends(
            lambda a: http(chunked(a), "Transfer-Encoding: chunked", length=False)[:-20]
        ),
        BadAnswer,
        4,
    ),
    "bad chunk": (
        sends(
            lambda a: http(b"zz\r\n" + a, "Transfer-Encoding: chunked", length=False)
        ),
        BadAnswer,
        4,
    ),
    "bad gzip": (sends(lambda a: http(a, "Content-Encoding: gzip")), BadAnswer, 1),
    "short gzip": (
        sends(lambda a: http(gzip.compress(a)[:40], "Content-Encoding: gzip")),
        BadAnswer,
        1,
    ),
    "cut envelope": (sends(lambda a: http(a[:-20])), BadAnswer, 1),
    "nothing": (sends(lambda a: http(b"")), BadAnswer, 1),
    "entities": (
        sends(
            lambda a: http(b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + a.partition(b"?>")[2])
        ),
        BadAnswer,
        1,
    ),
}
"""Ways to give none; the error a read gets, and how often it is asked in all."""


@contextmanager
def raw_server(act: Act) -> Iterator[tuple[str, list[bytes]]]:
    """Yield an address where ``act`` follows each request, and the requests heard."""
    heard: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)

    def serve(connection: socket.socket) -> None:
        with connection:
            request = b""
            while b"</soap-env:Envelope>" not in request:
                piece = connection.recv(65536)
                if not piece:
                    return
                request += piece
            heard.append(request)
            logon = b"session#Logon" in request
            name = "Write" if b"#Write" in request else "TestCnx"
            try:
                act(connection, logon_response() if logon else response(name))
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    thread = threading.Thread(target=accept)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", heard
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


CALLS = ("read", "write", "logon")


def make_call(connect: Callable[..., SoapClient], url: str, what: str) -> None:
    patience = Timeouts(connect=1, read=0.3, total=1.0)
    if what == "logon":
        connect(url, timeouts=patience).log_on()
        return
    given = GivenTokens(Secret("___s"), Secret("@t=="))
    client = connect(url, login=given, timeouts=patience)
    client.call(PING) if what == "read" else client.call(WRITE, ["<r/>"])


@pytest.mark.parametrize(("way", "what"), list(product(GOOD, CALLS)))
def test_every_way_to_answer_is_understood(
    connect: Callable[..., SoapClient], way: str, what: str
) -> None:
    """Lengths, chunks, compression, encodings, cookies: the answer arrives, once."""
    with raw_server(GOOD[way]) as (url, heard):
        make_call(connect, url, what)
        assert sum(b"#Logoff" not in h for h in heard) == 1


@pytest.mark.parametrize(("way", "what"), list(product(BAD, CALLS)))
def test_every_way_to_fail_has_its_error(
    connect: Callable[..., SoapClient], way: str, what: str
) -> None:
    """Reads and logons: the named error, after as many tries as make sense.

    Writes: AnswerLost after exactly one, because the request had left.
    """
    act, kind, tries = BAD[way]
    with raw_server(act) as (url, heard):
        with pytest.raises(CampaignError) as caught:
            make_call(connect, url, what)
        assert type(caught.value) is (AnswerLost if what == "write" else kind)
        assert len(heard) == (1 if what == "write" else tries)
        assert caught.value.hint
        assert "\n" not in caught.value.message


@pytest.mark.parametrize("what", CALLS)
def test_a_call_that_never_left_is_not_lost(
    connect: Callable[..., SoapClient], what: str
) -> None:
    """Connection refused: nothing was sent, so a write is Unreachable too."""
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    with pytest.raises(Unreachable) as caught:
        make_call(connect, f"http://127.0.0.1:{port}", what)
    assert type(caught.value) is Unreachable
