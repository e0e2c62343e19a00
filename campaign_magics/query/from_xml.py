"""queryDef XML → QueryDef, tolerant where Campaign is (protocol.md §5.1).

Elements and attributes match by local name, in any case, because Adobe's own pages
write ``groupby``, ``subquery`` and ``bool-operator``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import cast, get_args

from lxml import etree

from ..errors import QuerySyntaxError
from ..xtk.xml import local_name
from .model import (
    BoolOperator,
    Condition,
    Operation,
    OrderNode,
    QueryDef,
    SelectNode,
    SetOperator,
)
from .names import ATTRIBUTES, CHILDREN, reject_typo

_OPERATIONS = {name.lower(): name for name in get_args(Operation)}
_SET_OPERATORS = get_args(SetOperator)
_TRUE = {"true", "1"}
_MAX_DEPTH = 200
"""Brackets deeper than this are refused; the documents of consoles have under ten."""


def from_xml(root: etree._Element) -> QueryDef:
    """Read a ``<queryDef>`` element.

    Raises QuerySyntaxError for a missing schema, a bad number or operator, or a word
    that is nearly a known one.
    """
    if local_name(root).lower() != "querydef":
        raise QuerySyntaxError(
            f"The document is <{local_name(root)}>, not <queryDef>.",
            hint='start with <queryDef schema="nms:recipient" operation="select">',
        )
    return _query(root, "queryDef", 0)


def _query(element: etree._Element, kind: str, depth: int) -> QueryDef:
    get = _attributes(element, kind)
    schema = get("schema") or ""
    if not schema:
        raise QuerySyntaxError(
            f"<{kind}> names no schema.", hint='add schema="nms:recipient"'
        )
    found = {local_name(e).lower(): e for e in _children(element, kind)}
    parts = {part: found.get(part.lower()) for part in CHILDREN[kind]}
    return QueryDef(
        schema=schema,
        operation=_operation(get("operation")),
        select=tuple(_node(n, depth) for n in _nodes(parts["select"], "select")),
        where=_conditions(parts["where"], depth),
        group_by=tuple(_expr(n) for n in _nodes(parts["groupBy"], "groupBy")),
        having=_conditions(parts["having"], depth),
        order_by=_order(parts["orderBy"]),
        line_count=_number(get("lineCount"), "lineCount"),
        start_line=_number(get("startLine"), "startLine"),
        distinct=_flag(get("distinct")),
        start_path=get("startPath"),
        first_rows=_flag(get("firstRows")),
        full_load=_flag(get("fullLoad")),
    )


def _node(element: etree._Element, depth: int) -> SelectNode:
    _check_depth(depth)
    get = _attributes(element, "node")
    inner = list(_children(element, "node"))
    return SelectNode(
        expr=_expr(element),
        alias=get("alias") or None,
        analyze=_flag(get("analyze")),
        group_by=_flag(get("groupBy")),
        no_sql_bind=_flag(get("noSqlBind")),
        no_compute_string=_flag(get("noComputeString")),
        any_type=_flag(get("anyType")),
        label=get("label") or None,
        hidden=_flag(get("hidden")),
        nodes=tuple(
            _node(n, depth + 1) for n in inner if local_name(n).lower() == "node"
        ),
        where=_conditions(_section(element, "where"), depth),
        order_by=_order(_section(element, "orderBy")),
    )


def _conditions(section: etree._Element | None, depth: int) -> tuple[Condition, ...]:
    if section is None:
        return ()
    kind = "where" if local_name(section).lower() != "condition" else "condition"
    found = _children(section, kind)
    return tuple(
        _condition(c, depth + 1) for c in found if local_name(c).lower() == "condition"
    )


def _condition(element: etree._Element, depth: int) -> Condition:
    _check_depth(depth)
    get = _attributes(element, "condition")
    sub = _section(element, "subQuery")
    return Condition(
        expr=get("expr") or None,
        bool_operator=_bool_operator(get("boolOperator") or get("bool-operator")),
        set_operator=_set_operator(get("setOperator")),
        enabled_if=get("enabledIf") or None,
        ignore=_flag(get("ignore")),
        conditions=_conditions(element, depth),
        sub_query=None if sub is None else _query(sub, "subQuery", depth + 1),
        sql=get("sql") or None,
        filter_name=get("filter-name") or None,
        internal_id=get("internalId") or None,
    )


def _order(section: etree._Element | None) -> tuple[OrderNode, ...]:
    return tuple(
        OrderNode(expr=_expr(n), desc=_flag(_attributes(n, "node")("sortDesc")))
        for n in _nodes(section, "orderBy")
    )


def _section(element: etree._Element, name: str) -> etree._Element | None:
    wanted = name.lower()
    return next(
        (e for e in _elements(element) if local_name(e).lower() == wanted), None
    )


def _nodes(section: etree._Element | None, kind: str) -> list[etree._Element]:
    if section is None:
        return []
    return [e for e in _children(section, kind) if local_name(e).lower() == "node"]


def _children(element: etree._Element, kind: str) -> Iterator[etree._Element]:
    for child in _elements(element):
        reject_typo("element", local_name(child), CHILDREN[kind], _line(child))
        yield child


def _elements(element: etree._Element) -> Iterator[etree._Element]:
    """Child elements; comments and processing instructions are not elements."""
    return (child for child in element if isinstance(child.tag, str))


def _attributes(element: etree._Element, kind: str) -> Callable[[str], str | None]:
    """Return a look-up of the element's attributes that ignores case."""
    for name in element.attrib:
        reject_typo("attribute", str(name), ATTRIBUTES[kind], _line(element))
    values = {str(k).lower(): str(v) for k, v in element.attrib.items()}
    return lambda name: values.get(name.lower())


