"""The search: words of names, labels and descriptions → schemas to open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from ...schemas.store import SchemaSummary
from ..theme import line
from .stage import Stage

SHOWN = 8
_WIDEST = 120

Search = Callable[[str], Sequence[SchemaSummary]]


class SearchView:
    """A text and, below it, a button for each of the best schemas.

    Return in the text opens the first.  ``open_schema`` is told the schema's name.
    """

    def __init__(
        self, stage: Stage, search: Search, open_schema: Callable[[str], None]
    ) -> None:
        self._stage = stage
        self._search = search
        self._open = open_schema
        self._found: Sequence[SchemaSummary] = ()
        self._first = 0
        self._searching = True
        self.words = widgets.Text(
            description="Search schemas",
            placeholder="name, label or description",
            style={"description_width": "initial"},
            layout={"width": "60%", "min_width": "280px"},
        )
        self.told = widgets.HTML()
        layout, look = widgets.Layout(width="auto"), widgets.ButtonStyle()
        self.results = [widgets.Button(layout=layout, style=look) for _ in range(SHOWN)]
        self.more = widgets.Button(
            description="Show more schemas", layout={"width": "auto"}
        )
        self.listed = widgets.VBox()
        for at, button in enumerate(self.results):
            button.add_class("cm-result")
            button.on_click(stage.wire(self._opener(at)))
        self.more.on_click(stage.wire(lambda _: self._show(self._first + SHOWN)))
        self.words.observe(stage.wire(lambda _: self.refresh()), "value")
        self.words.on_msg(self._message)
        top = widgets.HBox([self.words, self.told])
        top.add_class("cm-bar")
        self.view = widgets.VBox([top, self.listed, self.more])

    def refresh(self) -> None:
        """Search again.  Raises what the list of schemas may raise."""
        self._searching = True
        self._found = self._search(self.words.value)
        self._show(0)

    def close(self) -> None:
        """Put the search away: a schema is open."""
        with self._stage.drawing():
            self.words.value = ""
            self._searching = False
            self._found = ()
            self._show(0)

    def _show(self, first: int) -> None:
        self._first = first if first < len(self._found) else 0
        shown = self._found[self._first : self._first + SHOWN]
        with self._stage.drawing():
            for button, summary in zip(self.results, shown, strict=False):
                button.description = _one_line(summary)
                button.tooltip = summary.description
            self.listed.children = self.results[: len(shown)]
            self.more.layout.display = None if len(self._found) > SHOWN else "none"
            self.told.value = line(self._count(len(shown)), quiet=True)

    def _count(self, shown: int) -> str:
        if not self._searching:
            return "Type to pick another schema."
        if not self._found and not self.words.value.strip():
            return "This instance shows no schema to its operator."
        if not self._found:
            return "No schema holds all of these words."
        span = f"{self._first + 1}–{self._first + shown} of "
        many = len(self._found)
        unit = "schema" if many == 1 else "schemas"
        return f"{span if many > SHOWN else ''}{many:,} {unit}"

    def _opener(self, at: int) -> Callable[[Any], None]:
        return lambda _: self._open(self._found[self._first + at].id)

    def _message(self, widget: Any, content: Any, buffers: Any) -> None:
        if content.get("event") == "submit":
            self._stage.wire(lambda _: self._submit())(None)

    def _submit(self) -> None:
        # The text may have arrived after the key that ends it.
        if self.words.value and self._found:
            self._open(self._found[self._first].id)


def _one_line(summary: SchemaSummary) -> str:
    parts = (summary.id, summary.label, summary.description)
    text = " · ".join(" ".join(part.split()) for part in parts if part.strip())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"
