"""When a call is sent again, and how long to wait first."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

TOO_MANY = int(HTTPStatus.TOO_MANY_REQUESTS)
PASSING = frozenset(
    {
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Statuses of a server that may be well again in a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Patience in seconds.

    ``connect`` bounds making a connection, ``read`` each silence of the server,
    ``total`` one call with its repetitions (waiting for our own budget not counted).
    """

    connect: float = 10.0
    read: float = 120.0
    total: float = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """Exponential pauses with full jitter: up to 0.25 s, 0.5 s, 1 s … ``longest``."""

    retries: int = 3
    first: float = 0.25
    longest: float = 8.0
    jitter: Callable[[], float] = field(default=random.random)

    def pause(self, retry: int) -> float:
        """Return the pause before repetition number ``retry``, counted from 0."""
        ceiling = min(self.longest, self.first * 2.0**retry)
        # Never nothing: a server that has just refused needs some air.
        return ceiling * (0.1 + 0.9 * self.jitter())


def retry_after(text: str | None, now: float) -> float | None:
    """Read a ``Retry-After`` header, seconds or an HTTP date (RFC 9110 §10.2.3).

    ``now`` is in seconds since the epoch.  Returns seconds from now, 0 for a date in
    the past, None when there is no header or it makes no sense.
    """
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, when.timestamp() - now)
