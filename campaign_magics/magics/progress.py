"""A long reading as one line that is drawn again, and replaced in the end."""

from __future__ import annotations

import sys
from html import escape
from typing import TYPE_CHECKING, Any

from IPython.display import display

from .footer import as_line, show_footer, to_html

if TYPE_CHECKING:
    from ..session.progress import Progress

_PATIENCE = 0.5
"""Seconds after which a reading counts as long."""

_WIDTH = 24


class ProgressLine:
    """Draws `Progress`: in a notebook in place, in a terminal over the line before.

    Where output goes to a file or a test, nothing is drawn but the end.
    """

    def __init__(self, shell: Any) -> None:
        self._notebook = hasattr(shell, "kernel")
        self._terminal = not self._notebook and sys.stderr.isatty()
        self._handle: Any = None
        self._drawn = 0

    def __call__(self, progress: Progress) -> None:
        """Draw it, once the reading has gone on for a while."""
        if progress.seconds < _PATIENCE:
            return
        if self._terminal:
            self._write(f"{bar(progress.share)} {progress}")
        elif self._notebook:
            self._draw(str(progress), progress_html(progress))

    def end(self, text: str) -> None:
        """Put ``text`` in its place; empty leaves nothing."""
        if self._drawn:
            self._write("")
        if self._handle is not None:
            self._draw(text, to_html(text) if text else "")
        elif text:
            show_footer(text)

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


def progress_html(progress: Progress) -> str:
    """Return a bar that screen readers know, and the facts beside it."""
    value = "" if progress.share is None else f' value="{progress.share:.3f}"'
    text = escape(str(progress))
    return as_line(f'<progress max="1"{value} aria-label="{text}"></progress> {text}')
