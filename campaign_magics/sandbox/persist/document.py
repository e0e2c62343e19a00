"""A document to write, read against its schema: one Record for each entity in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal, cast, get_args

from lxml import etree

from ...schemas.model import Field, Link
from ...xtk.xml import local_name
from .causes import NotSaved, clipped, not_saved, unknown
from .memo import Change
from .shape import Shape
from .values import Stored, memo_text, stored_value

Operation = Literal["insert", "insertOrUpdate", "update", "delete", "none"]
OPERATIONS: Final[tuple[str, ...]] = get_args(Operation)

_DEEPEST: Final = 40
"""Entities within entities; a delivery's document has about five levels."""

Lookup = Callable[[str], Shape]


@dataclass(slots=True, kw_only=True)
class Record:
    """One entity of a document.

    ``key`` are the paths of ``_key``, None without.  ``values`` are stored values by
    path, ``changes`` the parts that go into the XML memo.  ``links`` are linked
    entities by path, ``items`` entities of collections.
    """

    shape: Shape
    operation: Operation
    key: tuple[str, ...] | None = None
    values: dict[str, Stored] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    links: dict[str, Record] = field(default_factory=dict)
    items: list[tuple[Link, Record]] = field(default_factory=list)


def read_record(element: etree._Element, shape: Shape, lookup: Lookup) -> Record:
    """Read an entity with all it holds; ``lookup`` finds the schemas of links.

    Attributes that begin with ``_`` are instructions or what servers add (``_cs``).
    Raises NotSaved for what the schema does not know, or a value that does not fit.
    """
    return _Reader(lookup).entity(element, shape, 0)


class _Reader:
    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup

    def entity(self, element: etree._Element, shape: Shape, depth: int) -> Record:
        if depth > _DEEPEST:
            raise not_saved(shape.schema, "The document is nested too deeply.")
        key = element.get("_key")
        record = Record(
            shape=shape,
            operation=_operation(element, shape),
            key=None if key is None or not key.strip() else _paths(shape, key),
        )
        self._content(element, record, "", depth)
        return record

    def _content(
        self, element: etree._Element, record: Record, prefix: str, depth: int
    ) -> None:
        for name, text in element.attrib.items():
            name = str(name)
            if name[0] not in "_{" and name != "xtkschema":
                self._value(record, f"{prefix}@{name}", str(text))
        collected: dict[str, list[etree._Element]] = {}
        for child in element:
            if isinstance(child.tag, str):
                self._child(child, record, prefix, collected, depth)
        for path, found in collected.items():
            record.changes.append(Change(path=path, items=tuple(found)))
        schema, text = record.shape.schema, _own_text(element)
        if text and prefix[:-1] not in schema.field_by_path:
            cause = f"The text '{clipped(text)}' stands where no text may."
            raise not_saved(schema, cause)

    def _child(
        self,
        child: etree._Element,
        record: Record,
        prefix: str,
        collected: dict[str, list[etree._Element]],
        depth: int,
    ) -> None:
        path = f"{prefix}{local_name(child)}"
        schema = record.shape.schema
        if (link := schema.link_by_path.get(path)) is not None:
            self._linked(child, record, link, depth)
        elif path in schema.collection_by_path:
            collected.setdefault(path, []).append(child)
        elif (known := schema.field_by_path.get(path)) is not None:
            self._element(child, record, known, depth)
        elif path in record.shape.prefixes:
            self._content(child, record, f"{path}/", depth)
        else:
            raise _unknown(record.shape, path)

    def _linked(
        self, child: etree._Element, record: Record, link: Link, depth: int
    ) -> None:
        if not _has_data(child):
            return
        inner = self.entity(child, self._lookup(link.target), depth + 1)
        if link.unbound:
            record.items.append((link, inner))
        else:
            record.links[link.path] = inner

    def _element(
        self, child: etree._Element, record: Record, known: Field, depth: int
    ) -> None:
        if known.path in record.shape.prefixes:
            self._content(child, record, f"{known.path}/", depth)
        elif known.xml and _is_structured(child):
            record.changes.append(Change(path=known.path, element=child))
            return
        self._value(record, known.path, "".join(map(str, child.itertext())))

    def _value(self, record: Record, path: str, text: str) -> None:
        shape = record.shape
        known = shape.schema.field_by_path.get(path)
        if known is None:
            raise _unknown(shape, path)
        if known.expr is not None:
            return  # computed by the server, whatever the document says
        if known.xml:
            checked = memo_text(shape.schema, known, text)
            record.changes.append(Change(path=path, text=checked))
        elif path in shape.columns:
            record.values[path] = stored_value(
                shape.schema, known, text, shape.database
            )


def _operation(element: etree._Element, shape: Shape) -> Operation:
    text = element.get("_operation") or "insertOrUpdate"
    if text not in OPERATIONS:
        known = ", ".join(OPERATIONS)
        raise not_saved(
            shape.schema, f"Unknown _operation '{clipped(text)}': it is one of {known}."
        )
    return cast(Operation, text)


def _paths(shape: Shape, key: str) -> tuple[str, ...]:
    """Read ``_key``: XPaths by comma; brackets and ``@`` may be missing, as in Adobe's
    samples.
    """
    parts = [
        part.strip().removeprefix("[").removesuffix("]") for part in key.split(",")
    ]
    return tuple(_path(shape, part.strip()) for part in parts if part.strip())


def _path(shape: Shape, part: str) -> str:
    schema = shape.schema
    if part in schema.field_by_path or "@" in part:
        return part
    head, slash, last = part.rpartition("/")
    attribute = f"{head}{slash}@{last}"
    if slash or attribute in schema.field_by_path:
        return attribute
    raise _unknown(shape, part)


def _unknown(shape: Shape, path: str) -> NotSaved:
    schema = shape.schema
    known = [*schema.field_by_path, *schema.link_by_path, *schema.collection_by_path]
    return unknown(schema, path, known)


def _has_data(element: etree._Element) -> bool:
    """Tell whether a linked element says anything: NewInstance writes ``_cs`` alone."""
    if any(isinstance(child.tag, str) for child in element):
        return True
    return any(str(name)[0] not in "_{" for name in element.attrib)


def _is_structured(element: etree._Element) -> bool:
    """Tell an XML document in a memo (``<variables a="1"/>``) from its mere text."""
    has_children = any(isinstance(child.tag, str) for child in element)
    return has_children or any(str(name)[0] not in "_{" for name in element.attrib)


def _own_text(element: etree._Element) -> str:
    tails = [str(child.tail or "") for child in element]
    return "".join([str(element.text or ""), *tails]).strip()
