"""Drive a running sandbox: the client of its control endpoints."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from ..errors import AccessDenied, InvalidOption, ServerError, Unreachable
from ..secret import Secret

_PREFIX = "/sandbox/control/"
_HEADER = "X-Sandbox-Control"
_TIMEOUT_SECONDS = 60


class Driver:
    """Commands to the sandbox at ``url``; they need its control token.

    Every method raises Unreachable when nothing answers, AccessDenied when the token
    is not the sandbox's, InvalidOption when a value makes no sense.
    """

    def __init__(self, url: str, token: Secret) -> None:
        self._url = url
        self._token = token

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._url!r})"

    def stats(self, *, clear: bool = False) -> dict[str, Any]:
        """Return calls, refusals (429) and use of the limits, per API and second.

        ``clear`` starts counting anew, from after this answer.
        """
        counted = self._ask("GET", "stats")
        if clear:
            self._ask("DELETE", "stats")
        return counted

    def throttle(
        self, tps: float | None, apis: Mapping[str, float] | None = None
    ) -> None:
        """Set the limit of the instance (None: no limit) and of single APIs.

        ``apis`` maps ``"xtk:queryDef#ExecuteQuery"`` to calls a second; left out,
        what is set stays.
        """
        self._ask("POST", "throttle", {"tps": tps, "apis": apis})

    def expire(self, user: str | None = None) -> int:
        """End all sessions, or one operator's; return how many there were."""
        return int(self._ask("POST", "expire", {"user": user})["expired"])

    def replicate(self) -> dict[str, int]:
        """Send staged rows and changed reference tables to the cloud database now.

        Returns how many records were sent, by schema.
        """
        return dict(self._ask("POST", "replicate")["records"])

    def reset(self) -> None:
        """Make all rows as they were at the start."""
        self._ask("POST", "reset")

    def faults(self, kind: str | None = None, /, **order: Any) -> list[dict[str, Any]]:
        """Make calls go wrong from now on; return every order that stands.

        ``kind`` and its own words: ``latency`` (seconds), ``status`` (status 429 500
        502 503 504, retry_after, http_date), ``reset`` (moment: before, during,
        after), ``truncate`` (keep, complete), ``login_page``, ``expire``, ``drip``
        (bytes_per_second).  Any kind takes ``api`` (a pattern: ``xtk:queryDef#*``),
        ``skip`` and ``calls`` (how many calls to leave alone, then to hit),
        ``probability``, ``windows`` (pairs of seconds from now), ``period`` (seconds
        after which they repeat) and ``seed``.  Without a kind nothing changes;
        ``"off"`` takes every order back.  Each order tells the calls it has ``seen``
        and ``struck``.
        """
        if kind is None:
            answer = self._ask("GET", "faults")
        elif kind == "off":
            answer = self._ask("DELETE", "faults")
        else:
            orders = [{"kind": kind, **order}]
            answer = self._ask("POST", "faults", {"orders": orders})
        return list(answer["faults"])

    def add_operator(
        self, user: str, password: Secret, rights: tuple[str, ...] = ()
    ) -> None:
        """Let someone else log on; without rights they may only read."""
        self._ask(
            "POST",
            "operators",
            {"user": user, "password": password.reveal(), "rights": list(rights)},
        )

    def allow_bearer(self, token: Secret, user: str) -> None:
        """Take this bearer token as the operator's."""
        self._ask("POST", "bearers", {"token": token.reveal(), "user": user})

    def add_technical_account(
        self, client_id: str, client_secret: Secret, user: str
    ) -> None:
        """Let a technical account get the operator's tokens at ``/ims/token/v3``."""
        self._ask(
            "POST",
            "accounts",
            {
                "client_id": client_id,
                "client_secret": client_secret.reveal(),
                "user": user,
            },
        )

    def fault_status(self, status: int) -> None:
        """Answer SOAP faults with HTTP 200 or 500 from now on."""
        self._ask("POST", "settings", {"fault_status": status})

    def _ask(
        self, verb: str, command: str, what: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        address = urlsplit(self._url)
        connection = http.client.HTTPConnection(
            address.hostname or "", address.port, timeout=_TIMEOUT_SECONDS
        )
        headers = {_HEADER: self._token.reveal(), "Content-Type": "application/json"}
        body = None if what is None else json.dumps(what)
        try:
            connection.request(verb, f"{_PREFIX}{command}", body, headers)
            response = connection.getresponse()
            return _checked(response.status, response.read())
        except (OSError, http.client.HTTPException) as exc:
            raise Unreachable(
                f"The sandbox at {self._url} does not answer.",
                hint="start another: %campaign_connect sandbox",
            ) from exc
        finally:
            connection.close()


def _checked(status: int, body: bytes) -> dict[str, Any]:
    try:
        answer: dict[str, Any] = json.loads(body)
    except ValueError:
        answer = {}
    if status == 200:
        return answer
    cause = str(answer.get("error", f"HTTP {status}"))
    if status == 403:
        raise AccessDenied(
            f"The sandbox refuses to be driven: {cause}.",
            hint="only who started it holds its control token",
        )
    if status == 400:
        raise InvalidOption(f"The sandbox refuses the command: {cause}.")
    raise ServerError(f"The sandbox could not do it: {cause}.")
