"""Visiting every expression of a query, each with the schema that its paths start at.

Filling in parameters and checking values are both such a visit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from ..schemas.model import Schema
from ..schemas.resolve import Resolved
from ..xtk.ast import Path
from .model import Condition, OrderNode, QueryDef, SelectNode
from .scope import Scope

Change = Callable[[str, Scope | None], str]
"""From an expression and its scope to what shall stand there; no scope means that
nobody knows what its paths start from."""


def rewritten(query: QueryDef, scope: Scope | None, change: Change) -> QueryDef:
    """Return the query with every expression put through ``change``.

    Conditions of a collection and nodes inside one start from its target
    (protocol.md §5.1); a sub-query starts from its own schema.  Conditions with
    ``ignore`` are left alone: nobody reads them.
    """
    return _Rewriting(change).query(query, scope)


@dataclass(frozen=True, slots=True)
class _Rewriting:
    change: Change

    def query(self, query: QueryDef, scope: Scope | None) -> QueryDef:
        return replace(
            query,
            select=self.nodes(query.select, scope),
            where=self.conditions(query.where, scope),
            group_by=tuple(self.change(expr, scope) for expr in query.group_by),
            having=self.conditions(query.having, scope),
            order_by=self.order(query.order_by, scope),
        )

    def nodes(
        self, nodes: tuple[SelectNode, ...], scope: Scope | None
    ) -> tuple[SelectNode, ...]:
        return tuple(self.node(node, scope) for node in nodes)

    def node(self, node: SelectNode, scope: Scope | None) -> SelectNode:
        expr = self.change(node.expr, scope)
        if not (node.nodes or node.where or node.order_by):
            return replace(node, expr=expr)
        inside = items_scope(expr, scope)
        return replace(
            node,
            expr=expr,
            nodes=self.nodes(node.nodes, inside),
            where=self.conditions(node.where, inside),
            order_by=self.order(node.order_by, inside),
        )

    def order(
        self, nodes: tuple[OrderNode, ...], scope: Scope | None
    ) -> tuple[OrderNode, ...]:
        return tuple(
            replace(node, expr=self.change(node.expr, scope)) for node in nodes
        )

    def conditions(
        self, conditions: tuple[Condition, ...], scope: Scope | None
    ) -> tuple[Condition, ...]:
        return tuple(
            one if one.ignore else self.condition(one, scope) for one in conditions
        )

    def condition(self, condition: Condition, scope: Scope | None) -> Condition:
        expr, enabled = condition.expr, condition.enabled_if
        expr = self.change(expr, scope) if expr else expr
        inside = scope
        if expr and condition.set_operator and condition.conditions:
            inside = items_scope(expr, scope)
        sub = condition.sub_query
        return replace(
            condition,
            expr=expr,
            # It asks the context of the query, not the record.
            enabled_if=self.change(enabled, None) if enabled else enabled,
            conditions=self.conditions(condition.conditions, inside),
            sub_query=None if sub is None else self.sub_query(sub, scope),
        )

    def sub_query(self, query: QueryDef, scope: Scope | None) -> QueryDef:
        inner = None if scope is None else scope.inner(scope.schema_of(query.schema))
        return self.query(query, inner)


def items_scope(expr: str, scope: Scope | None) -> Scope | None:
    """Return the scope of what stands inside a collection, or the scope as it is."""
    if scope is None:
        return None
    node = scope.read(expr)
    found = scope.resolve(node) if isinstance(node, Path) else None
    target = _target(found, scope)
    return scope if target is None else scope.inner(target)


def _target(found: Resolved | None, scope: Scope) -> Schema | None:
    if found is None or found.link is None:
        return None
    return scope.lookup(found.link.target)
