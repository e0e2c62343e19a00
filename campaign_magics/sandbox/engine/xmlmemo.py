"""Fields that live in a record's XML memo, ``mData`` (protocol.md §4.2)."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa
from lxml import etree

from ...xtk.xml import XmlError, children, parse_xml

_Element = etree._Element


def memo_values(memos: pa.Array, path: tuple[str, ...]) -> pa.Array:
    """Return one value of each memo, '' where it is missing."""
    return pa.array([_value(root, path) for root in _roots(memos)], pa.string())


def list_items(
    memos: pa.Array, name: str, path: tuple[str, ...], fields: tuple[str, ...]
) -> pa.Array:
    """Return the XML of a collection's items, one element for each."""
    rows = [
        "".join(_item(item, name, fields) for item in _all(root, path))
        for root in _roots(memos)
    ]
    return pa.array(rows, pa.string())


def _roots(memos: pa.Array) -> Iterator[_Element | None]:
    for memo in memos.to_pylist():
        try:
            yield parse_xml(memo) if memo else None
        except XmlError:
            yield None


def _all(root: _Element | None, path: tuple[str, ...]) -> list[_Element]:
    found = [] if root is None else [root]
    for step in path:
        found = [child for parent in found for child in children(parent, step)]
    return found


def _value(root: _Element | None, path: tuple[str, ...]) -> str:
    is_attribute = path[-1].startswith("@")
    found = _all(root, path[:-1] if is_attribute else path)
    if not found:
        return ""
    if is_attribute:
        return str(found[0].get(path[-1][1:], ""))
    return str(found[0].text or "")


def _item(item: _Element, name: str, fields: tuple[str, ...]) -> str:
    shown = etree.Element(name)
    for field in fields:
        path = tuple(field.split("/"))
        value = _value(item, path)
        here = shown
        for step in path[:-1]:
            inner = here.find(step)
            here = etree.SubElement(here, step) if inner is None else inner
        if path[-1].startswith("@"):
            here.set(path[-1][1:], value)
        else:
            etree.SubElement(here, path[-1]).text = value
    return etree.tostring(shown, encoding="unicode")
