"""Choices between values: Case, Iif, Coalesce and their like (protocol.md §11)."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from ...xtk.types import DATE, STRING, Kind, XtkType
from .constants import constant_time
from .convert import as_number, as_predicate, as_text, as_time, as_value
from .rules import common
from .terms import NUMBERS, TEXTS, Env, Sql, Term, template
from .times import day_start


def as_type(env: Env, term: Term, type_: XtkType) -> Sql:
    """Return the value under a type that ``common`` chose for it."""
    if type_.kind in TEXTS:
        return as_text(env, term)
    if type_.kind in NUMBERS:
        return as_number(env, term)
    if term.is_constant:
        return constant_time(env, term, type_.kind).sql
    term = as_time(env, term)
    if term.kind is Kind.DATE and type_ != DATE:
        return day_start(env, term.sql)
    return as_value(env, term)


def choice(env: Env, test: Term, yes: Term, no: Term) -> Term:
    """Return ``yes`` where the test holds, ``no`` elsewhere."""
    return cases(env, [(test, yes)], no)


def cases(env: Env, branches: Sequence[tuple[Term, Term]], other: Term | None) -> Term:
    """Return the value of the first branch whose test holds."""
    outcomes = [value for _, value in branches]
    outcomes += [other] if other is not None else []
    type_ = common(outcomes)
    ifs = [
        exp.If(this=as_predicate(env, test), true=as_type(env, value, type_))
        for test, value in branches
    ]
    default = as_type(env, other, type_) if other is not None else None
    nullable = type_.kind not in TEXTS or other is None
    return Term(sql=exp.Case(ifs=ifs, default=default), type=type_, nullable=nullable)


def coalesce(env: Env, args: Sequence[Term]) -> Term:
    """Coalesce(a, b): b if a is null, zero or empty."""
    first, second = args
    type_ = common(args)
    values = as_type(env, first, type_), as_type(env, second, type_)
    if type_.kind in TEXTS and first.kind in TEXTS:
        text = "COALESCE(NULLIF(_1, ''), _2)"
    elif first.kind in NUMBERS and type_.kind in NUMBERS:
        text = "COALESCE(NULLIF(_1, 0), _2)"
    elif first.kind in NUMBERS:
        text = "COALESCE(NULLIF(_1, '0'), _2)"
    else:
        text = "COALESCE(_1, _2)"
    sql = template(env, text, None, *values)
    return Term(sql=sql, type=type_, nullable=type_.kind not in TEXTS)


def if_empty(env: Env, args: Sequence[Term]) -> Term:
    """IsEmptyString(s, ifEmpty, otherwise)."""
    text = as_text(env, args[0])
    sql = template(env, "_1 = ''", None, text)
    test = Term(sql=sql, type=STRING, predicate=True)
    return choice(env, test, args[1], args[2])


def iif(env: Env, args: Sequence[Term]) -> Term:
    """Iif(condition, a, b)."""
    return choice(env, args[0], args[1], args[2])


def no_null(env: Env, args: Sequence[Term]) -> Term:
    """NoNull(v): '' for a null text, 0 for a null number; a null date stays."""
    term = args[0]
    if term.kind in TEXTS:
        return Term(sql=as_text(env, term), type=term.type, nullable=False)
    if term.kind in NUMBERS:
        sql = template(env, "COALESCE(_1, 0)", None, as_value(env, term))
        return Term(sql=sql, type=term.type, nullable=False)
    return term
