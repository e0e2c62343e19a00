"""Who calls: operators, log-on, session and security tokens (protocol.md §1-§3).

Nothing here keeps a password or prints a token: passwords are compared as keyed
digests, and sessions are found by the digest of their token.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import secrets
import threading
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field

from ..clock import SYSTEM_CLOCK, Clock
from ..secret import Secret

SESSION_SECONDS = 86_400.0
"""Lifetime of both tokens unless told otherwise: ``sessionTimeOut`` of serverConf."""

_MAX_SESSIONS = 10_000
ADMIN = "admin"
"""The named right that holds all others."""


class Refused(Exception):
    """An answer of HTTP 403 with one line of text: log-on and session refusals."""

    def __init__(self, line: str) -> None:
        super().__init__(line)
        self.line = line


def bad_password() -> Refused:
    """Return what a failed log-on gets, whether the operator exists or not."""
    return Refused("XSV-350012 Invalid login or password. Connection denied.")


def expired() -> Refused:
    """Return what a call without a living session gets."""
    return Refused("XSV-350008 Session has expired or is invalid. Please reconnect.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Someone who may log on; ``rights`` are Campaign's named rights."""

    login: str
    label: str = ""
    id: int = 0
    rights: frozenset[str] = frozenset({ADMIN})

    def may(self, right: str) -> bool:
        """Return whether the operator holds the named right; admin holds all."""
        return right in self.rights or ADMIN in self.rights


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One log-on; ``ends`` is a monotonic time."""

    operator: Operator
    ends: float
    security: bytes = field(repr=False)
    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What Logon gives: the session and its two tokens."""

    session: Session
    session_token: Secret
    security_token: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """What a call carries, each part None when absent."""

    bearer: Secret | None = None
    session_token: Secret | None = None
    security_token: Secret | None = None


