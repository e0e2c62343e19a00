"""NewInstance and Duplicate: entities filled in and not yet stored (protocol.md §6)."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree

from ...schemas.model import Field
from ...xtk.types import Kind
from ..auth import Operator
from ..stores.world import World
from .causes import NotSaved, clipped
from .document import Record, read_record
from .memo import root_of
from .rows import Row
from .shape import MEMO, Shape
from .unit import Unit, working
from .values import Stored, stored_value, value_text
from .writer import Writer

_PART: Final = re.compile(r"\\.|[^\\|]|(\|)")


def new_instance(
    world: World, document: etree._Element, schema_id: str, author: Operator
) -> bytes:
    """Return a document with its defaults and its future id; nothing is stored.

    Only the id and the counters are used up.  Raises NotSaved, or Fault.
    """
    unit = Unit(world)
    shape = unit.shape(schema_id)
    record = read_record(document, shape, unit.shape)
    with working(unit, shape):
        values = Writer(unit, author).new(record)
    for path, value in values.items():
        if path and path not in record.values and _says_something(shape, path, value):
            _put(document, shape.schema.field_by_path[path], value)
    return _unsaved(document, shape)


def duplicate(world: World, key: str, author: Operator) -> bytes:
    """Return an unsaved copy of the record that ``nms:delivery|1234`` names.

    It has an id of its own; fields marked ``defOnDuplicate`` have their defaults.
    Raises NotSaved when there is no such record, or Fault.
    """
    schema_id, *parts = key_parts(key)
    unit = Unit(world)
    shape = unit.shape(schema_id)
    with working(unit, shape):
        row = _original(unit, shape, parts, key)
        copied = {
            path: row.values[path]
            for path in shape.columns
            if path not in shape.key or len(shape.key) > 1
            if path == MEMO or not shape.schema.field_by_path[path].def_on_duplicate
        }
        record = Record(shape=shape, operation="insert", values=copied)
        values = Writer(unit, author).new(record)
    document = root_of(values.get(MEMO), shape.schema.name)
    for path, value in values.items():
        if path and _says_something(shape, path, value):
            _put(document, shape.schema.field_by_path[path], value)
    return _unsaved(document, shape)


def key_parts(key: str) -> list[str]:
    r"""Split ``nms:recipient|1234``; ``\|`` is a bar and not the end of a part."""
    parts = [""]
    for found in _PART.finditer(key):
        if found[1]:
            parts.append("")
        else:
            parts[-1] += found[0].removeprefix("\\") or "\\"
    return parts


def _original(unit: Unit, shape: Shape, parts: list[str], key: str) -> Row:
    fields = [shape.schema.field_by_path[path] for path in shape.key]
    if len(parts) != len(fields) or not fields:
        raise NotSaved(f"'{clipped(key)}' is not a key of '{shape.schema.id}'.")
    values = tuple(
        stored_value(shape.schema, field, part, shape.database)
        for field, part in zip(fields, parts, strict=True)
    )
    unit.need(shape, shape.columns)
    row = unit.find(shape, shape.key, values)
    if row is None:
        raise NotSaved(f"There is no record '{clipped(key)}'.")
    return row


def _says_something(shape: Shape, path: str, value: Stored) -> bool:
    """Tell a value from a column's emptiness; flags and defaults are always told."""
    field = shape.schema.field_by_path[path]
    if field.default or field.type.kind is Kind.BOOLEAN or field.enum is not None:
        return value is not None
    return bool(value != shape.empties[path])


def _put(document: etree._Element, field: Field, value: Stored) -> None:
    *heads, last = field.path.split("/")
    holder = document
    for step in heads:
        inner = holder.find(step)
        holder = etree.SubElement(holder, step) if inner is None else inner
    if last.startswith("@"):
        holder.set(last[1:], value_text(field, value))
    else:
        etree.SubElement(holder, last).text = value_text(field, value)


def _unsaved(document: etree._Element, shape: Shape) -> bytes:
    """Write the entity down: saving it later must say ``insert``, as it does here."""
    document.set("xtkschema", shape.schema.id)
    document.set("_operation", "insert")
    return etree.tostring(document, encoding="utf-8")
