"""What was picked, to be changed: columns, conditions, order, limit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import ipywidgets as widgets

from ..theme import line, title
from .model import PickerModel
from .stage import Stage
from .where import NARROW, ConditionView

MOST_ROWS = 1_000_000
_LINED_UP = {"description_width": "4.6em"}
_NO_ORDER = ("(no order)", "")
"""Not None: a list whose value is None shows nothing at all."""


class QueryView:
    """The right-hand side of the picker; ``changed`` is told of every change."""

    def __init__(
        self, stage: Stage, model: PickerModel, changed: Callable[[], None]
    ) -> None:
        self._stage = stage
        self._model = model
        self._changed = changed
        self.columns = widgets.Select(
            rows=5, description="Columns", style=NARROW, layout={"width": "auto"}
        )
        self.up = self._button("Move up", lambda: self._move(-1))
        self.down = self._button("Move down", lambda: self._move(1))
        self.remove = self._button("Remove", self._remove)
        self.joined = widgets.Dropdown(
            options=[("all of these", False), ("any of these", True)],
            description="Rows that fit",
            style=NARROW,
            layout={"width": "auto"},
        )
        self.no_condition = widgets.HTML(
            line("Press Where beside a field.", quiet=True)
        )
        self.repeats = widgets.HTML()
        self.conditions: list[ConditionView] = []
        self.listed = widgets.VBox()
        self.orders = [_OrderView(name) for name in ("Order by", "then by")]
        self.limit = widgets.BoundedIntText(
            value=model.limit or MOST_ROWS,
            min=1,
            max=MOST_ROWS,
            description="Limit",
            style=_LINED_UP,
            layout={"width": "180px"},
        )
        self._observe()
        self.view = self._laid_out()

    def refresh(self) -> None:
        """Draw everything again, as the model has it."""
        model = self._model
        with self._stage.drawing():
            kept = self.columns.value
            options = [(f"{model.label(p)}  ({p})", p) for p in model.chosen]
            self.columns.options = options
            self.columns.value = kept if kept in model.chosen else None
            self.repeats.value = _repeats(model.repeats)
            self._list_conditions()
            self.joined.value = model.any_of
            keys = [(o.expr, o.desc) for o in model.order]
            for at, order in enumerate(self.orders):
                order.draw(options, keys[at] if at < len(keys) else None)

    def change(self, view: ConditionView) -> None:
        """Give the model the operator and the value that a condition shows."""
        at = self.conditions.index(view)
        self._take(at, view)
        self._changed()

    def drop(self, view: ConditionView) -> None:
        """Take a condition away."""
        at = self.conditions.index(view)
        self._model.drop(at)
        self.conditions.remove(view)
        self.refresh()
        view.close()
        self.joined.focus()  # what had the focus is gone
        self._changed()

    def wire(self, act: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return a callback that takes its turn."""
        return self._stage.wire(act)

    def _button(self, name: str, act: Callable[[], None]) -> Any:
        button = widgets.Button(description=name, layout={"width": "auto"})
        button.on_click(self._stage.wire(lambda _: act()))
        return button

    def _observe(self) -> None:
        wire = self._stage.wire
        self.joined.observe(wire(lambda _: self._join()), "value")
        self.limit.observe(wire(lambda _: self._limit()), "value")
        for order in self.orders:
            order.path.observe(wire(lambda _: self._sort()), "value")
            order.desc.observe(wire(lambda _: self._sort()), "value")

    def _laid_out(self) -> Any:
        bar = widgets.HBox([self.up, self.down, self.remove])
        bar.add_class("cm-bar")
        view = widgets.VBox(
            [
                widgets.HTML(title("Chosen fields")),
                self.columns,
                bar,
                self.repeats,
                widgets.HTML(title("Conditions")),
                self.joined,
                self.listed,
                widgets.HTML(title("Order and limit")),
                *(order.view for order in self.orders),
                self.limit,
            ]
        )
        view.add_class("cm-query")
        return view

    def _list_conditions(self) -> None:
        """Show the model's conditions; those that are shown already stay as they are.

        A control that is made anew would lose the focus.
        """
        model = self._model
        kept = [view.path for view in self.conditions]
        if kept != [where.path for where in model.wheres[: len(kept)]]:
            for view in self.conditions:
                view.close()
            self.conditions = []
        for where in model.wheres[len(self.conditions) :]:
            field = model.field(where.path)
            view = ConditionView(
                self.wire,
                where,
                field,
                label=model.label(where.path),
                many=model.crosses_many(where.path),
                changed=self.change,
                dropped=self.drop,
            )
            # A control may not be able to show every value.
            self._take(len(self.conditions), view)
            self.conditions.append(view)
        shown = [view.view for view in self.conditions]
        self.listed.children = shown or [self.no_condition]

    def _take(self, at: int, view: ConditionView) -> None:
        self._model.change(
            at, operator=view.operator.value, value=view.given, none=view.items.value
        )

    def _move(self, by: int) -> None:
        if self.columns.value is not None:
            self._model.move(self.columns.value, by)
            self.refresh()
            self._changed()

    def _remove(self) -> None:
        if self.columns.value is not None:
            self._model.untick(self.columns.value)
            self.refresh()
            self._changed()

    def _join(self) -> None:
        self._model.any_of = self.joined.value
        self._changed()

    def _limit(self) -> None:
        self._model.limit = self.limit.value
        self._changed()

    def _sort(self) -> None:
        keys = [(o.path.value, o.desc.value) for o in self.orders if o.path.value]
        self._model.sort(*dict(keys).items())
        self._changed()


def _repeats(links: Sequence[str]) -> str:
    """Say that records come more than once, or "" where they do not."""
    if not links:
        return ""
    one = f"one row for each item of {' and '.join(links)}"
    return line(f"A record may come several times: {one}.", quiet=True)


class _OrderView:
    """One key of the order."""

    def __init__(self, name: str) -> None:
        self.path = widgets.Dropdown(
            description=name,
            options=[_NO_ORDER],
            style=_LINED_UP,
            layout={"flex": "1 1 auto", "width": "auto", "min_width": "0"},
        )
        self.desc = widgets.Checkbox(
            description="descending", indent=False, layout={"width": "110px"}
        )
        self.view = widgets.HBox([self.path, self.desc])

    def draw(
        self, options: Sequence[tuple[str, str]], key: tuple[str, bool] | None
    ) -> None:
        """Show what may be chosen, and what is."""
        self.path.options = [_NO_ORDER, *options]
        offered = [path for _, path in options]
        path, desc = key if key and key[0] in offered else ("", False)
        self.path.value, self.desc.value = path, desc
