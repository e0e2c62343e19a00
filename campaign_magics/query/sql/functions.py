"""Functions as SQL spells them → XTK's (protocol.md §11).

A spelling is a text in XTK with ``:a``, ``:b``… for the arguments; a function with the
name and the arguments of an XTK function is that function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from ...errors import Span
from ...xtk.ast import Binary, Call, IsNull, Literal, Node
from ...xtk.calls import check_call
from ...xtk.functions import FUNCTIONS as XTK_FUNCTIONS
from ...xtk.types import DATE, STRING, Kind
from . import moments
from .build import filled, holes, joined
from .refusals import FUNCTIONS as REFUSED

if TYPE_CHECKING:
    from .expressions import Translator

Build = Callable[["Translator", exp.Expr, list[Node], Span], Node]

SPELLINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "char_length": ("Length(:a)",),
    "character_length": ("Length(:a)",),
    "len": ("Length(:a)",),
    "ucase": ("Upper(:a)",),
    "lcase": ("Lower(:a)",),
    "initcap": ("Smart(:a)",),
    "md5": ("Md5Digest(:a)",),
    "chr": ("Char(:a)",),
    "substr": ("Substring(:a, :b, :c)", "Substring(:a, :b, Length(:a))"),
    "strpos": ("Charindex(:a, :b)",),
    "instr": ("Charindex(:a, :b)",),
    "locate": ("Charindex(:b, :a)",),
    "lpad": ("LPad(:a, :b, ' ')",),
    "rpad": ("RPad(:a, :b, ' ')",),
    "ceiling": ("Ceil(:a)",),
    "round": ("Round(:a, 0)",),
    "trunc": ("Trunc(:a, 0)",),
    "truncate": ("Trunc(:a, :b)", "Trunc(:a, 0)"),
    "rand": ("Random()",),
    "if": ("Iif(:a, :b, :c)",),
    "iff": ("Iif(:a, :b, :c)",),
    "stddev_samp": ("StdDev(:a)",),
    "now": ("GetDate()",),
    "current_timestamp": ("GetDate()",),
    "sysdate": ("GetDate()",),
    "curdate": ("ToDate(GetDate())",),
    "current_date": ("ToDate(GetDate())",),
    "today": ("ToDate(GetDate())",),
    "date": ("ToDate(:a)",),
    "to_date": ("ToDate(:a)",),
    "timestamp": ("ToDateTime(:a)",),
    "dayofmonth": ("Day(:a)",),
}  # fmt: skip


def call(to: Translator, tree: exp.Anonymous) -> Node:
    """A call, of an XTK function or in a SQL spelling."""
    span = to.span(tree)
    name = to.words.name_at(int(tree.meta["start"]))
    word = name.lower()
    if word in BUILDERS and not _counts_distinct(tree):
        return BUILDERS[word](to, tree, _arguments(to, tree), span)
    if word == "count":
        return _count(to, tree, span)
    if word not in XTK_FUNCTIONS and word in REFUSED:
        raise to.refusal(tree, f"There is no function {name} in XTK.", REFUSED[word])
    args = _arguments(to, tree)
    texts = {holes(text): text for text in SPELLINGS.get(word, ())}
    if len(args) in texts:
        return filled(texts[len(args)], args, span)
    known = XTK_FUNCTIONS.get(word)
    made = Call(known.name if known else name, tuple(args), span=span)
    owner = _owner(to, tree)
    name_span = (span[0], span[0] + len(name))
    check_call(to.words.text, made, name_span, owner, XTK_FUNCTIONS)
    return made


def _arguments(to: Translator, tree: exp.Anonymous) -> list[Node]:
    return [to.node(arg) for arg in tree.expressions]


def _owner(to: Translator, tree: exp.Anonymous) -> str:
    parent = tree.parent
    if not isinstance(parent, exp.Anonymous):
        return ""
    return to.words.name_at(int(parent.meta["start"]))


def _counts_distinct(tree: exp.Anonymous) -> bool:
    return any(isinstance(arg, exp.Distinct) for arg in tree.expressions)


def _count(to: Translator, tree: exp.Anonymous, span: Span) -> Node:
    """COUNT(*), COUNT(1), COUNT(x), COUNT(DISTINCT x)."""
    args = tree.expressions
    if len(args) == 1 and isinstance(args[0], exp.Star | exp.Literal):
        return Call("CountAll", (), span=span)
    if len(args) == 1 and isinstance(args[0], exp.Distinct):
        if len(args[0].expressions) != 1:
            raise to.refusal(
                tree, "COUNT(DISTINCT) takes one value.", "write a || '|' || b"
            )
        return Call("Countdistinct", (to.node(args[0].expressions[0]),), span=span)
    made = Call("Count", tuple(_arguments(to, tree)), span=span)
    check_call(to.words.text, made, (span[0], span[0] + 5), "", XTK_FUNCTIONS)
    return made


def _coalesce(to: Translator, tree: exp.Expr, args: list[Node], span: Span) -> Node:
    """COALESCE: XTK's also replaces zero, so for numbers the test is written out."""
    if len(args) < 2:
        raise to.refusal(tree, "COALESCE takes two values or more.", "COALESCE(a, b)")
    *rest, node = args
    for first in reversed(rest):
        number = to.kind_of(first) in (Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN)
        is_zero = isinstance(node, Literal) and node.value == 0
        if number and not is_zero:
            test = IsNull(first, span=first.span)
            node = Call("Iif", (test, node, first), span=span)
        else:
            node = Call("Coalesce", (first, node), span=span)
    return node


