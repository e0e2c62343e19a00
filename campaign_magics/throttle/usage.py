"""What was used: counts per second, API and kernel, and the snapshot of a budget."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter

HISTORY_SECONDS = 600
"""How far back usage is kept."""

_IMPORTED = int(time.time() * 1000)
"""Tells this process from an earlier one that had its process id."""


def kernel_id() -> str:
    """Return the name of this process in the usage history."""
    return f"{os.getpid()}-{_IMPORTED:x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counts of one API in one second by one kernel.

    ``second`` is when it began: monotonic in a store, since the epoch in a Snapshot.
    ``waits`` are calls that had to wait, ``waited`` their seconds together;
    ``throttled`` are 429s; ``errors`` are other failures; ``bytes`` were received.
    """

    second: int
    api: str
    kernel: str
    calls: int = 0
    waits: int = 0
    waited: float = 0.0
    throttled: int = 0
    errors: int = 0
    bytes: int = 0


COUNTS = ("calls", "waits", "waited", "throttled", "errors", "bytes")
"""The fields of Usage that add up."""


def add(one: Usage, other: Usage) -> Usage:
    """Return the counts of both, in the second of ``one``."""
    sums = {name: getattr(one, name) + getattr(other, name) for name in COUNTS}
    return Usage(second=one.second, api=one.api, kernel=one.kernel, **sums)


def total(rows: Iterable[Usage], *, api: str = "") -> Usage:
    """Return the sum of many rows: thousands, five times a second, for a meter."""
    held = list(rows)
    sums = {name: sum(map(attrgetter(name), held)) for name in COUNTS}
    return Usage(second=0, api=api, kernel="", **sums)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiUsage:
    """One API now: its limit and rate (calls a second), and its totals.

    ``rate`` is what applies after 429s; None is unlimited.  ``used`` counts the calls
    of the last second, ``waiting`` those in the queue, ``total`` the history's.
    """

    api: str
    limit: float | None
    rate: float | None
    used: int
    waiting: int
    total: Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A budget as it stood at ``at`` (seconds since the epoch), all sharers together.

    ``limit``, ``rate``, ``used`` and ``waiting`` are the instance's, as in ApiUsage;
    ``blocked`` is the seconds until calls go on after a 429; ``kernel`` is this
    process's name in ``history``, whose rows ascend by second; ``shared`` tells whether
    other kernels are seen at all.
    """

    instance: str
    at: float
    kernel: str
    shared: bool
    limit: float | None
    rate: float | None
    used: int
    waiting: int
    blocked: float
    apis: tuple[ApiUsage, ...]
    history: tuple[Usage, ...]

    @property
    def eased(self) -> bool:
        """True while a 429 keeps a rate below its limit."""
        pairs = [(self.rate, self.limit), *((a.rate, a.limit) for a in self.apis)]
        return any(
            rate is not None and rate < (math.inf if limit is None else limit)
            for rate, limit in pairs
        )
