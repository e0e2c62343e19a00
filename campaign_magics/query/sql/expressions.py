"""One SQL expression → the tree of an XTK expression.

Spans of the tree point into the SQL, so that every later error does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

from sqlglot import exp

from ...errors import CampaignError, QuerySyntaxError, Span
from ...xtk.ast import (
    Binary,
    BinaryOp,
    Call,
    In,
    IsNull,
    Literal,
    Node,
    Placeholder,
    Unary,
)
from ...xtk.types import BOOLEAN, STRING, Kind, XtkType
from . import functions, moments
from .build import chain, constant, joined
from .names import Table
from .refusals import refusal, refused_node, unread
from .words import Words

_NO_SPAN: Final = (-1, -1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Translator:
    """Translates the expressions of one SELECT.

    ``aliases`` are the names that the select list gives; they stand for its
    expressions where SQL allows it.
    """

    words: Words
    table: Table
    aliases: Mapping[str, Node]

    def node(self, tree: exp.Expr) -> Node:
        """Return the XTK of an expression.

        Raises QuerySyntaxError for what XTK cannot say, UnknownName for a name that
        the schema does not have.
        """
        handler = _HANDLERS.get(type(tree))
        if handler is None:
            raise self.refused(tree)
        if extra := unread(tree, _ARGUMENTS.get(type(tree), _OPERANDS)):
            raise self.refusal(
                tree, f"XTK has no equivalent of {extra}.", "leave it out"
            )
        return handler(self, tree)

    def type_of(self, node: Node) -> XtkType | None:
        """Return the type of a translated expression, None when it is not known."""
        return self.table.scope.type_of(node)

    def kind_of(self, node: Node) -> Kind | None:
        """Return the kind of a translated expression, None when it is not known."""
        known = self.type_of(node)
        return known.kind if known else None

    def refused(self, tree: exp.Expr) -> QuerySyntaxError:
        """Return the error for an expression that XTK cannot say."""
        return refused_node(self.words.text, self.span(tree), tree)

    def refusal(self, tree: exp.Expr, message: str, hint: str) -> QuerySyntaxError:
        """Return an error of one's own words that points at an expression."""
        return refusal(self.words.text, self.span(tree), (message, hint))

    def span(self, tree: exp.Expr) -> Span:
        """Return where an expression stands; the whole text if nobody knows."""
        spans = [self._own_span(one) for one in tree.walk() if "start" in one.meta]
        if not spans:
            above = tree.parent  # NULL has no place of its own
            return (0, 6) if isinstance(above, exp.Select | None) else self.span(above)
        return min(span[0] for span in spans), max(span[1] for span in spans)

    def call(self, name: str, *args: Node, span: Span = _NO_SPAN) -> Call:
        """Make a call; its span is that of its arguments unless told."""
        if span == _NO_SPAN:
            starts = [arg.span[0] for arg in args] or [0]
            span = min(starts), max((arg.span[1] for arg in args), default=0)
        return Call(name, args, span=span)

    def _own_span(self, tree: exp.Expr) -> Span:
        start = int(tree.meta["start"])
        return start, self.words.ends.get(start, int(tree.meta["end"]) + 1)


Handler = Callable[[Translator, Any], Node]


def _literal(to: Translator, tree: exp.Literal) -> Node:
    span = to.span(tree)
    if tree.is_string:
        return Literal(str(tree.this), STRING, span=span)
    return constant(str(tree.this), to.words.text, span)


def _boolean(to: Translator, tree: exp.Boolean) -> Node:
    return Literal(bool(tree.this), BOOLEAN, span=to.span(tree))


def _column(to: Translator, tree: exp.Column | exp.Dot) -> Node:
    """A dotted name, a ``:parameter`` or a ``#date#``."""
    parts = identifiers(tree)
    span = to.span(tree)
    if len(parts) == 1:
        start = int(parts[0].meta.get("start", -1))
        if start in to.words.params:
            return Placeholder(to.words.params[start], span=span)
        if start in to.words.dates:
            return constant(str(parts[0].this), to.words.text, span)
        alias = to.aliases.get(str(parts[0].this).casefold())
        if alias is not None and not to.table.has(str(parts[0].this)):
            return alias
    try:
        return to.table.path([str(part.this) for part in parts], span)
    except CampaignError as exc:
        exc.source = to.words.text
        if parts[0].args.get("quoted") and to.words.text[span[0]] == '"':
            exc.hint = f"a text stands in single quotes: '{parts[0].this}'"
        raise


