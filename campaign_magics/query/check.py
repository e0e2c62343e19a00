"""Check a query against the schemas before anything is sent.

The answer's columns follow from the select nodes (protocol.md §5.3); an expression
without an alias would come back under a name that the server invents, so it gets one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from ..errors import InvalidValue, QuerySyntaxError
from ..schemas.model import Database, Schema
from ..xtk.columns import Column
from ..xtk.printer import to_source
from ..xtk.types import LONG
from .columns import Columns
from .locate import Source
from .model import QueryDef
from .rewrite import rewritten
from .scope import Lookup, Scope, find_schema
from .values import fitted

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


def check(
    query: QueryDef, lookup: Lookup, source: Source | str | None = None
) -> Checked:
    """Resolve every name of ``query`` and fit its constants; ``source`` is its text.

    Raises UnknownName (schema, attribute, link) with a hint, QuerySyntaxError for an
    expression that cannot be parsed, InvalidValue for a constant that cannot be what
    it is compared with.
    """
    source = source if isinstance(source, Source) else Source(source)
    schema = find_schema(query.schema, lookup, source)
    scope = Scope(schema=schema, lookup=lookup, source=source)
    query = rewritten(query, scope, _fitted)
    element = schema.name
    if query.operation == "count":
        count = Column(name="count", steps=("@count",), type=LONG)
        return Checked(query=query, columns=(count,), schema=schema, element=element)
    if not query.select:
        raise QuerySyntaxError(
            f"The query on {query.schema} selects nothing.", hint=f"add {_EXAMPLE}"
        )
    columns = Columns()
    nodes = tuple(columns.add(node, scope) for node in query.select)
    return Checked(
        query=replace(query, select=nodes),
        columns=columns.found,
        schema=schema,
        element=element,
    )


def _fitted(expr: str, scope: Scope | None) -> str:
    """Check an expression; return it as it must be sent, to the letter if it can be."""
    if scope is None:
        return expr
    node = scope.read(expr)
    try:
        fit = fitted(node, scope)
    except InvalidValue as exc:
        exc.source = expr
        raise scope.source.point(exc, expr) from exc.__cause__
    return expr if fit is node else scope.source.keep(to_source(fit), fit, expr)
