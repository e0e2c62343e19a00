"""DeleteCollection: delete the records that a condition selects (protocol.md §6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from lxml import etree

from ...errors import CampaignError
from ...query.from_xml import from_xml
from ...query.model import Condition, QueryDef, SelectNode
from ...xtk.xml import local_name, parse_xml
from ..engine import execute
from ..stores.world import World
from .causes import NotSaved
from .removal import remove
from .rows import Values
from .shape import Shape
from .sources import COMPILED, SOURCE
from .unit import Unit, working
from .values import stored_value

_ALL: Final = 2**31
_STATUS: Final = "@deleteStatus"


def delete_where(
    world: World,
    schema_id: str,
    where: etree._Element | None,
    *,
    ignore_delete_status: bool = False,
) -> int:
    """Delete records and what belongs to them; return how many were selected.

    Records that are marked as deleted stay unless ``ignore_delete_status`` (assumed).
    A condition must be given: none would mean every record (assumed).  Raises NotSaved,
    or Fault for a schema or condition that is wrong.
    """
    unit = Unit(world)
    shape = unit.shape(schema_id)
    if schema_id in (SOURCE, COMPILED):
        raise NotSaved("SBX-100001 The sandbox does not delete schemas.")
    if not shape.key:
        raise NotSaved(f"The schema '{schema_id}' has no key to delete by.")
    query = _query(shape, where)
    if _STATUS in shape.columns and not ignore_delete_status:
        kept = Condition(expr=f"{_STATUS} = 0")
        query = replace(query, where=(Condition(conditions=query.where), kept))
    with working(unit, shape):
        keys = list(_keys(world, shape, query))
        remove(unit.tables, unit.shape, shape, keys)
    return len(keys)


def _query(shape: Shape, where: etree._Element | None) -> QueryDef:
    """Return the query for the keys of the records that a condition selects."""
    if where is None or local_name(where).lower() != "where" or not len(where):
        hint = "write <where><condition expr='…'/></where>"
        raise NotSaved(f"The <where> of the records to delete is missing: {hint}.")
    document = etree.Element("queryDef", schema=shape.schema.id)
    etree.SubElement(etree.SubElement(document, "select"), "node", expr=shape.key[0])
    document.append(where)
    try:
        read = from_xml(document)
    except CampaignError as exc:
        raise NotSaved(exc.message) from exc
    nodes = tuple(
        SelectNode(expr=f"[{path}]", alias=f"@k{at}")
        for at, path in enumerate(shape.key)
    )
    return replace(read, select=nodes, line_count=_ALL)


def _keys(world: World, shape: Shape, query: QueryDef) -> Iterator[Values]:
    schema = shape.schema
    fields = [schema.field_by_path[path] for path in shape.key]
    for row in parse_xml(b"".join(execute(query, world))):
        yield tuple(
            stored_value(schema, field, row.get(f"k{at}") or "", shape.database)
            for at, field in enumerate(fields)
        )
