"""One daemon thread for all that moves: it looks at what is open, five times a second.

It lives while something is open.  Standard library only, so that unloading the
extension can close what is open without importing widgets first.
"""

from __future__ import annotations

import logging
import threading
from typing import Final, Protocol

_log = logging.getLogger(__name__)

INTERVAL: Final = 0.2
"""Seconds between two looks."""

_LAST_LOOK = 2.0
"""Seconds that a look may take to end."""


class Ticking(Protocol):
    """What wants to be looked at."""

    def tick(self) -> None:
        """Look, and draw what has changed."""

    def close(self) -> None:
        """Draw for the last time."""


class Ticker:
    """Calls ``tick`` of everything added to it; the thread ends with the last."""

    def __init__(self, interval: float = INTERVAL) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._open: tuple[Ticking, ...] = ()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def open(self) -> tuple[Ticking, ...]:
        """What is looked at, the oldest first."""
        return self._open

    def add(self, one: Ticking) -> None:
        """Look at ``one`` from now on."""
        with self._lock:
            self._open = (*self._open, one)
            if self._thread is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._run,
                    args=(self._stop,),
                    name="campaign-ticker",
                    daemon=True,
                )
                self._thread.start()

    def remove(self, one: Ticking) -> None:
        """Look at it no more; the last one's thread is gone when this returns."""
        with self._lock:
            self._open = tuple(other for other in self._open if other is not one)
            if self._open or self._thread is None:
                return
            thread, self._thread = self._thread, None
            self._stop.set()
        if thread is not threading.current_thread():
            thread.join(_LAST_LOOK)

    def close_all(self) -> None:
        """Close whatever is open, for the extension is unloaded or Python ends."""
        for one in self._open:
            one.close()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(self._interval):
            for one in self._open:
                try:
                    one.tick()
                except Exception:
                    # One broken view must not stop the others, nor be heard five
                    # times a second.
                    _log.exception("a view could not be drawn and is left alone")
                    self.remove(one)


TICKER: Final = Ticker()
"""The kernel's own: every meter is on it."""
