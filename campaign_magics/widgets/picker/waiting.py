"""What keeps a question waiting, said while it waits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ...throttle import Budget, Snapshot
from .stage import Stage


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
