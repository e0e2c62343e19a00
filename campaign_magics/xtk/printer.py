"""The tree of an expression back to XTK text: ``parse(to_source(node)) == node``.

Brackets are written where the operators need them, and every path but a single plain
name stands in square brackets, as Adobe's documentation asks (protocol.md §5.2).
"""

from __future__ import annotations

import re
from typing import Final

from .ast import (
    Binary,
    Call,
    In,
    IsNull,
    Literal,
    Node,
    Param,
    Path,
    Placeholder,
    Unary,
)
from .text import literal_text
from .tokens import COMPARISON, MINUS_POWER, NAME, NOT_POWER, POWERS, RESERVED

_PLAIN: Final = re.compile(f"@?{NAME}")
_ATOM: Final = 100


def to_source(node: Node) -> str:
    """Return the expression as text.

    Raises ``InvalidValue`` for a literal whose value does not fit its type.
    """
    match node:
        case Literal():
            return literal_text(node.type, node.value)
        case Path():
            return _path(node)
        case Call():
            return f"{node.name}({_list(node.args)})"
        case Param():
            return f"${node.kind}({_inside(node.path)})"
        case Placeholder():
            return f":{node.name}"
        case Unary(op="NOT"):
            return f"NOT {_within(node.operand, NOT_POWER)}"
        case Unary():
            return f"-{_signed(node.operand)}"
        case IsNull():
            test = "IS NOT NULL" if node.negated else "IS NULL"
            return f"{_within(node.operand, COMPARISON + 1)} {test}"
        case In():
            test = "NOT IN" if node.negated else "IN"
            operand = _within(node.operand, COMPARISON + 1)
            return f"{operand} {test} ({_list(node.items)})"
        case Binary():
            return _binary(node)
    raise TypeError(f"{type(node).__name__} is no part of an expression")


def _binary(node: Binary) -> str:
    """Write a chain of operators, left to right, without recursion on the left.

    The right side of ``a - (b - c)`` needs brackets; comparisons chain on no side.
    """
    rest: list[str] = []
    while True:
        power = POWERS[node.op]
        rest.append(f" {node.op} {_within(node.right, power + 1)}")
        needed = power + (power == COMPARISON)
        if not isinstance(node.left, Binary) or POWERS[node.left.op] < needed:
            return _within(node.left, needed) + "".join(reversed(rest))
        node = node.left


def _within(node: Node, power: int) -> str:
    """Return the text of an operand, in brackets if it binds less than needed."""
    text = to_source(node)
    return text if _power(node) >= power else f"({text})"


def _power(node: Node) -> int:
    match node:
        case Binary():
            return POWERS[node.op]
        case In() | IsNull():
            return COMPARISON
        case Unary(op="NOT"):
            return NOT_POWER
        case Unary():
            return MINUS_POWER
        case _:
            return _ATOM


def _signed(node: Node) -> str:
    """Return what follows a minus: ``-5`` is a number, ``-(5)`` turns 5 round."""
    atom = isinstance(node, Path | Call | Param | Placeholder)
    return to_source(node) if atom else f"({to_source(node)})"


def _list(nodes: tuple[Node, ...]) -> str:
    return ", ".join(map(to_source, nodes))


def _path(path: Path) -> str:
    text = _inside(path)
    plain = _PLAIN.fullmatch(text) and text.lower() not in RESERVED
    return text if plain else f"[{text}]"


def _inside(path: Path) -> str:
    """Return the path without its brackets."""
    if path.join is None:
        return path.text
    schema, alias = path.join
    # "::" only where the path's own colon would be taken for the alias's.
    named = alias or (not path.absolute and ":" in path.steps[0])
    return f"{schema}:{alias}:{path.text}" if named else f"{schema}:{path.text}"
