"""Write and WriteCollection: a call is one transaction over both databases (§6)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from ...xtk.xml import local_name
from ..auth import Operator
from ..stores.world import World
from .causes import NotSaved, not_saved, unknown
from .document import Record, read_record
from .rows import Row, Values
from .sources import COMPILED, SOURCE, write_sources
from .unit import Unit, working
from .writer import Writer


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of one document.

    ``key`` is its record's internal key, empty when there was nothing to update or
    when it is gone.  ``is_new`` tells an insert, ``was_keyed`` that the document itself
    held the key.
    """

    key: Values
    is_new: bool = False
    was_keyed: bool = False


def write_documents(
    world: World,
    documents: Sequence[etree._Element],
    author: Operator,
    *,
    into: str | None = None,
) -> list[Written]:
    """Write documents, all or none; return what became of each, in order.

    Each names its schema in ``xtkschema``; ``into`` writes them to the table of another
    schema of the same fields (``nms:recipientStg``).  Raises NotSaved, or Fault for a
    schema that does not exist: then nothing was written.
    """
    ids = [into or _schema_id(document) for document in documents]
    if SOURCE in ids or COMPILED in ids:
        write_sources(world, documents, ids)
        return [Written(key=()) for _ in documents]
    unit = Unit(world)
    records = [_read(unit, d, i) for d, i in zip(documents, ids, strict=True)]
    if not records:
        return []
    with working(unit, records[0].shape):
        rows = Writer(unit, author).write(records)
        new = [row is not None and row.state == "new" for row in rows]
    return [_written(*one) for one in zip(records, rows, new, strict=True)]


def collection_of(root: etree._Element) -> list[etree._Element]:
    """Return the documents of a collection; they take over its ``xtkschema``."""
    documents = [child for child in root if isinstance(child.tag, str)]
    for document in documents:
        if not document.get("xtkschema"):
            document.set("xtkschema", root.get("xtkschema") or "")
    return documents


def _schema_id(document: etree._Element) -> str:
    schema_id = document.get("xtkschema") or ""
    if not schema_id:
        raise NotSaved(f"<{local_name(document)}> has no 'xtkschema' attribute.")
    return schema_id


def _read(unit: Unit, document: etree._Element, schema_id: str) -> Record:
    shape = unit.shape(schema_id)
    name, own = local_name(document), document.get("xtkschema") or schema_id
    if name not in (shape.schema.name, own.partition(":")[2]):
        raise unknown(shape.schema, name, [shape.schema.name])
    try:
        return read_record(document, shape, unit.shape)
    except RecursionError:
        raise not_saved(shape.schema, "The document is nested too deeply.") from None


def _written(record: Record, row: Row | None, is_new: bool) -> Written:
    if row is None:
        return Written(key=())
    given = bool(row.shape.key) and all(record.values.get(p) for p in row.shape.key)
    return Written(key=row.key, is_new=is_new, was_keyed=given)
