"""Visiting the nodes of an expression, without recursion."""

from __future__ import annotations

from collections.abc import Iterator

from .ast import Binary, Call, In, IsNull, Node, Path, Unary


def operands(node: Node) -> tuple[Node, ...]:
    """Return the nodes directly under this one, in the order of the text."""
    match node:
        case Binary(left=left, right=right):
            return (left, right)
        case Call(args=args):
            return args
        case In(operand=operand, items=items):
            return (operand, *items)
        case Unary(operand=operand) | IsNull(operand=operand):
            return (operand,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """Yield the node and all below it, each before its operands, left to right.

    The path inside a ``$(…)`` parameter is not visited: it reads the context of the
    query, not the record.
    """
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(operands(current)))


def paths(node: Node) -> Iterator[Path]:
    """Yield every path that reads the record, in the order of the text."""
    return (item for item in walk(node) if isinstance(item, Path))


def depth(node: Node) -> int:
    """Return how many nodes the longest line from here to a leaf holds."""
    deepest, waiting = 0, [(node, 1)]
    while waiting:
        current, level = waiting.pop()
        deepest = max(deepest, level)
        waiting.extend((item, level + 1) for item in operands(current))
    return deepest
