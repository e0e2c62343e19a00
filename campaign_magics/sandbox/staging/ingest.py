"""Ingest and IngestExt: documents into the local staging table of a cloud schema.

Adobe, "Specific FFDA Campaign APIs": Ingest only inserts, IngestExt also updates and
deletes; both name the staging schema (``dem:sampleTableStg``).  Nothing reaches the
cloud before replication.  What Adobe does not say is marked assumed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any, Final

from lxml import etree

from ...schemas.compiler import STAGING
from ...schemas.model import Schema
from ...xtk.xml import local_name
from ..auth import Operator
from ..persist.causes import NotSaved, not_saved
from ..persist.save import Written, write_documents
from ..persist.shape import Shape, shape_of
from ..persist.tables import tables_of
from ..persist.unit import transaction
from ..persist.values import value_text
from ..stores.journal import Entry
from ..stores.world import World

_OPERATIONS: Final = ("insert", "insertOrUpdate", "update", "delete")


def ingest(
    world: World, documents: Sequence[etree._Element], author: Operator
) -> list[str]:
    """Stage new records, all or none; return the ids given to those without one.

    A document that holds its key is merged by it when it is moved, any other becomes
    a new record.  Raises NotSaved, or Fault for a schema that does not exist.
    """
    groups = _by_schema(world, documents)
    with world.databases.transaction():
        return [
            given
            for schema, group in groups
            for given in _ingest(world, schema, group, author)
        ]


def ingest_ext(
    world: World, documents: Sequence[etree._Element], author: Operator
) -> list[Written]:
    """Stage insertions, updates and deletions, all or none, in their order.

    ``_operation`` and ``_key`` are those of Write; the cloud's record is looked up
    when the document is moved.  Returns what became of the staging table's rows.
    Raises NotSaved, or Fault for a schema that does not exist.
    """
    groups = _by_schema(world, documents)
    with world.databases.transaction():
        return [
            written
            for schema, group in groups
            for written in _ingest_ext(world, schema, group, author)
        ]


def _ingest(
    world: World, schema: Schema, group: Sequence[etree._Element], author: Operator
) -> list[str]:
    twin = world.schema(f"{schema.id}{STAGING}")
    shape = shape_of(twin)
    keyed = [_holds_key(shape, document) for document in group]
    for document in group:
        # Adobe: "Data Insert only": a key of another kind is not looked up.
        _say(document, _key=None)
    asked = ["insertOrUpdate" if has else "insert" for has in keyed]
    with transaction(world, twin):
        written = _stage(world, twin, group, asked, author)
        made = [one for one, has in zip(written, keyed, strict=True) if not has]
        rows = _rows(world, shape, made)
        for document, one in zip(group, written, strict=True):
            if one.key in rows:
                _complete(shape, document, rows[one.key])
        # The cloud has no such key yet, or the document's own is to be merged.
        entries = [
            _entry(schema, document, "insertOrUpdate", one, author)
            for document, one in zip(group, written, strict=True)
        ]
        world.journal.add(schema.id, entries)
    return [",".join(map(str, one.key)) for one in made]


def _ingest_ext(
    world: World, schema: Schema, group: Sequence[etree._Element], author: Operator
) -> list[Written]:
    twin = world.schema(f"{schema.id}{STAGING}")
    asked = [_operation(schema, document) for document in group]
    # An update of what is not in the staging table yet is put there.
    operations = [
        "insertOrUpdate" if operation == "update" else operation for operation in asked
    ]
    with transaction(world, twin):
        written = _stage(world, twin, group, operations, author)
        entries = [
            _entry(schema, document, operation, one, author)
            for document, operation, one in zip(group, asked, written, strict=True)
        ]
        world.journal.add(schema.id, entries)
    return written


def _by_schema(
    world: World, documents: Iterable[etree._Element]
) -> list[tuple[Schema, list[etree._Element]]]:
    """Return copies of the documents, grouped by the schema they are staged for."""
    groups: dict[str, list[etree._Element]] = {}
    for document in documents:
        name = document.get("xtkschema") or ""
        if not name:
            cause = f"<{local_name(document)}> has no 'xtkschema' attribute."
            raise NotSaved(cause)
        groups.setdefault(name.removesuffix(STAGING), []).append(deepcopy(document))
    found = []
    for name, group in groups.items():
        schema = world.schema(name)
        if not schema.staged:
            cause = f"The staging mechanism is not enabled on '{name}' (autoStg)."
            raise not_saved(schema, cause)
        found.append((schema, group))
    return found


def _stage(
    world: World,
    twin: Schema,
    documents: Sequence[etree._Element],
    operations: Sequence[str],
    author: Operator,
) -> list[Written]:
    """Write documents to the staging table itself."""
    copies = [deepcopy(document) for document in documents]
    for copy, operation in zip(copies, operations, strict=True):
        copy.tag = twin.name
        _say(copy, xtkschema=twin.id, _operation=operation)
    return write_documents(world, copies, author, into=twin.id)


def _entry(
    schema: Schema,
    document: etree._Element,
    operation: str,
    written: Written,
    author: Operator,
) -> Entry:
    """Return what is to be done to the cloud."""
    document.tag = schema.name
    _say(document, xtkschema=schema.id, _operation=operation)
    return Entry(
        key=written.key,
        document=etree.tostring(document, encoding="unicode", with_tail=False),
        author=author.login,
        author_id=author.id,
    )


def _rows(
    world: World, shape: Shape, written: Iterable[Written]
) -> Mapping[tuple[Any, ...], Mapping[str, Any]]:
    """Read back the columns whose values the server may have made up."""
    paths = [*shape.key, *_filled(shape)]
    size = len(shape.key)
    keys = [one.key for one in written]
    found = tables_of(world.databases)["local"].fetch(shape, paths, shape.key, keys)
    return {row[:size]: dict(zip(paths, row, strict=True)) for row in found}


def _filled(shape: Shape) -> list[str]:
    """Return the attributes that have a default or are the key."""
    fields = shape.schema.field_by_path
    return [
        path
        for path in shape.columns
        if path.startswith("@")
        and (path in shape.key or fields[path].default or fields[path].sql_default)
    ]


def _complete(shape: Shape, document: etree._Element, row: Mapping[str, Any]) -> None:
    """Write down what was made up, so that the cloud's record is the staged one."""
    for path in _filled(shape):
        if not document.get(path[1:]):
            field = shape.schema.field_by_path[path]
            document.set(path[1:], value_text(field, row[path]))


def _holds_key(shape: Shape, document: etree._Element) -> bool:
    """Tell whether a document names its record: by attributes, or by its links."""
    if not shape.key:
        return False
    links = [
        link
        for link in shape.schema.links
        if any(local_name(e) == link.path for e in document if isinstance(e.tag, str))
    ]
    known = {join.source for link in links for join in link.joins}
    return all(path in known or document.get(path[1:]) for path in shape.key)


def _operation(schema: Schema, document: etree._Element) -> str:
    operation = document.get("_operation") or "insertOrUpdate"
    if operation not in _OPERATIONS:
        listed = ", ".join(_OPERATIONS)
        raise not_saved(schema, f"IngestExt takes an _operation of {listed}.")
    return operation


def _say(document: etree._Element, **attributes: str | None) -> None:
    """Set attributes, or remove those that are None."""
    for name, value in attributes.items():
        if value is not None:
            document.set(name, value)
        elif name in document.attrib:
            del document.attrib[name]
