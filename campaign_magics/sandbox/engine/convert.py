"""Conversions between types, as XTK makes them without being asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from ...xtk.types import BOOLEAN, DATETIME, STRING, Kind
from .causes import bad_operand
from .constants import constant_number, constant_time, text_of
from .shown import NUMBER_TEXT
from .terms import (
    NUMBERS,
    TEXTS,
    TIMES,
    Env,
    Sql,
    Term,
    constant,
    enclosed,
    template,
    text_term,
)


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


def as_time(env: Env, term: Term) -> Term:
    """Return a term of a date kind; a quoted date is read."""
    if term.is_constant:
        is_day = isinstance(term.constant, str) and len(term.constant.strip()) <= _DAY
        read_as = Kind.DATE if is_day else Kind.DATETIME
        return constant_time(env, term, term.kind if term.kind in TIMES else read_as)
    if term.kind in TIMES:
        return term
    if term.kind in TEXTS:
        sql = template(env, "xtk_to_datetime(_1)", _READ_TIME, as_text(env, term))
        return Term(sql=sql, type=DATETIME)
    raise bad_operand("A number is not a date.")


_DAY: Final = 10
_READ_TIME: Final = "CAST(TRY_CAST(NULLIF(_1, '') AS TIMESTAMPTZ) AS TIMESTAMP)"


def concatenated(env: Env, terms: Sequence[Term]) -> Term:
    """Join values as text; NULL adds nothing."""
    if not terms:
        return constant(env, "", STRING)
    sql = as_text(env, terms[0])
    for term in terms[1:]:
        left = sql if isinstance(sql, exp.DPipe) else enclosed(sql)
        sql = exp.DPipe(this=left, expression=enclosed(as_text(env, term)))
    return text_term(sql)
