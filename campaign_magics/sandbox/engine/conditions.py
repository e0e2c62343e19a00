"""``<where>`` and ``<having>``: a tree of conditions becomes one SQL condition.

protocol.md §5.1: ``boolOperator`` stands on the first of two operands, AND by default;
AND binds tighter than OR, as in the SQL that Campaign writes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from ...query.model import Condition, QueryDef
from ...schemas.model import Link
from ...xtk import ast
from ...xtk.types import Kind
from .causes import Refused, bad_path
from .compare import set_operand, set_row
from .convert import as_predicate, as_value
from .expressions import Expressions, all_of, any_of, explained, read, translate
from .grouped import check_groups, has_aggregate
from .scope import Found, Scope, Source
from .terms import Sql

_DEEPEST: Final = 64


def check_depth(query: QueryDef) -> None:
    """Refuse what is nested too deeply, before anything recurses into it."""
    waiting: list[tuple[int, QueryDef | Condition]] = [(0, query)]
    while waiting:
        depth, one = waiting.pop()
        if depth > _DEEPEST:
            raise Refused(f"Conditions are nested deeper than {_DEEPEST} levels.")
        waiting += [(depth + 1, part) for part in _parts(one)]


def _parts(one: QueryDef | Condition) -> Iterator[QueryDef | Condition]:
    if isinstance(one, Condition):
        yield from one.conditions
        if one.sub_query is not None:
            yield one.sub_query
        return
    yield from one.where
    yield from one.having
    nodes = [(0, node) for node in one.select]
    while nodes:
        depth, node = nodes.pop()
        if depth > _DEEPEST:
            raise Refused(f"Nodes are nested deeper than {_DEEPEST} levels.")
        yield from node.where
        nodes += [(depth + 1, inner) for inner in node.nodes]


@dataclass(frozen=True, slots=True)
class Conditions:
    """Conditions within one scope, relative to one of its tables."""

    scope: Scope
    source: Source

    def all(self, conditions: Sequence[Condition]) -> Sql | None:
        """Return sibling conditions as one, None when none of them counts."""
        groups: list[list[Sql]] = [[]]
        for condition in conditions:
            if condition.ignore or not self._enabled(condition):
                continue
            test = self._one(condition)
            if test is None:
                continue
            groups[-1].append(test)
            if condition.bool_operator == "OR":
                groups.append([])
        alternatives = [all_of(group) for group in groups if group]
        return any_of(alternatives) if alternatives else None

    def _enabled(self, condition: Condition) -> bool:
        text = (condition.enabled_if or "").strip()
        return not text or self.scope.build.holds(text)

    def _one(self, condition: Condition) -> Sql | None:
        if condition.sql is not None:
            raise Refused("SQL in a condition is refused: write an expression.")
        if condition.set_operator is not None or condition.sub_query is not None:
            return self._set(condition)
        if condition.filter_name and not (condition.expr or condition.conditions):
            raise Refused(f"Unknown predefined filter '{condition.filter_name}'.")
        parts = [self._expression(condition), self.all(condition.conditions)]
        tests = [part for part in parts if part is not None]
        return all_of(tests) if tests else None

    def _expression(self, condition: Condition) -> Sql | None:
        text = (condition.expr or "").strip()
        if not text:
            return None
        node = read(text)
        with explained(text):
            term = Expressions(self.scope, source=self.source).term(node)
            return as_predicate(self.scope.env, term)

    def _set(self, condition: Condition) -> Sql:
        operator = condition.set_operator or "IN"
        query = condition.sub_query
        if query is None:
            test: Sql = self._exists(condition)
        elif operator.endswith("EXISTS"):
            inner = self._inner(query.schema)
            test = exp.Exists(this=selection(inner, query, [exp.Literal.number(1)]))
        else:
            test = self._member(condition, query)
        return exp.Not(this=test) if operator.startswith("NOT") else test

    def _member(self, condition: Condition, query: QueryDef) -> Sql:
        """Return ``expr IN (SELECT …)``; NULL and '' are one string on both sides."""
        if len(query.select) != 1:
            raise Refused("The sub-query of IN selects exactly one node.")
        text = (condition.expr or "").strip()
        node = read(text)
        inner = self._inner(query.schema)
        inner.clause, inner.aggregation = "select", "inline"
        row = translate(inner, query.select[0].expr)
        with explained(text):
            operand = Expressions(self.scope, source=self.source).term(node)
            side = set_operand(self.scope.env, operand, row)
            column = set_row(self.scope.env, operand, row)
        rows = selection(inner, query, [column])
        return exp.In(this=side, query=exp.Subquery(this=rows))

    def _exists(self, condition: Condition) -> Sql:
        """Return EXISTS over a collection; its inner paths are relative to it."""
        text = (condition.expr or "").strip()
        found = self._collection(text)
        if found is None or not isinstance(found.end, Link):
            cause = "A set operator needs a collection or a sub-query."
            raise bad_path(cause).within(text)
        inner = self._inner(found.end.target)
        tests = [self.scope.join_condition(found.end, found.source, inner.root)]
        test = Conditions(inner, inner.root).all(condition.conditions)
        if test is not None:
            tests.append(test)
        return exp.Exists(this=inner.select([exp.Literal.number(1)], tests))

    def _collection(self, text: str) -> Found | None:
        node = read(text)
        if not isinstance(node, ast.Path):
            return None
        with explained(text):
            return self.scope.find(node, self.source)

    def _inner(self, schema_id: str) -> Scope:
        inner = self.scope.inner(schema_id, self.source)
        inner.clause = "where"
        return inner


def where(
    scope: Scope, conditions: Sequence[Condition], source: Source | None = None
) -> Sql | None:
    """Return conditions on rows as one, relative to a table of the scope."""
    clause, scope.clause = scope.clause, "where"
    try:
        return Conditions(scope, source or scope.root).all(conditions)
    finally:
        scope.clause = clause


def selection(
    scope: Scope, query: QueryDef, columns: Sequence[Sql], sorted_by: Sequence[Sql] = ()
) -> exp.Select:
    """Return a SELECT with the query's where, groupBy and having.

    Raises ``Refused`` for a column or sort key that varies within a group.
    """
    tests = row_tests(scope, query)
    scope.clause, scope.aggregation = "groupBy", "inline"
    keys = group_keys(scope, query)
    scope.clause = "having"
    having = Conditions(scope, scope.root).all(query.having)
    shown = [*columns, *sorted_by, *([having] if having is not None else [])]
    if keys or having is not None or any(map(has_aggregate, shown)):
        check_groups(shown, keys)
    select = scope.select(columns, tests)
    if keys:
        select.set("group", exp.Group(expressions=keys))
    if having is not None:
        select.set("having", exp.Having(this=having))
    return select


def row_tests(scope: Scope, query: QueryDef) -> list[Sql]:
    """Return what a row must meet: the query's where, and not to be record 0.

    Tables with an automatic key hold a record 0, so that joins always find a row
    (Adobe: "Database keys").  Campaign's own SQL leaves it out (assumed from queries
    seen in its logs: ``iRecipientId > 0 OR iRecipientId < 0``).
    """
    test = where(scope, query.where)
    tests = [] if test is None else [test]
    schema = scope.root.schema
    paths = schema.internal_key.paths if schema.internal_key else ()
    if schema.auto_pk and len(paths) == 1:
        key = scope.stored_term(scope.root, paths[0])
        if key.kind is Kind.INTEGER:
            tests.append(exp.NEQ(this=key.sql, expression=exp.Literal.number(0)))
    return tests


def group_keys(scope: Scope, query: QueryDef) -> list[Sql]:
    """Return what a query groups by: the clause's and the attribute's expressions."""
    marked = [node.expr for node in query.select if node.group_by]
    texts = dict.fromkeys([*query.group_by, *marked])
    terms = [translate(scope, text) for text in texts]
    return [key for term in terms if varies(key := as_value(scope.env, term))]


def varies(sql: Sql) -> bool:
    """Tell whether a key differs between rows; databases refuse to sort constants."""
    return sql.find(exp.Column, exp.Window, exp.AggFunc) is not None
