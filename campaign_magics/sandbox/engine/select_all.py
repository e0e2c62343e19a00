"""SelectAll: a query that selects every stored field (protocol.md §5.1, wire/14)."""

from __future__ import annotations

from dataclasses import replace

from ...query.model import QueryDef, SelectNode
from ...schemas.model import Field
from .world import World

_BRACKETED = ("/", "-", ":")


def select_all(query: QueryDef, world: World, *, duplicate: bool = False) -> QueryDef:
    """Return the query with every stored field in its select and startPath ``/``.

    ``duplicate`` leaves out what a copy does not take over (assumed).  Raises
    ``Fault`` for an unknown schema.
    """
    fields = world.schema(query.schema).fields
    chosen = [one for one in fields if one.expr is None]
    if duplicate:
        chosen = [one for one in chosen if not one.def_on_duplicate]
    nodes = tuple(_node(one) for one in chosen)
    return replace(query, select=nodes, start_path="/")


def _node(field: Field) -> SelectNode:
    needs_brackets = any(mark in field.path for mark in _BRACKETED)
    return SelectNode(
        expr=f"[{field.path}]" if needs_brackets else field.path,
        no_compute_string=True,
        any_type=field.type.prefix == "m",
    )
