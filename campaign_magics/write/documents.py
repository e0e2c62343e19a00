"""XML documents as rows: checked for names and values, sent as they are (§6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pandas as pd
import pyarrow as pa
from lxml import etree

from ..errors import InvalidOption, QuerySyntaxError, UnknownName
from ..frames.dtypes import STRING
from ..frames.encode import Element
from ..frames.texts import Values
from ..schemas.model import Schema
from ..schemas.resolve import Lookup, suggestion
from ..xtk.xml import XmlError, children, local_name, parse_xml
from .columns import at_path
from .entities import Builder
from .layout import OPERATION, Entity, Layout, Wishes
from .markup import attributes_text, content_text
from .planning import keyed
from .source import Source
from .template import key_text

ATTRIBUTES: Final = "_attributes"
CONTENT: Final = "_content"
"""Columns of ``Rows.table`` that hold a document's own markup."""
UNREAD: Final = "_collections"
"""The column that names the collections and inner documents in a document."""

_COLLECTION: Final = "-collection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Documents:
    """Documents as a source of texts by path, and their markup."""

    source: Source
    layout: Layout
    markup: Mapping[str, pa.Array]


def is_document(data: object) -> bool:
    """Tell whether data is XML: an element, or text that starts with ``<``."""
    if isinstance(data, str):
        return data.lstrip("\ufeff \t\r\n").startswith("<")
    return isinstance(data, bytes | etree._Element)


def document_schema(data: object) -> str | None:
    """Return the schema that a document or its first entity names in ``xtkschema``.

    Raises QuerySyntaxError for text that is no XML.
    """
    root = _root(data)
    first = next(children(root), None)
    named = [one.get("xtkschema") for one in (root, first) if one is not None]
    return next((str(name) for name in named if name), None)


def read_documents(
    data: object, schema: Schema, lookup: Lookup, wishes: Wishes
) -> Documents:
    """Return the entities of a document: ``<recipient>`` or ``<recipient-collection>``.

    Raises QuerySyntaxError for text that is no XML, UnknownName for an attribute or
    element that the schema does not have, InvalidOption for a document of another
    schema or whose entities differ in ``_key``.
    """
    entities = _entities(_root(data), schema)
    if wishes.links:
        raise InvalidOption(
            "links= is for frames.", hint="a document says _operation on each link"
        )
    if not entities:
        raise InvalidOption(
            "The document holds no record.",
            hint=f"put <{schema.name} …/> into <{schema.name}{_COLLECTION}>",
        )
    walked = [_Walk(lookup).entity(one, schema) for one in entities]
    paths = list(dict.fromkeys(path for walk in walked for path in walk.texts))
    operations = {p: op for walk in reversed(walked) for p, op in walk.links.items()}
    targets = [at_path(path, schema, lookup) for path in paths]
    builder = Builder(schema, operations, default="insertOrUpdate")
    wishes = replace(wishes, key=wishes.key or _own_key(entities))
    root = _flat(keyed(builder.entity(schema, targets), wishes, lookup))
    element = _element(root, entities, wishes)
    layout = Layout(root=root, element=element, unread=(UNREAD,))
    columns = {path: [walk.texts.get(path) for walk in walked] for path in paths}
    if any(one.get(OPERATION) for one in entities):
        columns[OPERATION] = [_text_of(one, OPERATION) for one in entities]
    return Documents(
        source=_source(columns, len(entities)),
        layout=layout,
        markup={
            ATTRIBUTES: _strings(attributes_text(one) for one in entities),
            CONTENT: _strings(content_text(one) for one in entities),
            UNREAD: _strings(", ".join(walk.unread) or None for walk in walked),
        },
    )


def _strings(texts: Iterable[str | None]) -> pa.Array:
    return pa.array(list(texts), STRING)


def _root(data: object) -> etree._Element:
    if isinstance(data, etree._Element):
        return data
    if not isinstance(data, str | bytes):
        raise InvalidOption(f"A {type(data).__name__} is no document.")
    try:
        return parse_xml(data)
    except XmlError as exc:
        raise QuerySyntaxError(
            f"The XML cannot be read: {exc}.",
            hint="close every element, quote every attribute; write < as &lt;",
        ) from exc


def _entities(root: etree._Element, schema: Schema) -> list[etree._Element]:
    named = root.get("xtkschema")
    name = local_name(root)
    if named not in (None, "", schema.id):
        raise InvalidOption(
            f"The document is of {named}, not {schema.id}.", hint="name its schema"
        )
    found = list(children(root)) if name == schema.name + _COLLECTION else [root]
    for one in found:
        if local_name(one) != schema.name:
            raise UnknownName(
                f"<{local_name(one)}>{_line(one)} is no {schema.id}.",
                hint=f"write <{schema.name}> or <{schema.name}{_COLLECTION}>",
            )
    return found


