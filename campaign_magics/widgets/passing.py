"""A view that ends: its widget is replaced by ordinary output once it is done."""

from __future__ import annotations

from typing import Any

from IPython import get_ipython
from IPython.display import display

from .twin import Twin


class Passing(Twin):
    """Base of the meter and of the connection box.

    A subclass calls ``finish`` when there is nothing more to click; where it was
    shown, its static twin then stands, as in a saved notebook.
    """

    finished = False

    def __init__(self) -> None:
        self._shown: list[Any] = []

    def finish(self) -> None:
        """Put the twin in the widget's place; from any thread."""
        self.finished = True
        self.renote()
        for shown in self._shown:
            shown.update(self._static(), raw=True)
        if self._shown:
            # Nothing of a view that is gone shall stay in the widgets' state.
            for part in _all_of(self.view):
                part.close()

    def _ipython_display_(self) -> None:
        """Show it so that it can be replaced; where no widget runs, the twin alone."""
        if self.finished or not hasattr(get_ipython(), "kernel"):
            display(self._static(), raw=True)
            return
        bundle = self._repr_mimebundle_()
        self._shown.append(display(bundle, raw=True, display_id=True))
        self.show_note()

    def _static(self) -> dict[str, str]:
        return {"text/html": self.as_html(), "text/plain": self.as_text()}


def _all_of(box: Any) -> list[Any]:
    inner = [one for child in getattr(box, "children", ()) for one in _all_of(child)]
    return [*inner, box]