def _null_if(to: Translator, tree: exp.Expr, args: list[Node], span: Span) -> Node:
    """NULLIF(a, b): only texts and dates have a null in XTK."""
    kind = to.kind_of(args[0]) if len(args) == 2 else None
    if kind is Kind.STRING:
        null = Literal("", STRING, span=span)
    elif kind in (Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME):
        null = Literal(None, DATE, span=span)
    else:
        raise to.refusal(
            tree,
            "NULLIF needs two values, the first a text or a date.",
            "a number has no null in XTK: write CASE WHEN a <> b THEN a END",
        )
    same = Binary("=", args[0], args[1], span=span)
    return Call("Iif", (same, null, args[0]), span=span)


def _dpipe(to: Translator, tree: exp.DPipe) -> Node:
    return _concatenated([to.node(tree.left), to.node(tree.right)], to)


def _concatenated(nodes: Sequence[Node], to: Translator) -> Node:
    """Join texts with ``+``; two numbers would be added, so one is made a text."""
    first, *rest = nodes
    for other in rest:
        if Kind.STRING not in (to.kind_of(first), to.kind_of(other)):
            first = Call("ToString", (first,), span=first.span)
        first = joined("+", first, other)
    return first


def _concat(to: Translator, tree: exp.Expr, args: list[Node], span: Span) -> Node:
    if not args:
        raise to.refusal(tree, "CONCAT joins at least one text.", "CONCAT(a, b)")
    if len(args) == 1:
        return Call("ToString", tuple(args), span=span)
    return _concatenated(args, to)


def _concat_ws(to: Translator, tree: exp.Expr, args: list[Node], span: Span) -> Node:
    """CONCAT_WS(' ', a, b[, c]): XTK joins words by one space."""
    blank = args and isinstance(args[0], Literal) and args[0].value == " "
    if not blank or len(args) not in (3, 4):
        raise to.refusal(
            tree,
            "XTK joins two or three texts, by a space.",
            "write CONCAT_WS(' ', a, b), or a || ', ' || b",
        )
    name = "JuxtWords" if len(args) == 3 else "JuxtWords3"
    return Call(name, tuple(args[1:]), span=span)


