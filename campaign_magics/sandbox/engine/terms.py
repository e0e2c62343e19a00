"""A piece of SQL with its XTK type, and the conversions between types.

XTK knows no difference between NULL and the empty string, nor between NULL and 0
(protocol.md §5.2, §10); SQL does, so a term remembers whether it can be NULL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlglot
from sqlglot import exp

from ...xtk.types import (
    STRING,
    Kind,
    XtkType,
)
from .causes import bad_operand
from .dialects import Dialect, literal, stored
from .shown import SHOWN

Sql = exp.Expr

TEXTS: Final = frozenset({Kind.STRING, Kind.ELEMENT})
TIMES: Final = frozenset({Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME})
NUMBERS: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.TIMESPAN})

_HOLE: Final = re.compile(r"_([1-9])")
_LOOSE: Final = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.AtTimeZone)
_WIDEST: Final = 2**63
_LARGEST: Final = 20_000
"""Nodes of SQL in one value: a text names an argument twice, and doubles nest."""


@dataclass(slots=True)
class Values:
    """The values of one query, in the order they were met; never part of its text."""

    dialect: Dialect
    items: list[Any] = field(default_factory=list)
    places: dict[tuple[type, Any], str] = field(default_factory=dict)

    def bind(self, value: Any) -> Sql:
        """Keep a value; return the place where it stands, the same for equals."""
        kept = stored(value, self.dialect)
        key = type(kept), kept
        if key not in self.places:
            self.places[key] = f"v{len(self.items)}"
            self.items.append(kept)
        return exp.Placeholder(this=self.places[key])

    def of(self, place: Sql) -> Any:
        """Return the value at a place, None for any other SQL."""
        if isinstance(place, exp.Placeholder):
            return self.items[int(place.this[1:])]
        return None

    def finish(self, tree: Sql) -> tuple[str, list[Any]]:
        """Return the text of a statement and the values it uses, each once."""
        used: dict[tuple[type, Any], int] = {}
        for place in list(tree.find_all(exp.Placeholder)):
            value = self.of(place)
            if not self.dialect.marker:
                place.replace(literal(value))
                continue
            number = used.setdefault((type(value), value), len(used) + 1)
            place.replace(exp.Var(this=f"{self.dialect.marker}{number}"))
        text = tree.sql(dialect=self.dialect.name, comments=False)
        return text, [value for _, value in used]


@dataclass(frozen=True, slots=True, kw_only=True)
class Env:
    """What holds for a whole query: dialect, server time and zone, bound values."""

    dialect: Dialect
    zone: ZoneInfo
    now: datetime
    values: Values

    @property
    def today(self) -> date:
        """The server's calendar day."""
        return self.now.astimezone(self.zone).date()


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A piece of SQL.

    ``predicate``: a SQL truth value rather than 0 or 1.  ``nullable``: may be NULL.
    ``filled``: neither NULL nor ''.  ``constant`` holds the value of a literal, and
    ``is_constant`` tells that there is one.
    """

    sql: Sql
    type: XtkType
    predicate: bool = False
    nullable: bool = True
    filled: bool = False
    is_constant: bool = False
    constant: Any = None

    @property
    def kind(self) -> Kind:
        """The kind of the value."""
        return self.type.kind


def constant(env: Env, value: Any, type_: XtkType) -> Term:
    """Return a bound value as a term."""
    if isinstance(value, int) and not -_WIDEST <= value < _WIDEST:
        value = float(value) if abs(value) < 10**300 else 0.0
    if value is None and type_.kind in TIMES:
        name = "DATE" if type_.kind is Kind.DATE else "TIMESTAMP"
        sql: Sql = exp.Cast(this=exp.Null(), to=exp.DataType.build(name))
    else:
        sql = env.values.bind(value)
    return Term(
        sql=sql,
        type=type_,
        nullable=value is None,
        filled=value not in (None, ""),
        is_constant=True,
        constant=value,
    )


@lru_cache(maxsize=1024)
def _parsed(text: str, dialect: str) -> Sql:
    return sqlglot.parse_one(text, dialect=dialect)


def template(env: Env, sqlite: str, duckdb: str | None, *args: Sql) -> Sql:
    """Fill ``_1``, ``_2``… of a SQL text with arguments, bracketed where needed.

    One text serves both dialects when ``duckdb`` is None.
    """
    name = env.dialect.name
    text = sqlite if name == "sqlite" or duckdb is None else duckdb
    if name in ("postgres", "snowflake") and text in SHOWN:
        tree = _parsed(SHOWN[text][name == "snowflake"], name).copy()
    else:
        tree = _parsed(text, env.dialect.texts).copy()
    for hole in list(tree.find_all(exp.Column)):
        if match := _HOLE.fullmatch(hole.name):
            argument = enclosed(args[int(match[1]) - 1])
            if hole is tree:
                return argument
            hole.replace(argument)
    if any(count >= _LARGEST for count, _ in enumerate(tree.walk())):
        raise bad_operand("The expression is too large.")
    return tree


def enclosed(sql: Sql) -> Sql:
    """Return a copy that can stand next to any operator."""
    loose = isinstance(sql, _LOOSE) and not isinstance(sql, (exp.Paren, exp.Dot))
    return exp.Paren(this=sql.copy()) if loose else sql.copy()


def text_term(sql: Sql) -> Term:
    """Return a string that is never NULL."""
    return Term(sql=sql, type=STRING, nullable=False)
