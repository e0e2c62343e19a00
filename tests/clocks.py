"""A clock for tests: time passes when it is waited on or moved, and never by itself."""

from __future__ import annotations

import threading


class StillClock:
    """Stands at ``seconds`` until a test moves it: ``clock.seconds += 60``.

    ``waits`` holds what was waited for; no wait lasts.
    """

    def __init__(self, seconds: float = 1_000.0) -> None:
        self.seconds = seconds
        self.waits: list[float] = []

    def now(self) -> float:
        return self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def wait(self, seconds: float, cancel: threading.Event | None = None) -> bool:
        self.waits.append(seconds)
        self.seconds += seconds
        return cancel is not None and cancel.is_set()
