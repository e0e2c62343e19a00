"""Aggregates; over a collection they join it by themselves (protocol.md §5.2).

In a grouped query ``Count([broadLog/@id])`` joins the collection; beside plain fields
it is a sub-query of each row, which is what it replaced (Adobe, "SQLData").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from ...schemas.model import Link, Schema
from ...xtk import ast
from ...xtk.functions import Function
from ...xtk.types import LONG
from ...xtk.walk import paths
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
    over = _collection(expressions, node)
    in_where = scope.clause == "where"
    if over and (in_where or scope.aggregation == "correlated"):
        return _sub_query(expressions, node, over)
    if in_where:
        raise bad_function(f"Aggregate '{node.name}' belongs in having, not in where.")
    expressions.aggregating = True
    try:
        folded = _fold(expressions, node, over)
    finally:
        expressions.aggregating = False
    result = function.result([folded.type])
    return replace(folded, type=result or folded.type)


@dataclass(frozen=True, slots=True)
class _Over:
    """A collection that an aggregate folds: its path, and the link it ends with."""

    path: tuple[str, ...]
    source: Source
    link: Link


def _fold(expressions: Expressions, node: ast.Call, over: _Over | None) -> Term:
    env, scope = expressions.env, expressions.scope
    if not node.args or node.name.lower() == "countall":
        return Term(sql=exp.Count(this=exp.Star()), type=LONG)
    term = expressions.term(node.args[0])
    if expressions.where:
        table = scope.follow(over.link, over.source) if over else expressions.source
        test = scope.build.conditions(scope, expressions.where, table)
        if test is not None:
            narrowed = exp.Case(ifs=[exp.If(this=test, true=as_value(env, term))])
            term = Term(sql=narrowed, type=term.type)
    return FOLDS[node.name.lower()](env, term)


def _sub_query(expressions: Expressions, node: ast.Call, over: _Over) -> Term:
    """Return ``(SELECT aggregate FROM collection WHERE it belongs to the row)``."""
    scope = expressions.scope
    inner = scope.inner(over.link.target, expressions.source)
    inner.aggregation = "inline"
    folded = type(expressions)(inner).term(_moved(node, over.path))
    tests = [scope.join_condition(over.link, over.source, inner.root)]
    test = scope.build.conditions(inner, expressions.where, inner.root)
    if test is not None:
        tests.append(test)
    return replace(folded, sql=exp.Subquery(this=inner.select([folded.sql], tests)))


def _collection(expressions: Expressions, node: ast.Call) -> _Over | None:
    """Return the first collection that the arguments cross."""
    scope = expressions.scope
    for path in paths(node):
        if path.join is not None or path.absolute:
            continue
        prefix = crossed(
            expressions.source.schema, path.steps, scope.build.world.schema
        )
        if prefix:
            found = scope.find(ast.Path(prefix), expressions.source)
            if isinstance(found.end, Link):
                return _Over(prefix, found.source, found.end)
    return None


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


def _moved(node: ast.Node, prefix: tuple[str, ...]) -> ast.Node:
    """Rewrite an expression's paths to start at the collection."""
    match node:
        case ast.Path(join=None, absolute=False):
            inside = node.steps[: len(prefix)] == prefix
            steps = node.steps[len(prefix) :] if inside else ("..", *node.steps)
            return replace(node, steps=steps)
        case ast.Call():
            return replace(node, args=tuple(_moved(one, prefix) for one in node.args))
        case ast.Binary():
            left, right = _moved(node.left, prefix), _moved(node.right, prefix)
            return replace(node, left=left, right=right)
        case ast.In():
            items = tuple(_moved(item, prefix) for item in node.items)
            return replace(node, operand=_moved(node.operand, prefix), items=items)
        case ast.Unary() | ast.IsNull():
            return replace(node, operand=_moved(node.operand, prefix))
    return node
