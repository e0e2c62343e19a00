"""Adobe IMS, server to server: client id and secret for an access token.

The OAuth 2.0 client credentials grant (RFC 6749 §4.4), as Adobe's identity service
takes it; Campaign v8.5.1 and later want the token in the Authorization header of each
call (protocol.md §1).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from urllib.parse import urlencode

from ..clock import Clock
from ..errors import AccessDenied, BadAnswer, ServerError
from ..secret import Secret
from .logon import Caller
from .network import Pool
from .parcel import HttpAnswer
from .tokens import Identity, token

DEFAULT_SCOPE = "openid,AdobeID,campaign_sdk,campaign_config_server_general"
"""What Adobe's guide to the technical account asks for."""

_EARLY = 60.0
"""Seconds before its end that a token is replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImsLogin:
    """A technical account: the token comes from ``token_url`` and ends by itself."""

    token_url: str
    client_id: str
    client_secret: Secret
    scope: str
    pool: Pool
    clock: Clock
    renewable = True
    logs_off = False

    def obtain(self, call: Caller) -> Identity:
        """Ask for a token.  Raises AccessDenied, BadAnswer, Unreachable."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": self.client_secret.reveal(),
            "scope": self.scope,
        }
        answer = self.pool.exchange(
            "POST",
            self.token_url,
            body=BytesIO(urlencode(form).encode()),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        return self._read(answer)

    def secrets(self) -> Sequence[Secret]:
        """Return the client secret."""
        return (self.client_secret,)

    def _read(self, answer: HttpAnswer) -> Identity:
        if answer.status in {400, 401, 403}:
            raise AccessDenied(
                f"{self.pool.host} refused the technical account "
                f"(HTTP {answer.status}{_reason(answer.body)}).",
                hint="check client_id, scope and the client secret",
            )
        if answer.status != 200:
            raise ServerError(
                f"HTTP {answer.status} from the token endpoint {self.pool.host}.",
                hint="check token_url, or try again in a while",
            )
        try:
            told = json.loads(answer.body)
            bearer = token(Secret(str(told["access_token"])))
            seconds = float(told.get("expires_in", 3600))
        except (ValueError, TypeError, KeyError) as error:
            raise BadAnswer(
                f"{self.pool.host} answered without an access token.",
                hint="check token_url: it ends in /ims/token/v3 at Adobe",
            ) from error
        ends = self.clock.monotonic() + max(0.0, seconds - _EARLY)
        return Identity(bearer=bearer, ends=ends)


def _reason(body: bytes) -> str:
    """Return OAuth's error code (``invalid_client``), which is one of a few words."""
    try:
        word = str(json.loads(body)["error"])
    except (ValueError, TypeError, KeyError):
        return ""
    return f", {word}" if word.replace("_", "").isalpha() else ""
