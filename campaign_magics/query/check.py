"""Check a query against the schemas before anything is sent.

The answer's columns follow from the select nodes (protocol.md §5.3); an expression
without an alias would come back under a name that the server invents, so it gets one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ..errors import CampaignError, QuerySyntaxError
from ..schemas.model import Database, Schema
from ..schemas.resolve import Resolved
from ..xtk.ast import Path
from ..xtk.columns import Column
from ..xtk.types import LONG
from .columns import Columns
from .locate import point
from .model import Condition, QueryDef
from .scope import Lookup, Scope

_EXAMPLE = '<select><node expr="@email"/></select>'


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A query that fits its schemas, and what its answer looks like.

    ``query`` is the one to send; ``element`` is the tag of a row.
    """

    query: QueryDef
    columns: tuple[Column, ...]
    schema: Schema
    element: str

    @property
    def database(self) -> Database:
        """The database the query runs on."""
        return self.schema.database


def check(query: QueryDef, lookup: Lookup, source: str | None = None) -> Checked:
    """Resolve every name of ``query``; ``source`` is the text it was read from.

    Raises UnknownName (schema, attribute, link) with a hint, QuerySyntaxError for an
    expression that cannot be parsed.
    """
    scope = Scope(schema=_schema(query, lookup, source), lookup=lookup, source=source)
    _check_body(query, scope)
    element = scope.schema.name
    if query.operation == "count":
        count = Column(name="count", steps=("@count",), type=LONG)
        return Checked(
            query=query, columns=(count,), schema=scope.schema, element=element
        )
    if not query.select:
        raise QuerySyntaxError(
            f"The query on {query.schema} selects nothing.", hint=f"add {_EXAMPLE}"
        )
    columns = Columns()
    nodes = tuple(columns.add(node, scope) for node in query.select)
    return Checked(
        query=replace(query, select=nodes),
        columns=columns.found,
        schema=scope.schema,
        element=element,
    )


def _schema(query: QueryDef, lookup: Lookup, source: str | None) -> Schema:
    try:
        return lookup(query.schema)
    except CampaignError as exc:
        if exc.span is None:
            exc.source, exc.span = query.schema, (0, len(query.schema))
        raise point(exc, query.schema, source) from exc.__cause__


def _check_body(query: QueryDef, scope: Scope) -> None:
    _check_conditions(query.where, scope)
    _check_conditions(query.having, scope)
    for expr in [*query.group_by, *(node.expr for node in query.order_by)]:
        scope.read(expr)


def _check_conditions(conditions: Iterable[Condition], scope: Scope) -> None:
    for condition in conditions:
        if condition.ignore:
            continue
        inside = scope
        if condition.expr:
            node = scope.read(condition.expr)
            if condition.set_operator and isinstance(node, Path):
                inside = _inside(scope, scope.resolve(node))
        _check_conditions(condition.conditions, inside)
        if condition.sub_query is not None:
            _check_sub_query(condition.sub_query, scope)


def _inside(scope: Scope, found: Resolved | None) -> Scope:
    """Return the scope of conditions below a collection: relative to its target."""
    if found is None or found.link is None:
        return scope
    return scope.inner(scope.lookup(found.link.target))


def _check_sub_query(query: QueryDef, scope: Scope) -> None:
    inner = scope.inner(_schema(query, scope.lookup, scope.source))
    _check_body(query, inner)
    for node in query.select:
        inner.read(node.expr)
