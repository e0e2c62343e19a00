"""Where each value stands in the answer (protocol.md §5.3): the shape of one row."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from ...xtk.types import EnumValue, XtkType
from .causes import Refused

if TYPE_CHECKING:
    from .statement import Statement

_NAME: Final = re.compile(r"[^\W\d][\w.-]*")

Reading = Callable[[pa.Array], pa.Array]
"""From a column of the database to texts that are ready to stand in XML."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value of a row: a column of the SELECT, shown as its type is.

    ``part`` picks name or label of an enumeration's ``values``; ``xml`` is the path
    of a value inside an XML memo.
    """

    column: int
    type: XtkType
    values: tuple[EnumValue, ...] = ()
    part: str = ""
    xml: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """A sub-list: ``rows`` answers for the keys found in ``column``."""

    column: int
    rows: Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlList:
    """A collection inside an XML memo: its path, and the values of each item."""

    column: int
    name: str
    path: tuple[str, ...]
    fields: tuple[str, ...]


@dataclass(slots=True)
class Element:
    """One element of a row, and what it holds."""

    name: str
    attributes: dict[str, Value] = field(default_factory=dict)
    text: Value | None = None
    children: dict[str, Element] = field(default_factory=dict)
    lists: list[Items | XmlList] = field(default_factory=list)

    def at(self, steps: Iterable[str]) -> Element:
        """Return the element that a path of names leads to, made where missing."""
        here = self
        for step in steps:
            here = here.children.setdefault(step, Element(step))
        return here

    def place(self, steps: tuple[str, ...], value: Value) -> None:
        """Put a value where a path says; the last value of a place stays."""
        here = self.at(steps[:-1])
        if steps[-1].startswith("@"):
            here.attributes[steps[-1][1:]] = value
        else:
            here.at(steps[-1:]).text = value


def alias_steps(alias: str) -> tuple[str, ...]:
    """Read an alias, an XPath in the answer; ``../`` climbs to the row at most."""
    inner = alias.strip().removeprefix("[").removesuffix("]")
    steps = [step for step in inner.split("/") if step not in ("", ".")]
    folded: list[str] = []
    for step in steps:
        if step != "..":
            folded.append(step)
        elif folded:
            folded.pop()
    names = [*folded[:-1], folded[-1].removeprefix("@")] if folded else [""]
    if not all(_NAME.fullmatch(name) for name in names):
        raise Refused(f"Alias '{alias[:200]}' is not a path in the answer.")
    return tuple(folded)
