"""Checks of one schema document, made before anything is built on it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from ..xtk.names import did_you_mean
from ..xtk.types import TYPES, Kind
from .errors import SchemaError
from .source import (
    COMMON,
    child,
    children,
    declared,
    flag,
    is_link,
    main_element,
    place,
    schema_id,
)

XML_TYPE = "xml"
"""``type="xml"`` on an element: stored in the XML memo (Adobe, "element element")."""

_NAME = re.compile(r"[^\W\d][\w.-]*")
_SCHEMA_NAME = re.compile(r"[^\W\d][\w-]*:[^\W\d][\w.-]*")


def check_document(document: etree._Element) -> None:
    """Check names, duplicates, types, enumerations, keys, links and methods.

    Raises ``SchemaError`` at the first mistake.
    """
    for part in ("namespace", "name"):
        _check_name(document.get(part) or "", document, document)
    if document.get("extendedSchema") is None and not flag(document, "library"):
        _check_main(document)
    _check_unique(document, children(document, "enumeration"), "enumeration")
    for enumeration in children(document, "enumeration"):
        _check_enumeration(document, enumeration)
    _check_declarations(document, document)
    for tag in ("interface", "methods"):
        for holder in children(document, tag):
            _check_methods(document, holder)


def _check_main(document: etree._Element) -> None:
    if main_element(document) is not None:
        return
    name = document.get("name") or ""
    names = [item.get("name") or "" for item in children(document, "element")]
    raise SchemaError(
        f"the main element is missing: none is named {name!r}",
        where=schema_id(document),
        hint=did_you_mean(name, names) or f'add <element name="{name}">',
    )


def _check_name(
    name: str, document: etree._Element, element: etree._Element | None
) -> None:
    if _NAME.fullmatch(name):
        return
    what = f"{name!r} is not a name" if name else "a name is missing"
    raise SchemaError(
        what,
        where=place(document, element),
        hint="a name begins with a letter and holds letters, digits, _ - and .",
    )


def _check_unique(
    document: etree._Element, items: Iterable[etree._Element], what: str
) -> None:
    seen: set[str] = set()
    for item in items:
        name = item.get("name") or ""
        if name in seen:
            raise SchemaError(
                f"the {what} {name!r} is declared twice",
                where=place(document, item.getparent()),
                hint="remove one of the two",
            )
        seen.add(name)


def _check_declarations(document: etree._Element, parent: etree._Element) -> None:
    for tag in sorted(COMMON):
        _check_unique(document, children(parent, tag), tag)
    for tag in ("key", "dbindex"):
        _check_unique(document, children(parent, tag), tag)
        for item in children(parent, tag):
            _check_keyfields(document, item)
    for item in declared(parent):
        if item.get("aggregate") is None:
            _check_name(item.get("name") or "", document, item)
        _check_type(document, item)
        if is_link(item):
            _check_link(document, item)
        _check_declarations(document, item)


def _check_type(document: etree._Element, item: etree._Element) -> None:
    name = item.get("type")
    if name and name not in TYPES and name != XML_TYPE:
        raise SchemaError(
            f"there is no type {name!r}",
            where=place(document, item),
            hint=did_you_mean(name, TYPES) or "string, long, double, date, memo …",
        )
    length = item.get("length")
    if length and not (length.isascii() and length.isdigit()):
        raise SchemaError(
            f"the length {length!r} is not a number",
            where=place(document, item),
            hint="write the greatest number of characters",
        )


def _check_link(document: etree._Element, link: etree._Element) -> None:
    target = link.get("target") or ""
    if not _SCHEMA_NAME.fullmatch(target) and link.get("template") is None:
        raise SchemaError(
            "the link has no target" if not target else f"{target!r} is no schema",
            where=place(document, link),
            hint='write target="namespace:name"',
        )
    joins = list(children(link, "join"))
    if any(not j.get("xpath-src") or not j.get("xpath-dst") for j in joins):
        raise SchemaError(
            "a join lacks a field",
            where=place(document, link),
            hint="write xpath-src (this schema) and xpath-dst (the target)",
        )
    if flag(link, "unbound") and not joins:
        raise SchemaError(
            "a link to a collection needs a join",
            where=place(document, link),
            hint="declare the link in the schema that holds the foreign key",
        )


def _check_keyfields(document: etree._Element, key: etree._Element) -> None:
    fields = list(children(key, "keyfield"))
    if not fields or any(not f.get("xpath") and not f.get("xlink") for f in fields):
        raise SchemaError(
            f"the {key.tag} {key.get('name') or ''!r} names no field",
            where=place(document, key.getparent()),
            hint='add <keyfield xpath="@…"/>',
        )


def basetype(enumeration: etree._Element) -> str:
    """Return the type of an enumeration's values; both spellings occur in Adobe's."""
    return enumeration.get("basetype") or enumeration.get("baseType") or "string"


def stored_value(value: etree._Element) -> str:
    """Return what is stored for a value: its ``value``, else its name."""
    text = value.get("value")
    return text if text is not None else value.get("name") or ""


def _check_enumeration(document: etree._Element, enumeration: etree._Element) -> None:
    name = enumeration.get("name") or ""
    _check_name(name, document, enumeration)
    where = f"{schema_id(document)}, enumeration {name}"
    base = basetype(enumeration)
    if base not in TYPES:
        raise SchemaError(
            f"there is no type {base!r}",
            where=where,
            hint=did_you_mean(base, TYPES) or "byte, short, long or string",
        )
    values = list(children(enumeration, "value"))
    for what, texts in (
        ("name", [v.get("name") or "" for v in values]),
        ("value", [stored_value(v) for v in values]),
    ):
        for text in _twice(texts):
            raise SchemaError(
                f"the {what} {text!r} occurs twice",
                where=where,
                hint=f"give each entry its own {what}",
            )
    if TYPES[base].kind is Kind.INTEGER:
        for value in values:
            _check_integer(stored_value(value), base, where)
    _check_default(enumeration, values, where)


def _twice(texts: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for text in texts:
        if text in seen:
            yield text
        seen.add(text)


def _check_integer(text: str, base: str, where: str) -> None:
    try:
        int(text)
    except ValueError:
        raise SchemaError(
            f"the value {text!r} is not a {base}",
            where=where,
            hint='give the entry a number: value="1"',
        ) from None


def _check_default(
    enumeration: etree._Element, values: list[etree._Element], where: str
) -> None:
    """Accept a default by name or by stored value: Adobe's examples write both."""
    default = enumeration.get("default")
    names = [v.get("name") or "" for v in values]
    if default and default not in names and default not in map(stored_value, values):
        raise SchemaError(
            f"the default {default!r} is not one of the values",
            where=where,
            hint=did_you_mean(default, names) or "name one of the values",
        )


def _check_methods(document: etree._Element, holder: etree._Element) -> None:
    _check_unique(document, children(holder, "method"), "method")
    for method in children(holder, "method"):
        where = f"{schema_id(document)}, method {method.get('name') or ''}"
        parameters = child(method, "parameters")
        for item in () if parameters is None else children(parameters, "param"):
            if not item.get("name") or not item.get("type"):
                raise SchemaError(
                    "a parameter has no name or no type",
                    where=where,
                    hint='write <param name="…" type="string"/>',
                )
            if item.get("inout", "in") not in ("in", "out", "inout"):
                raise SchemaError(
                    f"inout={item.get('inout')!r} of {item.get('name')} is unknown",
                    where=where,
                    hint="in, out or inout",
                )