def identifiers(tree: exp.Expr) -> list[exp.Expr]:
    """Return the parts of a dotted name in order; ``*`` may be the last."""
    if isinstance(tree, exp.Dot):
        return [*identifiers(tree.this), *identifiers(tree.expression)]
    return list(tree.parts) if isinstance(tree, exp.Column) else [tree]


def _paren(to: Translator, tree: exp.Paren) -> Node:
    return to.node(tree.this)


_OPERATORS: Final[dict[type[exp.Expr], BinaryOp]] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
    exp.And: "AND", exp.Or: "OR",
}  # fmt: skip


def _binary(to: Translator, tree: exp.Binary) -> Node:
    if isinstance(tree, exp.And | exp.Or):
        return _chain(to, tree)
    glued = _glued(to, tree)
    if glued is not None:
        return glued
    if isinstance(tree, exp.Add | exp.Sub):
        moved = moments.moved(to, tree)
        if moved is not None:
            return moved
    for side in (tree.left, tree.right):
        if isinstance(side, exp.Null):
            raise to.refusal(
                tree, "Nothing is equal to NULL.", "write IS NULL or IS NOT NULL"
            )
    return joined(_OPERATORS[type(tree)], to.node(tree.left), to.node(tree.right))


def _chain(to: Translator, tree: exp.Connector) -> Node:
    """Translate ``a AND b AND c`` without recursion, however long it is."""
    return chain(_OPERATORS[type(tree)], [to.node(one) for one in operands(tree)])


def operands(tree: exp.Expr) -> list[exp.Expr]:
    """Return the operands of a chain of one connector, in order."""
    found: list[exp.Expr] = []
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        inner = one.unnest()
        if type(inner) is type(tree) and isinstance(inner, exp.Connector):
            waiting += [inner.right, inner.left]
        else:
            found.append(one)
    return found


def _glued(to: Translator, tree: exp.Binary) -> Node | None:
    """Read ``folder-id`` as one name where the schema has it and no space is in it."""
    sides = tree.left, tree.right
    if not isinstance(tree, exp.Sub) or not all(type(s) is exp.Column for s in sides):
        return None
    start, end = to.span(tree)
    text = to.words.text[start:end]
    if (
        any(char.isspace() for char in text)
        or to.span(sides[0])[1] + 1 != to.span(sides[1])[0]
    ):
        return None
    parts = text.split(".")
    try:
        return to.table.path(parts, (start, end))
    except CampaignError:
        return None


def _negative(to: Translator, tree: exp.Neg) -> Node:
    inner = to.node(tree.this)
    span = max(inner.span[0] - 1, 0), inner.span[1]
    if isinstance(inner, Literal) and not isinstance(inner.value, str | bool):
        number = cast(Any, inner.value)
        return replace(inner, value=-number, span=span)
    return Unary("-", inner, span=span)


def _not(to: Translator, tree: exp.Not) -> Node:
    inner = tree.this.unnest()
    if isinstance(inner, exp.Between):
        return _between(to, inner, negated=True)
    node = to.node(tree.this)
    match node:
        case In() | IsNull():
            return replace(node, negated=not node.negated)
        case Binary(op="LIKE" | "NOT LIKE"):
            return replace(node, op="NOT LIKE" if node.op == "LIKE" else "LIKE")
        case Binary(op="=") if isinstance(inner, exp.Is):
            return replace(node, op="<>")
    return Unary("NOT", node, span=node.span)


def _between(to: Translator, tree: exp.Between, negated: bool = False) -> Node:
    """x BETWEEN a AND b: XTK has only comparisons."""
    value, low, high = (to.node(tree.args[key]) for key in ("this", "low", "high"))
    if negated:
        return joined("OR", joined("<", value, low), joined(">", value, high))
    return joined("AND", joined(">=", value, low), joined("<=", value, high))


def _in(to: Translator, tree: exp.In) -> Node:
    """x IN (a, b), or x IN :list."""
    if tree.args.get("query") is not None or tree.args.get("unnest") is not None:
        raise to.refusal(
            tree,
            "IN (SELECT …) is a condition of its own.",
            "write it in WHERE, joined by AND or OR",
        )
    field = tree.args.get("field")
    items = [field] if field is not None else tree.expressions
    if not items:
        raise to.refusal(tree, "The list of IN is empty.", "write IN (1, 2)")
    made = tuple(to.node(item) for item in items)
    return In(to.node(tree.this), made, span=to.span(tree))


