"""Credentials come from the first of these that has them all:

1. the arguments (``password=…``);
2. the environment: ``CAMPAIGN_<PROFILE>_PASSWORD``, then ``CAMPAIGN_PASSWORD``;
   likewise ``_SESSION_TOKEN``, ``_SECURITY_TOKEN``, ``_BEARER_TOKEN`` and
   ``_CLIENT_SECRET``;
3. the system's key store, through ``keyring``, under the service
   ``campaign_magics <url>``;
4. a prompt, where somebody can answer it.

Nothing found is an error that names the variable to set.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from ..errors import InvalidOption, NoCredentials
from ..secret import Secret
from .profile import AuthKind, Profile
from .prompt import CannotAsk, ask

SecretName = Literal[
    "password", "session_token", "security_token", "bearer_token", "client_secret"
]

REQUIRED: Final[Mapping[AuthKind, tuple[SecretName, ...]]] = {
    "password": ("password",),
    "session": ("session_token", "security_token"),
    "bearer": ("bearer_token",),
    "ims": ("client_secret",),
    "anonymous": (),
}
"""The secrets that each kind of authentication needs."""

Secrets = Mapping[SecretName, Secret]

Source = Callable[[Profile, tuple[SecretName, ...]], Secrets]
"""Returns those of the wanted secrets that it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who to log on as; ``source`` says where the secrets came from."""

    kind: AuthKind
    source: str
    user: str | None = None
    client_id: str | None = None
    password: Secret | None = None
    session_token: Secret | None = None
    security_token: Secret | None = None
    bearer_token: Secret | None = None
    client_secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Sources:
    """The places to look in, in order; tests hand in their own."""

    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    prompt: Callable[[str], str] = ask

    def chain(self, explicit: Secrets) -> tuple[tuple[str, Source], ...]:
        """Return the sources by name, the first to be asked first."""
        return (
            ("argument", lambda profile, names: explicit),
            ("environment", self._environment),
            ("keyring", _keyring),
            ("prompt", self._prompt),
        )

    def _environment(self, profile: Profile, names: tuple[SecretName, ...]) -> Secrets:
        found: dict[SecretName, Secret] = {}
        for name in names:
            texts = (self.environ.get(v) for v in variables(profile, name))
            if text := next(filter(None, texts), None):
                found[name] = Secret(text)
        return found

    def _prompt(self, profile: Profile, names: tuple[SecretName, ...]) -> Secrets:
        found: dict[SecretName, Secret] = {}
        for name in names:
            try:
                text = self.prompt(f"{_label(name)} of {who(profile)}: ")
            except CannotAsk:
                return {}
            if text:
                found[name] = Secret(text)
        return found


def credentials(
    profile: Profile,
    *,
    password: Secret | None = None,
    session_token: Secret | None = None,
    security_token: Secret | None = None,
    bearer_token: Secret | None = None,
    client_secret: Secret | None = None,
    sources: Sources | None = None,
) -> Credentials:
    """Return what the profile's kind of authentication needs.

    Raises NoCredentials when no source has it all, or when an operator's name (IMS:
    client id) is missing; InvalidOption when a secret of another kind is given.
    """
    given: dict[SecretName, Secret | None] = {
        "password": password,
        "session_token": session_token,
        "security_token": security_token,
        "bearer_token": bearer_token,
        "client_secret": client_secret,
    }
    explicit = {name: secret for name, secret in given.items() if secret}
    wanted = REQUIRED[profile.auth]
    _check_identity(profile)
    _check_kind(profile, explicit)
    for origin, source in (sources or Sources()).chain(explicit):
        found = source(profile, wanted)
        if all(name in found for name in wanted):
            return Credentials(
                kind=profile.auth,
                source=origin if wanted else "none needed",
                user=profile.user,
                client_id=profile.client_id,
                **{name: found[name] for name in wanted},
            )
    raise _nothing_found(profile, wanted)


def variables(profile: Profile, name: SecretName) -> tuple[str, str]:
    """Return the environment variables of a secret, the profile's own first."""
    own = re.sub(r"\W+", "_", profile.name, flags=re.ASCII).strip("_").upper()
    return f"CAMPAIGN_{own}_{name.upper()}", f"CAMPAIGN_{name.upper()}"


def origins(
    profile: Profile, environ: Mapping[str, str] | None = None
) -> Mapping[SecretName, str]:
    """Return where each secret of a profile would come from; nobody is asked.

    ``environment CAMPAIGN_PASSWORD``, ``keyring`` or ``prompt``.
    """
    sources = Sources() if environ is None else Sources(environ=environ)
    found: dict[SecretName, str] = {}
    for name in REQUIRED[profile.auth]:
        own = [v for v in variables(profile, name) if sources.environ.get(v)]
        stored = "keyring" if name in _keyring(profile, (name,)) else "prompt"
        found[name] = f"environment {own[0]}" if own else stored
    return found


def who(profile: Profile) -> str:
    """Return ``me at host`` for prompts and messages."""
    identity = profile.client_id if profile.auth == "ims" else profile.user
    host = urlsplit(profile.url).netloc
    return f"{identity} at {host}" if identity else host


def _keyring(profile: Profile, names: tuple[SecretName, ...]) -> Secrets:
    from .keys import recall  # keyring takes a moment to import

    found = {name: recall(profile, name) for name in names}
    return {name: secret for name, secret in found.items() if secret}


def _label(name: SecretName) -> str:
    return name.replace("_", " ").capitalize()


def _check_identity(profile: Profile) -> None:
    needed = {"password": "user", "ims": "client_id"}.get(profile.auth)
    if needed is not None and getattr(profile, needed) is None:
        raise NoCredentials(
            f"Profile '{profile.name}' does not say which {needed} to log on as.",
            hint=f"add {needed} to the profile, or pass {needed}=… to connect()",
        )


def _check_kind(profile: Profile, explicit: Secrets) -> None:
    """A token that is given and not used would be a puzzle."""
    for name in explicit:
        if name not in REQUIRED[profile.auth]:
            kind = next(kind for kind, names in REQUIRED.items() if name in names)
            raise InvalidOption(
                f"A {_label(name).lower()} is given, and profile '{profile.name}'"
                f" logs on by auth = '{profile.auth}'.",
                hint=f"pass auth='{kind}', or leave it out",
            )


def _nothing_found(profile: Profile, wanted: tuple[SecretName, ...]) -> NoCredentials:
    names = " and ".join(_label(name).lower() for name in wanted)
    own = " and ".join(variables(profile, name)[0] for name in wanted)
    return NoCredentials(
        f"No {names} for {who(profile)}, and nobody here to ask.",
        hint=f"set {own} in the environment, or store it with keyring",
        tried=("argument", "environment", "keyring", "prompt"),
    )
