"""Long work as one line that is drawn again, and replaced in the end."""

from __future__ import annotations

import sys
import threading
from contextvars import copy_context
from typing import TYPE_CHECKING, Any

from IPython.display import display

from ..clock import SYSTEM_CLOCK, Clock
from ..widgets.ticker import TICKER
from .footer import as_line, show_footer, to_html

if TYPE_CHECKING:
    from ..session.progress import Progress
    from ..throttle import Budget, Snapshot

_PATIENCE = 0.5
"""Seconds after which work counts as long."""

_SILENCE = 1.0
"""Seconds without progress after which the line says what is waited for."""

_WIDTH = 24

_NOTHING = "it ended before the first answer"


class ProgressLine:
    """Draws `Progress`: in a notebook in place, in a terminal over the line before.

    Where output goes to a file or a test, nothing is drawn but the end.  With a
    ``budget`` the line also tells, while nothing arrives, that calls wait for it;
    ``end`` must then be called, however the work ends.
    """

    def __init__(
        self, shell: Any, budget: Budget | None = None, *, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        self._notebook = hasattr(shell, "kernel")
        self._terminal = not self._notebook and sys.stderr.isatty()
        self._budget = budget
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Progress | None = None
        self._said = ""
        self._ended = False
        self._told = clock.monotonic()
        self._handle: Any = None
        self._drawn = 0
        # What the ticker's thread shows belongs to the cell that runs now.
        self._cell = copy_context()
        if budget is not None and (self._notebook or self._terminal):
            TICKER.add(self)

    def __call__(self, progress: Progress) -> None:
        """Draw it, once the work has gone on for a while."""
        with self._lock:
            self._last, self._said = progress, ""
            self._told = self._clock.monotonic()
            if progress.seconds >= _PATIENCE:
                self._show("")

    def tick(self) -> None:
        """Say that calls wait for the budget, if they do and nothing else arrives."""
        silent = self._clock.monotonic() - self._told
        if self._budget is None or silent < _SILENCE:
            return
        waits = waiting_words(self._budget.snapshot(0))
        with self._lock:
            if waits != self._said and not self._ended:
                self._said = waits
                self._cell.run(self._show, waits)

    def close(self) -> None:
        """Look at the budget no more."""
        TICKER.remove(self)

    def end(self, text: str = "") -> None:
        """Put ``text`` in its place; without, a line that was drawn says how far it
        came."""
        with self._lock:
            self._ended = True
        self.close()
        if not text and (self._drawn or self._handle is not None):
            text = self._last.ended if self._last else _NOTHING
        if self._drawn:
            self._write("")
        if self._handle is not None:
            self._draw(text, to_html(text))
        elif text:
            show_footer(text)

    def _show(self, waits: str) -> None:
        last = self._last
        text = " · ".join(str(part) for part in (last, waits) if part)
        if self._terminal:
            self._write(f"{bar(last.share if last else None)} {text}".lstrip())
        elif self._notebook:
            self._draw(text, progress_html(last, waits) if last else to_html(waits))

    def _draw(self, text: str, html: str) -> None:
        data = {"text/html": html, "text/plain": text}
        if self._handle is None:
            self._handle = display(data, raw=True, display_id=True)
        else:
            self._handle.update(data, raw=True)

    def _write(self, text: str) -> None:
        end = "" if text else "\r"
        sys.stderr.write(f"\r{text.ljust(self._drawn)}{end}")
        sys.stderr.flush()
        self._drawn = len(text)


def bar(share: float | None) -> str:
    """Return a bar of text for a share between 0 and 1; empty when not known."""
    if share is None:
        return ""
    full = round(share * _WIDTH)
    return "█" * full + "░" * (_WIDTH - full)


def progress_html(progress: Progress, waits: str = "") -> str:
    """Return a bar that screen readers know, and the facts beside it."""
    from ..widgets.progress_html import progress_html as inner

    return as_line(inner(progress, waits))


def waiting_words(snapshot: Snapshot) -> str:
    """Return what calls wait for; empty when none does."""
    paused = round(snapshot.blocked)
    if not snapshot.waiting and not paused:
        return ""
    line = f"{snapshot.waiting} in line" if snapshot.waiting else ""
    pause = f"paused {paused} s after HTTP 429" if paused else ""
    parts = ", ".join(part for part in (line, pause) if part)
    return f"waiting for the budget: {parts}"
