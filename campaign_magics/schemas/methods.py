"""Methods and interfaces of a schema document (protocol.md §4.4)."""

from __future__ import annotations

from typing import Literal, cast

from lxml import etree

from .model import Method, Parameter
from .source import child, children, flag, schema_id


def read_methods(document: etree._Element) -> tuple[Method, ...]:
    """Return the schema's own methods; their URN is the schema's name."""
    urn = schema_id(document)
    return tuple(
        _method(item, urn)
        for holder in children(document, "methods")
        for item in children(holder, "method")
    )


def read_interfaces(document: etree._Element) -> dict[str, tuple[Method, ...]]:
    """Return the interfaces that a schema offers, by full name (``xtk:persist``).

    The URN of their methods is the interface's name; who implements it, or calls it
    for an entity, writes ``xtk:persist|nms:delivery``.
    """
    found: dict[str, tuple[Method, ...]] = {}
    for holder in children(document, "interface"):
        name = f"{document.get('namespace')}:{holder.get('name')}"
        found[name] = tuple(_method(item, name) for item in children(holder, "method"))
    return found


def _method(item: etree._Element, urn: str) -> Method:
    holder = child(item, "parameters")
    parameters = () if holder is None else tuple(children(holder, "param"))
    text = child(item, "help")
    return Method(
        name=item.get("name") or "",
        urn=urn,
        static=flag(item, "static"),
        const=flag(item, "const"),
        access=item.get("access") or "",
        hidden=flag(item, "hidden"),
        help=" ".join((text.text or "").split()) if text is not None else "",
        parameters=tuple(_parameter(parameter) for parameter in parameters),
    )


def _parameter(item: etree._Element) -> Parameter:
    inout = item.get("inout") or "in"
    if inout not in ("in", "out", "inout"):
        inout = "in"
    return Parameter(
        name=item.get("name") or "",
        type=item.get("type") or "string",
        inout=cast(Literal["in", "out", "inout"], inout),
        description=item.get("desc") or "",
    )
