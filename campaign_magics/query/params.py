"""``:name`` in an expression → a typed literal.  Nothing is ever pasted as text.

A value becomes a node of the expression's tree, and the tree is written out again, so
quotes, comments and operators in a value stay data.  What it is compared with decides
its type: an enumeration takes a name or a label, a date a text, a number digits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..errors import CampaignError, InvalidValue, UnknownName
from ..xtk.ast import Binary, Call, In, IsNull, Literal, Node, Placeholder, Value
from ..xtk.names import did_you_mean
from ..xtk.parser import parse
from ..xtk.printer import to_source
from ..xtk.text import from_text, read_moment
from ..xtk.types import LONG, STRING, Kind
from .locate import Source
from .model import QueryDef
from .rewrite import rewritten
from .scalars import is_list, is_missing, plain
from .scope import Lookup, Scope, find_schema
from .tree import COMPARISONS, rebuilt
from .values import NUMBERS, TEXTS, TIMES, Operand, enum_literal, literal, operand

Params = Mapping[str, Any]
_TRUE = Binary("=", Literal(1, LONG), Literal(1, LONG))
_FALSE = Binary("=", Literal(1, LONG), Literal(0, LONG))
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNTYPED = Operand("")


def bind(
    query: QueryDef,
    params: Params,
    source: Source | None = None,
    lookup: Lookup | None = None,
) -> QueryDef:
    """Replace every ``:name`` by its value; expressions without one stay untouched.

    Lists fill an ``IN (:names)``; None and missing values turn ``=`` into ``IS NULL``.
    With ``lookup`` the schemas say which type a value must have; without it the
    value's own type decides.  Raises UnknownName for a parameter without a value,
    InvalidValue for a value that does not fit, with a caret under its ``:name``.
    """
    source = source or Source()
    if not _mentions_parameters(query):
        return query
    scope = None
    if lookup is not None:
        schema = find_schema(query.schema, lookup, source)
        scope = Scope(schema=schema, lookup=lookup, source=source)

    def bound(expr: str, inside: Scope | None) -> str:
        return _bound(expr, params, source, inside)

    return rewritten(query, scope, bound)


def _mentions_parameters(query: QueryDef) -> bool:
    """Tell whether some expression may have one; most queries have none."""
    found = False

    def look(expr: str, scope: Scope | None) -> str:
        nonlocal found
        found = found or ":" in expr
        return expr

    rewritten(query, None, look)
    return found


def _bound(expr: str, params: Params, source: Source, scope: Scope | None) -> str:
    if ":" not in expr:
        return expr
    try:
        tree = parse(expr, placeholders=True)
        found = _Binder(params, scope).node(tree)
    except CampaignError as exc:
        if exc.span is not None and exc.source is None:
            exc.source = expr
        raise source.point(exc, expr) from exc.__cause__
    return expr if found == tree else source.keep(to_source(found), found, expr)


class _Binder:
    """Fills in the parameters of one expression."""

    def __init__(self, params: Params, scope: Scope | None) -> None:
        self._params = params
        self._scope = scope

    def node(self, node: Node) -> Node:
        """Return the node with its parameters replaced."""
        match node:
            case Placeholder():
                return self._scalar(node, _UNTYPED)
            case Binary(op=op, right=Placeholder() as mark) if op in COMPARISONS:
                return self._compare(node, node.left, mark)
            case Binary(op=op, left=Placeholder() as mark) if op in COMPARISONS:
                return self._compare(node, node.right, mark)
            case Binary(op="LIKE" | "NOT LIKE", right=Placeholder() as mark):
                pattern = self._scalar(mark, Operand("", STRING))
                return replace(node, left=self.node(node.left), right=pattern)
            case In():
                return self._in(node)
        return rebuilt(node, self.node)

    def _compare(self, node: Binary, other: Node, mark: Placeholder) -> Node:
        equality = node.op in ("=", "<>")
        if equality and is_missing(self._value(mark)):
            tested = self.node(other)
            return IsNull(tested, negated=node.op == "<>", span=node.span)
        value = self._scalar(mark, operand(other, self._scope))
        if mark is node.right:
            return replace(node, left=self.node(other), right=value)
        return replace(node, left=value, right=self.node(other))

    def _in(self, node: In) -> Node:
        tested = self.node(node.operand)
        known = operand(node.operand, self._scope)
        items: list[Node] = []
        missing = False
        for item in node.items:
            for value in self._items(item, known):
                missing = missing or value is None
                items += [value] if value is not None else []
        found: Node = In(tested, tuple(items), negated=node.negated, span=node.span)
        if not items:
            found = _TRUE if node.negated else _FALSE
        if not missing:
            return found
        null = IsNull(tested, negated=node.negated, span=node.span)
        if not items:
            return null
        return Binary("AND" if node.negated else "OR", found, null, span=node.span)

    def _items(self, item: Node, known: Operand) -> Iterable[Node | None]:
        """Yield what an item of an IN stands for; None is a missing value."""
        if not isinstance(item, Placeholder):
            yield self.node(item)
            return
        value = self._value(item)
        for one in value if is_list(value) else [value]:
            yield None if is_missing(one) else _constant(one, item, known)

    def _scalar(self, mark: Placeholder, known: Operand) -> Node:
        value = self._value(mark)
        if is_list(value):
            raise InvalidValue(
                f"':{mark.name}' is a list.",
                hint=f"a list goes inside IN: @id IN (:{mark.name})",
                span=mark.span,
            )
        if is_missing(value):
            raise InvalidValue(
                f"':{mark.name}' is empty (None or missing).",
                hint="an empty value fits = , <> and IN, nothing else",
                span=mark.span,
            )
        return _constant(value, mark, known)

    def _value(self, mark: Placeholder) -> Any:
        if mark.name not in self._params:
            names = [name for name in self._params if isinstance(name, str)]
            raise UnknownName(
                f"':{mark.name}' has no value.",
                hint=did_you_mean(mark.name, names)
                or f"assign {mark.name} = …, or pass params={{'{mark.name}': …}}",
                span=mark.span,
            )
        return plain(self._params[mark.name])


def _constant(value: object, mark: Placeholder, known: Operand) -> Node:
    """Return a scalar as the literal that fits ``known``."""
    own = _own(plain(value), mark)
    try:
        if known.enum is not None and isinstance(own, str) and own:
            made = enum_literal(known.enum, own, f"':{mark.name}' = {own!r}")
        else:
            made = literal(_converted(own, known))
    except InvalidValue as exc:
        about = "" if known.enum else f"':{mark.name}' does not fit {known.text}: "
        raise InvalidValue(
            f"{about}{exc.message}", hint=exc.hint, span=mark.span
        ) from exc.__cause__
    return _guarded(replace(made, span=mark.span))


def _own(value: object, mark: Placeholder) -> Value:
    """Return a value that has an XTK literal, or raise InvalidValue."""
    match value:
        case str():
            _check_characters(value, mark)
            return str(value)
        case bool() | int() | timedelta():
            return value
        case float() | Decimal() if math.isfinite(value):
            return value
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return aware.astimezone(UTC)
        case date():
            return value
    raise InvalidValue(
        f"':{mark.name}' is a {type(value).__name__}, which has no XTK literal.",
        hint="use text, a number, True/False, a date, a datetime, or a list of them",
        span=mark.span,
    )


def _check_characters(text: str, mark: Placeholder) -> None:
    if found := _NOT_XML.search(text):
        raise InvalidValue(
            f"':{mark.name}' holds U+{ord(found[0]):04X}, which XML cannot carry.",
            hint="take control characters out of the value first",
            span=mark.span,
        )


def _converted(value: Value, known: Operand) -> Value:
    """Return the value as the other side's type has it.

    Text is read as a number, a date or true/false; a number beside a text is written
    out.  A time beside a date, or a fraction beside an integer, stays what it is.
    """
    if known.type is None or known.type.kind is Kind.ELEMENT:
        return value
    kind = known.type.kind
    if kind in TEXTS:
        return value if isinstance(value, str) else _as_text(value)
    if isinstance(value, str):
        return _read(value, known)
    is_time = isinstance(value, date)
    if (kind in TIMES) != is_time or (kind in NUMBERS) == is_time:
        wanted = "a date" if kind in TIMES else "a number"
        raise InvalidValue(f"{_as_text(value)} is not {wanted}.", hint=f"give {wanted}")
    if isinstance(value, float | Decimal) and kind is Kind.INTEGER:
        return int(value) if value == int(value) else value
    if kind is Kind.BOOLEAN and value in (0, 1):
        return bool(value)
    return value


def _read(text: str, known: Operand) -> Value:
    """Read a text as the type asks; a day stays a day, also beside a date-time."""
    kind = known.type.kind if known.type else Kind.STRING
    if kind not in TIMES or not text.strip():
        return from_text(known.type, text) if known.type else text
    try:
        return read_moment(text.strip())
    except (ValueError, OverflowError) as exc:
        raise InvalidValue(
            f"{text!r} is not a date.", hint="write it as 2020-12-31"
        ) from exc


def _as_text(value: Value) -> str:
    """Return a value as a text field would hold it: 5.0 as 5, for frames have it so."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return to_source(literal(value)).strip("#")


def _guarded(constant: Literal) -> Node:
    """Break ``$(`` apart: a server may expand ``$(path)`` inside a constant.

    Adobe's SDK guards the same way, with ``Char('36')`` (its ``escapeForLike``).
    """
    if not isinstance(constant.value, str) or "$(" not in constant.value:
        return constant
    first, *rest = constant.value.split("$(")
    span = constant.span
    node: Node = replace(constant, value=first)
    dollar = Call("Char", (Literal("36", STRING, span=span),), span=span)
    for part in rest:
        node = Binary("+", node, dollar, span=span)
        node = Binary("+", node, Literal(f"({part}", STRING, span=span), span=span)
    return node
