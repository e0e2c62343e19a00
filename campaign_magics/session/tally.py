"""What a reading has cost so far, counted from several threads."""

from __future__ import annotations

import threading

from ..clock import SYSTEM_CLOCK, Clock
from ..soap.exchange import Exchange


class Tally:
    """Pages, calls and seconds of one reading; ``lines`` are rows handed out."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._started = clock.monotonic()
        self._waits: list[tuple[float, float]] = []
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
            return sum((end - start for start, end in self._waits), 0.0)

    def called(self, exchange: Exchange) -> None:
        """Count a call that ended just now, and its repetitions."""
        with self._lock:
            self.calls += 1 + exchange.retries
            self.server_seconds += exchange.seconds
            if exchange.waited:
                end = self._clock.monotonic() - exchange.seconds
                self._wait(max(end - exchange.waited, self._started), end)

    def decoded(self, seconds: float) -> None:
        """Count a page that arrived."""
        with self._lock:
            self.pages += 1
            self.decode_seconds += seconds

    def _wait(self, start: float, end: float) -> None:
        """Note a wait, as one with those that it touches."""
        met = [one for one in self._waits if one[0] <= end and start <= one[1]]
        apart = [one for one in self._waits if one not in met]
        starts, ends = zip((start, end), *met, strict=True)
        self._waits = [*apart, (min(starts), max(ends))]
