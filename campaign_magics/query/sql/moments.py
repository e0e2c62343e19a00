"""Dates, times and intervals of SQL → XTK."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from ...errors import Span
from ...xtk.ast import Call, Literal, Node
from ...xtk.types import LONG, Kind
from .build import constant, filled, joined

if TYPE_CHECKING:
    from .expressions import Translator

_UNITS: Final = {
    "year": ("Years", 1), "quarter": ("Months", 3), "month": ("Months", 1),
    "week": ("Days", 7), "day": ("Days", 1), "hour": ("Hours", 1),
    "minute": ("Minutes", 1), "second": ("Seconds", 1),
}  # fmt: skip
_PARTS: Final = {
    "year": "Year", "month": "Month", "day": "Day", "hour": "Hour", "minute": "Minute",
    "second": "Second", "doy": "DayOfYear", "dayofyear": "DayOfYear", "dow": "WeekDay",
    "weekday": "WeekDay", "dayofweek": "WeekDay",
}  # fmt: skip
_TRUNCATED: Final = {
    "year": "TruncYear(:a)",
    "quarter": "TruncQuarter(:a)",
    "month": "SubDays(ToDate(:a), Day(:a) - 1)",
    "week": "TruncWeek(:a)",
    "day": "DateOnly(:a)",
    "hour": "TruncDate(:a, 3600)",
    "minute": "TruncDate(:a, 60)",
    "second": "TruncDate(:a, 1)",
}
_TIMES: Final = (Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME)
_NUMBERS: Final = (Kind.INTEGER, Kind.NUMBER)
_COUNT: Final = re.compile(r"\s*([+-]?\d+)\s*(?:([a-zA-Z]+?)s?)?\s*")
_CASTS: Final[Mapping[str, str]] = {
    "DATE": "ToDate(:a)",
    **dict.fromkeys(
        ["TIMESTAMP", "TIMESTAMPTZ", "TIMESTAMPLTZ", "TIMESTAMPNTZ", "DATETIME"],
        "ToDateTime(:a)",
    ),
    **dict.fromkeys(["TEXT", "VARCHAR", "CHAR", "NVARCHAR", "NCHAR"], "ToString(:a)"),
    **dict.fromkeys(["INT", "SMALLINT", "TINYINT", "MEDIUMINT"], "ToInteger(:a)"),
    "BIGINT": "ToInt64(:a)",
    **dict.fromkeys(["DOUBLE", "FLOAT", "DECIMAL"], "ToDouble(:a)"),
    "BOOLEAN": "ToBoolean(:a)",
}


def moved(to: Translator, tree: exp.Add | exp.Sub) -> Node | None:
    """Translate ``date ± interval``, ``date ± days`` and ``date - date``.

    Returns None where neither side is a date.
    """
    sign = "Add" if isinstance(tree, exp.Add) else "Sub"
    left, right = tree.left, tree.right
    if isinstance(left, exp.Interval) and sign == "Add":
        left, right = right, left
    if isinstance(right, exp.Interval):
        unit, count = _interval(to, right)
        when = to.node(left)
        span = when.span[0], count.span[1]
        return Call(f"{sign}{unit}", (when, count), span=span)
    one, other = to.node(left), to.node(right)
    kinds = to.kind_of(one), to.kind_of(other)
    span = one.span[0], other.span[1]
    if kinds == (Kind.DATE, Kind.DATE) and sign == "Sub":
        return Call("DaysDiff", (one, other), span=span)
    if kinds[0] in _TIMES and kinds[1] in _TIMES:
        raise to.refusal(
            tree,
            "Two times make no number by themselves.",
            "write DaysDiff(end, start), HoursDiff or SecondsDiff",
        )
    if kinds[0] in _TIMES and kinds[1] in _NUMBERS:
        return Call(f"{sign}Days", (one, other), span=span)
    return None


def _interval(to: Translator, tree: exp.Interval) -> tuple[str, Node]:
    """Return ``Days`` and 3 for ``INTERVAL '3' DAY`` and ``INTERVAL '3 days'``."""
    unit = str(tree.args["unit"].name) if tree.args.get("unit") else ""
    value = tree.this
    count: Node
    if isinstance(value, exp.Literal):
        found = _COUNT.fullmatch(str(value.this))
        if found is None:
            raise _bad_interval(to, tree)
        unit = unit or found[2] or ""
        count = Literal(int(found[1]), LONG, span=to.span(value))
    else:
        count = to.node(value)
    known = _UNITS.get(unit.lower().removesuffix("s"))
    if known is None:
        raise _bad_interval(to, tree)
    name, factor = known
    if factor != 1:
        count = _times(count, factor)
    return name, count


def _times(count: Node, factor: int) -> Node:
    if isinstance(count, Literal) and isinstance(count.value, int):
        return Literal(count.value * factor, LONG, span=count.span)
    return joined("*", count, Literal(factor, LONG, span=count.span))


def _bad_interval(to: Translator, tree: exp.Expr) -> Exception:
    return to.refusal(
        tree,
        "This interval has no equivalent in XTK.",
        "write INTERVAL 3 DAY: YEAR, QUARTER, MONTH, WEEK, DAY, HOUR, MINUTE, SECOND",
    )


def _today(to: Translator, tree: exp.Expr) -> Node:
    span = to.span(tree)
    return Call("ToDate", (Call("GetDate", (), span=span),), span=span)


def _now(to: Translator, tree: exp.Expr) -> Node:
    return Call("GetDate", (), span=to.span(tree))


def _extract(to: Translator, tree: exp.Extract) -> Node:
    return part(to, tree, str(tree.this.this), to.node(tree.expression))


def part(to: Translator, tree: exp.Expr, name: str, value: Node) -> Node:
    """Return the function that reads a part of a date: ``year`` → ``Year(x)``."""
    known = _PARTS.get(name.lower())
    if known is None:
        raise to.refusal(
            tree,
            f"XTK has no function for the {name.lower()} of a date.",
            f"use one of {', '.join(_PARTS)}",
        )
    return Call(known, (value,), span=to.span(tree))


def _date_part(to: Translator, tree: exp.Expr, args: list[Node], span: Span) -> Node:
    """DATE_PART('year', x)."""
    return part(to, tree, _unit(to, tree, args), args[1])


def _date_trunc(to: Translator, tree: exp.Expr, args: list[Node], span: Span) -> Node:
    """DATE_TRUNC('month', x)."""
    unit = _unit(to, tree, args)
    text = _TRUNCATED.get(unit)
    if text is None:
        raise to.refusal(
            tree,
            f"Nothing is cut at the {unit}.",
            f"use one of {', '.join(_TRUNCATED)}",
        )
    if unit == "day" and to.kind_of(args[1]) is Kind.DATE:
        return args[1]
    return filled(text, args[1:], span)


def _unit(to: Translator, tree: exp.Expr, args: list[Node]) -> str:
    first = args[0] if len(args) == 2 else None
    if not isinstance(first, Literal) or not isinstance(first.value, str):
        raise to.refusal(
            tree, "The unit comes first, in quotes.", "write DATE_TRUNC('month', x)"
        )
    return first.value.lower()


def _cast(to: Translator, tree: exp.Cast) -> Node:
    """CAST(x AS type), x::type, and the literals DATE '…' and TIMESTAMP '…'."""
    name = str(tree.to.this.value if hasattr(tree.to.this, "value") else tree.to.this)
    text = _CASTS.get(name)
    if text is None:
        raise to.refusal(
            tree,
            f"XTK has no type {name}.",
            "use DATE, TIMESTAMP, VARCHAR, INTEGER, BIGINT, DOUBLE or BOOLEAN",
        )
    value = tree.this
    is_moment = text in ("ToDate(:a)", "ToDateTime(:a)")
    if isinstance(value, exp.Literal) and value.is_string and is_moment:
        text = f"#{str(value.this).replace('#', '')}#"
        return constant(text, to.words.text, to.span(value))
    return filled(text, [to.node(value)], to.span(tree))


BUILDERS: Final[Mapping[str, Any]] = {
    "date_part": _date_part,
    "datepart": _date_part,
    "date_trunc": _date_trunc,
}
HANDLERS: Final[Mapping[type[exp.Expr], Callable[[Any, Any], Node]]] = {
    exp.CurrentDate: _today,
    exp.CurrentTimestamp: _now,
    exp.Localtimestamp: _now,
    exp.Extract: _extract,
    exp.Cast: _cast,
    exp.TryCast: _cast,
}
