"""Extensions: a source schema's additions laid over the schema it extends.

Adobe, "Extending a schema": declarations of the same name are completed, new ones
are added and say whom they belong to; ``_operation="delete"`` takes one away.
"""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from .source import COMMON, attributes, children, drop, main_element, named, schema_id

_ROOT_ONLY = frozenset(
    {"namespace", "name", "extendedSchema", "xtkschema", "entitySchema", "md5"}
    | {"created", "lastModified", "createdBy-id", "modifiedBy-id", "_cs"}
)
"""Attributes that say which document this is, not what it adds."""

_NAMED = frozenset(
    {"attribute", "element", "enumeration", "value", "key", "dbindex", "method"}
    | {"interface", "sysFilter"}
)
_REPLACED = frozenset({"key", "dbindex", "sysFilter"})
"""Declarations that an extension states again as a whole."""


def extend(base: etree._Element, extension: etree._Element) -> None:
    """Lay an extension over a document, in place.

    The extension's main element has the extension's own name or that of the schema
    it extends; both occur in Adobe's examples.
    """
    owner = schema_id(extension)
    for item in children(extension):
        if item.tag == "element" and item is main_element(extension):
            target = main_element(base)
            if target is not None:
                _merge(target, item, owner)
                continue
        _place(base, item, owner)
    for name, value in attributes(extension):
        if name not in _ROOT_ONLY and name not in base.attrib:
            base.set(name, value)
    known = [n for n in base.get("dependingSchemas", "").split(",") if n]
    if owner not in known:
        base.set("dependingSchemas", ",".join([*known, owner]))


def _merge(target: etree._Element, addition: etree._Element, owner: str) -> None:
    for name, value in attributes(addition):
        if name not in ("name", "_operation"):
            target.set(name, value)
    if addition.text and addition.text.strip():
        target.text = addition.text
    for item in children(addition):
        _place(target, item, owner)


def _place(parent: etree._Element, item: etree._Element, owner: str) -> None:
    present = _counterpart(parent, item)
    if item.get("_operation") == "delete":
        if present is not None:
            parent.remove(present)
    elif present is None:
        parent.append(_owned(item, owner))
    elif item.tag in _REPLACED:
        parent.replace(present, _owned(item, owner))
    else:
        _merge(present, item, owner)


def _counterpart(parent: etree._Element, item: etree._Element) -> etree._Element | None:
    if item.tag in _NAMED:
        return named(parent, item.tag, item.get("name") or "")
    if item.tag in ("join", "param"):
        return None
    return next(children(parent, item.tag), None)


def _owned(item: etree._Element, owner: str) -> etree._Element:
    copy = deepcopy(item)
    drop(copy, "_operation")
    if copy.tag in COMMON and copy.get("belongsTo") is None:
        copy.set("belongsTo", owner)
    return copy
