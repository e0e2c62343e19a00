"""``:name`` in an expression → a typed literal.  Nothing is ever pasted as text.

A value becomes a node of the expression's tree, and the tree is written out again, so
quotes, comments and operators in a value stay data.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from ..errors import CampaignError, InvalidValue, UnknownName
from ..xtk import types
from ..xtk.ast import Binary, Call, In, IsNull, Literal, Node, Placeholder, Unary
from ..xtk.names import did_you_mean
from ..xtk.parser import parse
from ..xtk.printer import to_source
from .locate import point
from .model import Condition, OrderNode, QueryDef, SelectNode

Params = Mapping[str, Any]
_Part = TypeVar("_Part", QueryDef, Condition, SelectNode, OrderNode)
_TRUE = Binary("=", Literal(1, types.LONG), Literal(1, types.LONG))
_FALSE = Binary("=", Literal(1, types.LONG), Literal(0, types.LONG))
_INT32 = 2**31


def bind(query: QueryDef, params: Params, source: str | None = None) -> QueryDef:
    """Replace every ``:name`` by its value; expressions without one stay untouched.

    Lists fill an ``IN (:names)``; None and missing values turn ``=`` into ``IS NULL``.
    Raises UnknownName for a parameter without a value, InvalidValue for a value that
    has no XTK literal.
    """
    return _Binder(params, source).part(query)


class _Binder:
    def __init__(self, params: Params, source: str | None) -> None:
        self._params = params
        self._source = source

    def part(self, part: _Part) -> _Part:
        """Return a copy of a query's part with every expression in it bound."""
        changes: dict[str, Any] = {}
        for name in part.__dataclass_fields__:
            value = getattr(part, name)
            if name in ("expr", "enabled_if") and value:
                changes[name] = self.text(value)
            elif name == "group_by" and isinstance(value, tuple):
                changes[name] = tuple(map(self.text, value))
            elif isinstance(value, tuple):
                changes[name] = tuple(map(self.part, value))
            elif isinstance(value, QueryDef):
                changes[name] = self.part(value)
        return replace(part, **changes)

    def text(self, expr: str) -> str:
        """Bind one expression."""
        if ":" not in expr:
            return expr
        try:
            tree = parse(expr, placeholders=True)
            bound = self._node(tree)
        except CampaignError as exc:
            if exc.span is not None and exc.source is None:
                exc.source = expr
            raise point(exc, expr, self._source) from exc.__cause__
        return expr if bound == tree else to_source(bound)

    def _node(self, node: Node) -> Node:
        match node:
            case Placeholder():
                return self._scalar(node)
            case Binary(op="=" | "<>", right=Placeholder() as mark):
                return self._compare(node, node.left, mark)
            case Binary(op="=" | "<>", left=Placeholder() as mark):
                return self._compare(node, node.right, mark)
            case Binary():
                return replace(
                    node, left=self._node(node.left), right=self._node(node.right)
                )
            case In():
                return self._in(node)
            case Unary() | IsNull():
                return replace(node, operand=self._node(node.operand))
            case Call():
                return replace(node, args=tuple(map(self._node, node.args)))
        return node

    def _compare(self, node: Binary, other: Node, mark: Placeholder) -> Node:
        if _is_missing(self._value(mark)):
            return IsNull(self._node(other), negated=node.op == "<>")
        return replace(node, left=self._node(node.left), right=self._node(node.right))

    def _in(self, node: In) -> Node:
        operand = self._node(node.operand)
        items: list[Node] = []
        missing = False
        for item in node.items:
            for value in self._items(item):
                missing = missing or value is None
                items += [value] if value is not None else []
        found: Node = In(operand, tuple(items), negated=node.negated)
        if not items:
            found = _TRUE if node.negated else _FALSE
        if not missing:
            return found
        null = IsNull(operand, negated=node.negated)
        return Binary("AND" if node.negated else "OR", found, null) if items else null

    def _items(self, item: Node) -> Iterable[Node | None]:
        """Yield what an item of an IN stands for; None is a missing value."""
        if not isinstance(item, Placeholder):
            yield self._node(item)
            return
        value = self._value(item)
        for one in value if _is_list(value) else [value]:
            yield None if _is_missing(one) else _guarded(_literal(one, item))

    def _scalar(self, mark: Placeholder) -> Node:
        value = self._value(mark)
        if _is_list(value):
            raise InvalidValue(
                f"':{mark.name}' is a list.",
                hint=f"a list goes inside IN: @id IN (:{mark.name})",
                span=mark.span,
            )
        if _is_missing(value):
            raise InvalidValue(
                f"':{mark.name}' is empty (None or missing).",
                hint="an empty value fits = , <> and IN, nothing else",
                span=mark.span,
            )
        return _guarded(_literal(value, mark))

    def _value(self, mark: Placeholder) -> Any:
        if mark.name not in self._params:
            names = [name for name in self._params if isinstance(name, str)]
            raise UnknownName(
                f"':{mark.name}' has no value.",
                hint=did_you_mean(mark.name, names)
                or f"assign {mark.name} = …, or pass params={{'{mark.name}': …}}",
                span=mark.span,
            )
        return _plain(self._params[mark.name])


def _literal(value: object, mark: Placeholder) -> Literal:
    """Return the literal of a Python, numpy or pandas scalar."""
    match _plain(value):
        case bool() as flag:
            return Literal(flag, types.BOOLEAN)
        case int() as number:
            small = -_INT32 <= number < _INT32
            return Literal(number, types.LONG if small else types.INT64)
        case (float() | Decimal()) as number if math.isfinite(number):
            return Literal(number, types.DOUBLE)
        case str() as text:
            return Literal(str(text), types.STRING)
        case datetime() as moment:
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return Literal(aware.astimezone(UTC), types.DATETIME)
        case date() as day:
            return Literal(day, types.DATE)
        case timedelta() as span:
            return Literal(span, types.TIMESPAN)
    raise InvalidValue(
        f"':{mark.name}' is a {type(value).__name__}, which has no XTK literal.",
        hint="use text, a number, True/False, a date, a datetime, or a list of them",
        span=mark.span,
    )


def _guarded(literal: Literal) -> Node:
    """Break ``$(`` apart: a server may expand ``$(path)`` inside a constant.

    Adobe's SDK guards the same way, with ``Char('36')`` (its ``escapeForLike``).
    """
    if not isinstance(literal.value, str) or "$(" not in literal.value:
        return literal
    first, *rest = literal.value.split("$(")
    node: Node = Literal(first, types.STRING)
    dollar = Call("Char", (Literal("36", types.STRING),))
    for part in rest:
        node = Binary("+", node, dollar)
        node = Binary("+", node, Literal(f"({part}", types.STRING))
    return node


def _plain(value: Any) -> Any:
    """Unwrap numpy scalars and arrays, pandas timestamps, series and indexes."""
    if isinstance(value, str | int | float | Decimal | date | timedelta | time):
        to_python = getattr(value, "to_pydatetime", None)
        return to_python() if to_python and not _is_missing(value) else value
    to_list = getattr(value, "tolist", None)
    if to_list is not None and not isinstance(value, type):
        return to_list()
    return value


def _is_list(value: object) -> bool:
    return isinstance(value, list | tuple | set | frozenset)


def _is_missing(value: object) -> bool:
    """True for None, NaN, pandas' NA and NaT: the ways a frame says "empty"."""
    if value is None:
        return True
    return type(value).__name__ in ("NAType", "NaTType") or (
        isinstance(value, float | Decimal) and math.isnan(value)
    )
