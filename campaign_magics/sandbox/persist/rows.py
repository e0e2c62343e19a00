"""Rows in memory while a call is at work: one object for each record, found by key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .shape import Shape
from .values import Stored

Values = tuple[Stored, ...]
State = Literal["kept", "new", "gone"]


@dataclass(slots=True, eq=False, kw_only=True)
class Row:
    """A record: the stored values known of it, and what is to be written.

    ``values`` may lack columns that nobody asked for; a new row has all of them.
    """

    shape: Shape
    values: dict[str, Stored]
    state: State = "kept"
    changed: set[str] = field(default_factory=set)

    @property
    def key(self) -> Values:
        """The values of the internal key."""
        return tuple(self.values[path] for path in self.shape.key)

    def under(self, paths: Iterable[str]) -> Values | None:
        """Return the values of these paths, None when one is not known."""
        known = [path in self.values for path in paths]
        return tuple(self.values[p] for p in paths) if all(known) else None


@dataclass(slots=True, kw_only=True)
class Index:
    """Rows by the values of some paths; ``asked`` are those the database was asked."""

    paths: tuple[str, ...]
    asked: set[Values] = field(default_factory=set)
    rows: dict[Values, list[Row]] = field(default_factory=dict)

    def put(self, row: Row) -> None:
        """Enter a row under its values."""
        values = row.under(self.paths)
        if values is not None:
            held = self.rows.setdefault(values, [])
            if row not in held:
                held.append(row)

    def take(self, row: Row) -> None:
        """Take a row out, if it is in."""
        values = row.under(self.paths)
        if values is not None and row in self.rows.get(values, ()):
            self.rows[values].remove(row)

    def all(self, values: Values) -> list[Row]:
        """Return the rows under these values, by their keys."""
        held = self.rows.get(values, [])
        return sorted(held, key=lambda row: ordered(row.key)) if held[1:] else held[:]


def ordered(values: Values) -> list[tuple[bool, Stored]]:
    """Return what sorts rows by these values, null before all others."""
    return [(value is not None, value) for value in values]


def grouped(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return rows by the full name of their schema."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.shape.schema.id, []).append(row)
    return found
