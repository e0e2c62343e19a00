"""Work that comes round: a function called every so many seconds."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..clock import SYSTEM_CLOCK, Clock

_log = logging.getLogger(__name__)


class Every:
    """Calls ``work`` in a thread of its own, each time ``seconds`` have passed.

    A failure is logged and the next turn comes all the same.
    """

    def __init__(
        self, seconds: float, work: Callable[[], object], clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._seconds = seconds
        self._work = work
        self._clock = clock
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Begin to count; the first call is ``seconds`` from now."""
        self._thread.start()

    def stop(self, limit: float = 1.0) -> None:
        """Call no more; a call under way gets ``limit`` seconds to end."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(limit)

    def _run(self) -> None:
        while not self._clock.wait(self._seconds, self._stopped):
            try:
                self._work()
            except Exception:
                _log.exception("scheduled work failed")
