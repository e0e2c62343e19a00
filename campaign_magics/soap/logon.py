"""The ways to become somebody: one small class for each kind of credentials.

Each obtains an `Identity` (protocol.md §3).  Adobe IMS has a module of its own, `ims`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from lxml import etree

from ..errors import BadAnswer
from ..schemas.model import Method
from ..secret import Secret
from ..xtk.xml import XmlError, child, parse_xml
from .methods import BEARER_LOGON, LOGON
from .tokens import ANONYMOUS, Identity, token

Caller = Callable[[Method, Sequence[object]], tuple[object, ...]]
"""Makes an anonymous call and returns its outputs."""


class Login(Protocol):
    """How to get an identity, and what becomes of it."""

    renewable: bool
    """An expired identity can be had anew."""
    logs_off: bool
    """Closing ends the session on the server: it is ours, nobody gave it to us."""

    def obtain(self, call: Caller) -> Identity:
        """Return a new identity, with the help of anonymous calls."""

    def secrets(self) -> Sequence[Secret]:
        """Return what must not appear in any text."""


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """Operator and password: ``xtk:session#Logon``."""

    user: str
    password: Secret
    renewable = True
    logs_off = True

    def obtain(self, call: Caller) -> Identity:
        """Log on.  Raises AccessDenied."""
        options = etree.Element("parameters", rememberMe="false")
        return _session(call(LOGON, [self.user, self.password, options]))

    def secrets(self) -> Sequence[Secret]:
        """Return the password."""
        return (self.password,)


@dataclass(frozen=True, slots=True)
class BearerLogin:
    """A bearer token of Adobe IMS, changed for a session: ``BearerTokenLogon``."""

    bearer: Secret
    renewable = True
    logs_off = True

    def obtain(self, call: Caller) -> Identity:
        """Log on.  Raises AccessDenied."""
        return _session(call(BEARER_LOGON, [self.bearer]))

    def secrets(self) -> Sequence[Secret]:
        """Return the token."""
        return (self.bearer,)


@dataclass(frozen=True, slots=True)
class GivenTokens:
    """Session and security token that somebody else obtained."""

    session: Secret
    security: Secret
    renewable = False
    logs_off = False

    def obtain(self, call: Caller) -> Identity:
        """Return the tokens as they are."""
        return Identity(session=token(self.session), security=token(self.security))

    def secrets(self) -> Sequence[Secret]:
        """Return both tokens."""
        return (self.session, self.security)


@dataclass(frozen=True, slots=True)
class Anonymous:
    """Nobody: only anonymous methods answer."""

    renewable = False
    logs_off = False

    def obtain(self, call: Caller) -> Identity:
        """Return the identity without tokens."""
        return ANONYMOUS

    def secrets(self) -> Sequence[Secret]:
        """Return nothing."""
        return ()


def _session(outputs: tuple[object, ...]) -> Identity:
    """Read the answer of a logon (protocol.md §3)."""
    session, info, security = outputs
    if not session or not security:
        raise BadAnswer(
            "The logon succeeded, and gave no tokens.",
            hint="log on in the console once: the account may be limited",
        )
    return Identity(
        session=token(Secret(str(session))),
        security=token(Secret(str(security))),
        info=session_facts(info) if isinstance(info, etree._Element) else {},
    )


def session_facts(info: etree._Element) -> Mapping[str, str]:
    """Return what a sessionInfo tells of server and operator, by attribute name.

    ``version`` is added as ``major.minor.servicePack`` (protocol.md §3).
    """
    facts: dict[str, str] = {}
    for part in ("serverInfo", "userInfo"):
        found = child(info, part)
        if found is not None:
            facts.update((str(k), str(v)) for k, v in found.items())
    parts = [facts.get(k, "") for k in ("majNumber", "minNumber", "servicePack")]
    facts["version"] = ".".join(p for p in parts if p)
    return facts


def page_facts(page: bytes) -> Mapping[str, str]:
    """Return what ``/r/test`` tells, under the names of a sessionInfo (§9)."""
    try:
        redir = parse_xml(page)
    except XmlError:
        return {}
    names = {
        "buildNumber": "build",
        "instanceName": "instance",
        "version": "version",
    }
    return {name: redir.get(short) or "" for name, short in names.items()}
