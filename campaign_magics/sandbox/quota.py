"""The limit on calls per second: sliding windows, and what is known of the traffic.

Adobe documents a limit per API and HTTP 429 above it, not how it is counted
(protocol.md §12).  Assumed here: every SOAP call counts, Logon included; a call that
was refused does not; a window slides.  With a limit of whole calls no second, wherever
it starts, holds more than the limit.  Calls cannot be split, so a fraction changes the
window instead: 2.5 is two calls in any 0.8 s, 0.5 one in any 2 s.
"""

from __future__ import annotations

import math
import threading
from collections import defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..clock import SYSTEM_CLOCK, Clock

HISTORY_SECONDS = 600
"""How far back the counts per second go."""

_MAX_APIS = 500
"""Distinct names that are counted apart; a SOAPAction is the caller's own text."""

_OTHER = "(other)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A call over the limit: which limit, and when there is room again."""

    scope: str
    limit: float
    seconds: float

    @property
    def retry_after(self) -> int:
        """The header's whole seconds, at least 1 (RFC 9110 allows no fraction)."""
        return max(1, math.ceil(self.seconds))


class SlidingWindow:
    """At most ``capacity`` calls in any ``seconds``, counted exactly.

    ``capacity`` is the limit's whole part, at least 1, and ``seconds`` the time that
    the limit gives to so many calls: 2.5 is two in 0.8 s, hence up to four in some
    single second, and 2.5 a second over time.
    """

    def __init__(self, limit: float) -> None:
        if not 0 < limit < math.inf:
            raise ValueError("a limit is a number of calls a second above 0")
        self.limit = limit
        self.capacity = max(1, math.floor(limit))
        self.seconds = self.capacity / limit
        self._times: deque[float] = deque()

    def wait(self, now: float) -> float:
        """Return the seconds until there is room; 0 when there is."""
        while self._times and self._times[0] <= now - self.seconds:
            self._times.popleft()
        if len(self._times) < self.capacity:
            return 0.0
        return self._times[0] + self.seconds - now

    def add(self, now: float) -> None:
        """Count one call."""
        self._times.append(now)


@dataclass(slots=True)
class _Tally:
    """Counts of one API, or of the instance."""

    calls: int = 0
    throttled: int = 0
    busiest_second: int = 0
    first: float | None = None
    last: float | None = None
    recent: deque[float] = field(default_factory=deque)

    def accept(self, now: float) -> None:
        self.calls += 1
        self.first = now if self.first is None else self.first
        self.last = now
        self.recent.append(now)
        while self.recent[0] <= now - 1.0:
            self.recent.popleft()
        self.busiest_second = max(self.busiest_second, len(self.recent))

    def report(self, limit: float | None) -> dict[str, Any]:
        span = (
            0.0 if self.first is None or self.last is None else self.last - self.first
        )
        return {
            "calls": self.calls,
            "throttled": self.throttled,
            "limit": limit,
            "max_in_a_second": self.busiest_second,
            "seconds": round(span, 6),
            "used": _used(self.calls, span, limit),
        }


class Quota:
    """Admits or refuses calls, for the instance and for single APIs.

    ``tps`` limits all calls together, ``per_api`` single ones by their SOAPAction
    (``xtk:queryDef#ExecuteQuery``); None means no limit.  Thread-safe.
    """

    def __init__(
        self,
        *,
        tps: float | None = None,
        per_api: Mapping[str, float] | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._latest = -math.inf
        self._instance: SlidingWindow | None = None
        self._apis: dict[str, SlidingWindow] = {}
        self.clear()
        self.limit(tps=tps, per_api=per_api or {})

    def limit(
        self, *, tps: float | None, per_api: Mapping[str, float] | None = None
    ) -> None:
        """Set the limits; ``per_api`` None leaves those of single APIs as they are."""
        instance = None if tps is None else SlidingWindow(tps)
        apis = None
        if per_api is not None:
            apis = {api: SlidingWindow(limit) for api, limit in per_api.items()}
        with self._lock:
            self._instance = instance
            self._apis = self._apis if apis is None else apis

    def admit(self, api: str, arrived: float | None = None) -> Refusal | None:
        """Count one call that arrived at a monotonic time; None when it may run."""
        with self._lock:
            # Threads may bring calls out of order by a few microseconds; counting a
            # late one as of the latest keeps every window exact.
            now = self._clock.monotonic() if arrived is None else arrived
            now = self._latest = max(now, self._latest)
            tallies = (self._all, self._tally(api))
            refusal = self._refusal(api, now)
            self._count_second(now, throttled=refusal is not None)
            for tally in tallies:
                if refusal is None:
                    tally.accept(now)
                else:
                    tally.throttled += 1
            return refusal

    def stats(self) -> dict[str, Any]:
        """Return what was counted since the start or the last ``clear``.

        ``per_second`` lists [seconds before now, calls, refused]; ``used`` is the share
        of the limit that was used between the first and the last call.
        """
        with self._lock:
            now = self._clock.monotonic()
            limit = None if self._instance is None else self._instance.limit
            return {
                **self._all.report(limit),
                "apis": {
                    api: tally.report(self._api_limit(api))
                    for api, tally in sorted(self._tallies.items())
                },
                "per_second": [
                    [math.floor(now) - second, *counts]
                    for second, counts in sorted(self._seconds.items())
                    if second > now - HISTORY_SECONDS
                ],
            }

    def clear(self) -> None:
        """Forget the counts; limits and their windows stay."""
        with self._lock:
            self._all = _Tally()
            self._tallies: dict[str, _Tally] = {}
            self._seconds: defaultdict[int, list[int]] = defaultdict(lambda: [0, 0])

    def _refusal(self, api: str, now: float) -> Refusal | None:
        windows = [("the instance", self._instance), (api, self._apis.get(api))]
        standing = [(scope, window) for scope, window in windows if window is not None]
        for scope, window in standing:
            if seconds := window.wait(now):
                return Refusal(scope=scope, limit=window.limit, seconds=seconds)
        for _, window in standing:
            window.add(now)
        return None

    def _tally(self, api: str) -> _Tally:
        known = api in self._tallies or len(self._tallies) < _MAX_APIS
        return self._tallies.setdefault(api if known else _OTHER, _Tally())

    def _api_limit(self, api: str) -> float | None:
        window = self._apis.get(api)
        return None if window is None else window.limit

    def _count_second(self, now: float, *, throttled: bool) -> None:
        self._seconds[math.floor(now)][1 if throttled else 0] += 1
        if len(self._seconds) > 2 * HISTORY_SECONDS:
            kept = [s for s in self._seconds if s > now - HISTORY_SECONDS]
            self._seconds = defaultdict(
                lambda: [0, 0], {s: self._seconds[s] for s in kept}
            )


def _used(calls: int, span: float, limit: float | None) -> float | None:
    """Share of the limit used: ``calls`` have ``calls - 1`` gaps between them."""
    if limit is None or calls < 2 or span <= 0:
        return None
    return min(1.0, round((calls - 1) / (limit * span), 4))
