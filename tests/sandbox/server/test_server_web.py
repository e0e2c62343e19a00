"""Bodies in and out: lengths, blocks, gzip, limits."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from campaign_magics.sandbox.chunked import ChunkedBody
from campaign_magics.sandbox.web import (
    BadBody,
    Request,
    Response,
    TooLarge,
    read_request,
    send,
)

pytestmark = pytest.mark.pure


def request(body: bytes = b"", **headers: Any) -> Request:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/x",
        "wsgi.input": io.BytesIO(body),
        **headers,
    }
    return read_request(environ)


class Started:
    """A start_response that remembers."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: dict[str, str] = {}

    def __call__(self, status: str, headers: list[tuple[str, str]]) -> None:
        self.status, self.headers = status, dict(headers)


def test_a_short_answer_has_a_length():
    """However many pieces it was made of."""
    started = Started()
    body = send(request(), Response(body=[b"a", b"bc"]), started)
    assert b"".join(body) == b"abc"
    assert started.status == "200 OK"
    assert started.headers["Content-Length"] == "3"


def test_a_long_answer_streams_in_blocks():
    """No length; small pieces are joined; the source is not read ahead."""
    made: list[int] = []

    def pieces() -> Iterator[bytes]:
        for n in range(1000):
            made.append(n)
            yield b"x" * 1000

    started = Started()
    body = iter(send(request(), Response(body=pieces()), started))
    assert "Content-Length" not in started.headers
    first = next(body)
    assert len(first) == 66_000
    assert len(made) == 132
    assert len(first) + sum(map(len, body)) == 1_000_000


def test_a_stream_is_closed_with_its_reader():
    """A caller that hangs up ends the query."""
    closed: list[bool] = []

    def pieces() -> Iterator[bytes]:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            closed.append(True)

    body = iter(send(request(), Response(body=pieces()), Started()))
    next(body)
    body.close()  # type: ignore[attr-defined]
    assert closed == [True]


def test_only_long_answers_are_zipped_and_only_when_asked():
    """``Accept-Encoding`` decides."""
    long, short = [b"x" * 70_000] * 3, [b"x"]
    for body, accepts, zipped in [
        (long, "gzip, deflate", True),
        (long, "br;q=1, gzip;q=0.5", True),
        (long, "deflate", False),
        (long, "gzip;q=0", False),
        (short, "gzip", False),
    ]:
        started = Started()
        asking = request(HTTP_ACCEPT_ENCODING=accepts)
        sent = b"".join(send(asking, Response(body=body), started))
        assert (started.headers.get("Content-Encoding") == "gzip") is zipped
        assert (gzip.decompress(sent) if zipped else sent) == b"".join(body)


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [("", bytes), ("gzip", gzip.compress), ("deflate", zlib.compress)],
)
def test_bodies_may_come_compressed(encoding: str, encode: Any):
    """gzip and deflate, as clients send them."""
    asking = request(encode(b"hello"), HTTP_CONTENT_ENCODING=encoding)
    assert asking.body(100) == b"hello"


def test_a_body_over_the_limit_is_refused_after_it_was_read():
    """The caller must get to see the answer."""
    asking = request(b"x" * 1000)
    with pytest.raises(TooLarge):
        asking.body(100)
    assert asking.drain()
    assert asking.environ["wsgi.input"].read() == b""


def test_a_zip_bomb_stops_at_the_limit():
    """A megabyte of zeros is a thousand bytes compressed."""
    asking = request(gzip.compress(b"\0" * 10**6), HTTP_CONTENT_ENCODING="gzip")
    with pytest.raises(TooLarge):
        asking.body(10_000)


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"hello", "gzip"),
        (gzip.compress(b"hello", mtime=0)[:-6], "gzip"),
        (b"hello", "br"),
        (b"", "gzip"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(body: bytes, encoding: str):
    """Wrong, cut short, unknown."""
    with pytest.raises(BadBody):
        request(body, HTTP_CONTENT_ENCODING=encoding).body(100)


CHUNKED = [
    (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
    (b"1;a=b\r\nh\r\n4 \r\nello\r\n0\r\nX: y\r\n\r\n", b"hello"),
    (b"A\r\n0123456789\r\n000\r\n\r\n", b"0123456789"),
    (b"0\r\n\r\n", b""),
]


@pytest.mark.parametrize(("wire", "body"), CHUNKED)
def test_chunks_are_joined(wire: bytes, body: bytes):
    """Extensions and trailers are skipped; what follows is left for the next."""
    stream = io.BytesIO(wire + b"GET")
    assert request(**{"wsgi.input": ChunkedBody(stream)}).body(100) == body
    assert stream.read() == b"GET"


@pytest.mark.parametrize(
    "wire",
    [
        *[wire[:cut] for wire, _ in CHUNKED[:2] for cut in (0, 1, 4, 9)],
        b"zz\r\nhello\r\n0\r\n\r\n",
        b"-5\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"5" * 5000,
        b"0\r\n" + b"X: y\r\n" * 200 + b"\r\n",
    ],
)
def test_broken_chunks_are_refused(wire: bytes):
    """The connection is of no more use then."""
    asking = request(**{"wsgi.input": ChunkedBody(io.BytesIO(wire))})
    with pytest.raises(BadBody):
        asking.body(100)
    assert not asking.drain()


def test_a_chunk_takes_no_memory_before_it_comes():
    """Its size is only announced."""
    asking = request(**{"wsgi.input": ChunkedBody(io.BytesIO(b"fffffffffff\r\nx"))})
    with pytest.raises(BadBody):
        asking.body(100)


def test_headers_are_found_in_any_case():
    """WSGI keeps two of them elsewhere."""
    asking = request(CONTENT_TYPE="text/xml", HTTP_SOAPACTION=" x ")
    assert asking.header("content-type") == "text/xml"
    assert asking.header("SoapAction") == "x"
    assert asking.header("X-Nope") == ""
