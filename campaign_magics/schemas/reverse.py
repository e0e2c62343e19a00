"""Reverse links: the half of a link that its target gains (protocol.md §4.2)."""

from __future__ import annotations

from lxml import etree

from .errors import SchemaError
from .keys import links_of
from .source import (
    Library,
    children,
    flag,
    is_link,
    main_element,
    named,
    path_of,
    place,
    schema_id,
)

NO_REVERSE = "_NONE_"


def add_reverse_links(document: etree._Element, library: Library) -> None:
    """Give each link of a document its counterpart in the target, in place.

    Raises ``SchemaError`` when a name that the author chose is taken.
    """
    main = main_element(document)
    if main is None:
        return
    for link in list(links_of(main)):
        if link.get("revLink") == NO_REVERSE or flag(link, "unbound"):
            continue
        name = link.get("target") or ""
        target = library.find_for(document, name, place(document, link))
        if target is None:
            continue
        target_main = main_element(target)
        if target_main is not None and not _is_reverse(document, link, target_main):
            _add(document, main, link, target, target_main)


def _is_reverse(
    document: etree._Element, link: etree._Element, target: etree._Element
) -> bool:
    """Tell whether the link is itself the counterpart of one in the target (1-1)."""
    name = link.get("revLink")
    other = named(target, "element", name) if name else None
    return (
        other is not None
        and is_link(other)
        and link.get("belongsTo") == link.get("target")
        and other.get("target") == schema_id(document)
    )


def _add(
    document: etree._Element,
    main: etree._Element,
    link: etree._Element,
    target: etree._Element,
    target_main: etree._Element,
) -> None:
    name = link.get("revLink") or _free_name(document, main, link, target_main)
    present = named(target_main, "element", name)
    if present is not None:
        if _same(present, document, link, main):
            return
        raise SchemaError(
            f"{schema_id(target)} has an element {name!r} already",
            where=place(document, link),
            hint=f'choose another revLink, or revLink="{NO_REVERSE}"',
        )
    link.set("revLink", name)
    target_main.append(_reverse(document, main, link, name))


def _same(
    present: etree._Element,
    document: etree._Element,
    link: etree._Element,
    main: etree._Element,
) -> bool:
    return (
        is_link(present)
        and present.get("target") == schema_id(document)
        and present.get("revLink") in (None, path_of(link, main))
    )


def _free_name(
    document: etree._Element,
    main: etree._Element,
    link: etree._Element,
    target_main: etree._Element,
) -> str:
    """Name the reverse link after the source schema; with the link when they differ.

    Adobe: the name of the source schema; a report of theirs reads the reverse link
    ``delivery-linkedDelivery``, so a link not named after its target adds its own.
    """
    source = document.get("name") or ""
    link_name = link.get("name") or ""
    base = source if link_name == target_main.get("name") else f"{source}-{link_name}"
    # Two namespaces may hold schemas of one name; the second is told apart.
    for name in (base, f"{document.get('namespace')}-{base}"):
        present = named(target_main, "element", name)
        if present is None or _same(present, document, link, main):
            return name
    return base


def _reverse(
    document: etree._Element, main: etree._Element, link: etree._Element, name: str
) -> etree._Element:
    single = link.get("revCardinality") == "single"
    label = document.get("labelSingular" if single else "label")
    item = etree.Element(
        "element",
        name=name,
        label=link.get("revLabel") or label or main.get("label") or name,
        type="link",
        target=schema_id(document),
        revLink=path_of(link, main),
        integrity=link.get("revIntegrity") or "normal",
        belongsTo=schema_id(document),
    )
    if not single:
        item.set("unbound", "true")
    for ours, theirs in (
        ("revDesc", "desc"),
        ("revAdvanced", "advanced"),
        ("revExternalJoin", "externalJoin"),
    ):
        if value := link.get(ours):
            item.set(theirs, value)
    for join in children(link, "join"):
        pair = {
            "xpath-dst": join.get("xpath-src") or "",
            "xpath-src": join.get("xpath-dst") or "",
        }
        etree.SubElement(item, "join", pair)
    return item