def _own_key(entities: Sequence[etree._Element]) -> str | None:
    keys = list(dict.fromkeys(_text_of(one, "_key") for one in entities))
    if len(keys) > 1:
        raise InvalidOption(
            "The entities of the document do not have the same _key.",
            hint="write those of each key on their own",
        )
    return keys[0] if keys else None


def _text_of(element: etree._Element, name: str) -> str | None:
    text = element.get(name)
    return str(text) if text else None


def _flat(root: Entity) -> Entity:
    """Return the record with the columns of its links as its own.

    The document says itself how links are found, so nothing is made of their keys.
    """
    slots = tuple(slot for slot in root.all_slots() if not slot.is_derived)
    return replace(root, slots=slots, links=())


def _element(
    root: Entity, entities: Sequence[etree._Element], wishes: Wishes
) -> Element:
    per_row = any(one.get(OPERATION) for one in entities)
    constants = {"_key": key_text(root)}
    if not per_row:
        constants = {"_operation": wishes.operation, **constants}
    return Element(
        name=root.schema.name,
        constants=constants,
        attributes={"_operation": OPERATION} if per_row else {},
        markup=(ATTRIBUTES, CONTENT),
    )


def _source(columns: dict[str, list[str | None]], rows: int) -> Source:
    names = tuple(columns)

    def read(column: int, start: int, stop: int) -> Values:
        return _strings(columns[names[column]][start:stop])

    return Source(names=names, index=pd.RangeIndex(rows), read=read)


class _Walk:
    """Reads an entity: texts by path, and what is to become of linked records."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.texts: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.unread: dict[str, None] = {}

    def entity(self, element: etree._Element, schema: Schema) -> _Walk:
        """Read an entity; the walk is returned for its texts."""
        self._content(element, schema, "", self._note(""))
        return self

    def _note(self, prefix: str) -> Callable[[str, str], None]:
        def note(path: str, text: str) -> None:
            self.texts[f"{prefix}{path}"] = text

        return note

    def _content(
        self,
        element: etree._Element,
        schema: Schema,
        prefix: str,
        note: Callable[[str, str], None],
        place: str = "",
    ) -> None:
        for name, text in _own_attributes(element):
            path = f"{prefix}@{name}"
            field = schema.field_by_path.get(path)
            if field is None:
                raise _unknown(schema, path, element)
            if field.expr is None:
                note(path, text)
        for child in children(element):
            self._child(child, schema, f"{prefix}{local_name(child)}", note, place)

    def _child(
        self,
        child: etree._Element,
        schema: Schema,
        path: str,
        note: Callable[[str, str], None],
        place: str,
    ) -> None:
        link = schema.link_by_path.get(path)
        field = schema.field_by_path.get(path)
        if link is not None:
            inner = f"{place}{path}/"
            is_one = not link.unbound and note is not _ignore
            if link.unbound:
                self.unread[inner[:-1]] = None
            if is_one:
                self.links[inner[:-1]] = _text_of(child, OPERATION) or "insertOrUpdate"
            target_note = self._note(inner) if is_one else _ignore
            self._content(child, self._lookup(link.target), "", target_note, inner)
        elif path in schema.collection_by_path:
            self.unread[f"{place}{path}"] = None
        elif field is not None and not _is_group(schema, path):
            if field.xml and _is_structured(child):
                self.unread[f"{place}{path}"] = None
            else:
                note(path, "".join(map(str, child.itertext())))
        elif _is_group(schema, path):
            self._content(child, schema, f"{path}/", note, place)
        else:
            raise _unknown(schema, path, child)


def _ignore(path: str, text: str) -> None:
    """Items of a collection are checked for names, and no more."""


def _own_attributes(element: etree._Element) -> Iterator[tuple[str, str]]:
    for name, text in element.attrib.items():
        if str(name)[0] not in "_{" and name != "xtkschema":
            yield str(name), str(text)


def _is_group(schema: Schema, path: str) -> bool:
    known = [*schema.field_by_path, *schema.link_by_path, *schema.collection_by_path]
    return any(one.startswith(f"{path}/") for one in known)


def _is_structured(element: etree._Element) -> bool:
    return next(children(element), None) is not None or any(_own_attributes(element))


def _unknown(schema: Schema, path: str, element: etree._Element) -> UnknownName:
    near = suggestion(schema, path)
    kind = "attribute" if path.rpartition("/")[2].startswith("@") else "element"
    return UnknownName(
        f"{schema.id} has no {kind} {path!r}{_line(element)}.",
        hint=f"did you mean {near}?" if near else "see %campaign_schema",
        name=path,
        schema=schema.id,
    )


def _line(element: etree._Element) -> str:
    return f" (line {element.sourceline})" if element.sourceline else ""
