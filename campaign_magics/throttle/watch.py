"""Tells subscribers about changes of a budget, also those that other kernels make."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from ..clock import Clock
from .usage import Snapshot

_log = logging.getLogger(__name__)

INTERVAL = 0.2
"""Seconds between looks."""

_LAST_LOOK = 2.0
"""Seconds that a callback may take to end."""

Callback = Callable[[Snapshot], None]


class Watch:
    """Looks at a budget while somebody is subscribed.

    A file tells nobody that it changed, so a daemon thread looks: at the revision, and
    at the usage only when that moved or calls of the last second still fade.
    """

    def __init__(
        self,
        revision: Callable[[], int],
        snapshot: Callable[[], Snapshot],
        clock: Clock,
    ) -> None:
        self._revision = revision
        self._snapshot = snapshot
        self._clock = clock
        self._lock = threading.Lock()
        self._callbacks: list[Callback] = []
        self._stop: threading.Event | None = None
        self._thread: threading.Thread | None = None

    def subscribe(self, callback: Callback) -> Callable[[], None]:
        """Add a callback; return the function that takes it away."""
        with self._lock:
            self._callbacks = [*self._callbacks, callback]
            if self._stop is None:
                self._stop = threading.Event()
                self._thread = threading.Thread(
                    target=self._run,
                    args=(self._stop,),
                    name="campaign-budget-watch",
                    daemon=True,
                )
                self._thread.start()

        return lambda: self._drop(callback)

    def close(self) -> None:
        """Drop all callbacks, end the thread and wait until it is gone."""
        with self._lock:
            self._callbacks = []
            self._end()
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(_LAST_LOOK)

    def _drop(self, callback: Callback) -> None:
        with self._lock:
            self._callbacks = [c for c in self._callbacks if c is not callback]
            if not self._callbacks:
                self._end()

    def _end(self) -> None:
        if self._stop is not None:
            self._stop.set()
            self._stop = None

    def _run(self, stop: threading.Event) -> None:
        seen, last = -1, None
        while not stop.is_set():
            revision = self._revision()
            if last is None or revision != seen or last.used or last.waiting:
                seen, new = revision, self._snapshot()
                if last is None or replace(new, at=last.at) != last:
                    last = new
                    self._tell(new)
            self._clock.wait(INTERVAL, stop)

    def _tell(self, snapshot: Snapshot) -> None:
        for callback in self._callbacks:
            try:
                callback(snapshot)
            except Exception:
                # One broken meter must not stop the others, nor be heard five times
                # a second.
                _log.exception("a subscriber of the budget failed and is dropped")
                self._drop(callback)
