"""Nodes of an XTK expression.  Spans point into the parsed text, and do not compare.

Grammar and semantics: protocol.md §5.2 and §11.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal as OneOf

from ..errors import Span
from .types import XtkType

Value = str | int | Decimal | float | bool | date | datetime | timedelta | None


def _span() -> Span:
    return (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Any part of an expression."""

    span: Span = field(default_factory=_span, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant; ``None`` of a date type is ``##``."""

    value: Value
    type: XtkType


@dataclass(frozen=True, slots=True)
class Path(Node):
    """A field, link or collection: ``@email``, ``folder/@name``, ``../@id``.

    ``steps`` keep the ``@`` of an attribute; ``..`` climbs to the outer query or
    element.  ``join`` holds ``(schema, alias)`` of an ad-hoc join
    ``[schema:alias:xpath]``.
    """

    steps: tuple[str, ...]
    absolute: bool = False
    join: tuple[str, str] | None = None

    @property
    def text(self) -> str:
        """Return the path without brackets, as schemas write it."""
        return ("/" if self.absolute else "") + "/".join(self.steps)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function call; ``name`` as typed, looked up without regard to case."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Param(Node):
    """``$(path)``, ``$long(path)``, ``$string(path)``…: a value of the context."""

    kind: str
    path: Path


@dataclass(frozen=True, slots=True)
class Placeholder(Node):
    """``:name``: a value to come; read only where the caller asks for it."""

    name: str


@dataclass(frozen=True, slots=True)
class Unary(Node):
    """``NOT x`` or ``-x``."""

    op: OneOf["NOT", "-"]
    operand: Node


BinaryOp = OneOf[
    "+", "-", "*", "/", "%", "=", "<>", "<", "<=", ">", ">=",
    "AND", "OR", "LIKE", "NOT LIKE",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Binary(Node):
    """Two operands; ``!=`` is stored as ``<>``."""

    op: BinaryOp
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In(Node):
    """``x IN (a, b)`` and its negation."""

    operand: Node
    items: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class IsNull(Node):
    """``x IS NULL`` and its negation."""

    operand: Node
    negated: bool = False
