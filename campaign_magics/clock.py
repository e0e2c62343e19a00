"""Time as an argument, so that tests never sleep."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """What the house asks of time."""

    def now(self) -> float:
        """Return seconds since the epoch (may step when the system clock is set)."""

    def monotonic(self) -> float:
        """Return seconds that only go forward, from an arbitrary start."""

    def wait(self, seconds: float, cancel: threading.Event | None = None) -> bool:
        """Wait; return True as soon as ``cancel`` is set."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Return seconds that only go forward."""
        return time.monotonic()

    def wait(self, seconds: float, cancel: threading.Event | None = None) -> bool:
        """Wait; return True as soon as ``cancel`` is set."""
        if cancel is not None:
            return cancel.wait(max(0.0, seconds))
        time.sleep(max(0.0, seconds))
        return False


SYSTEM_CLOCK = SystemClock()
