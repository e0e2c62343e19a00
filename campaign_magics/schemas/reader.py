"""Compiled schema XML to ``Schema`` (grammar: protocol.md §4.3).

Lenient where a real server might surprise: an unknown type reads as text, an unknown
enumeration as none.  What must be right is checked by the compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from typing import NamedTuple

from lxml import etree

from ..xtk.types import MEMO, STRING, TYPES, EnumValue, Kind, XtkType
from .checks import XML_TYPE, basetype, stored_value
from .errors import SchemaError
from .expand import definition, split_reference
from .keys import CLOUD
from .methods import read_interfaces, read_methods
from .model import Collection, Enumeration, Field, Index, Join, Key, Link, Schema
from .relative import from_root
from .source import (
    attributes,
    child,
    children,
    declared,
    flag,
    is_collection,
    is_link,
    is_structure,
    main_element,
    read_document,
    schema_id,
    step,
)

DEFAULT_LENGTH = 255
"""Characters of a stored string without ``length`` (Adobe, "Schema structure")."""

MAX_SHARED = 20_000
MAX_SHARED_DEPTH = 8
"""Declarations that refs may add, and refs inside each other: definitions that share
each other would multiply without end.  What lies beyond has no fields."""

FindEnumeration = Callable[[str], Enumeration | None]


def read_schema(
    xml: bytes | str | etree._Element,
    *,
    find_enumeration: FindEnumeration | None = None,
) -> Schema:
    """Read one compiled schema.

    ``find_enumeration`` is asked for enumerations of other schemas by full name
    (``nms:delivery:messageType``); without it, fields that use one have none.
    Raises ``SchemaError`` when the text is not a schema or lacks its main element.
    """
    document = read_document(xml)
    main = main_element(document)
    if main is None and not flag(document, "library"):
        raise SchemaError(
            "the main element is missing",
            where=schema_id(document),
            hint=f'the schema needs <element name="{document.get("name")}">',
        )
    own = read_enumerations(document)
    walk = _Walk(document, partial(_enumeration, own, find_enumeration, document))
    if main is not None:
        walk.read(main, (), xml=document.get("mappingType", "sql") != "sql")
    root = document if main is None else main
    sql = document.get("mappingType", "sql") == "sql"
    return Schema(
        namespace=document.get("namespace") or "",
        name=document.get("name") or "",
        label=document.get("label") or root.get("label") or "",
        label_singular=document.get("labelSingular") or root.get("labelSingular") or "",
        description=document.get("desc") or root.get("desc") or "",
        md5=document.get("md5") or "",
        mapping=document.get("mappingType", "sql"),
        table=root.get("sqltable") if sql else None,
        database="cloud" if root.get("dataSource") == CLOUD else "local",
        staged=flag(root, "autoStg"),
        auto_pk=flag(root, "autopk"),
        auto_uuid=flag(root, "autouuid"),
        sequence=root.get("pkSequence") or "XtkNewId",
        compute_string=_compute_string(root),
        fields=tuple(walk.fields),
        links=tuple(walk.links),
        collections=tuple(walk.collections),
        keys=tuple(_key(item) for item in children(root, "key")),
        indexes=tuple(_index(item) for item in children(root, "dbindex")),
        enumerations=own,
        methods=read_methods(document),
        interfaces=read_interfaces(document),
        implements=document.get("implements") or None,
    )


def read_schemas(
    documents: Mapping[str, bytes | str | etree._Element],
) -> dict[str, Schema]:
    """Read compiled schemas that use each other's enumerations."""
    read = {name: read_document(xml) for name, xml in documents.items()}
    known = chain.from_iterable(read_enumerations(d).values() for d in read.values())
    enumerations = {enumeration.name: enumeration for enumeration in known}
    return {
        name: read_schema(document, find_enumeration=enumerations.get)
        for name, document in read.items()
    }


def read_enumerations(document: etree._Element) -> dict[str, Enumeration]:
    """Return the enumerations that a document declares, by their short names."""
    return {
        item.get("name") or "": _read_enumeration(document, item)
        for item in children(document, "enumeration")
    }


