"""An element as markup without namespaces, comments and writing instructions."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from ..frames.encode import escape
from ..xtk.xml import children, local_name

_INSTRUCTIONS = ("_operation", "_key", "xtkschema")


def attributes_text(element: etree._Element) -> str:
    """Return `` name="value"`` of every attribute but an entity's instructions."""
    return "".join(
        f' {name!s}="{escape(str(text))}"'
        for name, text in element.attrib.items()
        if str(name) not in _INSTRUCTIONS and not str(name).startswith("{")
    )


def content_text(element: etree._Element) -> str:
    """Return what an element holds; white space between elements is left out."""
    return "".join(_content(element))


def _content(element: etree._Element) -> Iterator[str]:
    inner = list(children(element))
    yield _text(element.text, blank=not inner)
    for node in element:
        if isinstance(node.tag, str):
            yield from _element(node)
        yield _text(node.tail, blank=not inner)


def _element(element: etree._Element) -> Iterator[str]:
    name = local_name(element)
    yield f"<{name}"
    for key, text in element.attrib.items():
        if not str(key).startswith("{"):
            yield f' {key!s}="{escape(str(text))}"'
    yield ">"
    yield from _content(element)
    yield f"</{name}>"


def _text(text: str | bytes | None, *, blank: bool) -> str:
    """Escape a text; one of white space only counts where ``blank`` says so."""
    known = str(text or "")
    return escape(known) if blank or known.strip() else ""
