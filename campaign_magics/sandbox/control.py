"""``/sandbox/control/…``: drive the sandbox over HTTP with JSON.

Every request carries the control token in ``X-Sandbox-Control``; the log-on password
does not give it.  Without a token set, nothing here answers.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from ..secret import Secret
from .auth import Operator
from .instance import Instance
from .mishaps.kinds import BadOrder, read_order
from .operators import enlist
from .staging.workflows import replicate
from .web import JSON, Request, Response

PREFIX = "/sandbox/control/"
HEADER = "X-Sandbox-Control"

_MAX_BYTES = 64 * 1024


class BadCommand(ValueError):
    """The JSON of a command does not say what it must."""


class Control:
    """The commands, one method each, found by method and path."""

    def __init__(self, instance: Instance, *, token: Secret | None) -> None:
        self._instance = instance
        self._token = token
        self._commands: dict[
            tuple[str, str], Callable[[Mapping[str, Any]], dict[str, Any]]
        ] = {
            ("GET", "stats"): self._stats,
            ("DELETE", "stats"): self._clear_stats,
            ("POST", "throttle"): self._throttle,
            ("POST", "expire"): self._expire,
            ("POST", "replicate"): self._replicate,
            ("POST", "reset"): self._reset,
            ("POST", "operators"): self._add_operator,
            ("POST", "bearers"): self._allow_bearer,
            ("POST", "accounts"): self._add_account,
            ("POST", "settings"): self._change_settings,
            ("GET", "faults"): self._faults,
            ("POST", "faults"): self._order_faults,
            ("DELETE", "faults"): self._no_faults,
        }

    def respond(self, request: Request) -> Response:
        """Run one command: 200, 400 bad JSON, 403 bad token, 404 no such command."""
        if not self._may(request.header(HEADER)):
            return _json(403, {"error": f"{HEADER} is missing or wrong"})
        name = request.path.removeprefix(PREFIX)
        command = self._commands.get((request.method, name))
        if command is None:
            known = ", ".join(f"{verb} {name}" for verb, name in self._commands)
            return _json(404, {"error": "no such command", "known": known})
        try:
            return _json(200, command(_read(request.body(_MAX_BYTES))))
        except BadCommand as exc:
            return _json(400, {"error": str(exc)})

    def _may(self, shown: str) -> bool:
        if self._token is None:
            return False
        token = self._token.reveal().encode()
        return hmac.compare_digest(shown.encode("utf-8", "replace"), token)

    def _stats(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return self._instance.quota.stats()

    def _clear_stats(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self._instance.quota.clear()
        return {}

    def _throttle(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Set ``tps`` (null: no limit) and, when given, ``apis``."""
        apis = what.get("apis")
        if apis is not None and not isinstance(apis, dict):
            raise BadCommand("apis is an object: API → calls a second")
        try:
            self._instance.quota.limit(tps=what.get("tps"), per_api=apis)
        except (TypeError, ValueError) as exc:
            raise BadCommand("a limit is a number above 0, or null") from exc
        return {}

    def _expire(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """End all sessions, or those of ``user``."""
        user = what.get("user")
        ended = self._instance.authority.expire(None if user is None else str(user))
        return {"expired": ended}

    def _replicate(self, _: Mapping[str, Any]) -> dict[str, Any]:
        """Run both technical workflows; tell what was sent, by schema."""
        every = self._instance.settings.replicate_every
        return {"records": replicate(self._instance.world, every=every)}

    def _reset(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self._instance.world.reset()
        return {}

    def _add_operator(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Let ``user`` log on with ``password``; ``rights`` default to none."""
        password = Secret(_text(what, "password"))
        operator = enlist(
            self._instance.world,
            _text(what, "user"),
            label=str(what.get("label", "")),
            rights=_rights(what.get("rights", [])),
        )
        self._instance.authority.add_operator(operator, password)
        return {}

    def _allow_bearer(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Take ``token`` as that of the operator ``user``."""
        token = Secret(_text(what, "token"))
        self._instance.authority.allow_bearer(token, self._operator(what))
        return {}

    def _add_account(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Let ``client_id`` with its ``client_secret`` get tokens of ``user``."""
        client_id = _text(what, "client_id")
        secret = Secret(_text(what, "client_secret"))
        self._instance.authority.add_account(client_id, secret, self._operator(what))
        return {}

    def _operator(self, what: Mapping[str, Any]) -> Operator:
        user = _text(what, "user")
        known = self._instance.authority.operators()
        operator = next((o for o in known if o.login == user), None)
        if operator is None:
            raise BadCommand("there is no such operator")
        return operator

    def _change_settings(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Set ``fault_status``: 200 or 500."""
        status = what.get("fault_status")
        if status not in (200, 500):
            raise BadCommand("fault_status is 200 or 500")
        self._instance.settings.fault_status = status
        return {}

    def _faults(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {"faults": self._instance.mishaps.report()}

    def _order_faults(self, what: Mapping[str, Any]) -> dict[str, Any]:
        """Make calls go wrong: ``orders`` is a list of what mishaps/kinds.py reads."""
        orders = what.get("orders")
        if not isinstance(orders, list) or not all(isinstance(o, dict) for o in orders):
            raise BadCommand("orders is a list of objects")
        try:
            self._instance.mishaps.arm([read_order(order) for order in orders])
        except BadOrder as exc:
            raise BadCommand(str(exc)) from exc
        return self._faults({})

    def _no_faults(self, _: Mapping[str, Any]) -> dict[str, Any]:
        self._instance.mishaps.clear()
        return self._faults({})


def _rights(value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise BadCommand("rights is a list of names")
    return frozenset(map(str, value))


def _text(what: Mapping[str, Any], name: str) -> str:
    value = what.get(name)
    if not isinstance(value, str) or not value:
        raise BadCommand(f"{name} is a text that is not empty")
    return value


def _read(body: bytes) -> Mapping[str, Any]:
    try:
        what = json.loads(body or b"{}")
    except (ValueError, RecursionError) as exc:
        raise BadCommand("the body is not JSON") from exc
    if not isinstance(what, dict):
        raise BadCommand("the body is not a JSON object")
    return what


def _json(status: int, what: Mapping[str, Any]) -> Response:
    return Response(status=status, content_type=JSON, body=[json.dumps(what).encode()])
