"""How far long work is: frozen facts, told at most five times a second."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ..clock import SYSTEM_CLOCK, Clock

_log = logging.getLogger(__name__)

_INTERVAL = 0.2
_RECENT = 20
"""Pages that the speed is measured over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A reading or writing as it stands.

    ``rows`` of ``total`` (None: not known) are done, after ``seconds``; ``speed`` is
    rows a second lately; ``left`` is seconds to go at that speed, or at the ``tps``
    allowed now if that is slower.  ``waited`` is the seconds in which a call stood in
    line for the budget; ``noun`` is what is counted where it is not rows, ``note`` what
    else is to be said.
    """

    rows: int
    total: int | None
    seconds: float
    speed: float
    left: float | None
    tps: float | None
    waited: float = 0.0
    noun: str = "rows"
    note: str = ""

    @property
    def share(self) -> float | None:
        """Rows done of all rows, between 0 and 1."""
        return min(1.0, self.rows / self.total) if self.total else None

    @property
    def ended(self) -> str:
        """How far it came, once nobody works on it any more."""
        of = "" if self.total in (None, self.rows) else f" of {self.total:,}"
        return f"{self.rows:,}{of} {self.noun} in {duration(self.seconds)}"

    def __str__(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        limit = "" if self.tps is None else f" at {self.tps:g} TPS"
        parts = [
            f"{self.rows:,}{of} {self.noun}",
            f"{self.speed:,.0f} {self.noun}/s",
            "" if self.left is None else f"{duration(self.left)} left{limit}",
            f"waited {duration(self.waited)}" if self.waited >= 1 else "",
            self.note,
        ]
        return " · ".join(part for part in parts if part)


Watch = Callable[[Progress], object]


class Underway:
    """The long work of a session, whoever watches it; any thread may look."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._works: dict[Reporter, Progress] = {}

    @property
    def now(self) -> tuple[Progress, ...]:
        """What is being read or written, the oldest first."""
        with self._lock:
            return tuple(self._works.values())

    def reporter(
        self, watch: Watch | None, *, done: int = 0, noun: str = "rows"
    ) -> Reporter:
        """Return a `Reporter` whose work is seen here while its with-block lasts."""
        return Reporter(watch, done=done, noun=noun, underway=self, clock=self._clock)

    def note(self, work: Reporter, progress: Progress) -> None:
        """Take note of how far some work is."""
        with self._lock:
            self._works[work] = progress

    def over(self, work: Reporter) -> None:
        """Take note that some work has ended, well or not."""
        with self._lock:
            self._works.pop(work, None)


class Reporter:
    """Turns what arrives into `Progress` for ``watch``; None watches nothing.

    ``done`` is what was there before, ``noun`` what is counted.  Use it as a
    with-block: its end tells what has not been told yet, and the work is no longer
    ``underway``.
    """

    def __init__(
        self,
        watch: Watch | None,
        *,
        done: int = 0,
        noun: str = "rows",
        underway: Underway | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._watch = watch
        self._noun = noun
        self._underway = underway or Underway()
        self._clock = clock
        self._started = clock.monotonic()
        self._told = self._started
        self._rows = done
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)
        self._recent.append((self._started, done))
        self._untold: Callable[[], Progress] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if self._untold is not None:
                self.tell(self._untold())
        finally:
            self._underway.over(self)

    @property
    def watched(self) -> bool:
        """True while somebody wants to know."""
        return self._watch is not None

    def arrived(
        self,
        rows: int,
        total: int | None,
        tps: Callable[[], float | None],
        *,
        waited: float = 0.0,
    ) -> None:
        """Take note of ``rows`` more; ``tps`` is asked when it is told.

        ``waited`` is the seconds the work's calls waited for the budget so far.
        """
        now = self._clock.monotonic()
        self._rows += rows
        self._recent.append((now, self._rows))
        if now - self._told < _INTERVAL:
            self._untold = lambda: self._progress(now, total, tps(), waited)
            return
        self._told, self._untold = now, None
        self.tell(self._progress(now, total, tps(), waited))

    def tell(self, progress: Progress) -> None:
        """Take note of how far it is, and pass it on."""
        self._underway.note(self, progress)
        if self._watch is None:
            return
        try:
            self._watch(progress)
        except Exception:
            # A line that cannot be drawn must not cost the rows.
            _log.exception("a progress callback failed and is dropped")
            self._watch = None

    def _progress(
        self, now: float, total: int | None, tps: float | None, waited: float
    ) -> Progress:
        (then, before), pages = self._recent[0], len(self._recent) - 1
        rows = self._rows - before
        speed = rows / max(now - then, 1e-6)
        at_most = speed if tps is None else tps * rows / pages
        slower = min(speed, at_most)
        left = None
        if total is not None and slower > 0:
            left = max(0, total - self._rows) / slower
        return Progress(
            rows=self._rows,
            total=total,
            seconds=now - self._started,
            speed=speed,
            left=left,
            tps=tps,
            waited=waited,
            noun=self._noun,
        )


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``18 s``, ``2 min 5 s``, ``3 h 4 min``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{whole} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
