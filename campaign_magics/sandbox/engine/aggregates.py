"""Aggregates; over a collection they join it by themselves (protocol.md §5.2).

In a grouped query ``Count([broadLog/@id])`` joins the collection; beside plain fields
it is a sub-query of each row, which is what it replaced (Adobe, "SQLData").
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from ...schemas.model import Link, Schema
from ...xtk import ast
from ...xtk.functions import Function
from ...xtk.types import LONG
from .causes import bad_function
from .convert import as_number, as_value
from .scope import Source, first_link
from .terms import TEXTS, Env, Sql, Term, template

if TYPE_CHECKING:
    from .expressions import Expressions

_DEVIATION: Final = (
    "sqrt(max(0, (SUM(1.0 * _1 * _1) - 1.0 * SUM(_1) * SUM(_1) / COUNT(_1))"
    " / NULLIF(COUNT(_1) - 1, 0)))"
)


def _known(env: Env, term: Term) -> Sql:
    """Return a value that is NULL when XTK calls it null."""
    if term.kind in TEXTS and not term.filled:
        return template(env, "NULLIF(_1, '')", None, term.sql)
    return as_value(env, term)


def _folding(
    text: str, value: Callable[[Env, Term], Sql] = _known, *, duckdb: str | None = None
) -> Callable[[Env, Term], Term]:
    def fold(env: Env, term: Term) -> Term:
        sql = template(env, text, duckdb, value(env, term))
        return Term(sql=sql, type=term.type)

    return fold


FOLDS: Final[Mapping[str, Callable[[Env, Term], Term]]] = {
    "avg": _folding("AVG(_1)", as_number),
    "count": _folding("COUNT(_1)"),
    "countdistinct": _folding("COUNT(DISTINCT _1)"),
    "max": _folding("MAX(_1)"),
    "min": _folding("MIN(_1)"),
    "stddev": _folding(_DEVIATION, as_number, duckdb="stddev_samp(_1)"),
    "sum": _folding("SUM(_1)", as_number),
}


def aggregate(expressions: Expressions, function: Function, node: ast.Call) -> Term:
    """Return an aggregate's term.  Raises ``BadExpression`` where none may stand."""
    scope = expressions.scope
    if expressions.aggregating:
        raise bad_function(f"Aggregate '{node.name}' stands inside another.")
    prefix = _collection(expressions, node)
    in_where = scope.clause == "where"
    if prefix and (in_where or scope.aggregation == "correlated"):
        return _sub_query(expressions, node, prefix)
    if in_where:
        raise bad_function(f"Aggregate '{node.name}' belongs in having, not in where.")
    expressions.aggregating = True
    try:
        folded = _fold(expressions, node, prefix)
    finally:
        expressions.aggregating = False
    result = function.result([folded.type])
    return replace(folded, type=result or folded.type)


def _fold(expressions: Expressions, node: ast.Call, prefix: tuple[str, ...]) -> Term:
    env = expressions.env
    if not node.args or node.name.lower() == "countall":
        return Term(sql=exp.Count(this=exp.Star()), type=LONG)
    term = expressions.term(node.args[0])
    if expressions.where:
        source = _joined(expressions, prefix)
        build = expressions.scope.build
        test = build.conditions(expressions.scope, expressions.where, source)
        if test is not None:
            narrowed = exp.Case(ifs=[exp.If(this=test, true=as_value(env, term))])
            term = Term(sql=narrowed, type=term.type)
    return FOLDS[node.name.lower()](env, term)


def _joined(expressions: Expressions, prefix: tuple[str, ...]) -> Source:
    """Return the table that an aggregate's own conditions are relative to."""
    if not prefix:
        return expressions.source
    found = expressions.scope.find(ast.Path(prefix), expressions.source)
    assert isinstance(found.end, Link)  # noqa: S101 - a prefix ends in a collection
    return expressions.scope.follow(found.end, found.source)


def _sub_query(
    expressions: Expressions, node: ast.Call, prefix: tuple[str, ...]
) -> Term:
    """Return ``(SELECT aggregate FROM collection WHERE it belongs to the row)``."""
    scope = expressions.scope
    found = scope.find(ast.Path(prefix), expressions.source)
    assert isinstance(found.end, Link)  # noqa: S101 - a prefix ends in a collection
    inner = scope.inner(found.end.target, expressions.source)
    inner.aggregation = "inline"
    inner.clause = "select"
    moved = _moved(node, prefix)
    folded = type(expressions)(inner).term(moved)
    tests = [scope.join_condition(found.end, found.source, inner.root)]
    test = scope.build.conditions(inner, expressions.where, inner.root)
    if test is not None:
        tests.append(test)
    return replace(folded, sql=exp.Subquery(this=inner.select([folded.sql], tests)))


def _collection(expressions: Expressions, node: ast.Call) -> tuple[str, ...]:
    """Return the path of the first collection that the arguments cross."""
    lookup = expressions.scope.build.world.schema
    for path in _paths(node):
        if path.join is None and not path.absolute:
            prefix = crossed(expressions.source.schema, path.steps, lookup)
            if prefix:
                return prefix
    return ()


def crossed(
    schema: Schema, steps: tuple[str, ...], lookup: Callable[[str], Schema]
) -> tuple[str, ...]:
    """Return the start of a path up to the first collection it crosses."""
    done: tuple[str, ...] = ()
    while True:
        whole = schema.link_by_path.get("/".join(steps))
        link, rest = (whole, ()) if whole else first_link(schema, steps)
        if link is None:
            return ()
        done += steps[: len(steps) - len(rest)]
        if link.unbound:
            return done
        schema, steps = lookup(link.target), rest


def _moved(node: ast.Call, prefix: tuple[str, ...]) -> ast.Call:
    """Rewrite a call's paths to start at the collection."""

    def move(one: ast.Node) -> ast.Node:
        match one:
            case ast.Path(join=None, absolute=False):
                inside = one.steps[: len(prefix)] == prefix
                steps = one.steps[len(prefix) :] if inside else ("..", *one.steps)
                return replace(one, steps=steps)
            case ast.Call() | ast.Unary() | ast.Binary() | ast.In() | ast.IsNull():
                return _rebuilt(one, move)
        return one

    moved = move(node)
    assert isinstance(moved, ast.Call)  # noqa: S101 - a call is rebuilt as a call
    return moved


def _rebuilt(node: ast.Node, move: Callable[[ast.Node], ast.Node]) -> ast.Node:
    match node:
        case ast.Call():
            return replace(node, args=tuple(move(arg) for arg in node.args))
        case ast.Binary():
            return replace(node, left=move(node.left), right=move(node.right))
        case ast.In():
            items = tuple(move(item) for item in node.items)
            return replace(node, operand=move(node.operand), items=items)
        case ast.Unary() | ast.IsNull():
            return replace(node, operand=move(node.operand))
    return node


def _paths(node: ast.Node) -> Iterator[ast.Path]:
    waiting = [node]
    while waiting:
        one = waiting.pop()
        match one:
            case ast.Path():
                yield one
            case ast.Call():
                waiting += reversed(one.args)
            case ast.Binary():
                waiting += [one.right, one.left]
            case ast.In():
                waiting += [*reversed(one.items), one.operand]
            case ast.Unary() | ast.IsNull():
                waiting.append(one.operand)
