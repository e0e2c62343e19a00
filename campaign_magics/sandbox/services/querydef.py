"""xtk:queryDef: questions (protocol.md §5)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from ...errors import CampaignError
from ...query.from_xml import from_xml
from ...query.model import QueryDef
from ...schemas.model import Field
from ...xtk.types import Kind
from ...xtk.xml import local_name
from ..engine import build_sql, execute
from ..faults import method_failed
from ..instance import Call, Reply

_BRACKETED = ("/", "-", ":")


def execute_query(call: Call) -> Reply:
    """Answer the question; rows are streamed."""
    return Reply(outputs=(_rows(call, _query(call)),))


def build_query(call: Call) -> Reply:
    """Return the SQL that the question becomes."""
    return Reply(outputs=(build_sql(_query(call), call.instance.world),))


def select_all(call: Call) -> Reply:
    """Return the question with every stored field in its ``<select>``.

    ``duplicate`` leaves out what a copy does not take over [assumed].
    """
    query = _query(call)
    duplicate = call.flag(0)
    schema = call.instance.world.schema(query.schema)
    document = _document(call)
    document.set("startPath", "/")
    for old in [e for e in document if local_name(e).lower() == "select"]:
        document.remove(old)
    select = etree.Element("select")
    document.insert(0, select)
    for field in schema.fields:
        if field.expr is None and not (duplicate and field.def_on_duplicate):
            select.append(_node(field))
    return Reply(entity=etree.tostring(document, encoding="utf-8"))


def _rows(call: Call, query: QueryDef) -> Iterator[bytes]:
    return execute(query, call.instance.world)


def _node(field: Field) -> etree._Element:
    needs_brackets = any(mark in field.path for mark in _BRACKETED)
    node = etree.Element(
        "node", expr=f"[{field.path}]" if needs_brackets else field.path
    )
    node.set("noComputeString", "true")
    if field.type.kind is Kind.STRING and field.type.prefix == "m":
        node.set("anyType", "true")
    return node


def _query(call: Call) -> QueryDef:
    try:
        return from_xml(_document(call))
    except CampaignError as exc:
        raise method_failed(call.urn, call.method.name, exc.message) from exc


def _document(call: Call) -> etree._Element:
    if call.entity is None:
        raise method_failed(call.urn, call.method.name, "The queryDef is missing.")
    return call.entity
