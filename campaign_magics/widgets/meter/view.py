"""The meter: a budget's calls a second, live while the cell runs.

The figures come from the budget's shared history, so other kernels show as well.  The
kernel's one ticker looks; a part of the page changes only when its text does.
"""

from __future__ import annotations

import math
import threading

import ipywidgets as widgets

from ...clock import SYSTEM_CLOCK, Clock
from ...session import Connection
from ...soap.transport import closed
from .. import theme
from ..passing import Passing
from ..ticker import TICKER, Ticker
from . import drawing
from .model import (
    MeterView,
    as_text,
    clock_words,
    look,
    minute_words,
    usage_words,
)

_REST = 9
"""How much longer than a look the meter rests: ten minutes of many kernels are long
to add up, and the cell that runs needs the time more."""


class Meter(Passing):
    """Shows usage against the limit, the last minute, and every API, until closed.

    ``view`` is the widget.  ``close()``, the Close button and the session's own end
    put a static summary in its place.  Raises NotConnected for a session that is
    closed already: its figures would stand still and look like peace.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        ticker: Ticker = TICKER,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        if connection.closed:
            raise closed()
        super().__init__()
        self._connection = connection
        self._clock = clock
        self._ticker = ticker
        self._lock = threading.RLock()
        self._revision = -1
        self._rests_until = -math.inf
        self.closed = False
        self._body = widgets.HTML()
        self.button = widgets.Button(
            description="Close meter", tooltip="Stop it and keep the last figures"
        )
        self.button.on_click(lambda _: self.close())
        self.view = theme.framed([self._body, self.button])
        self.view.layout.max_width = "640px"
        self.now: MeterView = self._look()
        self._draw()
        self._take_back = connection.at_close(self.close)
        ticker.add(self)

    def __repr__(self) -> str:
        return f"Meter({self.note()!r})"

    def tick(self) -> None:
        """Look at the budget, if anything can have changed, and draw what has."""
        with self._lock:
            began = self._clock.monotonic()
            if self.closed or began < self._rests_until or not self._may_differ():
                return
            before, self.now = self.now, self._look()
            self._draw()
            ended = self._clock.monotonic()
            self._rests_until = ended + _REST * (ended - began)
        if before.moves and not self.now.moves:
            self.renote()  # seldom: every change of it makes the notebook unsaved

    def close(self) -> None:
        """Stop, and leave a static summary; may be called again."""
        with self._lock:
            if self.closed:
                return
            self.now = self._look()
            self._draw()
            self.closed = True
        self._ticker.remove(self)
        self._take_back()
        self.button.disabled = True
        self.finish()

    def as_text(self) -> str:
        """Return the figures as lined-up text."""
        return as_text(self.now)

    def as_html(self) -> str:
        """Return the figures as they stand, as HTML that needs no widget."""
        return drawing.static_html(self.now, self.closed)

    def note(self) -> str:
        """Return the line under the meter; none when the summary is in its place."""
        if self.closed and self._shown:
            return ""
        words = f"{usage_words(self.now)}; last minute: {minute_words(self.now)}"
        return f"Meter at {clock_words(self.now.at)}: {words}"

    def _look(self) -> MeterView:
        budget = self._connection.budget
        self._revision = budget.revision()
        return look(budget.snapshot(), self._connection.underway.now)

    def _may_differ(self) -> bool:
        """Tell whether to look: a look at an idle budget every time is for nothing."""
        last = self.now
        if last.moves or self._connection.underway.now:
            return True
        return self._scrolls() or self._connection.budget.revision() != self._revision

    def _scrolls(self) -> bool:
        """Tell whether the chart has something on it, and a second has passed."""
        last = self.now
        busy = last.busiest or last.refused
        return bool(busy) and int(self._clock.now()) != int(last.at)

    def _draw(self) -> None:
        """Send the figures, if they changed: a trait that keeps its value sends none.

        All of it is one trait, so that one look is one message.
        """
        self._body.value = drawing.body_html(self.now)
