"""The fields of the open schema, a page of rows at a time.

The rows are made once and drawn again for every page, filter and opened link, so that
a schema of 300 attributes costs no more widgets than one of ten.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from html import escape

import ipywidgets as widgets
from ipywidgets.widgets.widget_bool import CheckboxStyle
from ipywidgets.widgets.widget_string import HTMLStyle

from ...schemas.model import Schema
from ..theme import cut, line
from .stage import Stage
from .tree import Row, Tree, place

PAGE = 14
_VALUES = 4
_INDENT = "\u2003"

Ask = Callable[[Row], None]


class RowView:
    """One line of the page: a label, to tick if it can be, facts, and one button."""

    def __init__(self, stage: Stage, tick: Ask, act: Ask, shared: _Shared) -> None:
        self._row: Row | None = None
        self.box = widgets.Checkbox(
            indent=False, layout=shared.box, style=shared.box_style
        )
        self.name = widgets.HTML(layout=shared.box, style=shared.html_style)
        self.facts = widgets.HTML(layout=shared.facts, style=shared.html_style)
        self.button = widgets.Button(layout=shared.button, style=shared.button_style)
        self.view = widgets.HBox(layout=shared.row)
        self.box.observe(stage.wire(lambda _: self._tell(tick)), "value")
        self.button.on_click(stage.wire(lambda _: self._tell(act)))

    def draw(self, row: Row, *, ticked: bool) -> None:
        """Show another row; the stage must be drawing."""
        self._row = row
        indent = _INDENT * row.depth
        self.box.description = f"{indent}{row.label}"
        self.box.tooltip = f"{row.label}. {row.description}".removesuffix(". ")
        self.box.value = ticked
        self.name.value = cut(f"{indent}{row.label}", row.label)
        self.facts.value = facts(row)
        if row.sort == "field":
            self.button.description = "Where"
            self.button.tooltip = f"Add a condition on {row.label}"
        else:
            word = "Close" if row.is_open else "Open"
            self.button.description = f"{'▾' if row.is_open else '▸'} {word}"
            self.button.tooltip = f"{word} {row.label}"
        parts = [self.box if row.can_be_chosen else self.name, self.facts]
        if row.is_open is not None or _can_be_asked(row):
            parts.append(self.button)
        if self.view.children != tuple(parts):
            self.view.children = parts

    def _tell(self, ask: Ask) -> None:
        if self._row is not None:
            ask(self._row)


class _Shared:
    """Layouts and styles, once for all rows: each would be a model of its own."""

    def __init__(self) -> None:
        self.row = widgets.Layout(align_items="center", min_height="33px")
        self.box = widgets.Layout(flex="0 1 38%", min_width="160px")
        self.facts = widgets.Layout(flex="1 1 160px", min_width="0")
        self.button = widgets.Layout(flex="0 0 70px")
        self.box_style = CheckboxStyle()
        self.html_style = HTMLStyle()
        self.button_style = widgets.ButtonStyle()


class FieldsView:
    """Filter, pager, page of rows.  ``tick`` and ``where`` are told the row.

    The pager stands above the rows, whose heights differ: it does not move away from
    the mouse, and Tab leads from it to the first row of the new page.
    """

    def __init__(self, stage: Stage, tick: Ask, where: Ask) -> None:
        self._stage = stage
        self._tree: Tree | None = None
        self._chosen: Container[str] = ()
        self._rows: list[Row] = []
        self._first = 0
        self._where = where
        shared = _Shared()
        self.headline = widgets.HTML()
        self.words = widgets.Text(
            description="Filter fields",
            placeholder="name, label or description",
            style={"description_width": "initial"},
            layout={"width": "auto"},
        )
        self.rows = [RowView(stage, tick, self._act, shared) for _ in range(PAGE)]
        self.page = widgets.VBox()
        self.before = widgets.Button(
            description="Previous page", layout={"width": "auto"}
        )
        self.after = widgets.Button(description="Next page", layout={"width": "auto"})
        self.told = widgets.HTML()
        self.words.observe(stage.wire(lambda _: self._filter()), "value")
        self.before.on_click(stage.wire(lambda _: self.refresh(self._first - PAGE)))
        self.after.on_click(stage.wire(lambda _: self.refresh(self._first + PAGE)))
        pager = widgets.HBox([self.before, self.after, self.told])
        pager.add_class("cm-bar")
        self.view = widgets.VBox([self.headline, self.words, pager, self.page])
        self.page.add_class("cm-rows")
        self.view.add_class("cm-fields")

    def open(self, tree: Tree, chosen: Container[str]) -> None:
        """Show another schema; ``chosen`` tells which paths are ticked."""
        self._tree, self._chosen = tree, chosen
        with self._stage.drawing():
            self.words.value = ""
            self.headline.value = headline(tree.schema)
        self.refresh(0)

    def refresh(self, first: int | None = None) -> None:
        """Draw the page again, from another row on if told."""
        if self._tree is None:
            return
        self._rows = self._tree.rows(self.words.value)
        start = self._first if first is None else first
        last_page = max(0, (len(self._rows) - 1) // PAGE * PAGE)
        self._first = min(max(start, 0), last_page)
        shown = self._rows[self._first : self._first + PAGE]
        with self._stage.drawing():
            for view, row in zip(self.rows, shown, strict=False):
                view.draw(row, ticked=row.path in self._chosen)
            self.page.children = [view.view for view in self.rows[: len(shown)]]
            self.before.disabled = self._first == 0
            self.after.disabled = self._first >= last_page
            self.told.value = line(self._count(len(shown)), quiet=True)

    def _filter(self) -> None:
        if self._tree is not None:
            self._tree.reveal(self.words.value)
        self.refresh(0)

    def _count(self, shown: int) -> str:
        if not shown and not self.words.value.strip():
            return "This schema has no fields."
        if not shown:
            return "No field holds all of these words."
        first = self._first + 1
        return f"rows {first}–{first + shown - 1} of {len(self._rows):,}"

    def _act(self, row: Row) -> None:
        if row.is_open is None:
            self._where(row)
        elif self._tree is not None:
            self._tree.toggle(row.path)
            self.refresh()


def headline(schema: Schema) -> str:
    """Return what a schema is, as escaped HTML: two lines."""
    label = " ".join(schema.label.split())
    counts = f"{len(schema.fields):,} fields, {len(schema.links):,} links"
    table = f" · table {schema.table}" if schema.table else ""
    return (
        f'<div class="cm-title cm-cut">{escape(schema.id)}'
        f"{' · ' if label else ''}{escape(label)}</div>"
        f'<div class="cm-quiet">{escape(place(schema))} database · {counts}'
        f"{escape(table)}</div>"
    )


def facts(row: Row) -> str:
    """Return what stands behind a row's label, as escaped HTML."""
    name = "" if row.sort == "group" else row.path.rpartition("/")[2]
    parts = [f"<code>{escape(name)}</code>"] if name else []
    parts.append(f'<span class="cm-quiet cm-type">{escape(row.type)}</span>')
    parts += [f'<span class="cm-tag">{escape(mark)}</span>' for mark in row.marks]
    if row.values:
        parts.append(f'<span class="cm-quiet">{escape(_values(row))}</span>')
    about = (row.path, row.type, *row.marks, _values(row), row.description)
    told = escape(" · ".join(filter(None, about)))
    return f'<div class="cm-facts" title="{told}">{" ".join(parts)}</div>'


def _can_be_asked(row: Row) -> bool:
    """Tell whether a condition makes sense: what is stored as XML has no column."""
    return row.sort == "field" and "stored as XML" not in row.marks


def _values(row: Row) -> str:
    names = [value.name for value in row.values[:_VALUES]]
    return ", ".join([*names, "…"] if len(row.values) > _VALUES else names)
