"""A stand-in for Adobe's identity service: ``POST /ims/token/v3``.

The OAuth 2.0 client credentials grant (RFC 6749 §4.4) for technical accounts.  Its
tokens go into ``Authorization: Bearer`` or ``xtk:session#BearerTokenLogon``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from .instance import Instance
from .web import JSON, Request, Response

_MAX_BYTES = 64 * 1024
_FORM = "application/x-www-form-urlencoded"
_NOT_KEPT = (("Cache-Control", "no-store"), ("Pragma", "no-cache"))


def grant_token(instance: Instance, request: Request) -> Response:
    """Give a token to a technical account: 200, or 400 with OAuth's error code."""
    form = _read_form(request)
    if form is None:
        return _refused("invalid_request", "the body is a form with each field once")
    missing = [
        name
        for name in ("grant_type", "client_id", "client_secret")
        if not form.get(name)
    ]
    if missing:
        return _refused("invalid_request", f"{missing[0]} is missing")
    if form["grant_type"] != "client_credentials":
        return _refused("unsupported_grant_type", "only client_credentials is served")
    token = instance.authority.grant_bearer(form["client_id"], form["client_secret"])
    if token is None:
        return _refused("invalid_client", "no such account, or not its secret")
    return _json(
        200,
        {
            "access_token": token.reveal(),
            "token_type": "bearer",
            "expires_in": int(instance.authority.session_seconds),
        },
    )


def _read_form(request: Request) -> Mapping[str, str] | None:
    if request.header("Content-Type").partition(";")[0].strip().lower() != _FORM:
        return None
    try:
        text = request.body(_MAX_BYTES).decode()
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=50)
    except ValueError:
        return None
    form = dict(pairs)
    return form if len(form) == len(pairs) else None


def _refused(error: str, description: str) -> Response:
    return _json(400, {"error": error, "error_description": description})


def _json(status: int, what: Mapping[str, Any]) -> Response:
    body = json.dumps(what).encode()
    return Response(status=status, content_type=JSON, headers=_NOT_KEPT, body=[body])
