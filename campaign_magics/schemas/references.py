"""Checks of what a compiled document names: in itself and in its neighbours."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from ..xtk.names import did_you_mean
from .errors import SchemaError
from .keys import links_of
from .source import (
    Library,
    children,
    declared,
    find_path,
    is_link,
    main_element,
    place,
    schema_id,
)


def check_references(document: etree._Element, library: Library) -> None:
    """Check enumerations, key fields and joins.

    Raises ``SchemaError`` for a name that leads nowhere.
    """
    for item in document.iter("attribute", "element"):
        if item.get("enum"):
            _check_enum(document, item, library)
    main = main_element(document)
    if main is None:
        return
    for tag in ("key", "dbindex"):
        for key in children(main, tag):
            for field in children(key, "keyfield"):
                path = field.get("xpath") or ""
                _check_path(document, path, document, f"the {tag} {key.get('name')!r}")
    for link in links_of(main):
        if document.get("mappingType") != "sql":
            break
        name = link.get("target") or ""
        target = library.find_for(document, name, place(document, link))
        for join in children(link, "join"):
            what = f"the join of {link.get('name')!r}"
            _check_path(document, join.get("xpath-src") or "", document, what)
            if target is not None:
                _check_path(document, join.get("xpath-dst") or "", target, what)


def _check_enum(
    document: etree._Element, item: etree._Element, library: Library
) -> None:
    name = item.get("enum") or ""
    schema, _, local = name.rpartition(":")
    where = place(document, item)
    home = library.find_for(document, schema, where) if schema else document
    if home is None:
        return
    names = [e.get("name") or "" for e in children(home, "enumeration")]
    if local not in names:
        raise SchemaError(
            f"there is no enumeration {local!r} in {schema_id(home)}",
            where=where,
            hint=did_you_mean(local, names) or "declare it before the main element",
        )


def _check_path(
    document: etree._Element, path: str, home: etree._Element, what: str
) -> None:
    main = main_element(home)
    found = None if main is None else find_path(main, path)
    if found is not None and not is_link(found):
        return
    # A key may reach into a linked record: [folder/@name].
    if main is not None and _crosses_link(main, path):
        return
    raise SchemaError(
        f"{what} names {path!r}, which {schema_id(home)} does not have",
        where=schema_id(document),
        hint=did_you_mean(path, _paths(main)) or "name a field of the schema",
    )


def _crosses_link(main: etree._Element, path: str) -> bool:
    steps = path.split("/")
    heads = ("/".join(steps[:count]) for count in range(1, len(steps)))
    found = (find_path(main, head) for head in heads)
    return any(item is not None and is_link(item) for item in found)


def _paths(main: etree._Element | None) -> Mapping[str, None]:
    if main is None:
        return {}
    return {f"@{i.get('name')}": None for i in declared(main) if i.tag == "attribute"}
