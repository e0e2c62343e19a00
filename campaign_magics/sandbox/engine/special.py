"""Functions whose arguments are not plain values: Case, and the windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from ...xtk import ast
from ...xtk.types import LONG
from .causes import bad_function
from .convert import as_value
from .terms import Sql, Term
from .values import cases

if TYPE_CHECKING:
    from .expressions import Expressions


def case(expressions: Expressions, node: ast.Call) -> Term:
    """Case(When(condition, value)[, …][, Else(value)])."""
    branches: list[tuple[Term, Term]] = []
    other: Term | None = None
    for arg in node.args:
        name, values = _call(arg)
        if name == "when" and len(values) == 2 and other is None:
            test, value = (expressions.term(one) for one in values)
            branches.append((test, value))
        elif name == "else" and len(values) == 1 and branches and other is None:
            other = expressions.term(values[0])
        else:
            raise bad_function("Case takes When(condition, value)…, then Else(value).")
    return cases(expressions.env, branches, other)


def row_number(expressions: Expressions, node: ast.Call) -> Term:
    """RowNum(PartitionBy(a), OrderBy(b[, Desc(c)]))."""
    partition: list[Sql] = []
    order: list[Sql] = []
    for arg in node.args:
        name, values = _call(arg)
        if name == "partitionby":
            partition += _values(expressions, values)
        elif name == "orderby":
            order += [_ordered(expressions, value) for value in values]
        else:
            raise bad_function("RowNum takes PartitionBy(…) and OrderBy(…).")
    return _window(partition, order)


def row_id(expressions: Expressions, node: ast.Call) -> Term:
    """RowId: the number of the line."""
    return _window([], [])


def _ordered(expressions: Expressions, node: ast.Node) -> Sql:
    name, values = _call(node)
    desc = name == "desc" and len(values) == 1
    term = expressions.term(values[0] if desc else node)
    return sort_key(as_value(expressions.env, term), desc)


def sort_key(sql: Sql, desc: bool) -> exp.Ordered:
    """Return a sort key: nulls where '' and 0 are, first, or last when descending."""
    return exp.Ordered(this=sql, desc=desc, nulls_first=not desc)


def _values(expressions: Expressions, nodes: Sequence[ast.Node]) -> list[Sql]:
    return [as_value(expressions.env, expressions.term(node)) for node in nodes]


def _call(node: ast.Node) -> tuple[str, Sequence[ast.Node]]:
    return (node.name.lower(), node.args) if isinstance(node, ast.Call) else ("", ())


def _window(partition: Sequence[Sql], order: Sequence[Sql]) -> Term:
    window = exp.Window(
        this=exp.RowNumber(),
        partition_by=list(partition),
        order=exp.Order(expressions=list(order)) if order else None,
        over="OVER",
    )
    return Term(sql=window, type=LONG)


SPECIAL: Final[Mapping[str, Callable[[Expressions, ast.Call], Term]]] = {
    "case": case,
    "rownum": row_number,
    "rowid": row_id,
}
