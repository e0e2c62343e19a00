"""Waiting for what the server does: looking again and again, ever less often."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import (
    InvalidValue,
    NetworkError,
    ServerError,
    StillRunning,
    WorkFailed,
)
from ..session import Connection, Interrupted
from ..session.progress import Progress, Watch, duration
from .doing import say_more

_T = TypeVar("_T")

TIMEOUT: Final = 600.0
"""Seconds that a wait lasts unless told: an unattended notebook must end."""

_FIRST, _MOST, _GROWTH = 0.5, 15.0, 1.5
"""Seconds between the first two looks, between any two, and how the pause grows."""

_GOES_ON: Final = "only the wait has ended, the work goes on; wait again to see its end"

_SHARE: Final = 2.0
"""One call in so many of the budget at most goes into looking."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment(Progress):
    """What a wait sees: the state by its label, and how far it is where that is known.

    ``rows`` of ``total`` are what the server counts (messages, steps of a job), both
    None or 0 where it counts nothing; ``seconds`` is since the wait began.
    """

    what: str
    state: str

    @property
    def ended(self) -> str:
        """How it stood when the wait was over."""
        done = "" if self.share is None else f" · {self.share:.0%}"
        return f"{self.what}: {self.state}{done} · {duration(self.seconds)}"

    def __str__(self) -> str:
        left = "" if self.left is None else f" · {duration(self.left)} left"
        return f"{self.ended}{left}"


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
    """One look: the thing, its state by label, whether that is all, how far it is.

    ``what`` is how it is called, once that is known better; ``done`` of ``total`` is
    what the server counts, no total where it does not.
    """

    thing: _T
    state: str
    over: bool
    what: str = ""
    done: int = 0
    total: int | None = None


class _Pace:
    """How fast what the server counts grows, since it counts."""

    def __init__(self) -> None:
        self._since: tuple[float, int, int] | None = None

    def speed(self, passed: float, done: int, total: int | None) -> float:
        """Return what was done each second; 0 while that is not known."""
        if not total:
            self._since = None
            return 0.0
        if self._since is None or self._since[1] > done or self._since[2] != total:
            self._since = passed, done, total
        then, before, _ = self._since
        return (done - before) / (passed - then) if passed > then else 0.0


def wait(
    connection: Connection,
    what: str,
    look: Callable[[], Seen[_T]],
    patience: Patience,
) -> _T:
    """Look until it is over and return what was seen then.

    Each look is a call that takes its turn in the budget; the pause between two
    grows while nothing changes.  Raises StillRunning when the time is up, Interrupted
    for an interrupt and what a look raises; none changes anything on the server.
    """
    clock, started = patience.clock, patience.clock.monotonic()
    pace, pause, stood = _Pace(), _FIRST, "had not been seen yet"
    before: tuple[str, int] | None = None
    try:
        with connection.underway.reporter(patience.progress) as reporter:
            while True:
                seen = look() if before is None else _again(look)
                what = seen.what or what
                passed = clock.monotonic() - started
                stood, now = f"was '{seen.state}'", (seen.state, seen.done)
                reporter.tell(_moment(what, seen, passed, pace))
                if seen.over:
                    return seen.thing
                if patience.timeout is not None and passed >= patience.timeout:
                    raise _time_is_up(what, seen.state, passed)
                pause = _FIRST if now != before else min(pause * _GROWTH, _MOST)
                before = now
                spared = _spared(connection, pause)
                clock.wait(_within(patience.timeout, passed, spared))
    except KeyboardInterrupt:
        passed = clock.monotonic() - started
        raise Interrupted(
            f"{_capital(what)} {stood} after {duration(passed)}.",
            hint=_GOES_ON,
        ) from None


def _again(look: Callable[[], Seen[_T]]) -> Seen[_T]:
    """Look at what is there; an error of the way to it says that it goes on."""
    try:
        return look()
    except WorkFailed:
        raise
    except (ServerError, NetworkError) as error:
        say_more(error, _GOES_ON)
        raise


def _moment(what: str, seen: Seen[_T], passed: float, pace: _Pace) -> Moment:
    speed = pace.speed(passed, seen.done, seen.total)
    to_go = (seen.total or 0) - seen.done
    return Moment(
        what=what,
        state=seen.state,
        rows=seen.done,
        total=seen.total,
        seconds=passed,
        speed=speed,
        left=to_go / speed if speed > 0 and to_go > 0 else None,
        tps=None,
    )


def _spared(connection: Connection, pause: float) -> float:
    """Return the pause, longer where the budget is too small for it."""
    rate = connection.budget.snapshot(0).rate
    return pause if not rate else max(pause, _SHARE / rate)


def _within(timeout: float | None, passed: float, pause: float) -> float:
    return pause if timeout is None else min(pause, timeout - passed)


def _time_is_up(what: str, state: str, passed: float) -> StillRunning:
    return StillRunning(
        f"{_capital(what)} is still '{state}' after {duration(passed)}.",
        hint="it goes on; wait again, or longer with timeout= (--timeout)",
        state=state,
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
