"""Schema documents as plain trees: read, named, and asked simple questions.

A *document* here is the root of a ``srcSchema`` or ``schema`` without XML namespaces,
comments and blank text, as ``plain`` makes it; the other modules rely on that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass

from lxml import etree

from ..xtk.names import did_you_mean
from ..xtk.xml import XmlError, local_name, parse_xml
from .errors import SchemaError

ROOTS = {"srcschema": "srcSchema", "schema": "schema"}
COMMON = frozenset({"attribute", "element"})
"""Tags that declare something with a name inside the record."""


def read_document(xml: bytes | str | etree._Element) -> etree._Element:
    """Return the plain document of a schema, from text or from an element.

    Raises ``SchemaError`` when it is not well-formed XML, or not a schema with a
    namespace and a name.
    """
    if isinstance(xml, bytes | str):
        try:
            xml = parse_xml(xml)
        except XmlError as exc:
            raise SchemaError(
                f"the schema cannot be read: {exc}",
                hint="correct the XML at that line",
            ) from exc
    tag = ROOTS.get(local_name(xml).lower())
    if tag is None:
        raise SchemaError(
            f"<{local_name(xml)}> is not a schema",
            hint="the document must begin with <srcSchema> or <schema>",
        )
    document = plain(xml)
    document.tag = tag
    if not document.get("namespace") or not document.get("name"):
        raise SchemaError(
            f"<{tag}> has no namespace or no name",
            hint='write <srcSchema namespace="cus" name="…">',
        )
    return document


def plain(element: etree._Element) -> etree._Element:
    """Copy an element without namespaces, comments, instructions and blank text."""
    copy = deepcopy(element)
    copy.tail = None
    etree.strip_tags(copy, etree.Comment, etree.ProcessingInstruction)
    for item in copy.iter("*"):
        item.tail = None
        if len(item) or not (item.text or "").strip():
            item.text = None
        item.tag = local_name(item)
        drop(item, *(name for name in item.attrib if str(name).startswith("{")))
    etree.cleanup_namespaces(copy)
    return copy


def children(element: etree._Element, *tags: str) -> Iterator[etree._Element]:
    """Yield the child elements of a plain document, of those tags or all."""
    return element.iterchildren(*(tags or ("*",)))


def child(element: etree._Element, tag: str) -> etree._Element | None:
    """Return the first child element of that tag, or None."""
    return next(element.iterchildren(tag), None)


def attributes(element: etree._Element) -> list[tuple[str, str]]:
    """Return an element's attributes as they are now; changing it meanwhile is fine."""
    return [(str(name), str(value)) for name, value in element.attrib.items()]


def drop(element: etree._Element, *names: str | bytes) -> None:
    """Remove attributes, those that are there."""
    for name in names:
        if name in element.attrib:
            del element.attrib[name]


def schema_id(document: etree._Element) -> str:
    """Return ``nms:recipient`` for a document."""
    return f"{document.get('namespace')}:{document.get('name')}"


def flag(element: etree._Element, name: str, default: bool = False) -> bool:
    """Return a boolean attribute: ``true``, ``1`` and ``yes`` are true."""
    text = element.get(name)
    return default if text is None else text.strip().lower() in ("true", "1", "yes")


def main_element(document: etree._Element) -> etree._Element | None:
    """Return the element of the same name as the schema (protocol.md §4.3)."""
    return named(document, "element", document.get("name") or "")


def named(parent: etree._Element, tag: str, name: str) -> etree._Element | None:
    """Return the first child of that tag and ``name``, or None."""
    found = (item for item in parent.iterchildren(tag) if item.get("name") == name)
    return next(found, None)


def is_link(element: etree._Element) -> bool:
    """Tell whether an element is a link to another schema."""
    return element.tag == "element" and element.get("type") == "link"


def is_collection(element: etree._Element) -> bool:
    """Tell whether an element repeats inside the record (not a link)."""
    return (
        element.tag == "element" and flag(element, "unbound") and not is_link(element)
    )


def is_structure(element: etree._Element) -> bool:
    """Tell whether an element only groups others (``location``)."""
    return (
        element.tag == "element"
        and not is_link(element)
        and (
            element.get("ref") is not None or next(declared(element), None) is not None
        )
    )


def declared(element: etree._Element) -> Iterator[etree._Element]:
    """Yield the attributes and elements that an element declares, in order."""
    return element.iterchildren("attribute", "element")


def step(element: etree._Element) -> str:
    """Return the path step of a declaration: ``@email`` or ``location``."""
    name = element.get("name") or ""
    return f"@{name}" if element.tag == "attribute" else name


def path_of(element: etree._Element, main: etree._Element) -> str:
    """Return the path of a declaration below the main element."""
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None and node is not main:
        steps.append(step(node))
        node = node.getparent()
    return "/".join(reversed(steps))


def place(document: etree._Element, element: etree._Element | None = None) -> str:
    """Say where in a document something is, for an error."""
    if element is None or element is document:
        return schema_id(document)
    return f"{schema_id(document)}, {path_of(element, document)}"


def find_path(main: etree._Element, path: str) -> etree._Element | None:
    """Return the declaration at a path such as ``location/@city``, or None."""
    node: etree._Element | None = main
    for name in path.strip().removeprefix("/").split("/"):
        if node is None:
            return None
        if name.startswith("@"):
            node = named(node, "attribute", name[1:])
        else:
            node = named(node, "element", name)
    return node


def md5_of(document: etree._Element) -> str:
    """Return the MD5 of a document's meaning, its own ``md5`` left out."""
    bare = etree.fromstring(etree.tostring(document))
    drop(bare, "md5")
    text = etree.tostring(bare, method="c14n")
    return hashlib.md5(text, usedforsecurity=False).hexdigest().upper()


@dataclass(frozen=True, slots=True)
class Library:
    """The documents compiled together.

    ``complete`` names those that came compiled: what they say is taken as it is, and
    what they refer to need not be here.  ``extended`` had extensions merged in.
    """

    documents: Mapping[str, etree._Element]
    complete: frozenset[str] = frozenset()
    extended: frozenset[str] = frozenset()

    def find(self, name: str, where: str) -> etree._Element:
        """Return a document, or raise ``SchemaError`` for the place that names it."""
        if name in self.documents:
            return self.documents[name]
        raise SchemaError(
            f"there is no schema {name!r}",
            where=where,
            hint=did_you_mean(name, self.documents) or "add its source schema as well",
        )

    def find_for(
        self, document: etree._Element, name: str, where: str
    ) -> etree._Element | None:
        """Return a document; None when a compiled one names a schema not given."""
        if name not in self.documents and schema_id(document) in self.complete:
            return None
        return self.find(name, where)
