"""An XTK expression becomes SQL: one method per kind of node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sqlglot import exp

from ...query.model import Condition
from ...schemas.model import Field, Link
from ...xtk import ast
from ...xtk.errors import ExpressionError
from ...xtk.functions import FUNCTIONS
from ...xtk.parser import parse
from ...xtk.types import DOUBLE, LONG, STRING, TIMESPAN, Kind, XtkType
from . import aggregates, special
from .causes import BadExpression, Refused, bad_function, bad_operand, bad_path
from .compare import compare, is_in, is_null, like, predicate
from .convert import as_number, as_predicate, concatenated, plain
from .functions import RULES
from .rules import common
from .scope import Found, Scope, Source, column_term
from .terms import NUMBERS, TEXTS, TIMES, Sql, Term, constant, enclosed, template

_DEEPEST: Final = 100
_BALANCED_FROM: Final = 50
_CODES: Final = {
    "function": bad_function,
    "arity": bad_function,
    "path": bad_path,
    "operand": bad_operand,
    "syntax": bad_path,
}
_OPPOSITE: Final = {
    "=": "<>",
    "<>": "=",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}
_DIVIDE: Final = (
    "CAST(_1 AS REAL) / NULLIF(_2, 0)",
    "CAST(_1 AS DOUBLE) / NULLIF(_2, 0)",
)
_ARITHMETIC: Final[dict[str, type[exp.Binary]]] = {
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
}


def read(source: str) -> ast.Node:
    """Parse an expression; what cannot be parsed is the documented fault."""
    try:
        return parse(source)
    except ExpressionError as exc:
        cause = f"{exc.message[:1].upper()}{exc.message[1:].rstrip('.')}."
        raise _CODES[exc.kind](cause).within(shortened(source)) from None


def shortened(source: str, length: int = 400) -> str:
    """Return an expression as a fault quotes it."""
    return source if len(source) <= length else f"{source[:length]}…"


@contextmanager
def explained(source: str) -> Iterator[None]:
    """Tie what goes wrong inside to the expression it stands in."""
    try:
        yield
    except BadExpression as exc:
        raise exc.within(shortened(source)) from None


def translate(scope: Scope, source: str, *, where: Sequence[Condition] = ()) -> Term:
    """Return the term of an expression's text.

    ``where`` narrows the collection that an aggregate folds.  Raises ``Refused``.
    """
    node = read(source)
    with explained(source):
        return Expressions(scope, where=where).term(node)


class Expressions:
    """Translates nodes within one scope, relative to one table and element."""

    def __init__(
        self,
        scope: Scope,
        *,
        source: Source | None = None,
        where: Sequence[Condition] = (),
    ) -> None:
        self.scope = scope
        self.env = scope.env
        self.source = source or scope.root
        self.where = where
        self.aggregating = False

    def term(self, node: ast.Node) -> Term:
        """Return a node's term."""
        build = self.scope.build
        if build.depth >= _DEEPEST:
            raise Refused(f"Expressions are nested deeper than {_DEEPEST} levels.")
        build.depth += 1
        try:
            return self._term(node)
        finally:
            build.depth -= 1

    def _term(self, node: ast.Node) -> Term:
        match node:
            case ast.Literal():
                return self._literal(node)
            case ast.Path():
                return self._path(node)
            case ast.Call():
                return self._call(node)
            case ast.Param():
                return self._param(node)
            case ast.Unary(op="NOT"):
                return self._negated(node.operand)
            case ast.Unary():
                return self._minus(self.term(node.operand))
            case ast.Binary():
                return self._binary(node)
            case ast.In():
                return self._in(node, node.negated)
            case ast.IsNull():
                return is_null(self.env, self.term(node.operand), node.negated)
        raise bad_operand("The expression cannot be computed.")

    def _literal(self, node: ast.Literal) -> Term:
        if isinstance(node.value, timedelta):
            return constant(self.env, int(node.value.total_seconds()), TIMESPAN)
        return constant(self.env, node.value, node.type)

    def _param(self, node: ast.Param) -> Term:
        """$(path): attributes of the query are known here, other context is empty."""
        type_ = {"long": LONG, "int64": LONG, "double": DOUBLE}.get(node.kind, STRING)
        query = self.scope.build.query
        known = {
            "@schema": query.schema,
            "@operation": query.operation,
            "@lineCount": query.line_count,
            "@startLine": query.start_line,
        }
        value = known.get(node.path.text.lstrip("/"))
        if value is None:
            value = 0 if type_.kind in NUMBERS else ""
        return constant(self.env, value, LONG if isinstance(value, int) else STRING)

    def _path(self, node: ast.Path) -> Term:
        found = self.scope.find(node, self.source)
        return self.value(found, node.text)

    def value(self, found: Found, path: str) -> Term:
        """Return the term of what a path led to: a field, or a link's label."""
        if isinstance(found.end, Link):
            if found.end.unbound:
                raise bad_path(f"Collection '{path}' is not a value.")
            target = self.scope.follow(found.end, found.source)
            return self.compute_string(target)
        if not isinstance(found.end, Field) or found.within is not None:
            raise bad_path(f"'{path}' is not a value.")
        return self.field(found.source, found.end)

    def field(self, source: Source, field: Field) -> Term:
        """Return a field's column, or its computed expression."""
        if field.expr is not None:
            computed = self._computed(source, field.path, field.expr)
            return typed(plain(self.env, computed), field.type)
        if field.xml or field.sql_name is None:
            raise bad_path(
                f"'{field.path}' of '{source.schema.id}' is stored as XML: "
                "it can be selected alone, and not be computed with."
            )
        return column_term(source, field)

    def compute_string(self, source: Source) -> Term:
        """Return a record's label: its compute string, or else its key."""
        schema = source.schema
        text = schema.compute_string
        if text:
            return self._computed(source, "compute-string", text)
        key = schema.internal_key
        paths = key.paths if key else ()
        columns = [
            self._computed(source, "compute-string", f"[{path}]") for path in paths
        ]
        return concatenated(self.env, columns)

    def _computed(self, source: Source, name: str, text: str) -> Term:
        computing = self.scope.build.computing
        mark = (source.schema.id, name)
        if mark in computing:
            raise Refused(f"'{name}' of schema '{source.schema.id}' refers to itself.")
        computing.append(mark)
        try:
            inside = Expressions(self.scope, source=source)
            return inside.term(read(text))
        finally:
            computing.pop()

    def _call(self, node: ast.Call) -> Term:
        name = node.name.lower()
        function = FUNCTIONS.get(name)
        if function is None:
            raise bad_function(f"Unknown function '{node.name}'.")
        if function.aggregate:
            return aggregates.aggregate(self, function, node)
        if name in special.SPECIAL:
            return special.SPECIAL[name](self, node)
        if name not in RULES:
            raise bad_function(f"Function '{node.name}' cannot stand in a query.")
        args = [self.term(arg) for arg in node.args]
        result = function.result([arg.type for arg in args])
        return typed(RULES[name](self.env, args), result)

    def _binary(self, node: ast.Binary) -> Term:
        if node.op in ("AND", "OR"):
            return self._joined(node, node.op, negated=False)
        if node.op in ("LIKE", "NOT LIKE"):
            return self._like(node, node.op == "NOT LIKE")
        if node.op in _OPPOSITE:
            sides = self.term(node.left), self.term(node.right)
            return compare(self.env, node.op, *sides)
        return self._arithmetic(node.op, self.term(node.left), self.term(node.right))

    def _arithmetic(self, op: str, left: Term, right: Term) -> Term:
        env = self.env
        if op == "+" and {left.kind, right.kind} & TEXTS:
            return concatenated(env, [left, right])
        if {left.kind, right.kind} & TIMES:
            return self._moved(op, left, right)
        if op == "%":
            return RULES["mod"](env, [left, right])
        sides = as_number(env, left), as_number(env, right)
        if op == "/":
            return Term(sql=template(env, *_DIVIDE, *sides), type=DOUBLE)
        type_ = common([left, right])
        type_ = type_ if type_.kind in NUMBERS - {Kind.BOOLEAN} else LONG
        made = _ARITHMETIC[op](this=enclosed(sides[0]), expression=enclosed(sides[1]))
        return Term(sql=made, type=type_)

    def _minus(self, term: Term) -> Term:
        number = as_number(self.env, term)
        type_ = common([term])
        type_ = type_ if type_.kind in NUMBERS - {Kind.BOOLEAN} else DOUBLE
        return Term(sql=exp.Neg(this=enclosed(number)), type=type_)

    def _moved(self, op: str, when: Term, by: Term) -> Term:
        """Add to a date: a number is days, a timespan seconds (assumed)."""
        if op not in ("+", "-") or when.kind not in TIMES or by.kind not in NUMBERS:
            cause = f"'{op}' does not work on two dates: use DaysDiff and its like."
            raise bad_operand(cause)
        unit = "seconds" if by.kind is Kind.TIMESPAN else "days"
        return RULES[f"{'add' if op == '+' else 'sub'}{unit}"](self.env, [when, by])

    def _like(self, node: ast.Binary, negated: bool) -> Term:
        return like(self.env, self.term(node.left), self.term(node.right), negated)

    def _in(self, node: ast.In, negated: bool) -> Term:
        items = [self.term(item) for item in node.items]
        return is_in(self.env, self.term(node.operand), items, negated)

    def _joined(self, node: ast.Binary, op: str, *, negated: bool) -> Term:
        """Join a chain of AND or OR; NOT turns it into its opposite."""
        parts = [
            as_predicate(self.env, self._negated(one) if negated else self.term(one))
            for one in chain(node, op)
        ]
        return predicate(all_of(parts) if (op == "AND") != negated else any_of(parts))

    def _negated(self, node: ast.Node) -> Term:
        """Push NOT inwards, so that NULL and '' stay one string under it."""
        match node:
            case ast.Unary(op="NOT"):
                return self.term(node.operand)
            case ast.Binary(op="AND" | "OR"):
                return self._joined(node, node.op, negated=True)
            case ast.Binary(op="LIKE" | "NOT LIKE"):
                return self._like(node, node.op == "LIKE")
            case ast.Binary() if node.op in _OPPOSITE:
                sides = self.term(node.left), self.term(node.right)
                return compare(self.env, _OPPOSITE[node.op], *sides)
            case ast.In():
                return self._in(node, not node.negated)
            case ast.IsNull():
                return is_null(self.env, self.term(node.operand), not node.negated)
        test = as_predicate(self.env, self.term(node))
        return predicate(exp.Not(this=enclosed(test)))


