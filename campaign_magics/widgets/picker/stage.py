"""One click at a time, and what came of it in words.

A front end may deliver clicks in threads of their own (JupyterLab's subshells), also
while a cell runs; so every callback takes its turn, and none lets an error get lost.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import ipywidgets as widgets

from ..theme import failed, said

Callback = Callable[[Any], None]
Wire = Callable[[Callback], Callback]


class Stage:
    """Takes turns for the callbacks of one view and shows what they raise.

    ``lock`` guards the state that they share; ``error`` is the last one raised, None
    after a callback that went well.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.status = widgets.HTML()
        self.error: BaseException | None = None
        self._drawing = False
        self._alert = False

    def wire(self, act: Callback) -> Callback:
        """Return a callback for a widget: ``act`` in its turn, its errors shown.

        Values that the view itself sets while it draws are no clicks.
        """

        def handle(event: Any) -> None:
            with self.lock:
                if not self._drawing:
                    with self.watched():
                        act(event)

        return handle

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Show an error instead of raising it; an interrupt is one, too."""
        self.error, before = None, self.status.value
        try:
            yield
        except (Exception, KeyboardInterrupt) as failure:
            self.error, self._alert = failure, True
            self.status.value = failed(failure)
        else:
            if self.error is None and self.status.value == before and self._alert:
                self.status.value = ""

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Change widgets without being told of it."""
        with self.lock:
            before, self._drawing = self._drawing, True
            try:
                yield
            finally:
                self._drawing = before

    def say(self, text: str) -> None:
        """Show a line, which screen readers speak."""
        self._alert = False
        self.status.value = said(text)
