"""Questions to the server: one at a time, and what keeps one waiting is said."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ...clock import SYSTEM_CLOCK, Clock
from ...throttle import Budget, Snapshot
from .stage import Stage

_LONG: Final = 0.5
"""Seconds of a question after which people click again."""

_AT_ONCE: Final = 0.1
"""Seconds after an answer in which nobody can have read it and clicked."""


class Turns:
    """Lets one question be asked at a time; what is clicked meanwhile is dropped.

    Where a kernel takes clicks one after the other, those that were made during a
    long question arrive at once when it is answered: they are dropped, too, for each
    would ask the server again.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._busy = threading.Lock()
        self._deaf_until = -math.inf

    def take(self, ask: Callable[[], None]) -> None:
        """Ask, unless this was clicked before another question was answered."""
        if not self._busy.acquire(blocking=False):
            return
        try:
            began = self._clock.monotonic()
            if began < self._deaf_until:
                return
            ask()
            ended = self._clock.monotonic()
            if ended - began > _LONG:
                self._deaf_until = ended + _AT_ONCE
        finally:
            self._busy.release()


@contextmanager
def asking(stage: Stage, budget: Budget, words: str) -> Iterator[None]:
    """Show ``words`` while the server is asked, and what holds the calls up.

    The cell that waits cannot say it: a call that is refused with HTTP 429 is sent
    again when the server allows, which may take minutes.
    """
    asked = True
    stage.say(words)

    def tell(snapshot: Snapshot) -> None:
        with stage.lock:
            if asked:
                stage.say(f"{words} {held(snapshot)}".rstrip())

    end = budget.subscribe(tell)
    try:
        yield
    finally:
        with stage.lock:
            asked = False
        end()


def held(snapshot: Snapshot) -> str:
    """Return why calls wait, and how to stop; "" if they go on."""
    if snapshot.blocked:
        return "It waits: the server refused with HTTP 429. Interrupt to stop."
    if snapshot.waiting:
        return "It waits for its turn in the budget. Interrupt to stop."
    return ""
