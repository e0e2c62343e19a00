"""Making nodes: joined by operators, or from a text of XTK with holes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from ...errors import CampaignError, Span
from ...xtk.ast import Binary, BinaryOp, Node, Placeholder
from ...xtk.parser import parse
from ...xtk.walk import walk
from ..tree import rebuilt


def joined(op: BinaryOp, left: Node, right: Node) -> Binary:
    """Join two nodes; the span covers both."""
    return Binary(op, left, right, span=cover(left, right))


def chain(op: BinaryOp, nodes: Sequence[Node]) -> Node:
    """Join nodes from the left: a AND b AND c."""
    node = nodes[0]
    for other in nodes[1:]:
        node = joined(op, node, other)
    return node


def cover(*nodes: Node) -> Span:
    """Return the span from the first of the nodes to the last."""
    return min(one.span[0] for one in nodes), max(one.span[1] for one in nodes)


def filled(text: str, args: Sequence[Node], span: Span) -> Node:
    """Return an XTK text with its ``:a``, ``:b``… replaced by nodes."""
    given = dict(zip("abcd", args, strict=False))

    def fill(node: Node) -> Node:
        if isinstance(node, Placeholder):
            return given[node.name]
        return replace(rebuilt(node, fill), span=span)

    return fill(_template(text))


def holes(text: str) -> int:
    """Return how many arguments a text takes."""
    found = (one for one in walk(_template(text)) if isinstance(one, Placeholder))
    return len({hole.name for hole in found})


def constant(text: str, source: str, span: Span) -> Node:
    """Read an XTK constant that stands for a part of the source.

    Raises ExpressionError that points at that part.
    """
    try:
        return replace(parse(text), span=span)
    except CampaignError as exc:
        exc.source, exc.span = source, span
        raise


@cache
def _template(text: str) -> Node:
    return parse(text, placeholders=True)
