"""Numeric, currency, distance and bit functions (protocol.md §11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from ...xtk.types import DOUBLE, INT64, LONG, STRING, Kind
from .rules import Rule, common, rule, yes_no
from .shown import MONEY
from .terms import Env, Term

_SCALE: Final = "pow(10, max(-15, min(15, _2)))"
_ROUND: Final = "round(_1, CAST(greatest(-15, least(15, _2)) AS INTEGER))"
_TRUNC: Final = f"trunc(_1 * {_SCALE}) / {_SCALE}"
_EARTH_KM: Final = 6371.0
_HALF: Final = "pow(sin(radians({} - {}) / 2), 2)"
_CHORD: Final = (
    f"{_HALF.format('_4', '_2')} + cos(radians(_2)) * cos(radians(_4)) * "
    f"{_HALF.format('_3', '_1')}"
)


def _duckdb(text: str) -> str:
    """SQLite's two-argument max and min are DuckDB's greatest and least."""
    return text.replace("max(", "greatest(").replace("min(", "least(")


def _both(shape: str, text: str, default: int | None = None) -> Rule:
    return rule(shape, DOUBLE, text, _duckdb(text), default=default)


def _same_type(apply: Rule) -> Rule:
    """Return the rule with the type of its arguments as the result's."""

    def typed(env: Env, args: Sequence[Term]) -> Term:
        type_ = common(args)
        number = type_.kind in {Kind.INTEGER, Kind.NUMBER, Kind.TIMESPAN}
        return replace(apply(env, args), type=type_ if number else DOUBLE)

    return typed


_LARGER: Final = "max(COALESCE(_1, 0), COALESCE(_2, 0))"
_SMALLER: Final = "min(COALESCE(_1, 0), COALESCE(_2, 0))"
_WHOLE: Final = "TRY_CAST({}(_1) AS BIGINT)"
_DISTANCE: Final = f"2 * {_EARTH_KM} * asin(sqrt(min(1, {_CHORD})))"

NUMBER_FUNCTIONS: Final[Mapping[str, Rule]] = {
    "abs": _same_type(rule("n", LONG, "abs(_1)")),
    "ceil": rule("n", INT64, "CAST(ceil(_1) AS INTEGER)", _WHOLE.format("ceil")),
    "floor": rule("n", INT64, "CAST(floor(_1) AS INTEGER)", _WHOLE.format("floor")),
    "greatest": _same_type(rule("nn", LONG, _LARGER, _duckdb(_LARGER))),
    "least": _same_type(rule("nn", LONG, _SMALLER, _duckdb(_SMALLER))),
    "mod": rule("ii", LONG, "_1 % NULLIF(_2, 0)"),
    "percent": rule("nn", DOUBLE, "COALESCE(1e2 * _1 / NULLIF(_2, 0), 0)"),
    "random": rule("", DOUBLE, "abs(random() / 2) / 4611686018427387904.0", "random()"),
    "round": rule("ni", DOUBLE, "xtk_round(_1, _2)", _ROUND, default=0),
    "sign": rule("n", LONG, "sign(_1)"),
    "todouble": rule("n", DOUBLE, "CAST(_1 AS REAL)", "CAST(_1 AS DOUBLE)"),
    "toint64": rule("n", INT64, "CAST(_1 AS INTEGER)", _WHOLE.format("trunc")),
    "tointeger": rule("n", LONG, "CAST(_1 AS INTEGER)", _WHOLE.format("trunc")),
    "trunc": _both("ni", _TRUNC, default=0),
    # No rates are documented: every currency is worth the same here (assumed).
    "convertcurrency": rule("nssv", DOUBLE, "_1"),
    "formatcurrency": rule(
        "ns",
        STRING,
        "rtrim(printf('%.2f', _1) || ' ' || _2)",
        MONEY,
    ),
    "distance": rule("nnnn", DOUBLE, _DISTANCE, _duckdb(_DISTANCE)),
    "setbit": rule("ii", LONG, "_1 | _2"),
    "clearbit": rule("ii", LONG, "_1 & ~_2"),
    "isbitset": yes_no("ii", "(_1 & _2) <> 0"),
    "toboolean": yes_no("n", "_1 <> 0"),
}
