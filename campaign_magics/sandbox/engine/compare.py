"""Comparisons, where XTK's idea of a value meets SQL's (protocol.md §5.2)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from ...xtk.types import BOOLEAN, STRING, Kind
from . import likes
from .causes import bad_operand
from .constants import constant_time
from .convert import as_number, as_text, as_time, as_value
from .terms import NUMBERS, TEXTS, TIMES, Env, Sql, Term, constant, template
from .times import day_start

_NODES: Final[dict[str, type[exp.Binary]]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}

_LONG_LIST: Final = 100


def predicate(sql: Sql) -> Term:
    """Return a SQL truth value as a term."""
    return Term(sql=sql, type=BOOLEAN, predicate=True)


def compare(env: Env, operator: str, left: Term, right: Term) -> Term:
    """comparison = operand ("=" | "<>" | "<" | "<=" | ">" | ">=") operand."""
    if left.predicate and right.predicate and operator in {"=", "<>"}:
        return predicate(
            _NODES[operator](this=_sure(env, left), expression=_sure(env, right))
        )
    kinds = {left.kind, right.kind}
    if kinds & TIMES:
        return _compare_times(env, operator, left, right)
    if kinds <= TEXTS or _is_text_column(left) or _is_text_column(right):
        return _compare_texts(env, operator, left, right)
    sides = as_number(env, left), as_number(env, right)
    return predicate(_node(operator, *sides))


def is_null(env: Env, term: Term, negated: bool) -> Term:
    """IS NULL; a string is null when it is empty."""
    if term.kind in TEXTS:
        empty = constant(env, "", STRING)
        return _compare_texts(env, "<>" if negated else "=", term, empty)
    text = "NOT _1 IS NULL" if negated else "_1 IS NULL"
    return predicate(template(env, text, None, as_value(env, term)))


def is_in(env: Env, term: Term, items: Sequence[Term], negated: bool) -> Term:
    """IN with a list; each item is converted as in ``=``."""
    if term.kind in TIMES:
        operand = term.sql
        listed = [_time_side(env, as_time(env, item), term.kind) for item in items]
    elif term.kind in TEXTS:
        holds_empty = any(item.constant in (None, "") for item in items)
        loose = negated or holds_empty or term.is_constant
        operand = as_text(env, term) if loose else term.sql
        listed = [as_text(env, item) for item in items]
    else:
        operand = as_number(env, term)
        listed = [as_number(env, item) for item in items]
    test = _in_list(env, operand, listed)
    return predicate(exp.Not(this=test) if negated else test)


def _in_list(env: Env, operand: Sql, listed: Sequence[Sql]) -> Sql:
    """Return IN; a long list of one type travels as a single value."""
    values = [env.values.of(item) for item in listed]
    kinds = {type(value) for value in values}
    if len(listed) < _LONG_LIST or not env.dialect.marker or len(kinds) != 1:
        return exp.In(this=_side(operand), expressions=list(listed))
    kind = {int: "BIGINT", str: "VARCHAR", float: "DOUBLE"}.get(kinds.pop())
    if kind is None:
        return exp.In(this=_side(operand), expressions=list(listed))
    return among(env, operand, env.values.bind(json.dumps(values)), kind)


def among(env: Env, operand: Sql, keys: Sql, kind: str) -> Sql:
    """Return IN with the values of a JSON list."""
    return template(
        env,
        "_1 IN (SELECT value FROM json_each(_2))",
        f"_1 IN (SELECT unnest(from_json(_2, '[\"{kind}\"]')))",
        operand,
        keys,
    )


def like(env: Env, term: Term, pattern: Term, negated: bool) -> Term:
    """LIKE with ``%`` and ``_``, case-sensitive as the databases of Campaign are."""
    mask = str(pattern.constant or "") if pattern.is_constant else ""
    matches_empty = not mask.strip("%")
    loose = negated or matches_empty or term.is_constant or term.kind not in TEXTS
    test = likes.like(env, as_text(env, term) if loose else term.sql, pattern)
    return predicate(exp.Not(this=test) if negated else test)


def set_operand(env: Env, term: Term, row: Term) -> Sql:
    """Return the left side of IN (SELECT …)."""
    if (term.kind in TEXTS) != (row.kind in TEXTS):
        raise bad_operand("The sub-query returns another type than its operand.")
    return _side(as_text(env, term) if term.kind in TEXTS else as_value(env, term))


def set_row(env: Env, term: Term, row: Term) -> Sql:
    """Return the column of the rows of IN (SELECT …), with no NULL to spoil NOT IN."""
    if row.kind in TEXTS:
        return as_text(env, row)
    if row.kind in NUMBERS:
        return template(env, "COALESCE(_1, 0)", None, as_value(env, row))
    return row.sql


def _compare_texts(env: Env, operator: str, left: Term, right: Term) -> Term:
    """Compare strings; where a NULL would be no match anyway it is left alone."""
    exact = operator == "=" and (left.filled or right.filled)
    differs = operator == "<>" and any(_is_empty(term) for term in (left, right))
    sides = []
    for term in (left, right):
        bare = (exact or differs) and term.kind in TEXTS and not term.is_constant
        sides.append(term.sql if bare else as_text(env, term))
    return predicate(_node(operator, *sides))


def _compare_times(env: Env, operator: str, left: Term, right: Term) -> Term:
    for this, other in ((left, right), (right, left)):
        if _is_empty(this) and operator in {"=", "<>"}:
            return is_null(env, other, operator == "<>")
    left, right = as_time(env, left), as_time(env, right)
    finest = _finest(left, right)
    sides = (_time_side(env, left, finest), _time_side(env, right, finest))
    return predicate(_node(operator, *sides))


def _finest(left: Term, right: Term) -> Kind:
    """Return the kind in which two times meet; a constant follows a column."""
    if left.kind is right.kind:
        return left.kind
    for this, other in ((left, right), (right, left)):
        if this.is_constant and other.kind is not Kind.DATE:
            return other.kind
    is_local = Kind.LOCAL_DATETIME in {left.kind, right.kind}
    return Kind.LOCAL_DATETIME if is_local else Kind.DATETIME


def _time_side(env: Env, term: Term, kind: Kind) -> Sql:
    """Return a date as an instant when the other side is one."""
    if term.kind is kind and not term.is_constant:
        return term.sql
    if term.is_constant:
        return constant_time(env, term, kind).sql
    if term.kind is Kind.DATE:
        return (
            day_start(env, term.sql) if kind is Kind.DATETIME else _midnight(env, term)
        )
    if kind is Kind.DATE:
        raise bad_operand("An instant is not a date.")
    return term.sql


def _midnight(env: Env, term: Term) -> Sql:
    return template(env, "_1 || ' 00:00:00.000'", "CAST(_1 AS TIMESTAMP)", term.sql)


def _is_empty(term: Term) -> bool:
    return term.is_constant and term.constant in (None, "")


def _is_text_column(term: Term) -> bool:
    return term.kind in TEXTS and not term.is_constant


def _sure(env: Env, term: Term) -> Sql:
    return _side(as_value(env, term))


def _node(operator: str, left: Sql, right: Sql) -> Sql:
    return _NODES[operator](this=_side(left), expression=_side(right))


def _side(sql: Sql) -> Sql:
    loose = isinstance(sql, (exp.Binary, exp.Not, exp.In, exp.Between, exp.AtTimeZone))
    return exp.Paren(this=sql) if loose and not isinstance(sql, exp.Dot) else sql
