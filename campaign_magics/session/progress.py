"""How far a long reading is: frozen facts, told at most five times a second."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from ..clock import SYSTEM_CLOCK, Clock

_log = logging.getLogger(__name__)

_INTERVAL = 0.2
_RECENT = 20
"""Pages that the speed is measured over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A reading as it stands.

    ``rows`` of ``total`` (None: not known) are here, after ``seconds``; ``speed`` is
    rows a second lately; ``left`` is seconds to go at that speed, or at the ``tps``
    allowed now if that is slower.
    """

    rows: int
    total: int | None
    seconds: float
    speed: float
    left: float | None
    tps: float | None

    @property
    def share(self) -> float | None:
        """Rows here of all rows, between 0 and 1."""
        return min(1.0, self.rows / self.total) if self.total else None

    def __str__(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        limit = "" if self.tps is None else f" at {self.tps:g} TPS"
        parts = [
            f"{self.rows:,}{of} rows",
            f"{self.speed:,.0f} rows/s",
            "" if self.left is None else f"{duration(self.left)} left{limit}",
        ]
        return " · ".join(part for part in parts if part)


Watch = Callable[[Progress], object]


class Reporter:
    """Turns arriving pages into `Progress` for ``watch``; None watches nothing."""

    def __init__(
        self, watch: Watch | None, *, done: int = 0, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._watch = watch
        self._clock = clock
        self._started = clock.monotonic()
        self._told = self._started
        self._rows = done
        self._recent: deque[tuple[float, int]] = deque(maxlen=_RECENT)
        self._recent.append((self._started, done))

    @property
    def watched(self) -> bool:
        """True while somebody wants to know."""
        return self._watch is not None

    def arrived(
        self, rows: int, total: int | None, tps: Callable[[], float | None]
    ) -> None:
        """Take note of a page of ``rows`` rows; ``tps`` is asked when it is told."""
        now = self._clock.monotonic()
        self._rows += rows
        self._recent.append((now, self._rows))
        if self._watch is None or now - self._told < _INTERVAL:
            return
        self._told = now
        try:
            self._watch(self._progress(now, total, tps()))
        except Exception:
            # A line that cannot be drawn must not cost the rows.
            _log.exception("a progress callback failed and is dropped")
            self._watch = None

    def _progress(self, now: float, total: int | None, tps: float | None) -> Progress:
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
        )


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``18 s``, ``2 min 5 s``, ``3 h 4 min``."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{whole} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
