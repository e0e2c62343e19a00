"""What a reading has cost so far, counted from several threads."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from operator import itemgetter

from ..clock import SYSTEM_CLOCK, Clock
from ..soap.exchange import Exchange


class Tally:
    """Pages, calls and seconds of one reading; ``lines`` are rows handed out."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._started = clock.monotonic()
        self._waits: list[tuple[float, float]] = []
        self._waited = 0.0
        self.pages = 0
        self.lines = 0
        self.calls = 0
        self.server_seconds = 0.0
        self.decode_seconds = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the reading began."""
        return self._clock.monotonic() - self._started

    @property
    def waited(self) -> float:
        """Seconds in which a call waited for the budget; several at once count once.

        So it never is more than ``seconds``, as a sum over threads would be.
        """
        with self._lock:
            return self._waited

    def called(self, exchange: Exchange) -> None:
        """Count a call that ended just now, and its repetitions."""
        with self._lock:
            self.calls += 1 + exchange.retries
            self.server_seconds += exchange.seconds
            end = self._clock.monotonic() - exchange.seconds
            start = max(end - exchange.waited, self._started)
            if start < end:  # not so where a call waited before the reading began
                self._wait(start, end)

    def decoded(self, seconds: float) -> None:
        """Count a page that arrived."""
        with self._lock:
            self.pages += 1
            self.decode_seconds += seconds

    def _wait(self, start: float, end: float) -> None:
        """Note a wait, as one with those that it touches; they are kept in order."""
        first = bisect_left(self._waits, start, key=itemgetter(1))
        behind = bisect_right(self._waits, end, key=itemgetter(0))
        met = self._waits[first:behind]
        starts, ends = zip((start, end), *met, strict=True)
        whole = min(starts), max(ends)
        self._waits[first:behind] = [whole]
        self._waited += whole[1] - whole[0] - sum(e - s for s, e in met)
