"""Shared definitions: ``template``, ``aggregate`` and ``ref`` (protocol.md §4.3).

``template`` and ``aggregate`` copy a definition; ``ref`` shares it.  A ref stays a
ref where the value lives in XML, where it may even be cyclic; where it would become
columns, or lies in another schema, it is copied, so that each use has columns of its
own and the compiled schema stands alone.
"""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from ..xtk.names import did_you_mean
from .errors import SchemaError
from .source import (
    COMMON,
    Library,
    attributes,
    children,
    declared,
    find_path,
    flag,
    is_collection,
    main_element,
    place,
    schema_id,
)

Seen = tuple[tuple[str, str], ...]

MAX_DECLARATIONS = 20_000
"""More than any real schema; stops definitions that multiply without end."""


MAX_SHARED_DEPTH = 30
"""Definitions made of definitions, one inside the other."""


def expand(document: etree._Element, library: Library) -> None:
    """Copy shared definitions into a document, in place.

    Raises ``SchemaError`` for a definition that does not exist or leads back to
    itself.
    """
    main = main_element(document)
    sql = document.get("mappingType", "sql") == "sql"
    expander = _Expander(document, library)
    for item in list(declared(document)):
        expander.visit(item, stored=sql and item is main, seen=())


def definition(
    document: etree._Element, reference: str, tag: str
) -> etree._Element | None:
    """Return what a reference inside a document names, or None."""
    path = f"@{reference}" if tag == "attribute" and "@" not in reference else reference
    found = find_path(document, path)
    if found is None and (main := main_element(document)) is not None:
        found = find_path(main, path)
    return found


def split_reference(reference: str) -> tuple[str, str]:
    """Split ``nms:common:phone`` into its schema and path; the schema may be empty."""
    parts = reference.split(":", 2)
    if len(parts) == 3:
        return f"{parts[0]}:{parts[1]}", parts[2]
    return "", reference


class _Expander:
    """One document being expanded; counts what it copies."""

    def __init__(self, document: etree._Element, library: Library) -> None:
        self.document = document
        self.id = schema_id(document)
        self.library = library
        self.left = MAX_DECLARATIONS

    def visit(self, node: etree._Element, *, stored: bool, seen: Seen) -> None:
        if node.get("aggregate"):
            self._aggregate(node, stored=stored, seen=seen)
            return
        if (flag(node, "xml") and not flag(node, "sql")) or is_collection(node):
            stored = False
        for name in ("template", "ref"):
            if reference := node.get(name):
                seen = self._fill(node, name, reference, stored, seen)
        for item in list(declared(node)):
            self.visit(item, stored=stored, seen=seen)

    def _fill(
        self, node: etree._Element, kind: str, reference: str, stored: bool, seen: Seen
    ) -> Seen:
        """Copy the definition that a node refers to; return the way that led here."""
        home, found = self._find(node, reference)
        step = (home, split_reference(reference)[1])
        if step in seen:
            if kind == "ref" and not stored:
                return seen  # the second time round, a cycle may stay a reference
            raise self._endless(node, reference)
        if kind == "ref":
            self._refuse_loop(node, home, found)
            if home == self.id and not stored:
                return seen
        del node.attrib[kind]
        for name, value in attributes(found):
            if name not in node.attrib:
                node.set(name, self._qualified(home, name, value))
        present = _names(node)
        for item in children(found):
            if item.tag not in COMMON or (item.tag, item.get("name")) not in present:
                node.append(self._copy(item, home))
        return self._deeper(node, seen, step)

    def _aggregate(self, node: etree._Element, *, stored: bool, seen: Seen) -> None:
        """Put the definition's children in the node's place: xtk:common:auditTrail."""
        reference = node.get("aggregate", "")
        home, found = self._find(node, reference)
        step = (home, split_reference(reference)[1])
        parent = node.getparent()
        if step in seen or parent is None:
            raise self._endless(node, reference)
        present = _names(parent)
        copies = [
            self._copy(item, home)
            for item in declared(found)
            if (item.tag, item.get("name")) not in present
        ]
        seen = self._deeper(node, seen, step)
        at = parent.index(node)
        parent[at : at + 1] = copies
        for item in copies:
            self.visit(item, stored=stored, seen=seen)

    def _find(self, node: etree._Element, reference: str) -> tuple[str, etree._Element]:
        where = place(self.document, node)
        schema, path = split_reference(reference)
        home = self.document
        if schema and schema != self.id:
            home = self.library.find(schema, where)
        found = definition(home, path, str(node.tag))
        if found is not None:
            return schema_id(home), found
        names = [item.get("name") or "" for item in declared(home)]
        raise SchemaError(
            f"there is no definition {path!r} in {schema_id(home)}",
            where=where,
            hint=did_you_mean(path, names) or "a reference is schema:path, or a path",
        )

    def _refuse_loop(
        self, node: etree._Element, home: str, found: etree._Element
    ) -> None:
        """Follow refs of refs: a chain that ends nowhere defines nothing."""
        chain = [found]
        while reference := chain[-1].get("ref"):
            schema, path = split_reference(reference)
            name = schema or home
            document = self.document
            if name != self.id:
                document = self.library.find(name, place(self.document, node))
            following = definition(document, path, str(chain[-1].tag))
            if following is None:
                return  # reported where that ref is expanded
            if following in chain:
                raise self._endless(node, node.get("ref") or "")
            chain.append(following)
            home = name

    def _deeper(self, node: etree._Element, seen: Seen, step: tuple[str, str]) -> Seen:
        if len(seen) < MAX_SHARED_DEPTH:
            return (*seen, step)
        raise SchemaError(
            f"definitions refer to each other more than {MAX_SHARED_DEPTH} deep",
            where=place(self.document, node),
            hint="write the fields out where they are used",
        )

    def _copy(self, item: etree._Element, home: str) -> etree._Element:
        copy = deepcopy(item)
        for part in copy.iter(*COMMON):
            self.left -= 1
            for name, value in attributes(part):
                part.set(name, self._qualified(home, name, value))
        if self.left < 0:
            raise SchemaError(
                f"shared definitions expand to more than {MAX_DECLARATIONS:,} fields",
                where=self.id,
                hint='store the content as XML (xml="true"), or share less',
            )
        return copy

    def _qualified(self, home: str, name: str, value: str) -> str:
        """Write a name that another schema used for itself with that schema's name."""
        if home == self.id:
            return value
        if name in ("ref", "template", "aggregate") and not split_reference(value)[0]:
            return f"{home}:{value}"
        if name == "enum" and ":" not in value:
            return f"{home}:{value}"
        return value

    def _endless(self, node: etree._Element, reference: str) -> SchemaError:
        return SchemaError(
            f"the definition {reference!r} leads back to itself",
            where=place(self.document, node),
            hint='only content stored as XML (xml="true") may contain itself',
        )


def _names(parent: etree._Element) -> set[tuple[object, str | None]]:
    return {(item.tag, item.get("name")) for item in declared(parent)}
