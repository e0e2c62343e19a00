"""Who we are to the server: lazy logon, one renewal for all threads, logoff.

Any number of threads may meet the expiry of a session at once; one of them logs on,
the others wait for its result, good or bad, so that a wrong password is not tried a
hundred times over (which would lock the operator out).
"""

from __future__ import annotations

import copy
import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import InvalidValue, NotConnected, SessionExpired
from ..secret import Secret, Veiled

T = TypeVar("T")
_HEADER = re.compile(r"[\x21-\x7e]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The tokens of one session; all empty for anonymous calls.

    ``bearer`` travels in the Authorization header and then stands alone
    (protocol.md §1).  ``info`` is the server's ``sessionInfo`` as facts; ``ends`` the
    monotonic time from which the tokens are no longer used, if that is known.
    """

    session: Secret | None = None
    security: Secret | None = None
    bearer: Secret | None = None
    info: Mapping[str, str] = field(default_factory=dict)
    ends: float = math.inf

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers that carry the tokens."""
        if self.bearer:
            return {"Authorization": Veiled(f"Bearer {self.bearer.reveal()}")}
        security = Veiled(self.security.reveal() if self.security else "")
        headers: dict[str, str] = {"X-Security-Token": security}
        if self.session:
            headers["Cookie"] = Veiled(f"__sessiontoken={self.session.reveal()}")
        return headers

    def secrets(self) -> tuple[Secret, ...]:
        """Return the tokens held."""
        return tuple(s for s in (self.session, self.security, self.bearer) if s)


ANONYMOUS = Identity()


def token(secret: Secret) -> Secret:
    """Return the token if a header can carry it; raises InvalidValue, unquoted."""
    if _HEADER.fullmatch(secret.reveal()):
        return secret
    raise InvalidValue(
        "The token holds a space, a line end or a character beyond ASCII.",
        hint="copy it again, as one word",
    )


class Tokens:
    """The session that all calls share.

    ``obtain`` gets a new identity (a logon, a token endpoint) and may take its time;
    it is called lazily, and again after an expiry if ``renewable``.
    """

    def __init__(
        self,
        obtain: Callable[[], Identity],
        *,
        renewable: bool,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._obtain = obtain
        self._clock = clock
        self._renewable = renewable
        self._lock = threading.Lock()
        self._current: Identity | None = None
        self._flight: _Flight | None = None
        self._closed = False

    @property
    def held(self) -> Identity | None:
        """The identity in use, or None before the first call; never logs on."""
        return self._current

    def current(self) -> Identity:
        """Return the identity, logging on if there is none or it has ended."""
        held = self._current
        if held is not None and self._clock.monotonic() < held.ends:
            return held
        return self._board(stale=held)

    def renew(self, stale: Identity) -> Identity:
        """Return an identity newer than ``stale``; one thread gets it for all.

        Raises SessionExpired when this kind of token cannot be renewed.
        """
        if not self._renewable:
            raise SessionExpired(
                "The session has expired, and its token cannot be renewed.",
                hint="get a new token, then connect again",
            )
        return self._board(stale)

    def run(self, call: Callable[[Identity], T]) -> T:
        """Make a call; on an expired session renew it and make the call once more."""
        identity = self.current()
        try:
            return call(identity)
        except SessionExpired as expired:
            if identity is ANONYMOUS:
                raise
            try:
                renewed = self.renew(identity)
            except SessionExpired as final:
                final.facts.update(expired.facts)
                raise final from expired
        return call(renewed)

    def release(self) -> Identity | None:
        """End the life of these tokens and return what was held, to log it off."""
        with self._lock:
            self._closed = True
            held, self._current = self._current, None
        return held

    def _board(self, stale: Identity | None) -> Identity:
        """Return something newer than ``stale``, by one flight for all who wait."""
        while True:
            with self._lock:
                if self._closed:
                    raise NotConnected("This session is closed.", hint="connect again")
                if self._current is not None and self._current is not stale:
                    return self._current
                pilot = self._flight is None
                flight = self._flight = self._flight or _Flight()
            if pilot:
                return self._fly(flight)
            if (identity := flight.wait()) is not None:
                return identity

    def _fly(self, flight: _Flight) -> Identity:
        identity: Identity | None = None
        try:
            identity = self._obtain()
            return identity
        except Exception as error:
            flight.error = error
            raise
        finally:  # an interrupted pilot leaves neither result nor error
            with self._lock:
                if identity is not None and not self._closed:
                    self._current = identity
                self._flight = None
            flight.land(identity)


class _Flight:
    """One logon under way, and those who wait for it."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self._identity: Identity | None = None
        self._landed = threading.Event()

    def land(self, identity: Identity | None) -> None:
        self._identity = identity
        self._landed.set()

    def wait(self) -> Identity | None:
        """Return the result, raise the failure, or None if the pilot gave up."""
        self._landed.wait()
        if self.error is not None:
            raise copy.copy(self.error) from self.error
        return self._identity
