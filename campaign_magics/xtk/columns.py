"""What a query returns, column by column: the contract between check and decode."""

from __future__ import annotations

from dataclasses import dataclass

from .types import EnumValue, XtkType


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column of an answer.

    ``steps`` lead from the row element to the value: ``("@email",)``,
    ``("folder", "@label")``, ``("desc",)`` for text in a child element.
    ``items`` is set for a collection: ``steps`` then name the repeated element and
    each item becomes a struct of these columns.  ``values`` is set for an
    enumeration.  Source of the shapes: protocol.md §5.3.
    """

    name: str
    steps: tuple[str, ...]
    type: XtkType
    label: str = ""
    values: tuple[EnumValue, ...] = ()
    items: tuple[Column, ...] = ()

    @property
    def is_attribute(self) -> bool:
        """True when the value is an XML attribute, not an element's text."""
        return bool(self.steps) and self.steps[-1].startswith("@")
