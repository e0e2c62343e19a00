"""What a reading has cost so far, counted from several threads."""

from __future__ import annotations

import threading
import time

from ..soap.exchange import Exchange


class Tally:
    """Pages, calls and seconds of one reading; ``lines`` are rows handed out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started = time.perf_counter()
        self.pages = 0
        self.lines = 0
        self.calls = 0
        self.waited = 0.0
        self.server_seconds = 0.0
        self.decode_seconds = 0.0

    @property
    def seconds(self) -> float:
        """Seconds since the reading began."""
        return time.perf_counter() - self._started

    def called(self, exchange: Exchange) -> None:
        """Count a call and its repetitions."""
        with self._lock:
            self.calls += 1 + exchange.retries
            self.waited += exchange.waited
            self.server_seconds += exchange.seconds

    def decoded(self, seconds: float) -> None:
        """Count a page that arrived."""
        with self._lock:
            self.pages += 1
            self.decode_seconds += seconds
