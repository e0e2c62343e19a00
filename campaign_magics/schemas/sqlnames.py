"""SQL names: the table and columns that a compiled schema writes down.

Rules: Adobe, "Database mapping"; protocol.md §4.2.  Which of two fields keeps the
plain name when both want one, and what becomes of ``-``, nobody documents: assumed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from ..xtk.types import STRING, TYPES
from .checks import XML_TYPE
from .source import (
    declared,
    flag,
    is_collection,
    is_link,
    is_structure,
    main_element,
    path_of,
)

_WORDS = re.compile(r"[^\w]+")
XML_COLUMN = "mData"
"""The memo that holds the XML fields; no field may take its name."""


def add_sql_names(document: etree._Element) -> None:
    """Write ``sqltable`` and each stored field's ``sqlname``, in place.

    A collection that is not a link cannot be a column: it becomes XML.
    """
    main = main_element(document)
    if main is None or document.get("mappingType", "sql") != "sql":
        return
    if main.get("sqltable") is None:
        main.set("sqltable", table_name(document))
    for item in _collections(main):
        item.set("xml", "true")
    fields = list(stored_fields(main))
    taken = {f.get("sqlname", "").lower() for f in fields} | {XML_COLUMN.lower()}
    for field in fields:
        if field.get("sqlname") is None:
            name = _free(_candidates(document, main, field), taken)
            taken.add(name.lower())
            field.set("sqlname", name)


def table_name(document: etree._Element) -> str:
    """Return the default table: ``NmsRecipient`` for ``nms:recipient``."""
    return _capital(document.get("namespace") or "") + _capital(
        document.get("name") or ""
    )


def stored_fields(main: etree._Element) -> Iterator[etree._Element]:
    """Yield the attributes and elements of a main element that are columns."""
    for item in declared(main):
        xml = flag(item, "xml") or item.get("type") == XML_TYPE
        if is_link(item) or is_collection(item) or item.get("expr") is not None:
            continue
        if xml and not flag(item, "sql"):
            yield from _forced(item)
            continue
        if not is_structure(item) or item.get("type") is not None:
            yield item
        if is_structure(item):
            yield from stored_fields(item)


def _forced(item: etree._Element) -> Iterator[etree._Element]:
    """Yield what ``sql="true"`` takes out of an XML part (Adobe, "attribute")."""
    for inner in item.iter("attribute", "element"):
        if inner is not item and flag(inner, "sql") and not is_link(inner):
            yield inner


def _collections(main: etree._Element) -> Iterator[etree._Element]:
    for item in declared(main):
        if is_collection(item):
            yield item
        elif not is_link(item) and not flag(item, "xml"):
            yield from _collections(item)


def _candidates(
    document: etree._Element, main: etree._Element, field: etree._Element
) -> Iterator[str]:
    prefix = TYPES.get(field.get("type") or "string", STRING).prefix
    path = path_of(field, main)
    name = _capital(field.get("name") or "")
    if path == "@id":
        # Adobe names every identifier after its table: iRecipientId.
        yield f"{prefix}{_capital(document.get('name') or '')}Id"
    yield f"{prefix}{name}"
    parents = path.split("/")[:-1]
    yield prefix + "".join(_capital(step) for step in parents) + name
    number = 2
    while True:
        yield f"{prefix}{name}{number}"
        number += 1


def _free(names: Iterator[str], taken: set[str]) -> str:
    return next(name for name in names if name.lower() not in taken)


def _capital(name: str) -> str:
    """Return ``RcpGroupId`` for ``rcpGroup-id``."""
    return "".join(w[:1].upper() + w[1:] for w in _WORDS.split(name))
