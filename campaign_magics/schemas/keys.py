"""Keys, links and their foreign keys: the half of compilation that crosses schemas.

Rules: Adobe, "Key management" and "Link management"; protocol.md §4.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from ..xtk.names import did_you_mean
from .errors import SchemaError
from .source import (
    Library,
    child,
    children,
    declared,
    find_path,
    flag,
    is_collection,
    is_link,
    main_element,
    named,
    path_of,
    place,
    schema_id,
)

CLOUD = "nms:extAccount:ffda"
"""``dataSource`` of a table that lives in the cloud database."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One field of a key: where it is and what it holds."""

    path: str
    type: str
    length: str | None = None


def links_of(main: etree._Element) -> Iterator[etree._Element]:
    """Yield the links of a main element, those inside structures included.

    Links inside a collection or an XML part are left out: SQL cannot join them.
    """
    for item in declared(main):
        if is_link(item):
            yield item
        elif not is_collection(item) and not flag(item, "xml"):
            yield from links_of(item)


def add_primary_key(document: etree._Element) -> None:
    """Give an autopk or autouuid schema its ``@id``, key and index."""
    main = main_element(document)
    if main is None or not (flag(main, "autopk") or flag(main, "autouuid")):
        return
    if any(flag(key, "internal") for key in children(main, "key")):
        return  # its own primary key replaces the automatic one
    if flag(main, "autopk") and main.get("pkSequence") is None:
        main.set("pkSequence", "XtkNewId")
    key = etree.Element("key", name="id", internal="true")
    etree.SubElement(key, "keyfield", xpath="@id")
    main.insert(_first(main, ("key", "attribute", "element")), key)
    if named(main, "attribute", "id") is None:
        item = etree.Element(
            "attribute",
            name="id",
            label="Primary key",
            desc="Internal primary key",
            type="uuid" if flag(main, "autouuid") else "long",
        )
        main.insert(_first(main, ("attribute", "element")), item)


def internal_key(document: etree._Element) -> etree._Element | None:
    """Return the key that links join on: the internal one, else the first."""
    main = main_element(document)
    keys = [] if main is None else list(children(main, "key"))
    return next((k for k in keys if flag(k, "internal")), keys[0] if keys else None)


def complete_links(document: etree._Element, library: Library) -> None:
    """Give links without a join their foreign keys, joins and indexes, in place.

    Raises ``SchemaError`` for a target that does not exist or has no key.
    """
    main = main_element(document)
    if main is None:
        return
    for link in list(links_of(main)):
        if child(link, "join") is not None:
            continue
        target = library.find(link.get("target") or "", place(document, link))
        parts = _target_key(document, link, target, library, ())
        for part in parts:
            source = _foreign_key_path(main, link, part)
            etree.SubElement(
                link, "join", {"xpath-dst": part.path, "xpath-src": source}
            )
            _add_foreign_key(main, link, part, source)
        if not flag(link, "noDbIndex"):
            paths = [_foreign_key_path(main, link, part) for part in parts]
            _add_index(main, _index_name(paths), paths, unique=False)


def complete_keys(document: etree._Element, library: Library) -> None:
    """Replace ``xlink`` by foreign keys and index the keys, in place.

    A cloud table has no unique index (Adobe v8, "Key management").
    """
    main = main_element(document)
    if main is None:
        return
    for tag in ("key", "dbindex"):
        for key in children(main, tag):
            _replace_xlinks(document, main, key)
    for key in children(main, "key"):
        if flag(key, "noDbIndex") or main.get("dataSource") == CLOUD:
            continue
        paths = [f.get("xpath") or "" for f in children(key, "keyfield")]
        _add_index(main, key.get("name") or "id", paths, unique=True)


def _replace_xlinks(
    document: etree._Element, main: etree._Element, key: etree._Element
) -> None:
    for item in list(children(key, "keyfield")):
        if not item.get("xlink"):
            continue
        link = _linked(document, main, item.get("xlink") or "")
        fields = [
            etree.Element("keyfield", xpath=join.get("xpath-src") or "")
            for join in children(link, "join")
        ]
        at = key.index(item)
        key[at : at + 1] = fields


