"""From a profile to a connection: every part made, nothing sent yet."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from platformdirs import user_cache_path

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import InvalidOption, NoCredentials
from ..profiles import Credentials, Profile, Sources, credentials
from ..secret import Secret
from ..soap.client import SoapClient
from ..soap.ims import DEFAULT_SCOPE, ImsLogin
from ..soap.logon import Anonymous, BearerLogin, GivenTokens, Login, PasswordLogin
from ..soap.network import Network, Pool
from ..soap.retry import Timeouts
from ..soap.transport import CampaignTransport
from ..throttle import Budget, Limits, open_store
from .connection import Connection

_Kind = TypeVar("_Kind", bound=Connection)


def open_as(
    kind: type[_Kind],
    profile: Profile,
    *,
    password: Secret | None = None,
    session_token: Secret | None = None,
    security_token: Secret | None = None,
    bearer_token: Secret | None = None,
    client_secret: Secret | None = None,
    sources: Sources | None = None,
    cache: Path | None = None,
    clock: Clock = SYSTEM_CLOCK,
) -> _Kind:
    """Return a ``kind`` of connection that logs on at its first call or ``log_on()``.

    Secrets that are not given come from environment, keyring or prompt, see
    ``profiles.credentials``.  ``cache`` is where schemas are kept, by default the
    user's cache folder.  Raises NoCredentials, InvalidOption.
    """
    known = credentials(
        profile,
        password=password,
        session_token=session_token,
        security_token=security_token,
        bearer_token=bearer_token,
        client_secret=client_secret,
        sources=sources,
    )
    budget = Budget(
        profile.url,
        Limits(default=profile.tps, per_api=profile.tps_per_api),
        open_store(profile.budget_store, profile.url),
        clock,
    )
    transport = CampaignTransport(
        profile.url,
        budget,
        network=network_of(profile),
        timeouts=_timeouts(profile),
        clock=clock,
    )
    client = SoapClient(transport, login_for(known, profile, clock))
    folder = cache or user_cache_path("campaign_magics") / "schemas"
    return kind(profile, client, budget, cache=folder, clock=clock)


def login_for(known: Credentials, profile: Profile, clock: Clock) -> Login:
    """Return the way to log on with these credentials.

    Raises InvalidOption when the profile lacks what its kind of logon needs.
    """
    match known:
        case Credentials(kind="password", user=str(user), password=Secret() as word):
            return PasswordLogin(user, word)
        case Credentials(
            kind="session",
            session_token=Secret() as session,
            security_token=Secret() as security,
        ):
            return GivenTokens(session, security)
        case Credentials(kind="bearer", bearer_token=Secret() as bearer):
            return BearerLogin(bearer)
        case Credentials(
            kind="ims", client_id=str(client_id), client_secret=Secret() as secret
        ):
            return _ims(profile, client_id, secret, clock)
        case Credentials(kind="anonymous"):
            return Anonymous()
    raise NoCredentials(
        f"The credentials for profile '{profile.name}' are incomplete.",
        hint="give password, tokens or client secret as its `auth` asks",
    )


def _ims(profile: Profile, client_id: str, secret: Secret, clock: Clock) -> ImsLogin:
    if profile.token_url is None:
        raise InvalidOption(
            f"Profile '{profile.name}' does not say where IMS gives tokens.",
            hint='add token_url = "https://ims-na1.adobelogin.com/ims/token/v3"',
        )
    return ImsLogin(
        token_url=profile.token_url,
        client_id=client_id,
        client_secret=secret,
        scope=profile.scope or DEFAULT_SCOPE,
        pool=Pool(profile.token_url, network_of(profile), _timeouts(profile)),
        clock=clock,
    )


def network_of(profile: Profile) -> Network:
    """Return a profile's proxy, authorities and client certificate."""
    cert, key = profile.client_cert, profile.client_key
    return Network(
        proxy=profile.proxy,
        ca_bundle=profile.ca_bundle,
        client_cert=(cert, key) if cert and key else cert,
    )


def _timeouts(profile: Profile) -> Timeouts:
    return Timeouts(
        connect=profile.connect_timeout,
        read=profile.read_timeout,
        total=profile.total_timeout,
    )
