"""Documents as parameters: mapping, XML text or element in; a clean element out."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from lxml import etree

from ..errors import InvalidValue
from ..xtk.text import to_text
from ..xtk.types import STRING
from ..xtk.xml import XmlError, local_name, parse_xml


def to_element(value: object, *, name: str) -> etree._Element | None:
    """Return a DOM parameter as an element of its own (the caller's is not moved).

    ``value`` is an lxml element, XML text, None, or a mapping with one entry
    ``{"variables": {"week": 12, "folder": {"name": "x"}}}``: scalars become
    attributes, mappings child elements, lists repeated ones, ``"$"`` the text.
    ``name`` is the parameter's, for messages.  Raises InvalidValue.
    """
    if value is None:
        return None
    if isinstance(value, etree._Element):
        return copy.deepcopy(value)
    if isinstance(value, str | bytes):
        return _parse(value, name)
    if isinstance(value, Mapping):
        if len(value) != 1:
            raise InvalidValue(
                f"{name}: a document has one root, this mapping has {len(value)}.",
                hint='write {"variables": {"week": 12}}',
            )
        [(tag, content)] = value.items()
        return _build(str(tag), content, name)
    raise InvalidValue(
        f"{name}: a document is expected, not {type(value).__name__}.",
        hint="give XML text, a dict with one root, or an lxml element",
    )


def without_namespaces(element: etree._Element) -> etree._Element:
    """Return a copy whose names are plain.

    Inside an answer every element inherits the envelope's default namespace
    (protocol.md §2.1), which means nothing to who reads the document.
    """
    clean = copy.deepcopy(element)
    clean.tail = None
    for inner in clean.iter("*"):
        inner.tag = local_name(inner)
        for name in [n for n in map(str, inner.attrib) if n.startswith("{")]:
            del inner.attrib[name]
    etree.cleanup_namespaces(clean)
    return clean


def _parse(text: str | bytes, name: str) -> etree._Element:
    try:
        return parse_xml(text)
    except XmlError as error:
        raise InvalidValue(
            f"{name}: this is not well-formed XML: {error}.",
            hint="close every element, quote every attribute; write < as &lt;",
        ) from error


def _build(tag: str, content: object, name: str) -> etree._Element:
    try:
        element = etree.Element(tag)
        _fill(element, content, name)
    except ValueError as error:  # lxml: a name or a character XML does not allow
        raise InvalidValue(
            f"{name}: <{tag}> holds what XML cannot.",
            hint="use letters and digits in names, no control characters in texts",
        ) from error
    return element


def _fill(element: etree._Element, content: object, name: str) -> None:
    if not isinstance(content, Mapping):
        element.text = _text(content) or None
        return
    for key, value in content.items():
        if key == "$":
            element.text = _text(value)
        elif isinstance(value, Mapping):
            element.append(_build(key, value, name))
        elif isinstance(value, list | tuple):
            element.extend([_build(key, item, name) for item in value])
        else:
            element.set(key.removeprefix("@"), _text(value))


def _text(value: object) -> str:
    """Return a scalar as Campaign writes it: ``true``, ``2020-12-31``, ``12``."""
    return to_text(STRING, value)
