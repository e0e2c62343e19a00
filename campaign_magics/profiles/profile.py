"""A profile: everything about a connection but its secrets."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from ..errors import InvalidOption
from .address import normalise_url

AuthKind = Literal["password", "session", "bearer", "ims", "anonymous"]
"""Operator and password; session and security token; a bearer token changed for a
session; Adobe IMS server-to-server (client id and secret); nobody."""

AUTH_KINDS: Final[tuple[AuthKind, ...]] = get_args(AuthKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How to reach one instance, and as whom.  Holds no secret.

    ``tps`` are calls a second for the instance, None to learn them from HTTP 429;
    ``tps_per_api`` narrows single APIs, named as their SOAPAction
    (``"xtk:queryDef#ExecuteQuery"``).  ``page_size`` is rows a call.  Timeouts are
    seconds: for a connection, for each silence of the server, for a call with its
    repetitions.  ``proxy`` is a URL; ``ca_bundle``, ``client_cert`` and ``client_key``
    are PEM files.  ``production`` makes writes ask twice.  ``budget_store`` is where
    kernels share their calls a second: ``sqlite``, ``sqlite:PATH``, ``redis://HOST``
    or ``memory``.  ``token_url``, ``client_id`` and ``scope`` are for IMS.  `MEANINGS`
    has a line for each.

    Raises InvalidOption when a value does not fit; ``url`` is normalised.
    """

    name: str
    url: str
    user: str | None = None
    auth: AuthKind = "password"
    tps: float | None = None
    tps_per_api: Mapping[str, float] = field(default_factory=dict, hash=False)
    page_size: int = 5000
    connect_timeout: float = 10.0
    read_timeout: float = 120.0
    total_timeout: float = 600.0
    proxy: str | None = None
    ca_bundle: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    production: bool = False
    budget_store: str = "sqlite"
    token_url: str | None = None
    client_id: str | None = None
    scope: str | None = None

    def __post_init__(self) -> None:
        for name, (rule, fits) in _RULES.items():
            value = getattr(self, name)
            if not fits(value) and not (value is None and name in _OPTIONAL):
                shown = f" = {value!r}" if "@" not in str(value) else ""
                raise InvalidOption(f"{name}{shown} is not {rule}.")
        for name in _ADDRESSES:
            _refuse_password(name, getattr(self, name))
        object.__setattr__(self, "url", normalise_url(self.url))
        per_api = MappingProxyType(dict(self.tps_per_api))
        object.__setattr__(self, "tps_per_api", per_api)

    def with_overrides(self, **changes: Any) -> Profile:
        """Return a copy with some fields changed.

        Raises InvalidOption for a name that is no field, or a value that does not fit.
        """
        for name in changes:
            check_setting(name)
        return replace(self, **changes)

    def __reduce__(self) -> tuple[Any, ...]:
        settings = {f.name: getattr(self, f.name) for f in fields(self)}
        settings["tps_per_api"] = dict(self.tps_per_api)
        return _rebuild, (settings,)


def _rebuild(settings: dict[str, Any]) -> Profile:
    return Profile(**settings)


SETTINGS: Final = tuple(f.name for f in fields(Profile) if f.name != "name")
"""What a profile in a file may say."""

_SECRET = re.compile(r"pass|pwd|secret|token(?!_url)|credential|bearer|api_?key", re.I)


def looks_secret(name: str) -> bool:
    """Tell whether a setting of this name would hold a secret."""
    return name not in SETTINGS and _SECRET.search(name) is not None


def check_setting(name: str, where: str = "") -> None:
    """Raise InvalidOption unless ``name`` is a field that users may set."""
    if name in SETTINGS or name == "name":
        return
    if looks_secret(name):
        raise InvalidOption(
            f"{where}'{name}' is a secret, and profiles hold none.",
            hint="use the environment (CAMPAIGN_PASSWORD …), keyring or the prompt",
        )
    raise InvalidOption(
        f"{where}'{name}' is not a setting of a profile.",
        hint=closest_hint(name, SETTINGS) or f"settings are {', '.join(SETTINGS)}",
    )


