"""A piece of SQL with its XTK type, and the conversions between types.

XTK knows no difference between NULL and the empty string, nor between NULL and 0
(protocol.md §5.2, §10); SQL does, so a term remembers whether it can be NULL.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from datetime import time as clock_time
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import sqlglot
from sqlglot import exp

from ...xtk.types import BOOLEAN, DATE, DATETIME, DOUBLE, LONG, STRING, Kind, XtkType
from .causes import bad_operand
from .dialects import Dialect, literal, stored
from .shown import NUMBER_TEXT, SHOWN

Sql = exp.Expr

TEXTS: Final = frozenset({Kind.STRING, Kind.ELEMENT})
TIMES: Final = frozenset({Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME})
NUMBERS: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.TIMESPAN})

_HOLE: Final = re.compile(r"_([1-9])")
_LOOSE: Final = (exp.Binary, exp.Unary, exp.Between, exp.In, exp.AtTimeZone)
_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
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


def as_predicate(env: Env, term: Term) -> Sql:
    """Return the term as a SQL truth value: numbers by <> 0, strings by <> ''."""
    if term.predicate:
        return term.sql
    if term.kind in NUMBERS:
        return template(env, "_1 <> 0", None, term.sql)
    if term.kind in TEXTS:
        return template(env, "_1 <> ''", None, as_text(env, term))
    return template(env, "NOT _1 IS NULL", None, term.sql)


def as_value(env: Env, term: Term) -> Sql:
    """Return the term as a storable value: a truth value becomes 1 or 0."""
    if not term.predicate:
        return term.sql
    return template(env, "CASE WHEN _1 THEN 1 ELSE 0 END", None, term.sql)


def plain(env: Env, term: Term) -> Term:
    """Return the term as a value, if it was a truth value."""
    if not term.predicate:
        return term
    return Term(sql=as_value(env, term), type=BOOLEAN, nullable=False)


def as_text(env: Env, term: Term) -> Sql:
    """Return the term as a string that is never NULL."""
    if term.is_constant:
        return env.values.bind(text_of(term.constant))
    if term.kind in TEXTS:
        return coalesced(env, term)
    if term.kind is Kind.NUMBER:
        return template(env, NUMBER_TEXT, None, term.sql)
    if term.kind in NUMBERS:
        whole = "CAST(COALESCE(_1, 0) AS TEXT)"
        return template(env, whole, None, as_value(env, term))
    if env.dialect.is_sqlite or term.kind is Kind.DATE:
        return template(env, "COALESCE(substr(_1, 1, 19), '')", _CAST_TEXT, term.sql)
    return template(env, "_1", _TIME_TEXT, term.sql)


_CAST_TEXT: Final = "COALESCE(CAST(_1 AS TEXT), '')"
_TIME_TEXT: Final = "COALESCE(strftime(_1, '%Y-%m-%d %H:%M:%S'), '')"


def coalesced(env: Env, term: Term) -> Sql:
    """Return a string term with NULL as ''."""
    if not term.nullable:
        return term.sql
    return template(env, "COALESCE(_1, '')", None, term.sql)


def text_of(value: Any) -> str:
    """Return a constant as a string, the way ``ToString`` writes it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (float, Decimal)):
        return f"{float(value):.15g}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return str(value)


def as_number(env: Env, term: Term) -> Sql:
    """Return the term as a number; text is read, and what is no number is 0."""
    if term.is_constant and term.kind in TEXTS:
        return constant_number(env, term).sql
    if term.kind in NUMBERS:
        return as_value(env, term)
    if term.kind in TEXTS:
        return template(
            env,
            "CAST(_1 AS REAL)",
            "COALESCE(TRY_CAST(_1 AS DOUBLE), 0)",
            as_text(env, term),
        )
    raise bad_operand("A date is not a number.")


def as_integer(env: Env, term: Term) -> Sql:
    """Return the term as a whole number, decimals cut."""
    number = as_number(env, term)
    if term.kind in {Kind.INTEGER, Kind.BOOLEAN, Kind.TIMESPAN}:
        return number
    return template(env, "CAST(_1 AS INTEGER)", "TRY_CAST(trunc(_1) AS BIGINT)", number)