class Authority:
    """Operators, their passwords, the sessions that live.  Thread-safe.

    ``session_token_only`` drops the second token and ``allow_user_password`` takes
    ``user/password`` as a session token, as security zones may.
    """

    def __init__(
        self,
        *,
        clock: Clock = SYSTEM_CLOCK,
        session_seconds: float = SESSION_SECONDS,
        session_token_only: bool = False,
        allow_user_password: bool = False,
    ) -> None:
        self.session_seconds = session_seconds
        self._clock = clock
        self._session_token_only = session_token_only
        self._allow_user_password = allow_user_password
        self._lock = threading.Lock()
        self._pepper = secrets.token_bytes(32)
        self._operators: dict[str, tuple[Operator, bytes]] = {}
        self._bearers: dict[bytes, tuple[Operator, float]] = {}
        self._accounts: dict[str, tuple[Operator, bytes]] = {}
        self._sessions: dict[bytes, Session] = {}

    def add_operator(self, operator: Operator, password: Secret) -> None:
        """Let someone log on; replaces an operator of the same name."""
        entry = (operator, self._digest(password.reveal()))
        with self._lock:
            self._operators[operator.login] = entry

    def allow_bearer(self, token: Secret, operator: Operator) -> None:
        """Take this token of the identity service as the operator's, for good."""
        with self._lock:
            self._bearers[self._digest(token.reveal())] = (operator, math.inf)

    def add_account(self, client_id: str, secret: Secret, operator: Operator) -> None:
        """Let a technical account ask for tokens, which are then the operator's."""
        entry = (operator, self._digest(secret.reveal()))
        with self._lock:
            self._accounts[client_id] = entry

    def grant_bearer(self, client_id: str, secret: str) -> Secret | None:
        """Return a token that lives as long as a session; None for a wrong secret."""
        shown = self._digest(secret)
        with self._lock:
            operator, known = self._accounts.get(client_id, (None, b""))
            if not hmac.compare_digest(known, shown) or operator is None:
                return None
            self._forget_ended()
            token = Secret(secrets.token_urlsafe(64))
            ends = self._clock.monotonic() + self.session_seconds
            self._bearers[self._digest(token.reveal())] = (operator, ends)
            return token

    def operators(self) -> Iterable[Operator]:
        """Return those who may log on."""
        with self._lock:
            return [operator for operator, _ in self._operators.values()]

    def log_on(self, login: str, password: str) -> Tokens:
        """Open a session.  Raises Refused (XSV-350012)."""
        return self._open(self._operator(login, password))

    def log_on_with_bearer(self, token: str) -> Tokens:
        """Open a session for a known bearer token.  Raises Refused (XSV-350012)."""
        operator = self._bearer_operator(token)
        if operator is None:
            raise bad_password()
        return self._open(operator)

    def check(self, presented: Presented) -> Session:
        """Return the session of a call.  Raises Refused (XSV-350008, XSV-350012)."""
        if presented.bearer is not None:
            operator = self._bearer_operator(presented.bearer.reveal())
            if operator is None:
                raise expired()
            return self._passing(operator)
        if presented.session_token is None:
            raise expired()
        token = presented.session_token.reveal()
        if self._allow_user_password and "/" in token:
            return self._passing(self._operator(*token.split("/", 1)))
        return self._living(token, presented.security_token)

    def log_off(self, session: Session) -> None:
        """End a session; its next call is refused."""
        with self._lock:
            self._sessions.pop(session.key, None)

    def expire(self, login: str | None = None) -> int:
        """End every session and granted bearer token, or one operator's; count them.

        Tokens that were announced as they are (``allow_bearer``) stay.
        """
        with self._lock:
            sessions = [
                key
                for key, session in self._sessions.items()
                if login in (None, session.operator.login)
            ]
            bearers = [
                key
                for key, (operator, ends) in self._bearers.items()
                if ends < math.inf and login in (None, operator.login)
            ]
            for key in sessions:
                del self._sessions[key]
            for key in bearers:
                del self._bearers[key]
            return len(sessions) + len(bearers)

    def _living(self, token: str, security: Secret | None) -> Session:
        with self._lock:
            session = self._sessions.get(self._digest(token))
        if session is None or session.ends <= self._clock.monotonic():
            raise expired()
        shown = self._digest("" if security is None else security.reveal())
        matches = hmac.compare_digest(session.security, shown)
        if not (matches or self._session_token_only):
            raise expired()
        return session

    def _operator(self, login: str, password: str) -> Operator:
        with self._lock:
            entry = self._operators.get(login)
        # An unknown name costs the same comparison as a known one.
        operator, kept = entry or (None, self._digest(secrets.token_hex()))
        matches = hmac.compare_digest(kept, self._digest(password))
        if operator is None or not matches:
            raise bad_password()
        return operator

    def _bearer_operator(self, token: str) -> Operator | None:
        with self._lock:
            operator, ends = self._bearers.get(self._digest(token), (None, 0.0))
        return operator if ends > self._clock.monotonic() else None

    def _open(self, operator: Operator) -> Tokens:
        session_token = f"___{uuid.UUID(bytes=secrets.token_bytes(16), version=4)}"
        security_token = f"@{secrets.token_urlsafe(48)}=="
        session = Session(
            operator=operator,
            ends=self._clock.monotonic() + self.session_seconds,
            security=self._digest(security_token),
            key=self._digest(session_token),
        )
        with self._lock:
            self._forget_ended()
            self._sessions[session.key] = session
        return Tokens(
            session=session,
            session_token=Secret(session_token),
            security_token=Secret(security_token),
        )

    def _passing(self, operator: Operator) -> Session:
        """Return a session for one call, which no token names afterwards."""
        return Session(
            operator=operator, ends=self._clock.monotonic(), security=b"", key=b""
        )

    def _forget_ended(self) -> None:
        """Make room; called with the lock held."""
        now = self._clock.monotonic()
        for key in [k for k, s in self._sessions.items() if s.ends <= now]:
            del self._sessions[key]
        for key in [k for k, (_, ends) in self._bearers.items() if ends <= now]:
            del self._bearers[key]
        for kept in (self._sessions, self._bearers):
            while len(kept) >= _MAX_SESSIONS:
                del kept[next(iter(kept))]

    def _digest(self, text: str) -> bytes:
        return hmac.digest(
            self._pepper, text.encode("utf-8", "surrogatepass"), hashlib.sha256
        )


def generate_password() -> Secret:
    """Return a new password of 96 random bits."""
    return Secret(secrets.token_urlsafe(12))
