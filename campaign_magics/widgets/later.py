"""Something done a moment after it was last asked for, away from whoever asked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

PAUSE: Final = 0.3
"""Seconds without another request before it is done: longer than between two keys."""


class Later:
    """Calls ``act`` in a thread of its own, once a pause has passed without a request.

    Requests that come while it runs are answered by one more run, so the last change
    always wins and no two runs overlap.  The thread ends when nothing is asked for;
    it is a daemon, which keeps no kernel alive.  Should ``act``
    raise, the next request starts anew.
    """

    def __init__(self, act: Callable[[], None], *, pause: float = PAUSE) -> None:
        self._act = act
        self._pause = pause
        self._lock = threading.Lock()
        self._asked = threading.Event()
        self._thread: threading.Thread | None = None

    def ask(self) -> None:
        """Ask for it; returns at once."""
        with self._lock:
            self._asked.set()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="campaign-later", daemon=True
                )
                self._thread.start()

    def wait(self, seconds: float = 10.0) -> bool:
        """Wait until all that was asked for is done; False if it takes longer."""
        thread = self._thread
        if thread is not None:
            thread.join(seconds)
        return thread is None or not thread.is_alive()

    def _run(self) -> None:
        while self._goes_on():
            self._asked.clear()
            while self._asked.wait(self._pause):
                self._asked.clear()
            self._act()

    def _goes_on(self) -> bool:
        with self._lock:
            if not self._asked.is_set():
                self._thread = None
            return self._thread is not None