def _nested(name: str) -> Build:
    """GREATEST(a, b, c) → Greatest(Greatest(a, b), c)."""

    def build(to: Translator, tree: exp.Expr, args: list[Node], span: Span) -> Node:
        if len(args) < 2:
            hint = f"write {name}(a, b)"
            raise to.refusal(tree, f"{name} takes two values or more.", hint)
        node = args[0]
        for other in args[1:]:
            node = Call(name, (node, other), span=span)
        return node

    return build


def _row_number(to: Translator, tree: exp.Expr, args: list[Node], span: Span) -> Node:
    raise to.refusal(
        tree,
        "ROW_NUMBER needs its OVER.",
        "write ROW_NUMBER() OVER (PARTITION BY a ORDER BY b)",
    )


def window(to: Translator, tree: exp.Window) -> Node:
    """ROW_NUMBER() OVER (PARTITION BY a ORDER BY b DESC) → RowNum(…)."""
    inner = tree.this
    start = int(inner.meta.get("start", -1))
    if to.words.name_at(max(start, 0)).lower() != "row_number" or tree.args.get("spec"):
        raise to.refused(tree)
    span = to.span(tree)
    parts: list[Node] = []
    partition = [to.node(one) for one in tree.args.get("partition_by") or ()]
    if partition:
        parts.append(Call("PartitionBy", tuple(partition), span=span))
    order = tree.args.get("order")
    keys = [_key(to, one) for one in order.expressions] if order else []
    if not keys:
        raise to.refusal(tree, "ROW_NUMBER needs an ORDER BY.", "OVER (ORDER BY @id)")
    parts.append(Call("OrderBy", tuple(keys), span=span))
    made = Call("RowNum", tuple(parts), span=span)
    check_call(to.words.text, made, span, "", XTK_FUNCTIONS)
    return made


def _key(to: Translator, tree: exp.Ordered) -> Node:
    node = to.node(tree.this)
    return Call("Desc", (node,), span=node.span) if tree.args.get("desc") else node


def _substring(to: Translator, tree: exp.Substring) -> Node:
    names = ("this", "start", "length")
    args = [to.node(tree.args[name]) for name in names if tree.args.get(name)]
    if len(args) == 1:
        raise to.refusal(tree, "SUBSTRING needs a start.", "SUBSTRING(text, 1, 3)")
    text = SPELLINGS["substr"][0 if len(args) == 3 else 1]
    return filled(text, args, to.span(tree))


def _trim(to: Translator, tree: exp.Trim) -> Node:
    """TRIM([LEADING | TRAILING | BOTH] FROM x): XTK takes off spaces only."""
    removed = tree.args.get("expression")
    if removed is not None and str(removed.this) != " ":
        raise to.refusal(tree, "XTK trims spaces only.", "write TRIM(text)")
    where = str(tree.args.get("position") or "").upper()
    texts = {"LEADING": "Ltrim(:a)", "TRAILING": "Rtrim(:a)"}
    text = texts.get(where, "Ltrim(Rtrim(:a))")
    return filled(text, [to.node(tree.this)], to.span(tree))


def _position(to: Translator, tree: exp.StrPosition) -> Node:
    args = [to.node(tree.this), to.node(tree.args["substr"])]
    return filled("Charindex(:a, :b)", args, to.span(tree))


BUILDERS: Final[Mapping[str, Build]] = {
    "coalesce": _coalesce,
    "ifnull": _coalesce,
    "nvl": _coalesce,
    "nullif": _null_if,
    "concat": _concat,
    "concat_ws": _concat_ws,
    "greatest": _nested("Greatest"),
    "least": _nested("Least"),
    "row_number": _row_number,
    **moments.BUILDERS,
}

NAMES: Final = frozenset({*XTK_FUNCTIONS, *SPELLINGS, *BUILDERS, *REFUSED, "count"})
"""Every name that is a function when a bracket follows, in lower case."""

HANDLERS: Final[Mapping[type[exp.Expr], Callable[[Any, Any], Node]]] = {
    exp.Anonymous: call,
    exp.DPipe: _dpipe,
    exp.Window: window,
    exp.Substring: _substring,
    exp.Trim: _trim,
    exp.StrPosition: _position,
}