def typed(term: Term, result: XtkType | None) -> Term:
    """Give a term the type that the functions table promises, if it is of its kind."""
    if result is None:
        return term
    same = result.kind is term.kind or {result.kind, term.kind} <= NUMBERS
    return replace(term, type=result) if same and not term.predicate else term


def chain(node: ast.Node, op: str) -> list[ast.Node]:
    """Return the operands of ``a AND b AND c`` in order, however deep the tree."""
    operands: list[ast.Node] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, ast.Binary) and one.op == op:
            waiting += [one.right, one.left]
        else:
            operands.append(one)
    return operands


def all_of(parts: Sequence[Sql]) -> Sql:
    """Return a AND b AND c."""
    return _connected(exp.And, _operands(parts, exp.Or))


def any_of(parts: Sequence[Sql]) -> Sql:
    """Return a OR b OR c."""
    return _connected(exp.Or, _operands(parts, exp.And))


def _operands(parts: Sequence[Sql], other: type[Sql]) -> list[Sql]:
    """Bracket the operands that join conditions the other way."""
    if len(parts) == 1:
        return list(parts)
    return [exp.Paren(this=one) if isinstance(one, other) else one for one in parts]


def _connected(kind: type[exp.Connector], parts: Sequence[Sql]) -> Sql:
    """Join conditions; many of them as a balanced tree, as SQLite limits depth."""
    if len(parts) > _BALANCED_FROM:
        middle = len(parts) // 2
        left = exp.Paren(this=_connected(kind, parts[:middle]))
        right = exp.Paren(this=_connected(kind, parts[middle:]))
        return kind(this=left, expression=right)
    joined = parts[0]
    for part in parts[1:]:
        joined = kind(this=joined, expression=part)
    return joined