def constant_number(env: Env, term: Term) -> Term:
    """Read a quoted number; '' is 0."""
    text = str(term.constant or "").strip()
    if not text:
        return constant(env, 0, LONG)
    if _INTEGER.fullmatch(text):
        return constant(env, int(text), LONG)
    if text.lower() in {"true", "false"}:
        return constant(env, int(text.lower() == "true"), BOOLEAN)
    try:
        number = float(Decimal(text))
    except (InvalidOperation, OverflowError, ValueError):
        number = float("nan")
    if number - number != 0:  # nan and infinity, the values that differ from themselves
        raise bad_operand(f"'{text[:80]}' is not a number.")
    return constant(env, number, DOUBLE)


def constant_time(env: Env, term: Term, kind: Kind) -> Term:
    """Read a constant as a date or an instant; a day begins in the server's zone."""
    value = term.constant
    if isinstance(value, str):
        value = _read_time(value)
    if value is not None and not isinstance(value, date):
        raise bad_operand(f"'{str(value)[:80]}' is not a date.")
    if value is None:
        return constant(env, None, DATE if kind is Kind.DATE else DATETIME)
    if kind is Kind.DATE:
        if isinstance(value, datetime):
            zoned = value.astimezone(env.zone) if value.tzinfo else value
            value = zoned.date()
        return constant(env, value, DATE)
    if not isinstance(value, datetime):
        value = datetime.combine(value, clock_time())
    if kind is Kind.LOCAL_DATETIME:
        return constant(env, value.replace(tzinfo=None), DATETIME)
    if value.tzinfo is None:
        value = value.replace(tzinfo=env.zone)
    return constant(env, value.astimezone(UTC).replace(tzinfo=None), DATETIME)


def _read_time(text: str) -> date | None:
    """Read ``2020-07-05``, ``2020/07/05`` and instants with or without a zone."""
    clean = text.strip().replace("/", "-")
    if not clean:
        return None
    try:
        if len(clean) <= 10:
            return datetime.strptime(clean, "%Y-%m-%d").date()  # noqa: DTZ007
        return datetime.fromisoformat(clean)
    except ValueError:
        raise bad_operand(f"'{text[:80]}' is not a date.") from None


def as_time(env: Env, term: Term) -> Term:
    """Return a term of a date kind; a quoted date is read."""
    if term.is_constant:
        if term.kind is Kind.DATE or isinstance(term.constant, datetime):
            return constant_time(env, term, term.kind if term.kind in TIMES else _ANY)
        is_day = isinstance(term.constant, str) and len(term.constant.strip()) <= 10
        return constant_time(env, term, Kind.DATE if is_day else Kind.DATETIME)
    if term.kind in TIMES:
        return term
    if term.kind in TEXTS:
        sql = template(env, "xtk_to_datetime(_1)", _READ_TIME, as_text(env, term))
        return Term(sql=sql, type=DATETIME)
    raise bad_operand("A number is not a date.")


_ANY: Final = Kind.DATETIME
_READ_TIME: Final = "CAST(TRY_CAST(NULLIF(_1, '') AS TIMESTAMPTZ) AS TIMESTAMP)"


def retyped(term: Term, type_: XtkType) -> Term:
    """Return the same SQL under another type."""
    return replace(term, type=type_)


def text_term(sql: Sql) -> Term:
    """Return a string that is never NULL."""
    return Term(sql=sql, type=STRING, nullable=False)


def concatenated(env: Env, terms: Sequence[Term]) -> Term:
    """Join values as text; NULL adds nothing."""
    if not terms:
        return constant(env, "", STRING)
    sql = as_text(env, terms[0])
    for term in terms[1:]:
        left = sql if isinstance(sql, exp.DPipe) else enclosed(sql)
        sql = exp.DPipe(this=left, expression=enclosed(as_text(env, term)))
    return text_term(sql)
