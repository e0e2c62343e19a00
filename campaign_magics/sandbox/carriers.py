"""Where a request carries its tokens, in the order that serves all known clients."""

from __future__ import annotations

from collections.abc import Iterable

from ..secret import Secret
from .auth import Presented
from .envelope import Message, element_text
from .web import Request


def presented(request: Request, message: Message | None = None) -> Presented:
    """Collect the caller's tokens: bearer, cookie, header, envelope (§1)."""
    tokens = [_cookie(request, "__sessiontoken"), request.header("X-Session-Token")]
    security = [request.header("X-Security-Token")]
    if message is not None:
        tokens.append(message.session_token)
        tokens.append(element_text(message.parts[0]) if message.parts else "")
        security.append(message.security_token)
    return _presented(request, tokens, security)


def presented_by_page(request: Request) -> Presented:
    """Collect the tokens of a page, whose address may hold them too.

    ``__sessiontoken`` and ``__securitytoken``: Campaign's pages link to each other so.
    """
    query = request.query
    tokens = [_cookie(request, "__sessiontoken"), request.header("X-Session-Token")]
    tokens.append(query.get("__sessiontoken", ""))
    security = [request.header("X-Security-Token"), query.get("__securitytoken", "")]
    return _presented(request, tokens, security)


def _presented(
    request: Request, tokens: Iterable[str], security: Iterable[str]
) -> Presented:
    scheme, _, bearer = request.header("Authorization").partition(" ")
    return Presented(
        bearer=_first([bearer]) if scheme.lower() == "bearer" else None,
        session_token=_first(tokens),
        security_token=_first(security),
    )


def _first(tokens: Iterable[str]) -> Secret | None:
    return next((Secret(t.strip()) for t in tokens if t.strip()), None)


def _cookie(request: Request, name: str) -> str:
    pairs = (
        pair.strip().partition("=") for pair in request.header("Cookie").split(";")
    )
    return next((value.strip('" ') for key, _, value in pairs if key == name), "")