def _read_enumeration(document: etree._Element, item: etree._Element) -> Enumeration:
    values = tuple(
        EnumValue(
            value=stored_value(value),
            name=value.get("name") or stored_value(value),
            label=value.get("label") or value.get("name") or stored_value(value),
        )
        for value in children(item, "value")
    )
    default = item.get("default")
    # A default names a value; Adobe's example of a gender gives the value itself.
    by_value = {value.value: value.name for value in values}
    names = {value.name for value in values}
    name = item.get("name") or ""
    return Enumeration(
        name=f"{schema_id(document)}:{name}",
        label=item.get("label") or name,
        basetype=TYPES.get(basetype(item), STRING),
        values=values,
        default=default if default in names else by_value.get(default or ""),
    )


def _enumeration(
    own: Mapping[str, Enumeration],
    find: FindEnumeration | None,
    document: etree._Element,
    name: str,
) -> Enumeration | None:
    schema, _, local = name.rpartition(":")
    if not schema or schema == schema_id(document):
        return own.get(local)
    return find(name) if find is not None else None


class _Inner(NamedTuple):
    """Where the walk stands: a declaration, its path, and what led to it."""

    item: etree._Element
    path: tuple[str, ...]
    xml: bool
    seen: tuple[etree._Element, ...]


@dataclass(slots=True)
class _Walk:
    """Collects what a main element declares, with paths from the record's root."""

    document: etree._Element
    enumeration: Callable[[str], Enumeration | None]
    fields: list[Field] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    collections: list[Collection] = field(default_factory=list)
    shared: list[int] = field(default_factory=lambda: [0])
    """How many declarations refs have added, counted for nested walks as well."""

    def read(
        self,
        parent: etree._Element,
        steps: tuple[str, ...],
        *,
        xml: bool,
        seen: tuple[etree._Element, ...] = (),
    ) -> None:
        """Read what ``parent`` declares, and what its ``ref`` shares with it.

        ``seen`` are the definitions on the way here: one that contains itself is
        read once, its inner use has no fields.
        """
        chain = self._chain(parent, seen)
        if len(chain) > 1:
            depth = sum(part.get("ref") is not None for part in seen)
            self.shared[0] += sum(len(part) for part in chain[1:])
            if depth > MAX_SHARED_DEPTH or self.shared[0] > MAX_SHARED:
                return
        for item in (item for part in chain for item in declared(part)):
            path = (*steps, step(item))
            shown = self._with_shared_attributes(item)
            inner = _Inner(item, path, xml, (*seen, *chain))
            if is_link(shown):
                self.links.append(_link(item, path))
            elif is_collection(shown):
                self._collection(shown, inner)
            else:
                self._plain(shown, inner)

    def _plain(self, shown: etree._Element, inner: _Inner) -> None:
        kind = shown.get("type")
        xml = inner.xml or flag(shown, "xml") or kind == XML_TYPE
        group = is_structure(inner.item)
        if group and shown is not inner.item:
            group = any(is_structure(part) for part in self._chain(inner.item, ()))
        if not group or kind not in (None, XML_TYPE):
            stored_in_xml = xml and not flag(shown, "sql")
            made = _field(shown, inner.path, stored_in_xml, self.enumeration)
            self.fields.append(made)
        if group:
            self.read(inner.item, inner.path, xml=xml, seen=inner.seen)

    def _collection(self, shown: etree._Element, inner: _Inner) -> None:
        """Read a collection as records of its own; nested ones get the whole path."""
        walk = _Walk(self.document, self.enumeration, shared=self.shared)
        walk.read(inner.item, (), xml=True, seen=inner.seen)
        name = "/".join(inner.path)
        label = shown.get("label") or ""
        own = Collection(path=name, label=label, fields=tuple(walk.fields))
        self.collections.append(own)
        self.collections.extend(
            replace(nested, path=f"{name}/{nested.path}") for nested in walk.collections
        )

    def _chain(
        self, item: etree._Element, seen: tuple[etree._Element, ...]
    ) -> list[etree._Element]:
        """Return an element and the definitions that its refs lead to, once each."""
        chain = [item]
        while (shared := self._shared(chain[-1])) is not None:
            if any(shared is other for other in (*seen, *chain)):
                break
            chain.append(shared)
        return chain

    def _shared(self, item: etree._Element) -> etree._Element | None:
        schema, path = split_reference(item.get("ref") or "")
        if not path or schema not in ("", schema_id(self.document)):
            return None
        return definition(self.document, path, str(item.tag))

    def _with_shared_attributes(self, item: etree._Element) -> etree._Element:
        if item.get("ref") is None:
            return item
        shown = etree.Element(str(item.tag))
        for part in self._chain(item, ()):
            for name, value in attributes(part):
                if name not in shown.attrib:
                    shown.set(name, value)
        return shown