def _linked(
    document: etree._Element, main: etree._Element, path: str
) -> etree._Element:
    link = find_path(main, path)
    if link is not None and is_link(link):
        return link
    names = [path_of(item, main) for item in links_of(main)]
    raise SchemaError(
        f"a key names the link {path!r}, which does not exist",
        where=schema_id(document),
        hint=did_you_mean(path, names) or 'declare it: <element type="link" …>',
    )


def _target_key(
    document: etree._Element,
    link: etree._Element,
    target: etree._Element,
    library: Library,
    seen: tuple[str, ...],
) -> Sequence[Part]:
    key = internal_key(target)
    where = place(document, link)
    if key is None:
        raise SchemaError(
            f"the target {schema_id(target)} has no key to join on",
            where=where,
            hint='give it autopk="true", or write the join of the link',
        )
    if schema_id(target) in seen:
        raise SchemaError(
            "the key of the target is made of a link back to here",
            where=where,
            hint="give one of the schemas a key of its own",
        )
    return [
        part
        for item in children(key, "keyfield")
        for part in _key_parts(target, item, library, (*seen, schema_id(target)))
    ]


def _key_parts(
    document: etree._Element,
    item: etree._Element,
    library: Library,
    seen: tuple[str, ...],
) -> Sequence[Part]:
    main = main_element(document)
    if main is None:
        return []
    if not item.get("xlink"):
        path = item.get("xpath") or ""
        field = find_path(main, path)
        kind = "long" if field is None else field.get("type") or "string"
        return [Part(path=path, type=kind, length=_get(field, "length"))]
    link = _linked(document, main, item.get("xlink") or "")
    target = library.find(link.get("target") or "", place(document, link))
    return [
        Part(path=_foreign_key_path(main, link, p), type=p.type, length=p.length)
        for p in _target_key(document, link, target, library, seen)
    ]


def _get(element: etree._Element | None, name: str) -> str | None:
    return None if element is None else element.get(name)


def _foreign_key_path(main: etree._Element, link: etree._Element, part: Part) -> str:
    """``@folder-id`` for the link ``folder`` to a key ``@id``, beside the link."""
    path = path_of(link, main)
    parent, slash, name = path.rpartition("/")
    field = part.path.rpartition("/")[2].removeprefix("@")
    return f"{parent}{slash}@{name}-{field}"


def _add_foreign_key(
    main: etree._Element, link: etree._Element, part: Part, path: str
) -> None:
    if find_path(main, path) is not None:
        return
    label = link.get("label") or link.get("name") or ""
    field = part.path.rpartition("/")[2].removeprefix("@")
    item = etree.Element(
        "attribute",
        name=path.rpartition("@")[2],
        label=f"Foreign key of '{label}' link ('{field}' field)",
        type=part.type,
        advanced="true",
    )
    if part.length:
        item.set("length", part.length)
    for name in ("belongsTo", "default", "defOnDuplicate"):
        if value := link.get(name):
            item.set(name, value)
    link.addnext(item)


def _index_name(paths: Sequence[str]) -> str:
    """``companyId`` for ``@company-id`` (Adobe, "Link management")."""
    words = [w for path in paths for w in path.rpartition("@")[2].split("-")]
    return words[0] + "".join(word[:1].upper() + word[1:] for word in words[1:])


def _add_index(
    main: etree._Element, name: str, paths: Sequence[str], *, unique: bool
) -> None:
    if named(main, "dbindex", name) is not None:
        return
    index = etree.Element("dbindex", name=name)
    if unique:
        index.set("unique", "true")
    for path in paths:
        etree.SubElement(index, "keyfield", xpath=path)
    main.insert(_first(main, ("attribute", "element")), index)


def _first(main: etree._Element, tags: tuple[str, ...]) -> int:
    """Return where the first child of those tags stands, else the end."""
    found = next(main.iterchildren(*tags), None)
    return len(main) if found is None else main.index(found)
