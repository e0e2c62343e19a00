"""QueryDef → queryDef XML, the document that ExecuteQuery takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from lxml import etree

from .model import Condition, OrderNode, QueryDef, SelectNode


def to_xml(query: QueryDef) -> etree._Element:
    """Write ``query`` as a ``<queryDef xtkschema="xtk:queryDef">`` element."""
    root = etree.Element("queryDef", {"xtkschema": "xtk:queryDef"})
    _set(root, {"schema": query.schema, "operation": query.operation})
    _fill(root, query)
    return root


def to_text(query: QueryDef) -> str:
    """Write ``query`` as indented XML, for people."""
    root = to_xml(query)
    etree.indent(root, "  ")
    return etree.tostring(root, encoding="unicode")


def _fill(root: etree._Element, query: QueryDef) -> None:
    attributes = {
        "lineCount": query.line_count,
        "startLine": query.start_line,
        "distinct": query.distinct,
        "startPath": query.start_path,
        "firstRows": query.first_rows,
        "fullLoad": query.full_load,
    }
    _set(root, attributes)
    _nodes(root, "select", query.select)
    _conditions(root, "where", query.where)
    if query.group_by:
        section = etree.SubElement(root, "groupBy")
        for expr in query.group_by:
            etree.SubElement(section, "node", {"expr": expr})
    _conditions(root, "having", query.having)
    _order(root, query.order_by)


def _nodes(root: etree._Element, name: str, nodes: Iterable[SelectNode]) -> None:
    nodes = tuple(nodes)
    section = etree.SubElement(root, name) if nodes else root
    for node in nodes:
        _node(section, node)


def _node(parent: etree._Element, node: SelectNode) -> None:
    element = etree.SubElement(parent, "node", {"expr": node.expr})
    attributes = {
        "alias": node.alias,
        "analyze": node.analyze,
        "groupBy": node.group_by,
        "noSqlBind": node.no_sql_bind,
        "noComputeString": node.no_compute_string,
        "anyType": node.any_type,
        "label": node.label,
        "hidden": node.hidden,
    }
    _set(element, attributes)
    for inner in node.nodes:
        _node(element, inner)
    _conditions(element, "where", node.where)
    _order(element, node.order_by)


def _conditions(
    root: etree._Element, name: str, conditions: Iterable[Condition]
) -> None:
    conditions = tuple(conditions)
    if not conditions:
        return
    section = etree.SubElement(root, name)
    for condition in conditions:
        _condition(section, condition)


def _condition(parent: etree._Element, condition: Condition) -> None:
    element = etree.SubElement(parent, "condition")
    attributes = {
        "boolOperator": condition.bool_operator,
        "expr": condition.expr,
        "setOperator": condition.set_operator,
        "enabledIf": condition.enabled_if,
        "ignore": condition.ignore,
        "sql": condition.sql,
        "filter-name": condition.filter_name,
        "internalId": condition.internal_id,
    }
    _set(element, attributes)
    for inner in condition.conditions:
        _condition(element, inner)
    if condition.sub_query is not None:
        sub = etree.SubElement(element, "subQuery")
        _set(sub, {"schema": condition.sub_query.schema})
        _fill(sub, condition.sub_query)


def _order(root: etree._Element, nodes: Iterable[OrderNode]) -> None:
    nodes = tuple(nodes)
    if not nodes:
        return
    section = etree.SubElement(root, "orderBy")
    for node in nodes:
        element = etree.SubElement(section, "node", {"expr": node.expr})
        _set(element, {"sortDesc": node.desc})


def _set(
    element: etree._Element, values: Mapping[str, str | int | bool | None]
) -> None:
    """Set what is given: None and False are left out, as Campaign leaves them out."""
    for name, value in values.items():
        if value is None or value is False:
            continue
        element.set(name, "true" if value is True else str(value))