def _is(to: Translator, tree: exp.Is) -> Node:
    """x IS NULL, x IS TRUE."""
    node = to.node(tree.this)
    other = tree.expression
    negated = bool(tree.args.get("negate"))
    if isinstance(other, exp.Null):
        return IsNull(node, negated=negated, span=node.span)
    if isinstance(other, exp.Boolean):
        known = Literal(bool(other.this), BOOLEAN, span=node.span)
        return joined("<>" if negated else "=", node, known)
    raise to.refusal(tree, "IS tests for NULL, TRUE or FALSE.", "write = to compare")


def _like(to: Translator, tree: exp.Like | exp.ILike, escape: str = "") -> Node:
    value, pattern = to.node(tree.this), to.node(tree.expression)
    if escape and isinstance(pattern, Literal):
        pattern = replace(pattern, value=_escaped(str(pattern.value), escape))
    if isinstance(tree, exp.ILike):
        value = to.call("Lower", value)
        if isinstance(pattern, Literal):
            pattern = replace(pattern, value=str(pattern.value).lower())
        else:
            pattern = to.call("Lower", pattern)
    op: BinaryOp = "NOT LIKE" if tree.args.get("negate") else "LIKE"
    return joined(op, value, pattern)


def _escape(to: Translator, tree: exp.Escape) -> Node:
    sign = tree.expression
    if not (isinstance(sign, exp.Literal) and len(str(sign.this)) == 1):
        raise to.refusal(tree, "ESCAPE takes one character.", "write ESCAPE '!'")
    if not isinstance(tree.this.expression, exp.Literal):
        raise to.refusal(
            tree, "ESCAPE needs a pattern in quotes.", r"write \% and \_ in the pattern"
        )
    return _like(to, tree.this, str(sign.this))


def _escaped(pattern: str, sign: str) -> str:
    """Return a pattern with the backslash as its escape, which is XTK's."""
    made: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == sign:
            made.append("\\" + next(characters, ""))
        else:
            made.append("\\\\" if character == "\\" else character)
    return "".join(made)


def _case(to: Translator, tree: exp.Case) -> Node:
    """CASE WHEN a THEN b ELSE c END, and CASE x WHEN a THEN …"""
    subject = None if tree.this is None else to.node(tree.this)
    parts: list[Node] = []
    for branch in tree.args["ifs"]:
        test = to.node(branch.this)
        if subject is not None:
            test = joined("=", subject, test)
        parts.append(to.call("When", test, to.node(branch.args["true"])))
    default = tree.args.get("default")
    if default is not None and not isinstance(default, exp.Null):
        parts.append(to.call("Else", to.node(default)))
    return to.call("Case", *parts)


_OPERANDS: Final = frozenset({"this", "expression", "expressions"})
_ARGUMENTS: Final[Mapping[type[exp.Expr], frozenset[str]]] = {
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Column: frozenset({"this", "table", "db", "catalog"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions", "field", "query", "unnest"}),
    exp.Is: frozenset({"this", "expression", "negate"}),
    exp.Like: frozenset({"this", "expression", "negate"}),
    exp.ILike: frozenset({"this", "expression", "negate"}),
    exp.Case: frozenset({"this", "ifs", "default"}),
    exp.Div: frozenset({"this", "expression", "typed", "safe"}),
    exp.DPipe: frozenset({"this", "expression", "safe"}),
    exp.Cast: frozenset({"this", "to"}),
    exp.TryCast: frozenset({"this", "to", "safe", "requires_string"}),
    exp.Trim: frozenset({"this", "expression", "position"}),
    exp.Substring: frozenset({"this", "start", "length"}),
    exp.StrPosition: frozenset({"this", "substr"}),
    exp.Window: frozenset({"this", "partition_by", "order", "over"}),
}
"""What the handlers read, where it is more than operands.  Anything else that sqlglot
sets would be lost without a word (its LIKE has a ``negate``), so it is refused."""

_HANDLERS: Final[Mapping[type[exp.Expr], Handler]] = {
    exp.Literal: _literal,
    exp.Boolean: _boolean,
    exp.Column: _column,
    exp.Dot: _column,
    exp.Paren: _paren,
    exp.Neg: _negative,
    exp.Not: _not,
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Like: _like,
    exp.ILike: _like,
    exp.Escape: _escape,
    exp.Case: _case,
    **dict.fromkeys(_OPERATORS, _binary),
    **functions.HANDLERS,
    **moments.HANDLERS,
}