def closest_hint(word: str, candidates: tuple[str, ...]) -> str:
    """Return ``did you mean 'x'?``, or nothing."""
    found = get_close_matches(word.lower(), candidates, n=1)
    return f"did you mean '{found[0]}'?" if found else ""


def _number(value: object) -> bool:
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    return plain and 0 < float(value) < math.inf  # type: ignore[arg-type]


def _whole(value: object) -> bool:
    return _number(value) and isinstance(value, int)


def _text(value: object) -> bool:
    return isinstance(value, str) and value.strip() != ""


def _web(value: object) -> bool:
    return isinstance(value, str) and bool(re.match(r"https?://[^/\s]", value))


def _numbers(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(k, str) and "#" in k and _number(v) for k, v in value.items()
    )


_Rule = tuple[str, Callable[[object], bool]]

_TEXT: _Rule = ("a text", _text)
_SECONDS: _Rule = ("a number of seconds above 0", _number)

_RULES: Final[Mapping[str, _Rule]] = {
    "name": _TEXT,
    "url": _TEXT,
    "user": _TEXT,
    "auth": (f"one of {', '.join(AUTH_KINDS)}", lambda value: value in AUTH_KINDS),
    "tps": ("a number of calls a second above 0", _number),
    "tps_per_api": (
        "a table of SOAPAction = calls a second, "
        'such as "xtk:queryDef#ExecuteQuery" = 5',
        _numbers,
    ),
    "page_size": ("a whole number of rows above 0", _whole),
    "connect_timeout": _SECONDS,
    "read_timeout": _SECONDS,
    "total_timeout": _SECONDS,
    "proxy": ("an address such as http://proxy:3128", _web),
    "ca_bundle": _TEXT,
    "client_cert": _TEXT,
    "client_key": _TEXT,
    "production": ("true or false", lambda value: isinstance(value, bool)),
    "budget_store": _TEXT,
    "token_url": ("an address such as https://ims-na1.adobelogin.com/…", _web),
    "client_id": _TEXT,
    "scope": _TEXT,
}

_OPTIONAL = frozenset(f.name for f in fields(Profile) if f.default is None)

MEANINGS: Final[Mapping[str, str]] = {
    "url": "the instance's address, such as https://acme.campaign.adobe.com",
    "user": "the operator to log on as",
    "auth": "how to log on: password (operator and password), session (session and "
    "security token), bearer (a bearer token), ims (Adobe IMS, server to server; "
    "v8.5.1 and later want it), anonymous",
    "tps": "calls a second for the instance; left out, learned from HTTP 429",
    "tps_per_api": "calls a second for single APIs: a table of SOAPAction = number",
    "page_size": "rows a call, where a query takes several",
    "connect_timeout": "seconds for making a connection",
    "read_timeout": "seconds for each silence of the server",
    "total_timeout": "seconds for a call with its repetitions",
    "proxy": "the proxy's address; left out, HTTPS_PROXY and NO_PROXY count",
    "ca_bundle": "PEM file of the authorities that sign the server's certificate",
    "client_cert": "PEM file of the client's certificate, with its key or without",
    "client_key": "PEM file of the client certificate's key",
    "production": "true: writes and starts ask for the profile's name first",
    "budget_store": "where kernels share their calls a second: sqlite (this machine), "
    "sqlite:PATH, redis://HOST:6379/0 (many machines), memory (this kernel alone)",
    "token_url": "IMS: where tokens come from, .../ims/token/v3",
    "client_id": "IMS: the technical account",
    "scope": "IMS: the scopes to ask for; left out, those of Campaign's own account",
}
"""What each setting of a profile means, for ``campaign-magics profiles --settings``."""


_ADDRESSES: Final[Mapping[str, str]] = {
    "proxy": "leave proxy out and set HTTPS_PROXY in the environment",
    "token_url": "give client_id; the secret comes from keyring or environment",
    "budget_store": "set CAMPAIGN_REDIS_PASSWORD in the environment",
}
"""Settings that are addresses, and where a password in one belongs instead."""


def _refuse_password(name: str, address: str | None) -> None:
    if address is not None and "@" in urlsplit(address).netloc:
        raise InvalidOption(
            f"{name} holds a user or a password before its '@'.",
            hint=_ADDRESSES[name],
        )
