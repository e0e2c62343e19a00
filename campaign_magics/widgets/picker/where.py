"""One condition of the picker: an operator of the field's type, a control for a value.

The control follows from both: a list of an enumeration's values, a calendar for a
date, a number of days, else a text.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import date
from typing import Any, Final

import ipywidgets as widgets

from ...schemas.model import Field
from ...xtk.types import Kind
from ..theme import cut
from .conditions import Operator, Where, find_operator, operators
from .stage import Wire

NARROW: Final = {"description_width": "initial"}
"""Style of a control whose label takes only the room it needs."""

_DAYS = 7

Told = Callable[["ConditionView"], None]


class ConditionView:
    """One condition: the field's label, an operator of its type, a value.

    ``many`` says that a 1-N link leads to the field: then some item of a record must
    fit, or none.
    """

    def __init__(
        self,
        wire: Wire,
        where: Where,
        field: Field,
        *,
        label: str,
        many: bool,
        changed: Told,
        dropped: Told,
    ) -> None:
        self._wire = wire
        self._changed = changed
        self._field = field
        self.path = where.path
        name = f"{label} ({where.path})"
        self.name = widgets.HTML(cut(name, name))
        self.operator = widgets.Dropdown(
            options=[one.name for one in operators(field)],
            value=where.operator,
            description="Condition",
            style=NARROW,
            layout={"width": "auto", "flex": "1 1 170px"},
        )
        self.remove = widgets.Button(
            description="Remove",
            tooltip=f"Remove the condition on {label}",
            layout={"width": "auto"},
        )
        self.items = widgets.Dropdown(
            options=[("at least one that fits", False), ("none that fits", True)],
            value=where.none,
            description="Records with",
            style=NARROW,
            layout={"width": "auto"},
        )
        self.controls = widgets.HBox()
        self.controls.add_class("cm-bar")
        parts = [self.name, self.items, self.controls]
        self.view = widgets.VBox(parts if many else [self.name, self.controls])
        self.view.add_class("cm-condition")
        self.value: Any = None
        self._put_value(where.value)
        self.items.observe(wire(lambda _: changed(self)), "value")
        self.operator.observe(wire(self._change_operator), "value")
        self.remove.on_click(wire(lambda _: dropped(self)))

    @property
    def given(self) -> object:
        """The value that the control shows, None without one."""
        return None if self.value is None else self.value.value

    def close(self) -> None:
        """Take the widgets off the page, and out of the kernel."""
        inner = (self.name, self.items, *self.controls.children)
        for part in (*inner, self.controls, self.view):
            part.close()

    def _put_value(self, value: object) -> None:
        """Show the control that the operator takes; a text field stays where it is.

        Somebody may be typing in it already.
        """
        before = self.value
        op = find_operator(self._field, self.operator.value)
        control = value_control(self._field, op, value)
        if isinstance(before, widgets.Text) and isinstance(control, widgets.Text):
            before.placeholder = control.placeholder
            control.close()
            return
        self.value = control
        parts = (self.operator, self.value, self.remove)
        self.controls.children = [part for part in parts if part is not None]
        if self.value is not None:
            self.value.observe(self._wire(self._change_value), "value")
        if before is not None:
            before.close()

    def _change_operator(self, _: Any) -> None:
        self._put_value(self.given)
        self._changed(self)

    def _change_value(self, _: Any) -> None:
        self._changed(self)


def value_control(field: Field, op: Operator, value: Any) -> Any:
    """Return the control for a value; None for an operator that takes none."""
    if op.takes == "nothing":
        return None
    looks = {"description": "value", "style": NARROW}
    layout = {"width": "auto", "flex": "1 1 170px", "min_width": "0"}
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
        options=[("(choose)", ""), *options],
        value=value if value in names else "",
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
