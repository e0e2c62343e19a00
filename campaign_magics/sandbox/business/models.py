"""Deliveries from templates: the copy, what the caller adds, the saved row."""

from __future__ import annotations

from copy import deepcopy
from typing import Final

from lxml import etree

from ...schemas.model import Schema
from ...xtk.xml import child, children, local_name, parse_xml
from ..persist.counters import increase_counter
from ..persist.values import value_text
from ..stores.world import World
from .deliveries import SCHEMA, find
from .records import MEMO, Row, Table, moment
from .refusals import Impossible

_OWN: Final = ("@id", "@internalName")


def document_of(world: World, delivery: int) -> etree._Element:
    """Return a saved delivery as a document, its XML fields included."""
    find(world, delivery)
    table = Table(world, SCHEMA)
    return _document(table.schema, table.first(table.paths, {"@id": delivery}) or {})


def create_from_model(
    world: World, name: str, patch: etree._Element | None
) -> etree._Element:
    """Return a delivery that is not saved yet: a template's copy under a patch.

    It has its future id, as what NewInstance returns has.  Raises Impossible for an
    unknown template.
    """
    table = Table(world, SCHEMA)
    where = {"@internalName": name.strip(), "@isModel": True}
    row = table.first(table.paths, where) if name.strip() else None
    if row is None:
        raise Impossible(f"There is no delivery template '{name}'.")
    copied = {
        path: value for path, value in row.items() if not _starts_anew(table, path)
    }
    root = _document(table.schema, copied)
    for flag in ("isModel", "builtIn"):
        root.set(flag, "false")
    if patch is not None:
        _merge(root, patch, table.schema, "")
    (key,) = table.number()
    root.set("id", str(key))
    if "internalName" not in root.attrib:
        root.set("internalName", f"DM{increase_counter(world, 'delivery')}")
    root.set("xtkschema", SCHEMA)
    root.set("_operation", "insert")
    return root


def make_proof(world: World, delivery: int, author: int, when: float) -> int:
    """Store a proof of a delivery and return its id.  Raises Impossible."""
    find(world, delivery)
    table = Table(world, SCHEMA)
    row = table.first(table.paths, {"@id": delivery}) or {}
    (key,) = table.number()
    copied = {
        path: value for path, value in row.items() if not _starts_anew(table, path)
    }
    table.insert(
        {
            **copied,
            "@id": key,
            "@internalName": f"DM{increase_counter(world, 'delivery')}",
            "@label": f"Proof of {row['@label']}"[:128],
            "@FCP": True,
            "@linkedDelivery-id": delivery,
            "validation/@sandboxMode": 1,
            "validation/@validationMode": 0,
            "@created": moment(when),
            "@lastModified": moment(when),
            "@createdBy-id": author,
            "@modifiedBy-id": author,
        }
    )
    return key


def _starts_anew(table: Table, path: str) -> bool:
    known = table.schema.field_by_path.get(path)
    return path in _OWN or (known is not None and known.def_on_duplicate)


def _document(schema: Schema, row: Row) -> etree._Element:
    root = parse_xml(row.get(MEMO) or f"<{schema.name}/>")
    for path, value in row.items():
        known = schema.field_by_path.get(path)
        if known is not None and value is not None:
            _put(root, path, value_text(known, value))
    return root


def _put(root: etree._Element, path: str, text: str) -> None:
    *steps, last = path.split("/")
    for step in steps if last.startswith("@") else [*steps, last]:
        inner = child(root, step)
        root = etree.SubElement(root, step) if inner is None else inner
    if last.startswith("@"):
        root.set(last[1:], text)
    else:
        root.text = text


def _merge(
    into: etree._Element, patch: etree._Element, schema: Schema, prefix: str
) -> None:
    """Lay a fragment over a document: what it names wins, collections go whole."""
    for name, value in patch.attrib.items():
        into.set(name, value)
    if (patch.text or "").strip():
        into.text = patch.text
    for name in dict.fromkeys(local_name(e) for e in patch if isinstance(e.tag, str)):
        path, given = f"{prefix}{name}", list(children(patch, name))
        held = child(into, name)
        if held is not None and len(given) == 1 and _is_structure(schema, path):
            _merge(held, given[0], schema, f"{path}/")
            continue
        for old in list(children(into, name)):
            into.remove(old)
        into.extend(deepcopy(element) for element in given)


def _is_structure(schema: Schema, path: str) -> bool:
    return path not in schema.collection_by_path and path not in schema.link_by_path
