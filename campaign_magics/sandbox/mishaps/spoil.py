"""Make a call go wrong: the WSGI layer that carries mishaps out."""

from __future__ import annotations

import errno
import math
from collections.abc import Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, Final

from ...clock import Clock
from ..web import Response, read_request, send
from .kinds import Drip, Expire, Latency, LoginPage, Mishap, Reset, Status, Truncate

RESET: Final = "campaign.reset"
"""WSGI key: a function that makes the end of the connection a TCP reset."""

EXPIRE: Final = "campaign.expire"
"""WSGI key: present when the caller's session is to end before the call."""

_DRIPS_A_SECOND: Final = 10
_HTML: Final = "text/html; charset=utf-8"
_LOGIN_PAGE: Final = b"""<!DOCTYPE html>
<html><head><title>Adobe Campaign - Log on</title></head><body>
<form method="post" action="/nl/jsp/logon.jsp">
<input name="login"/><input name="password" type="password"/><button>Log on</button>
</form></body></html>
"""

Environ = MutableMapping[str, Any]
Application = Callable[[Environ, Any], Iterable[bytes]]
Headers = list[tuple[str, str]]


def spoil(
    app: Application,
    mishaps: Sequence[Mishap],
    environ: Environ,
    start_response: Any,
    clock: Clock,
) -> Iterable[bytes]:
    """Answer one request as ``app`` would, save for what goes wrong.

    Raises ConnectionResetError, which ends the connection, for a lost answer.
    """
    for mishap in mishaps:
        if isinstance(mishap, Latency):
            clock.wait(mishap.seconds)
    for mishap in mishaps:
        if isinstance(mishap, Reset) and mishap.moment == "before":
            raise _cut(environ, reset=True)
        if isinstance(mishap, Status | LoginPage):
            refusal = _refusal(mishap, clock)
            return send(read_request(environ), refusal, start_response)
        if isinstance(mishap, Expire):
            environ[EXPIRE] = True
    return _run(app, mishaps, environ, start_response, clock)


def _run(
    app: Application,
    mishaps: Sequence[Mishap],
    environ: Environ,
    start_response: Any,
    clock: Clock,
) -> Iterable[bytes]:
    """Run the call, then spoil its answer: cut first, then slow down what is left."""
    begun: list[tuple[str, Headers]] = []
    body = app(environ, lambda status, headers: begun.append((status, headers)))
    cut = next((m for m in mishaps if isinstance(m, Reset | Truncate)), None)
    if isinstance(cut, Reset) and cut.moment == "after":
        with _closed(body) as pieces:
            for _ in pieces:
                pass
        raise _cut(environ, reset=True)
    status, headers = begun[0]
    if isinstance(cut, Truncate) and cut.complete:
        with _closed(body) as pieces:
            body = [_share(next(iter(pieces), b""), cut.keep)]
        if any(name == "Content-Length" for name, _ in headers):
            headers = _with_length(headers, len(body[0]))
    elif cut is not None:
        keep = cut.keep if isinstance(cut, Truncate) else 0.5
        body = _broken(body, keep, environ, reset=isinstance(cut, Reset))
    for mishap in mishaps:
        if isinstance(mishap, Drip):
            body = _dripping(body, mishap.bytes_per_second, clock)
    start_response(status, headers)
    return body


def _refusal(mishap: Status | LoginPage, clock: Clock) -> Response:
    if isinstance(mishap, LoginPage):
        return Response(content_type=_HTML, body=[_LOGIN_PAGE])
    phrase = HTTPStatus(mishap.status).phrase
    page = f"<html><body><h1>{mishap.status} {phrase}</h1></body></html>\n"
    headers: Headers = []
    if mishap.retry_after is not None:
        seconds = math.ceil(mishap.retry_after)
        date = formatdate(math.ceil(clock.now() + mishap.retry_after), usegmt=True)
        headers = [("Retry-After", date if mishap.http_date else str(seconds))]
    return Response(
        status=mishap.status,
        content_type=_HTML,
        body=[page.encode()],
        headers=tuple(headers),
    )


def _broken(
    body: Iterable[bytes], keep: float, environ: Environ, *, reset: bool
) -> Iterator[bytes]:
    """Yield a share of the first block, then lose the connection."""
    with _closed(body) as pieces:
        yield _share(next(iter(pieces), b""), keep)
    raise _cut(environ, reset=reset)


def _dripping(body: Iterable[bytes], rate: float, clock: Clock) -> Iterator[bytes]:
    """Yield the body in small pieces, ``rate`` bytes a second."""
    size = max(1, round(rate / _DRIPS_A_SECOND))
    with _closed(body) as pieces:
        for piece in pieces:
            for start in range(0, len(piece), size):
                drop = piece[start : start + size]
                yield drop
                clock.wait(len(drop) / rate)


def _share(block: bytes, keep: float) -> bytes:
    """Return a share of a block, never all of it."""
    return block[: min(int(len(block) * keep), len(block) - 1)] if block else b""


def _with_length(headers: Headers, length: int) -> Headers:
    kept = [(name, value) for name, value in headers if name != "Content-Length"]
    return [*kept, ("Content-Length", str(length))]


def _cut(environ: Environ, *, reset: bool) -> ConnectionResetError:
    """Return the error that ends the connection; ``reset`` makes it end in a RST."""
    if reset and (make_reset := environ.get(RESET)) is not None:
        make_reset()
    return ConnectionResetError(errno.ECONNRESET, "lost to order")


@contextmanager
def _closed(body: Iterable[bytes]) -> Iterator[Iterable[bytes]]:
    """Close the body's source, as a WSGI server would, when the block ends."""
    try:
        yield body
    finally:
        if (close := getattr(body, "close", None)) is not None:
            close()
