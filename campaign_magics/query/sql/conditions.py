"""WHERE and HAVING → ``<condition>`` elements (protocol.md §5.1).

What stands between ANDs becomes a condition of its own, as the console writes it; an
expression with OR stays one expression unless a sub-query is in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlglot import exp

from ..model import BoolOperator, Condition, QueryDef, SetOperator
from .expressions import Translator, operands

_NEGATED: Final[dict[SetOperator, SetOperator]] = {
    "IN": "NOT IN",
    "NOT IN": "IN",
    "EXISTS": "NOT EXISTS",
    "NOT EXISTS": "EXISTS",
}
_OPPOSITE: Final[dict[type[exp.Expr], BoolOperator]] = {exp.And: "OR", exp.Or: "AND"}
_MOST_IN_ONE: Final = 100
"""Operands of an OR that are written as one expression; more become conditions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """Writes the conditions of one SELECT.

    ``emit`` writes an expression; ``inner`` translates the SELECT of a set test: it
    returns a whole sub-query, or the conditions on a collection and its path.
    """

    to: Translator
    emit: Callable[[exp.Expr], str]
    inner: Callable[[exp.Select, bool], QueryDef | Condition]

    def of(self, tree: exp.Expr | None) -> tuple[Condition, ...]:
        """Return the conditions of a WHERE or a HAVING, joined by AND or by OR."""
        if tree is None:
            return ()
        tree = tree.unnest()
        if isinstance(tree, exp.And) or self._is_split(tree):
            return self._joined(tree, negated=False)
        return (self._one(tree, negated=False),)

    def _is_split(self, tree: exp.Expr) -> bool:
        """Tell whether an OR needs a condition for each operand."""
        if not isinstance(tree, exp.Or):
            return False
        return _has_query(tree) or len(operands(tree)) > _MOST_IN_ONE

    def _joined(self, tree: exp.Expr, negated: bool) -> tuple[Condition, ...]:
        made = [self._one(one, negated) for one in operands(tree)]
        word: BoolOperator = "AND" if isinstance(tree, exp.And) else "OR"
        if negated:
            word = _OPPOSITE[type(tree)]
        return _linked(made, word)

    def _one(self, tree: exp.Expr, negated: bool) -> Condition:
        inner = tree.unnest()
        if not _has_query(inner) and not self._is_split(inner):
            written = exp.Not(this=exp.Paren(this=inner.copy())) if negated else inner
            return Condition(expr=self.emit(written))
        match inner:
            case exp.Not():
                return self._one(inner.this, not negated)
            case exp.And() | exp.Or():
                return Condition(conditions=self._joined(inner, negated))
            case exp.Exists():
                return self._set(inner.this, "EXISTS", None, negated)
            case exp.In() if inner.args.get("query") is not None:
                return self._set(inner.args["query"], "IN", inner.this, negated)
        query = inner.find(exp.Select)
        raise self.to.refusal(
            query or inner,
            "A sub-query stands behind IN or EXISTS only.",
            "write x IN (SELECT …), or aggregate: Count([broadLog/@id]) > 2",
        )

    def _set(
        self,
        tree: exp.Expr,
        operator: SetOperator,
        operand: exp.Expr | None,
        negated: bool,
    ) -> Condition:
        word = _NEGATED[operator] if negated else operator
        select = tree.unnest()
        if not isinstance(select, exp.Select):
            raise self.to.refused(tree)
        made = self.inner(select, operand is None)
        if isinstance(made, Condition):
            return replace(made, set_operator=word)
        expr = None if operand is None else self.emit(operand)
        return Condition(expr=expr, set_operator=word, sub_query=made)


def _has_query(tree: exp.Expr) -> bool:
    return tree.find(exp.Select) is not None


def _linked(made: Sequence[Condition], word: BoolOperator) -> tuple[Condition, ...]:
    """Join conditions: ``boolOperator`` stands on each but the last."""
    *rest, last = made
    return (*(replace(one, bool_operator=word) for one in rest), last)
