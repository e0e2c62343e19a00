"""How a function is told to SQL: one rule each, from two texts or from a function.

A rule's ``shape`` gives one letter per argument: ``s`` text, never NULL · ``n``
number · ``i`` whole number · ``w`` wall-clock time in the server's zone · ``p`` truth
value · ``v`` value as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ...xtk.types import BOOLEAN, LONG, STRING, Kind, XtkType
from .convert import as_integer, as_number, as_predicate, as_text, as_value
from .terms import TEXTS, Env, Sql, Term, constant, template
from .times import wall

Rule = Callable[[Env, Sequence[Term]], Term]

SHAPES: Final[Mapping[str, Callable[[Env, Term], Sql]]] = {
    "s": as_text,
    "n": as_number,
    "i": as_integer,
    "w": wall,
    "p": as_predicate,
    "v": as_value,
}


def rule(
    shape: str,
    result: XtkType,
    sqlite: str,
    duckdb: str | None = None,
    *,
    default: int | None = None,
) -> Rule:
    """Return the rule of a function that is one SQL text per dialect.

    ``default`` stands in for a missing last argument.
    """

    def apply(env: Env, args: Sequence[Term]) -> Term:
        given = list(args)
        if default is not None and len(given) < len(shape):
            given.append(constant(env, default, LONG))
        pairs = zip(shape, given, strict=False)
        sides = [SHAPES[letter](env, term) for letter, term in pairs]
        sql = template(env, sqlite, duckdb, *sides)
        nullable = result.kind not in TEXTS
        return Term(sql=sql, type=result, nullable=nullable)

    return apply


def yes_no(shape: str, sqlite: str, duckdb: str | None = None) -> Rule:
    """Return the rule of a function that answers yes or no."""
    answer = rule(shape, BOOLEAN, sqlite, duckdb)

    def apply(env: Env, args: Sequence[Term]) -> Term:
        sql = answer(env, args).sql
        return Term(sql=sql, type=BOOLEAN, predicate=True)

    return apply


def common(terms: Sequence[Term]) -> XtkType:
    """Return the type that holds every value; text holds anything."""
    types = [term.type for term in terms if not _is_blank(term)] or [STRING]
    kinds = {type_.kind for type_ in types}
    if len(kinds) == 1:
        return types[0]
    if kinds <= {Kind.INTEGER, Kind.BOOLEAN, Kind.TIMESPAN}:
        return next(type_ for type_ in types if type_.kind is not Kind.BOOLEAN)
    if kinds <= {Kind.INTEGER, Kind.BOOLEAN, Kind.TIMESPAN, Kind.NUMBER}:
        return next(type_ for type_ in types if type_.kind is Kind.NUMBER)
    if kinds <= {Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME}:
        return next(type_ for type_ in types if type_.kind is not Kind.DATE)
    return STRING


def _is_blank(term: Term) -> bool:
    return term.is_constant and term.constant is None