def _line(element: etree._Element) -> int | None:
    """Return the line of the source that an element stands in."""
    return cast("int | None", element.sourceline)  # the stubs do not say


def _expr(element: etree._Element) -> str:
    expr = _attributes(element, "node")("expr") or ""
    if not expr.strip():
        raise QuerySyntaxError(
            f"<node> in line {element.sourceline} has no expr.",
            hint='write <node expr="@email"/>',
        )
    return expr


def _operation(text: str | None) -> Operation:
    if not text:
        return "select"
    if text.lower() not in _OPERATIONS:
        raise _bad_word("operation", text, list(_OPERATIONS.values()))
    return cast(Operation, _OPERATIONS[text.lower()])


def _bool_operator(text: str | None) -> BoolOperator:
    word = (text or "AND").upper()
    if word not in ("AND", "OR"):
        raise _bad_word("boolOperator", text or "", ["AND", "OR"])
    return cast(BoolOperator, word)


def _set_operator(text: str | None) -> SetOperator | None:
    if not text:
        return None
    word = " ".join(text.upper().split())
    if word not in _SET_OPERATORS:
        raise _bad_word("setOperator", text, list(_SET_OPERATORS))
    return cast(SetOperator, word)


def _number(text: str | None, name: str) -> int | None:
    if text is None or not text.strip():
        return None
    if not text.strip().isdecimal():
        raise QuerySyntaxError(
            f'{name}="{text}" is not a number of rows.',
            hint=f'write {name}="100"',
            near=text,
        )
    return int(text)


def _flag(text: str | None) -> bool:
    return (text or "").strip().lower() in _TRUE


def _bad_word(name: str, text: str, known: list[str]) -> QuerySyntaxError:
    return QuerySyntaxError(
        f'{name}="{text}" is not known.',
        hint=f"use one of {', '.join(known)}",
        near=text,
    )


def _check_depth(depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise QuerySyntaxError(
            f"Conditions are nested more than {_MAX_DEPTH} deep.",
            hint="flatten the brackets",
        )
