"""xtk:queryDef: questions (protocol.md §5)."""

from __future__ import annotations

from lxml import etree

from ...errors import CampaignError
from ...query.from_xml import from_xml
from ...query.model import QueryDef
from ...query.to_xml import to_xml
from .. import engine
from ..faults import method_failed
from ..instance import Call, Reply


def execute_query(call: Call) -> Reply:
    """Answer the question; rows are streamed."""
    return Reply(outputs=(engine.execute(_query(call), call.instance.world),))


def build_query(call: Call) -> Reply:
    """Return the SQL that the question becomes on a real instance."""
    return Reply(outputs=(engine.build_sql(_query(call), call.instance.world),))


def select_all(call: Call) -> Reply:
    """Return the question with every stored field in its ``<select>``."""
    full = engine.select_all(_query(call), call.instance.world, duplicate=call.flag(0))
    return Reply(entity=etree.tostring(to_xml(full), encoding="utf-8"))


def _query(call: Call) -> QueryDef:
    if call.entity is None:
        raise method_failed(call.urn, call.method.name, "The queryDef is missing.")
    try:
        return from_xml(call.entity)
    except CampaignError as exc:
        raise method_failed(call.urn, call.method.name, exc.message) from exc
