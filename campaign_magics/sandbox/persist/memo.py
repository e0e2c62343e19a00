"""The XML memo of a record: fields and collections stored as XML (protocol.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Final

from lxml import etree

from ...xtk.xml import XmlError, children, local_name, parse_xml

_NAMES: Final = ("id", "name", "internalName", "key")
"""Attributes that identify an item which says no ``_key`` (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One part to put into the memo: a text, a whole element, or a collection."""

    path: str
    text: str = ""
    element: etree._Element | None = None
    items: tuple[etree._Element, ...] | None = None


def changed_memo(memo: str | None, name: str, changes: Iterable[Change]) -> str | None:
    """Return a memo with these changes; ``name`` is its root, None an empty one."""
    root = root_of(memo, name)
    for change in changes:
        if change.items is not None:
            _put_items(root, change.path, change.items)
        elif change.element is not None:
            _put_element(root, change.path, change.element)
        else:
            _put_text(root, change.path, change.text)
    if len(root) == 0 and not root.attrib and not (root.text or "").strip():
        return None
    return etree.tostring(root, encoding="unicode")


def root_of(memo: str | None, name: str) -> etree._Element:
    """Return a memo's document, an empty one of this name when there is none."""
    try:
        return parse_xml(memo) if memo else etree.Element(name)
    except XmlError:
        return etree.Element(name)


def _put_text(root: etree._Element, path: str, text: str) -> None:
    head, _, last = path.rpartition("/")
    holder = _holder(root, head)
    if last.startswith("@"):
        if text:
            holder.set(last[1:], text)
        else:
            _drop(holder, last[1:])
        return
    found = next(children(holder, last), None)
    if found is None and text:
        found = etree.SubElement(holder, last)
    if found is not None:
        found.text = text or None


def _put_element(root: etree._Element, path: str, element: etree._Element) -> None:
    head, _, last = path.rpartition("/")
    holder = _holder(root, head)
    for old in list(children(holder, last)):
        holder.remove(old)
    holder.append(_clean(element))


def _put_items(
    root: etree._Element, path: str, items: Sequence[etree._Element]
) -> None:
    """Replace a collection whole, or merge it when its items say ``_operation``."""
    head, _, last = path.rpartition("/")
    holder = _holder(root, head)
    present = list(children(holder, last))
    if not any(item.get("_operation") for item in items):
        for old in present:
            holder.remove(old)
        holder.extend(_clean(item) for item in items)
        return
    for item in items:
        _merge_item(holder, last, item)


def _merge_item(holder: etree._Element, name: str, item: etree._Element) -> None:
    operation = item.get("_operation") or "insertOrUpdate"
    found = None if operation == "insert" else _same(children(holder, name), item)
    if operation == "none" or (found is None and operation in ("update", "delete")):
        return
    if found is None:
        holder.append(_clean(item))
    elif operation == "delete":
        holder.remove(found)
    else:
        _merge(found, _clean(item))


def _same(
    present: Iterable[etree._Element], item: etree._Element
) -> etree._Element | None:
    key = item.get("_key") or next((n for n in _NAMES if item.get(n)), "")
    names = [
        n.strip().strip("[]").removeprefix("@") for n in key.split(",") if n.strip()
    ]
    for one in present:
        if names and all(one.get(name) == item.get(name) for name in names):
            return one
    return None


def _merge(found: etree._Element, item: etree._Element) -> None:
    """Take over attributes, text and inner elements; an empty attribute clears."""
    for name, text in item.attrib.items():
        if text:
            found.set(name, text)
        else:
            _drop(found, str(name))
    if (item.text or "").strip():
        found.text = item.text
    for child in list(item):
        for old in list(children(found, local_name(child))):
            found.remove(old)
    found.extend(list(item))


def _holder(root: etree._Element, path: str) -> etree._Element:
    for step in path.split("/") if path else ():
        inner = next(children(root, step), None)
        root = etree.SubElement(root, step) if inner is None else inner
    return root


def _clean(element: etree._Element) -> etree._Element:
    """Return a copy without instructions."""
    copy = deepcopy(element)
    copy.tail = None
    for node in copy.iter(etree.Element):
        _drop(node, "_operation")
        _drop(node, "_key")
    return copy


def _drop(element: etree._Element, name: str) -> None:
    if name in element.attrib:
        del element.attrib[name]
