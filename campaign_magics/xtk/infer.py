"""The type of an expression's result, as far as it can be told without the server."""

from __future__ import annotations

from collections.abc import Callable

from .ast import Binary, Call, In, IsNull, Literal, Node, Param, Path, Unary
from .functions import FUNCTIONS, common_type
from .types import BOOLEAN, DOUBLE, STRING, TIMESPAN, TYPES, Kind, XtkType

_MOMENTS = (Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME)
_TESTS = ("=", "<>", "<", "<=", ">", ">=", "AND", "OR", "LIKE", "NOT LIKE")


def infer(node: Node, type_of: Callable[[Path], XtkType | None]) -> XtkType | None:
    """Return the type of the expression's value, or None when it is not known.

    ``type_of`` gives the type of a path, None for a link or a collection.  Rules:
    a test is boolean, ``+`` with a text on either side is text, a division is
    double, a function is what ``FUNCTIONS`` says.
    """
    match node:
        case Literal():
            return node.type
        case Path():
            return type_of(node)
        case Call():
            return _call([infer(item, type_of) for item in node.args], node.name)
        case Param():
            return TYPES.get(node.kind)
        case In() | IsNull() | Unary(op="NOT"):
            return BOOLEAN
        case Unary():
            return infer(node.operand, type_of)
        case Binary(op=op) if op in _TESTS:
            return BOOLEAN
        case Binary():
            left = infer(node.left, type_of)
            return _arithmetic(node.op, left, infer(node.right, type_of))
        case _:
            return None


def _call(types: list[XtkType | None], name: str) -> XtkType | None:
    known = FUNCTIONS.get(name.lower())
    if known is None or len(types) < known.min_args:
        return None
    return known.result(types)


def _arithmetic(op: str, left: XtkType | None, right: XtkType | None) -> XtkType | None:
    kinds = (left.kind if left else None, right.kind if right else None)
    if op == "+" and Kind.STRING in kinds:
        return STRING
    if left is None or right is None:
        return None
    if kinds[0] in _MOMENTS:
        # What the server returns for a difference of dates is not documented.
        return None if kinds[1] in _MOMENTS else left
    if Kind.STRING in kinds or op == "/":
        return DOUBLE
    if Kind.TIMESPAN in kinds and op in "+-":
        return TIMESPAN
    return common_type((left, right))
