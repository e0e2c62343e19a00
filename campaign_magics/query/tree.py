"""Copying an expression's tree with some of its nodes changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..xtk.ast import Binary, Call, In, IsNull, Node, Unary

COMPARISONS = frozenset({"=", "<>", "<", "<=", ">", ">="})


def rebuilt(node: Node, change: Callable[[Node], Node]) -> Node:
    """Return the node with each operand put through ``change``, itself if none did."""
    copy = _copy(node, change)
    return node if copy == node else copy


def _copy(node: Node, change: Callable[[Node], Node]) -> Node:
    match node:
        case Binary():
            return replace(node, left=change(node.left), right=change(node.right))
        case Call():
            return replace(node, args=tuple(map(change, node.args)))
        case In():
            items = tuple(map(change, node.items))
            return replace(node, operand=change(node.operand), items=items)
        case Unary() | IsNull():
            return replace(node, operand=change(node.operand))
    return node
