"""Adobe IMS, server to server: client id and secret for an access token.

The OAuth 2.0 client credentials grant (RFC 6749 §4.4), as Adobe's identity service
takes it; Campaign v8.5.1 and later want the token in the Authorization header of each
call (protocol.md §1).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from urllib.parse import urlencode

from ..clock import Clock
from ..errors import AccessDenied, BadAnswer, CampaignError, ServerError
from ..secret import Secret, Veiled
from .logon import Caller
from .network import Pool
from .parcel import HttpAnswer
from .retry import PASSING, TOO_MANY, Backoff, retry_after
from .tokens import Identity, token

DEFAULT_SCOPE = "openid,AdobeID,campaign_sdk,campaign_config_server_general"
"""What Adobe's guide to the technical account asks for."""

_EARLY = 60.0
"""Seconds before its end that a token is replaced."""

_PATIENCE = 30.0
"""Seconds that a ``Retry-After`` may ask for; a longer pause is the user's to make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImsLogin:
    """A technical account: the token comes from ``token_url`` and ends by itself.

    A failure that may pass is met with another try: a token asked for twice does no
    harm.
    """

    token_url: str
    client_id: str
    client_secret: Secret
    scope: str
    pool: Pool
    clock: Clock
    backoff: Backoff = field(default_factory=Backoff)
    renewable = True
    logs_off = False

    def obtain(self, call: Caller) -> Identity:
        """Ask for a token.  Raises AccessDenied, BadAnswer, Unreachable."""
        started = self.clock.monotonic()
        try:
            return self._read(self._ask())
        except CampaignError as failure:
            failure.facts.pop("transient", None)
            failure.facts.update(
                method="token endpoint",
                seconds=round(self.clock.monotonic() - started, 3),
            )
            raise
        finally:
            self.pool.close()  # the next token is hours away

    def secrets(self) -> Sequence[Secret]:
        """Return the client secret."""
        return (self.client_secret,)

    def _ask(self) -> HttpAnswer:
        """Send the request until there is an answer, or no sense in another try."""
        retry = 0
        while True:
            last = retry >= self.backoff.retries
            pause = self.backoff.pause(retry)
            try:
                answer = self._exchange()
            except CampaignError as failure:
                if last or not failure.facts.get("transient"):
                    raise
            else:
                told = retry_after(answer.headers.get("Retry-After"), self.clock.now())
                pause = max(pause, told or 0.0)
                passing = answer.status in PASSING or answer.status == TOO_MANY
                if last or not passing or pause > _PATIENCE:
                    return answer
            self.clock.wait(pause)
            retry += 1

    def _exchange(self) -> HttpAnswer:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_secret": Veiled(self.client_secret.reveal()),
            "scope": self.scope,
        }
        return self.pool.exchange(
            "POST",
            self.token_url,
            body=BytesIO(urlencode(form).encode()),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )

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