def _field(
    item: etree._Element,
    path: tuple[str, ...],
    xml: bool,
    enumeration: Callable[[str], Enumeration | None],
) -> Field:
    kind = _type(item)
    name = item.get("enum")
    expr = item.get("expr")
    return Field(
        path="/".join(path),
        label=item.get("label") or item.get("name") or "",
        type=kind,
        description=item.get("desc") or "",
        length=_length(item, kind, xml),
        enum=enumeration(name) if name else None,
        user_enum=item.get("userEnum"),
        sql_name=item.get("sqlname"),
        expr=from_root(expr, path) if expr else None,
        default=_default(item),
        sql_default=item.get("sqlDefault"),
        required=flag(item, "required"),
        not_null=flag(item, "notNull", kind.kind in _NUMBERS),
        xml=xml,
        advanced=flag(item, "advanced"),
        def_on_duplicate=flag(item, "defOnDuplicate"),
    )


_NUMBERS = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.TIMESPAN})
"""Never null unless the schema says so (Adobe, "attribute element", notNull)."""


def _length(item: etree._Element, kind: XtkType, xml: bool) -> int | None:
    length = item.get("length") or ""
    if length.isascii() and length.isdigit():
        return int(length)
    column = kind == STRING and not xml and item.get("expr") is None
    return DEFAULT_LENGTH if column else None


def _type(item: etree._Element) -> XtkType:
    name = item.get("type") or "string"
    return MEMO if name == XML_TYPE else TYPES.get(name, STRING)


def _default(item: etree._Element) -> str | None:
    inner = child(item, "default")
    return item.get("default") or (inner.text if inner is not None else None)


def _compute_string(root: etree._Element) -> str | None:
    item = child(root, "compute-string")
    return None if item is None else item.get("expr")


def _link(item: etree._Element, path: tuple[str, ...]) -> Link:
    joins = tuple(
        Join(source=j.get("xpath-src") or "", target=j.get("xpath-dst") or "")
        for j in children(item, "join")
    )
    return Link(
        path="/".join(path),
        label=item.get("label") or item.get("name") or "",
        target=item.get("target") or "",
        joins=joins,
        unbound=flag(item, "unbound"),
        integrity=item.get("integrity") or "normal",
        rev_link=item.get("revLink"),
        external_join=flag(item, "externalJoin"),
        description=item.get("desc") or "",
        advanced=flag(item, "advanced"),
    )


def _paths(item: etree._Element) -> tuple[str, ...]:
    found = (field_.get("xpath") for field_ in children(item, "keyfield"))
    return tuple(path for path in found if path)


def _key(item: etree._Element) -> Key:
    return Key(
        name=item.get("name") or "",
        label=item.get("label") or item.get("name") or "",
        paths=_paths(item),
        internal=flag(item, "internal"),
        allow_empty_part=flag(item, "allowEmptyPart"),
    )


def _index(item: etree._Element) -> Index:
    return Index(
        name=item.get("name") or "",
        paths=_paths(item),
        unique=flag(item, "unique"),
    )
