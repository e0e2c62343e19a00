"""Waiting for what the server does: looking again and again, ever less often."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import InvalidValue, StillRunning
from ..session import Connection, Interrupted
from ..session.progress import duration

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

TIMEOUT: Final = 600.0
"""Seconds that a wait lasts unless told: an unattended notebook must end."""

_FIRST, _MOST, _GROWTH = 0.5, 15.0, 1.5
"""Seconds between the first two looks, between any two, and how the pause grows."""

_SHARE: Final = 2.0
"""One call in so many of the budget at most goes into looking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What a wait sees: the state by its label, ``share`` done between 0 and 1.

    ``share`` is None where nobody knows; ``seconds`` is since the wait began.
    """

    what: str
    state: str
    seconds: float
    share: float | None = None

    def __str__(self) -> str:
        done = "" if self.share is None else f" · {self.share:.0%}"
        return f"{self.what}: {self.state}{done} · {duration(self.seconds)}"


Watch = Callable[[Moment], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long somebody waits, on which clock, and who is told.

    ``timeout`` is in seconds, None for ever.
    """

    timeout: float | None = TIMEOUT
    progress: Watch | None = None
    clock: Clock = SYSTEM_CLOCK

    def __post_init__(self) -> None:
        if self.timeout is not None and not self.timeout >= 0:
            raise InvalidValue(
                f"A wait of {self.timeout} seconds makes no sense.",
                hint="give seconds, or None for as long as it takes",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Generic[_T]):
    """One look: the thing, its state by label, how far it is, whether that is all."""

    thing: _T
    state: str
    over: bool
    share: float | None = None


def wait(
    connection: Connection,
    what: str,
    look: Callable[[], Seen[_T]],
    patience: Patience,
) -> _T:
    """Look until it is over and return what was seen then.

    Each look is a call that takes its turn in the budget; the pause between two
    grows while nothing changes.  Raises StillRunning when the time is up and
    Interrupted for an interrupt; neither changes anything on the server.
    """
    clock, started = patience.clock, patience.clock.monotonic()
    watch, pause, state = patience.progress, _FIRST, "not known yet"
    before: tuple[str, float | None] | None = None
    try:
        while True:
            seen = look()
            passed = clock.monotonic() - started
            state, now = seen.state, (seen.state, seen.share)
            watch = _tell(
                watch,
                Moment(what=what, state=state, seconds=passed, share=seen.share),
            )
            if seen.over:
                return seen.thing
            if patience.timeout is not None and passed >= patience.timeout:
                raise _time_is_up(what, state, passed)
            pause = _FIRST if now != before else min(pause * _GROWTH, _MOST)
            before = now
            clock.wait(_within(patience.timeout, passed, _spared(connection, pause)))
    except KeyboardInterrupt:
        passed = clock.monotonic() - started
        raise Interrupted(
            f"{_capital(what)} was '{state}' after {duration(passed)}.",
            hint="only the wait has ended, the work goes on; wait again to see its end",
        ) from None


def _spared(connection: Connection, pause: float) -> float:
    """Return the pause, longer where the budget is too small for it."""
    rate = connection.budget.snapshot(0).rate
    return pause if not rate else max(pause, _SHARE / rate)


def _within(timeout: float | None, passed: float, pause: float) -> float:
    return pause if timeout is None else min(pause, timeout - passed)


def _tell(watch: Watch | None, moment: Moment) -> Watch | None:
    if watch is None:
        return None
    try:
        watch(moment)
    except Exception:
        # A line that cannot be drawn must not end the wait.
        _log.exception("a progress callback failed and is dropped")
        return None
    return watch


def _time_is_up(what: str, state: str, passed: float) -> StillRunning:
    return StillRunning(
        f"{_capital(what)} is still '{state}' after {duration(passed)}.",
        hint="it goes on; wait again, or longer with timeout= (--timeout)",
        state=state,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
