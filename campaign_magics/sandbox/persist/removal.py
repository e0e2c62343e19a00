"""Deleting records and what the integrity of their links asks for.

``own`` and ``owncopy`` delete the linked records, ``normal`` empties their foreign
keys, ``define`` refuses while any are left, ``neutral`` does nothing (Adobe,
"Database mapping", links).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from ...schemas.model import Database, Link
from .causes import NotSaved, not_saved
from .rows import Values
from .shape import Shape
from .tables import Tables

_OWNED: Final = ("own", "owncopy")


def cascades(shape: Shape) -> bool:
    """Tell whether deleting a record concerns any other."""
    return any(
        link.integrity in _OWNED
        or (link.integrity in ("normal", "define") and _is_reverse(shape, link))
        for link in shape.schema.links
    )


def remove(
    tables: Mapping[Database, Tables],
    lookup: Callable[[str], Shape],
    shape: Shape,
    keys: Iterable[Values],
) -> None:
    """Delete the records with these keys, and follow their links.

    Raises NotSaved when a record is referred to by a link that must be defined.
    """
    _Removal(tables, lookup).remove(shape, keys)


class _Removal:
    def __init__(
        self, tables: Mapping[Database, Tables], lookup: Callable[[str], Shape]
    ) -> None:
        self._tables = tables
        self._lookup = lookup
        self._seen: set[tuple[str, Values]] = set()

    def remove(self, shape: Shape, keys: Iterable[Values]) -> None:
        fresh = [key for key in dict.fromkeys(keys) if self._is_new(shape, key)]
        if not fresh:
            return
        for link in shape.schema.links:
            self._follow(shape, link, fresh)
        self._tables[shape.database].delete(shape, shape.key, fresh)

    def _follow(self, shape: Shape, link: Link, keys: Sequence[Values]) -> None:
        owned = link.integrity in _OWNED
        if not owned and not _is_reverse(shape, link):
            return
        if not owned and link.integrity not in ("normal", "define"):
            return
        try:
            target = self._lookup(link.target)
        except NotSaved:
            return
        there = tuple(join.target for join in link.joins)
        if not there or any(path not in target.columns for path in there):
            return
        held = self._held(shape, tuple(join.source for join in link.joins), keys)
        if owned:
            self._remove_owned(target, there, held)
        elif link.integrity == "normal":
            self._detach(target, there, held)
        elif self._any(target, there, held):
            cause = f"The record is still in use by '{target.schema.label}'."
            raise not_saved(shape.schema, cause)

    def _remove_owned(
        self, target: Shape, there: tuple[str, ...], held: Sequence[Values]
    ) -> None:
        tables = self._tables[target.database]
        if cascades(target) and target.key:
            found = list(tables.fetch(target, target.key, there, held))
            self.remove(target, found)
        elif held:
            tables.delete(target, there, held)

    def _detach(
        self, target: Shape, there: tuple[str, ...], held: Sequence[Values]
    ) -> None:
        empty = tuple(target.empties[path] for path in there)
        rows = [(*values, *empty) for values in held]
        if rows:
            self._tables[target.database].update(target, there, there, rows)

    def _any(
        self, target: Shape, there: tuple[str, ...], held: Sequence[Values]
    ) -> bool:
        tables = self._tables[target.database]
        found = tables.fetch(target, target.key or there, there, held)
        keys = {(target.schema.id, key) for key in found}
        return bool(keys - self._seen)

    def _held(
        self, shape: Shape, paths: tuple[str, ...], keys: Sequence[Values]
    ) -> list[Values]:
        """Return the values that the linked records are found by; none is empty."""
        found: Iterable[Values] = keys
        if paths != shape.key:
            if any(path not in shape.columns for path in paths):
                return []
            tables = self._tables[shape.database]
            found = tables.fetch(shape, paths, shape.key, keys)
        return [values for values in dict.fromkeys(found) if all(values)]

    def _is_new(self, shape: Shape, key: Values) -> bool:
        mark = (shape.schema.id, key)
        if mark in self._seen or (shape.numbered and not key[0]):
            return False
        self._seen.add(mark)
        return True


def _is_reverse(shape: Shape, link: Link) -> bool:
    """Tell whether the foreign key is on the other side."""
    return link.unbound or {join.source for join in link.joins} <= {*shape.key}
