"""What was picked, to be changed: columns, conditions, order, limit."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import ipywidgets as widgets

from ..schemas.model import Field
from ..xtk.types import Kind
from .picker_conditions import Operator, Where, find_operator, operators
from .picker_model import PickerModel
from .picker_stage import Stage
from .theme import line, title

MOST_ROWS = 1_000_000
_NARROW = {"description_width": "initial"}
_DAYS = 7


class QueryView:
    """The right-hand side of the picker; ``changed`` is told of every change."""

    def __init__(
        self, stage: Stage, model: PickerModel, changed: Callable[[], None]
    ) -> None:
        self._stage = stage
        self._model = model
        self._changed = changed
        self.columns = widgets.Select(rows=5, layout={"width": "100%"})
        self.up = self._button("Move up", lambda: self._move(-1))
        self.down = self._button("Move down", lambda: self._move(1))
        self.remove = self._button("Remove", self._remove)
        self.joined = widgets.Dropdown(
            options=[("all of these", False), ("any of these", True)],
            description="Rows that fit",
            style=_NARROW,
            layout={"width": "100%"},
        )
        self.conditions: list[ConditionView] = []
        self.listed = widgets.VBox()
        self.orders = [_OrderView(name) for name in ("Order by", "then by")]
        self.limit = widgets.BoundedIntText(
            value=model.limit or MOST_ROWS,
            min=1,
            max=MOST_ROWS,
            description="Limit",
            style=_NARROW,
            layout={"width": "160px"},
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
            for view in self.conditions:
                view.close()
            self.conditions = [
                ConditionView(self, at, where, model.field(where.path))
                for at, where in enumerate(model.wheres)
            ]
            for at, view in enumerate(self.conditions):
                # A control may not be able to show what another operator took.
                model.change(at, operator=view.operator.value, value=view.given)
            none = widgets.HTML(line("Press Where beside a field.", quiet=True))
            self.listed.children = [v.view for v in self.conditions] or [none]
            self.joined.value = model.any_of
            keys = [(o.expr, o.desc) for o in model.order]
            for at, order in enumerate(self.orders):
                order.draw(options, keys[at] if at < len(keys) else None)

    def change(self, at: int, name: str, value: object) -> None:
        """Give a condition another operator or value."""
        redraw = name != self._model.wheres[at].operator
        self._model.change(at, operator=name, value=value)
        if redraw:
            self.refresh()
        self._changed()

    def drop(self, at: int) -> None:
        """Take a condition away."""
        self._model.drop(at)
        self.refresh()
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
        view = widgets.VBox(
            [
                widgets.HTML(title("Columns")),
                self.columns,
                bar,
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


class _OrderView:
    """One key of the order."""

    def __init__(self, name: str) -> None:
        self.path = widgets.Dropdown(
            description=name,
            options=[("(no order)", None)],
            style=_NARROW,
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
        self.path.options = [("(no order)", None), *options]
        offered = [path for _, path in options]
        path, desc = key if key and key[0] in offered else (None, False)
        self.path.value, self.desc.value = path, desc


class ConditionView:
    """One condition: the field's name, an operator of its type, a value."""

    def __init__(self, home: QueryView, at: int, where: Where, field: Field) -> None:
        self._home = home
        self._at = at
        label = " ".join(field.label.split()) or where.path
        self.name = widgets.HTML(line(f"{label} ({where.path})"))
        self.operator = widgets.Dropdown(
            options=[one.name for one in operators(field)],
            value=where.operator,
            description="Condition",
            style=_NARROW,
            layout={"width": "auto", "flex": "1 1 170px"},
        )
        op = find_operator(field, where.operator)
        self.value = value_control(field, op, where.value)
        self.remove = widgets.Button(
            description="Remove",
            tooltip=f"Remove the condition on {label}",
            layout={"width": "auto"},
        )
        self.operator.observe(home.wire(self._change), "value")
        if self.value is not None:
            self.value.observe(home.wire(self._change), "value")
        self.remove.on_click(home.wire(lambda _: home.drop(self._at)))
        parts = [self.operator, self.value, self.remove]
        controls = widgets.HBox([part for part in parts if part is not None])
        controls.add_class("cm-bar")
        self.view = widgets.VBox([self.name, controls])
        self.view.add_class("cm-condition")

    def close(self) -> None:
        """Take the widgets off the page, and out of the kernel."""
        parts = [self.name, self.operator, self.value, self.remove]
        for part in (*parts, *self.view.children[1:], self.view):
            if part is not None:
                part.close()

    @property
    def given(self) -> object:
        """The value that the control shows, None without one."""
        return None if self.value is None else self.value.value

    def _change(self, _: Any) -> None:
        self._home.change(self._at, self.operator.value, self.given)


def value_control(field: Field, op: Operator, value: Any) -> Any:
    """Return the control for a value; None for an operator that takes none."""
    if op.takes == "nothing":
        return None
    looks = {"description": "value", "style": _NARROW}
    layout = {"width": "auto", "flex": "1 1 170px"}
    if op.takes == "days":
        days = value if isinstance(value, int) else _DAYS
        return widgets.BoundedIntText(
            value=days,
            min=1,
            max=36_500,
            layout=layout,
            **{**looks, "description": "days"},
        )
    if field.enum is not None:
        return _choice(field, op, value, looks, layout)
    if field.type.kind is Kind.DATE and op.takes == "one":
        return widgets.DatePicker(value=_as_day(value), layout=layout, **looks)
    return widgets.Text(
        value=_as_text(value),
        placeholder=_example(field, op),
        continuous_update=False,
        layout=layout,
        **looks,
    )


def _choice(
    field: Field, op: Operator, value: Any, looks: dict[str, Any], layout: Any
) -> Any:
    """Return a list of an enumeration's values, by label; names are kept."""
    values = field.enum.values if field.enum else ()
    options = [(_named(one.label, one.name), one.name) for one in values]
    names = [one.name for one in values]
    if op.takes == "many":
        given = value if isinstance(value, tuple | list) else (value,)
        kept = [one for one in given if one in names]
        rows = min(5, max(2, len(options)))
        return widgets.SelectMultiple(
            options=options, value=kept, rows=rows, layout=layout, **looks
        )
    if isinstance(value, tuple | list):
        value = value[0] if value else None
    return widgets.Dropdown(
        options=[("(choose)", None), *options],
        value=value if value in names else None,
        layout=layout,
        **looks,
    )


def _as_text(value: Any) -> str:
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def _as_day(value: Any) -> date | None:
    with contextlib.suppress(ValueError):
        return date.fromisoformat(_as_text(value)[:10])
    return None


def _named(label: str, name: str) -> str:
    label = " ".join(label.split())
    return f"{label} ({name})" if label and label != name else name


def _example(field: Field, op: Operator) -> str:
    if op.takes == "many":
        return "one, another"
    if field.type.kind in (Kind.DATETIME, Kind.LOCAL_DATETIME):
        return "2024-01-31 or 2024-01-31 18:00"
    return ""
