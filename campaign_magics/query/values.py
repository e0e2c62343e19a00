"""Whether the constants of a condition fit what they are compared with.

Campaign stores and compares an enumeration's values (``@gender = 1``, "Form structure"
in Adobe's documentation), not its names; so a name or a label that stands in quotes is
replaced by its stored value.  A constant in quotes is converted by the server where it
reads as a number or a date (protocol.md §5.2), and is left as it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from ..errors import InvalidValue
from ..schemas.model import Enumeration, Field
from ..xtk.ast import Binary, In, Literal, Node, Path, Value
from ..xtk.names import closest
from ..xtk.printer import to_source
from ..xtk.text import from_text, read_moment
from ..xtk.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INT64,
    LONG,
    STRING,
    TYPES,
    Kind,
    XtkType,
)
from .scope import Scope
from .tree import COMPARISONS, rebuilt

TEXTS: Final = frozenset({Kind.STRING})
TIMES: Final = frozenset({Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME})
NUMBERS: Final = frozenset({Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.TIMESPAN})
_FAMILIES: Final = ((TEXTS, "a text"), (NUMBERS, "a number"), (TIMES, "a date"))
_INT32: Final = 2**31


@dataclass(frozen=True, slots=True)
class Operand:
    """What a constant is compared with: its text, its type, its enumeration."""

    text: str
    type: XtkType | None = None
    enum: Enumeration | None = None
    is_field: bool = False


def operand(node: Node, scope: Scope | None) -> Operand:
    """Describe one side of a comparison; no scope, no type."""
    text = to_source(node)
    if scope is None:
        return Operand(text)
    field: Field | None = scope.field_of(node)
    if field is not None:
        return Operand(text, field.type, field.enum, is_field=True)
    return Operand(text, scope.type_of(node))


def fitted(node: Node, scope: Scope) -> Node:
    """Return the tree with enumeration names replaced by their stored values.

    Raises InvalidValue, pointing into the expression, for a constant that is no value
    of the enumeration, and for a text, a number and a date compared with each other.
    """
    node = rebuilt(node, lambda part: fitted(part, scope))
    match node:
        case Binary(op=op) if op in COMPARISONS:
            left, right = _pair(node.left, node.right, scope)
            fits = left is node.left and right is node.right
            return node if fits else replace(node, left=left, right=right)
        case In():
            known = operand(node.operand, scope)
            items = tuple(_item(item, known) for item in node.items)
            return node if items == node.items else replace(node, items=items)
    return node


def stored(enum: Enumeration, text: str) -> str | None:
    """Return the stored value that a value, a name or a label stands for, or None."""
    for one in enum.values:
        if one.value == text:
            return text
    for same in (str, str.casefold):
        for one in enum.values:
            if same(text) in (same(one.name), same(one.label)):
                return one.value
    return None


def literal(value: Value) -> Literal:
    """Return a Python value as the constant that it reads back as."""
    match value:
        case bool():
            return Literal(value, BOOLEAN)
        case int():
            return Literal(value, LONG if -_INT32 <= value < _INT32 else INT64)
        case float():
            return Literal(Decimal(repr(value)), DOUBLE)
        case Decimal():
            return Literal(value, DOUBLE)
        case datetime():
            zoned = value.tzinfo is not None
            return Literal(value, DATETIME if zoned else TYPES["datetimenotz"])
        case date():
            return Literal(value, DATE)
        case str():
            return Literal(value, STRING)
    return Literal(value, TYPES["timespan"])


def enum_literal(enum: Enumeration, text: str, given: str) -> Literal:
    """Return the stored value that a text stands for; ``given`` is how it was given.

    Raises InvalidValue, without a span, naming the nearest values.
    """
    found = stored(enum, text)
    if found is None:
        names = [one.name for one in enum.values]
        near = closest(text, [*names, *(one.label for one in enum.values)])
        known = ", ".join(_shown(names))
        raise InvalidValue(
            f"{given} is no value of {enum.name}.",
            hint=f"did you mean {near}?" if near else f"use one of {known}",
        )
    return literal(from_text(enum.basetype, found))


def _pair(left: Node, right: Node, scope: Scope) -> tuple[Node, Node]:
    if isinstance(right, Literal) and not isinstance(left, Literal):
        return left, _item(right, operand(left, scope))
    if isinstance(left, Literal) and not isinstance(right, Literal):
        return _item(left, operand(right, scope)), right
    if isinstance(left, Path) and isinstance(right, Path):
        _check_fields(left, right, scope)
    return left, right


def _item(item: Node, known: Operand) -> Node:
    """Return a constant as it fits ``known``; anything else is left alone."""
    if not isinstance(item, Literal) or known.type is None:
        return item
    if known.enum is not None and isinstance(item.value, str) and item.value:
        return _enum_item(item, known.enum)
    if isinstance(item.value, str):
        _check_text(item, known)
    elif known.is_field and item.value is not None:
        _check_families(item, known.type, item.type, known.text)
    return item


def _enum_item(item: Literal, enum: Enumeration) -> Literal:
    text = str(item.value)
    try:
        made = enum_literal(enum, text, to_source(item))
    except InvalidValue as exc:
        exc.span = item.span
        raise
    return item if stored(enum, text) == text else replace(made, span=item.span)


def _check_text(item: Literal, known: Operand) -> None:
    """Refuse a text in quotes that the server could not read as the other side's type.

    An empty text is null for every type.
    """
    kind = known.type.kind if known.type else Kind.STRING
    text = str(item.value)
    if not text.strip() or kind in TEXTS or kind is Kind.ELEMENT:
        return
    try:
        if kind in TIMES:
            read_moment(text.strip())
        elif kind in NUMBERS and known.type is not None:
            from_text(known.type, text)
    except (ValueError, OverflowError, InvalidValue) as exc:
        wanted = "true or false" if kind is Kind.BOOLEAN else _family(kind)
        raise InvalidValue(
            f"{known.text} is {wanted}, {to_source(item)} is not.",
            hint=getattr(exc, "hint", "") or "write it as #2020-12-31#",
            span=item.span,
        ) from exc


def _check_fields(left: Path, right: Path, scope: Scope) -> None:
    one, other = operand(left, scope), operand(right, scope)
    if one.type is not None and other.type is not None:
        _check_families(right, one.type, other.type, one.text)


def _check_families(node: Node, wanted: XtkType, given: XtkType, beside: str) -> None:
    """Refuse a text, a number and a date compared with each other."""
    names = [_family(wanted.kind), _family(given.kind)]
    if None in names or names[0] == names[1]:
        return
    text = to_source(node)
    hint = f"compare {beside} with {names[0]}"
    if names[0] == "a text" and isinstance(node, Literal):
        hint = f"write '{text}'"
    elif names[0] == "a text":
        hint = f"write ToString({text})"
    raise InvalidValue(
        f"{beside} is {names[0]}, {text} is {names[1]}.", hint=hint, span=node.span
    )


def _family(kind: Kind) -> str | None:
    return next((name for kinds, name in _FAMILIES if kind in kinds), None)


def _shown(names: Iterable[str], most: int = 12) -> list[str]:
    listed = list(names)
    return listed if len(listed) <= most else [*listed[:most], "…"]
