"""HTTP as the sandbox sees it: a request read from WSGI, a response written to it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import IO, Any
from urllib.parse import parse_qsl

ARRIVED = "campaign.arrived"
"""WSGI key: monotonic time at which the request arrived, if the server knows it."""

TEXT = "text/plain; charset=utf-8"
XML = "text/xml; charset=utf-8"
JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"

_BLOCK = 64 * 1024
"""Answers up to this size go out whole, with a length; longer ones in pieces of it."""

_HOST = re.compile(
    r"[A-Za-z0-9.-]{1,255}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?"
)
_DISCARDED_AT_MOST = 256 * 1024 * 1024
_GZIP_LEVEL = 1


class TooLarge(Exception):
    """The request's body is longer than allowed."""


class BadBody(Exception):
    """The request's body cannot be decompressed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One HTTP request.  Headers are found by name, in any case."""

    method: str
    path: str
    environ: Mapping[str, Any] = field(repr=False)

    def header(self, name: str) -> str:
        """Return a header, ``""`` when it is missing."""
        key = name.upper().replace("-", "_")
        if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            key = f"HTTP_{key}"
        value: str = self.environ.get(key, "")
        return value.strip()

    @property
    def arrived(self) -> float | None:
        """Monotonic time of arrival, None when the server did not say."""
        return self.environ.get(ARRIVED)

    @property
    def query(self) -> Mapping[str, str]:
        """Parameters of the address, the last of each name; none when there are many.

        WSGI hands the query string over as Latin-1 (PEP 3333).
        """
        text: str = self.environ.get("QUERY_STRING", "")
        try:
            return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=50))
        except ValueError:
            return {}

    @property
    def base(self) -> str:
        """The server's address as the caller knows it: ``http://127.0.0.1:8080``."""
        host = self.header("Host")
        if not _HOST.fullmatch(host):
            host = f"{self.environ['SERVER_NAME']}:{self.environ['SERVER_PORT']}"
        return f"{self.environ['wsgi.url_scheme']}://{host}"

    @property
    def remote_address(self) -> str:
        """The caller's address."""
        return str(self.environ.get("REMOTE_ADDR", ""))

    def body(self, max_bytes: int) -> bytes:
        """Read the body, decompressed.  Raises TooLarge and BadBody."""
        length = self.header("Content-Length")
        if length.isdecimal() and int(length) > max_bytes:
            raise TooLarge
        data = self._read(max_bytes)
        encoding = self.header("Content-Encoding").lower()
        if encoding in ("", "identity"):
            return data
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise BadBody(f"the encoding of the body is not known: {encoding[:40]}")
        return _decompress(data, max_bytes)

    def drain(self) -> bool:
        """Read what is left of the body, so that the caller gets to see the answer.

        False when its end was not found: the connection is of no more use.
        """
        left = _DISCARDED_AT_MOST
        stream = self.environ["wsgi.input"]
        try:
            while left > 0 and (piece := stream.read(_BLOCK)):
                left -= len(piece)
        except ValueError:
            return False
        return not getattr(stream, "remaining", 0)

    def _read(self, max_bytes: int) -> bytes:
        """Read in blocks: memory follows what came, not what was announced."""
        stream: IO[bytes] = self.environ["wsgi.input"]
        data = bytearray()
        try:
            while piece := stream.read(_BLOCK):
                data += piece
                if len(data) > max_bytes:
                    raise TooLarge
        except ValueError as exc:
            raise BadBody(str(exc)) from exc
        return bytes(data)

    @property
    def takes_gzip(self) -> bool:
        """Whether the caller's Accept-Encoding allows gzip."""
        for choice in self.header("Accept-Encoding").lower().split(","):
            name, _, weight = choice.partition(";")
            if name.strip() == "gzip":
                return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00")
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One HTTP response; ``body`` in pieces, the first of which decides nothing."""

    status: int = 200
    content_type: str = TEXT
    body: Iterable[bytes] = ()
    headers: tuple[tuple[str, str], ...] = ()


def plain(status: int, text: str, *headers: tuple[str, str]) -> Response:
    """Return an answer of one text."""
    return Response(status=status, body=[text.encode()], headers=headers)


def read_request(environ: Mapping[str, Any]) -> Request:
    """Take what WSGI gives."""
    return Request(
        method=environ["REQUEST_METHOD"], path=environ["PATH_INFO"], environ=environ
    )


def send(request: Request, response: Response, start_response: Any) -> Iterable[bytes]:
    """Start the response and return its body: whole when short, streamed when long.

    A short body has a Content-Length.  A long one has none, so the server sends it
    chunked, and compressed for those who take gzip.
    """
    pieces = _blocks(response.body)
    first, second = next(pieces, b""), next(pieces, None)
    headers = [("Content-Type", response.content_type), *response.headers]
    if not request.drain():
        headers.append(("Connection", "close"))
    if second is None:
        headers.append(("Content-Length", str(len(first))))
        start_response(_status_line(response.status), headers)
        return [first]
    body = _chain(first, second, pieces)
    if request.takes_gzip:
        headers += [("Content-Encoding", "gzip"), ("Vary", "Accept-Encoding")]
        body = _gzip(body)
    start_response(_status_line(response.status), headers)
    return body


def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces into blocks; close the source however reading ends."""
    held: list[bytes] = []
    size = 0
    try:
        for piece in pieces:
            held.append(piece)
            size += len(piece)
            if size >= _BLOCK:
                yield b"".join(held)
                held, size = [], 0
        if held:
            yield b"".join(held)
    finally:
        if (close := getattr(pieces, "close", None)) is not None:
            close()


def _chain(first: bytes, second: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield second
    yield from rest


def _gzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    squeezer = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    for piece in pieces:
        yield squeezer.compress(piece)
    yield squeezer.flush()


def _decompress(data: bytes, max_bytes: int) -> bytes:
    """Inflate gzip or zlib, never beyond the limit."""
    inflater = zlib.decompressobj(32 + zlib.MAX_WBITS)
    try:
        text = inflater.decompress(data, max_bytes + 1)
    except zlib.error as exc:
        raise BadBody("the body is not what its Content-Encoding says") from exc
    if len(text) > max_bytes:
        raise TooLarge
    if not inflater.eof:
        raise BadBody("the compressed body is cut short")
    return text
