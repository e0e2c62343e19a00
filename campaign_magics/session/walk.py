"""The way through a query's rows as steps, each of which is one page to ask for.

A walk knows nothing of wires and threads: it is asked for the next step while others
are on their way, and told what each step brought, in order.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, replace
from typing import Protocol

from ..query.model import QueryDef
from .way import ByKey, ByLine, Key

MOST_IN_FLIGHT = 4
"""Pages on their way at once: they fill the budget of a slow server, and no more."""

_SMALLEST_CAP = 200
_RECENT = 8
_SPREAD = 3.0
"""Standard deviations of room in a page of guessed keys: one too full costs a call."""

_HURRY = 2.0
"""Pages on their way for each that the budget could take meanwhile: calls are not all
equally quick, and a turn that nobody takes is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One page: the query to send, and where it stands.

    ``asks`` is its ``lineCount``; ``keeps`` of these rows make the page, one more only
    shows whether the next row belongs to the same key.  A step by line begins at
    ``line``, one by key behind ``low`` and ends with ``high``.
    """

    query: QueryDef
    asks: int
    keeps: int
    line: int = 0
    low: Key | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """What a step brought: rows that came, rows kept, and the kept rows' outer keys."""

    came: int
    kept: int
    first: Key | None = None
    last: Key | None = None


class Walk(Protocol):
    """What the reading asks of a walk."""

    ended: bool
    """No row is left; steps still on their way have nothing."""

    eager: int
    """Steps that may be on their way at no extra cost."""

    def next_step(self) -> Step | None:
        """Return another step that can be sent now; None while nobody knows one."""

    def keeps(self, step: Step, came: int) -> int:
        """Return how many of the rows that came belong to the page at most."""

    def arrived(self, step: Step, brought: Brought) -> tuple[Step, ...]:
        """Take note of the oldest step's rows; return the steps that come before all
        others now."""


class LineWalk:
    """By line numbers: any number of steps may be on their way."""

    def __init__(
        self, way: ByLine, size: int, *, most: int | None, done: int = 0
    ) -> None:
        self.ended = False
        self.eager = 1
        self._way = way
        self._size = size
        self._most = math.inf if most is None else most
        self._next = done
        self._full = False

    def next_step(self) -> Step | None:
        """Return the step behind the last one; what it holds is not known yet."""
        left = self._most - self._next
        # One row may ride along, if it is the last that anybody wants.
        size = int(left if left <= self._size + 1 else self._size)
        if self.ended or size < 1:
            return None
        start = (self._way.query.start_line or 0) + self._next
        query = replace(self._way.query, start_line=start or None, line_count=size)
        step = Step(query=query, asks=size, keeps=size, line=self._next)
        self._next += size
        return step

    def keeps(self, step: Step, came: int) -> int:
        """Every row is the page's."""
        return came

    def arrived(self, step: Step, brought: Brought) -> tuple[Step, ...]:
        """End at a page that is not full, unless the server may have cut it."""
        if brought.came == step.asks:
            self._full = True
        elif self._full or not may_be_a_cap(brought.came):
            self.ended = True
        else:
            self._size, self._next = brought.came, step.line + brought.came
        return ()


class KeyWalk:
    """By key: one step at a time, until ``split`` gives ranges of keys to try.

    Ranges lie next to each other and cover everything up to ``top``; a range with
    more rows than a page goes on behind its page's last key.  So a wrong guess of
    how many rows a range holds costs a call, and never a row.
    """

    def __init__(
        self, way: ByKey, size: int, *, most: int | None, after: Key | None = None
    ) -> None:
        self.ended = False
        self.eager = 1
        self._way = way
        self._size = size
        self._left = math.inf if most is None else most
        self._low: Key | None = after
        self._open = False
        self._full = False
        self._top: int | None = None
        self._recent: deque[tuple[int, int]] = deque(maxlen=_RECENT)

    @property
    def splittable(self) -> bool:
        """True where guessing ranges makes sense: many rows left, numbers as keys."""
        way = self._way
        many = self._left > MOST_IN_FLIGHT * self._size
        return way.numeric and not way.descending and self._top is None and many

    def split(self, top: int) -> None:
        """Make ranges of keys from now on; ``top`` is the last key there is."""
        self._top = top
        self._open = False
        self.eager = 2  # a slow page, or a slow reader, then costs no turn

    def next_step(self) -> Step | None:
        """Return the next range; the last one is open, for rows that are new."""
        if self.ended or self._open or self._left < 1:
            return None
        low, top = self._low, self._top
        if top is None or not isinstance(low, int) or low >= top:
            self._open = True
            return self._step(low, None)
        self._low = high = min(low + self._width(), top)
        return self._step(low, high)

    def keeps(self, step: Step, came: int) -> int:
        """Keep a page; of a page that the server may have cut, all but the last."""
        if came > step.keeps:
            self._full = True
        elif not self._full and came < step.asks and may_be_a_cap(came):
            self._size = came - 1
            return self._size
        return min(came, step.keeps)

    def arrived(self, step: Step, brought: Brought) -> tuple[Step, ...]:
        """Go on behind the last key kept where more rows came."""
        self._left -= brought.kept
        self._learn(step, brought)
        if self._left < 1:
            self.ended = True
        elif brought.kept < brought.came:
            return self._rest(brought.last, step.high)
        elif step.high is None:
            self.ended = True
        return ()

    def _rest(self, low: Key | None, high: int | None) -> tuple[Step, ...]:
        """Return the steps for what a page left over, a long range in two parts."""
        if high is None:
            self._low = low
            return (self._step(low, None),)
        if isinstance(low, int) and high - low > 2 * (width := self._width()):
            return self._step(low, low + width), self._step(low + width, high)
        return (self._step(low, high),)

    def _step(self, low: Key | None, high: int | None) -> Step:
        asks = int(min(self._size + 1, self._left))
        # The last row that anybody wants needs no row behind it.
        keeps = asks if asks == self._left else self._size
        query = replace(self._way.between(low, high), line_count=asks)
        return Step(query=query, asks=asks, keeps=keeps, low=low, high=high)

    def _learn(self, step: Step, brought: Brought) -> None:
        """Remember how many keys a page's rows were spread over."""
        whole = step.high is not None and brought.kept == brought.came
        end = step.high if whole else brought.last
        start = brought.first if step.low is None else step.low
        if isinstance(start, int) and isinstance(end, int):
            self._recent.append((abs(end - start) + 1, brought.kept))

    def _width(self) -> int:
        spans = [span for span, _ in self._recent] or [1]
        rows = sum(count for _, count in self._recent)
        if not rows:  # a gap: the next range reaches further
            return 2 * max(spans)
        density = min(1.0, rows / sum(spans))
        room = _SPREAD * math.sqrt(self._size * (1 - density))
        aim = max(self._size - room, self._size / 2)
        return max(1, int(aim / density))


def may_be_a_cap(rows: int) -> bool:
    """Tell whether a short first page looks like a limit that the server imposes.

    Such limits are round numbers, and none is below the 200 rows of a query without
    ``lineCount`` (protocol.md §5.1).  Asking once more tells.
    """
    return rows >= _SMALLEST_CAP and rows % 100 == 0


def pages_in_flight(seconds: float, rate: float | None) -> int:
    """Return how many pages at once use a budget up, when one takes ``seconds``.

    ``rate`` is calls a second, None for no limit.
    """
    if rate is None:
        return MOST_IN_FLIGHT
    return max(1, min(MOST_IN_FLIGHT, math.ceil(_HURRY * seconds * rate)))
