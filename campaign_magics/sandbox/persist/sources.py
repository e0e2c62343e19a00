"""Source schemas as documents: writing one compiles it and makes its table (§4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Final

from lxml import etree

from ...schemas.errors import SchemaError
from ..stores.dictionary import compiled, read_source
from ..stores.world import World
from .causes import NotSaved, not_saved

SOURCE: Final = "xtk:srcSchema"
COMPILED: Final = "xtk:schema"


def write_sources(
    world: World, documents: Sequence[etree._Element], schema_ids: Sequence[str]
) -> None:
    """Add or replace source schemas: none, unless all of them compile together.

    Raises NotSaved for a schema that does not compile, and for what cannot be done:
    writing compiled schemas, deleting, and mixing with other documents.
    """
    if COMPILED in schema_ids:
        raise NotSaved(f"The server compiles '{COMPILED}' documents: write '{SOURCE}'.")
    if {*schema_ids} != {SOURCE}:
        raise NotSaved(f"'{SOURCE}' documents are written in a call of their own.")
    schema = world.schema(SOURCE)
    sources: dict[str, bytes] = {}
    try:
        for document in documents:
            name, text = read_source(_plain(world, document))
            if _is_wanted(world, document, name):
                sources[name] = text
        if len(sources) > 1:
            # One that does not compile keeps the others out as well.
            known = {name: world.source_xml(name) for name in world.source_ids()}
            compiled({**known, **sources})
        for text in sources.values():
            world.define(text)
    except SchemaError as exc:
        raise not_saved(schema, f"{exc}.".replace("..", ".")) from exc


def _plain(world: World, document: etree._Element) -> bytes:
    """Return the document without the instructions for writing it."""
    operation = document.get("_operation") or "insertOrUpdate"
    schema = world.schema(SOURCE)
    if operation == "delete":
        # Tables are never dropped, and a schema without its table cannot be read.
        raise not_saved(schema, "SBX-100001 The sandbox does not delete schemas.")
    copy = deepcopy(document)
    for name in [str(n) for n in copy.attrib if str(n).startswith("_")]:
        del copy.attrib[name]
    return etree.tostring(copy, encoding="utf-8")


def _is_wanted(world: World, document: etree._Element, name: str) -> bool:
    exists = name in world.source_ids()
    operation = document.get("_operation")
    if operation == "insert" and exists:
        schema = world.schema(SOURCE)
        raise not_saved(schema, f"The source schema '{name}' exists already.")
    return operation != "none" and (operation != "update" or exists)
