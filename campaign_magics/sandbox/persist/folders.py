"""xtk:folder keeps its place in the tree: full names and numbers of subfolders.

A change of the label also changes the full name, of the folders below too (the client
of Adobe shows it in its samples).
"""

from __future__ import annotations

from typing import Final

from .causes import not_saved
from .rows import Row
from .unit import Unit

FOLDER: Final = "xtk:folder"

_NEEDED: Final = ("@label", "@fullName", "@parent-id", "@childCount")


def place(unit: Unit, row: Row, parent_before: object) -> None:
    """Name a folder that was made, renamed or moved, and all below it.

    ``parent_before`` is the id of the folder it was in.  Raises NotSaved when it would
    be in itself.
    """
    unit.need(row.shape, _NEEDED)
    _name(unit, row, frozenset())
    parent = unit.value(row, "@parent-id")
    if parent != parent_before:
        _count(unit, row, parent)
        _count(unit, row, parent_before)


def leave(unit: Unit, row: Row) -> None:
    """Tell the folder that one in it is gone."""
    _count(unit, row, unit.value(row, "@parent-id"))


def _name(unit: Unit, row: Row, above: frozenset[object]) -> None:
    number = row.values["@id"]
    if number in above:
        raise not_saved(row.shape.schema, "A folder cannot be in itself.")
    above_name = "/"
    if parent := unit.value(row, "@parent-id"):
        holder = unit.find(row.shape, ("@id",), (parent,))
        if holder is not None:
            above_name = unit.value(holder, "@fullName") or "/"
    full_name = f"{above_name}{unit.value(row, '@label') or ''}/"
    if full_name != unit.value(row, "@fullName"):
        unit.change(row, {"@fullName": full_name})
        for inner in unit.find_all(row.shape, ("@parent-id",), (number,)):
            _name(unit, inner, above | {number})


def _count(unit: Unit, row: Row, parent: object) -> None:
    holder = unit.find(row.shape, ("@id",), (parent,)) if parent else None
    if holder is not None:
        held = unit.find_all(row.shape, ("@parent-id",), (parent,))
        unit.change(holder, {"@childCount": len(held)})
