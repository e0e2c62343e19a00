"""XTK text to its tree: a Pratt parser over the words of ``tokens``.

Source of the grammar: protocol.md §5.2, §11.  Raw SQL is not part of it: ``;``,
comments, ``SELECT …`` and ``SQLDATA`` are errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from math import isfinite
from typing import Final, NamedTuple, cast

from ..errors import Span
from . import tokens
from .ast import (
    Binary,
    BinaryOp,
    Call,
    In,
    IsNull,
    Literal,
    Node,
    Param,
    Path,
    Placeholder,
    Unary,
)  # fmt: skip
from .calls import bad_star, check_call
from .diagnosis import bad_path, no_operand, skip_space, too_deep, too_long, unexpected
from .errors import ExpressionError, ExpressionFault
from .functions import FUNCTIONS, Function
from .names import did_you_mean
from .text import read_moment, read_seconds, unquote
from .types import BOOLEAN, DATE, DATETIME, DOUBLE, INT64, LONG, STRING, TIMESPAN, TYPES
from .walk import depth

MAX_LENGTH: Final = 1_000_000
MAX_NESTING: Final = 120
"""Expressions read within each other; each costs at most five Python frames."""
MAX_DEPTH: Final = 200
"""Levels of the tree, ``a OR b OR c`` included; whoever visits it may recurse."""


def parse(
    text: str,
    *,
    functions: Mapping[str, Function] | None = FUNCTIONS,
    placeholders: bool = False,
) -> Node:
    """Return the tree of an XTK expression.

    ``functions`` are the calls that may stand in it, by name in lower case; None
    accepts any name with any arguments.  ``placeholders`` lets ``:name`` stand for
    a value (ours, for parameters: XTK has no such thing).

    Raises ``ExpressionError``, always with ``source`` and ``span``.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(
            f"The expression is longer than {MAX_LENGTH:,} characters.",
            kind="syntax",
            source=text[:200],
            span=(0, 1),
            hint="write the values to a list in Campaign and filter on that",
        )
    parser = _Parser(text, functions, placeholders)
    node = parser.whole()
    if len(text) > MAX_DEPTH and depth(node) > MAX_DEPTH:
        raise too_deep(text, 0, MAX_DEPTH)
    return node


class _Operator(NamedTuple):
    name: str
    power: int
    start: int
    end: int


_LONGEST_NUMBER: Final = 800
_LEAST_EXPONENT: Final = -330
_NO_OPERATOR: Final = _Operator("", 0, 0, 0)


class _Parser:
    """One pass over one text; ``pos`` is where the next word is looked for."""

    def __init__(
        self, text: str, functions: Mapping[str, Function] | None, placeholders: bool
    ) -> None:
        self.text = text
        self.functions = functions
        self.placeholders = placeholders
        self.pos = 0
        self.last = ""  # the operator that waits for its right side
        self.owner = (-1, "")  # where an argument begins, and of which function
        self._ahead = _NO_OPERATOR
        self._ahead_of = -1

    def whole(self) -> Node:
        """Read the whole text: expression end."""
        node = self.expression(0, 0)
        if skip_space(self.text, self.pos) < len(self.text):
            raise unexpected(self.text, self.pos)
        return node

    def expression(self, power: int, level: int) -> Node:
        """Read operand (operator operand)*, of operators that bind tighter."""
        if level > MAX_NESTING:
            raise too_deep(self.text, self.pos, MAX_NESTING)
        start = skip_space(self.text, self.pos)
        left = self.operand(power, level)
        compared, joints = False, 0
        while (operator := self.ahead()).power > power:
            if compared and operator.power == tokens.COMPARISON:
                raise self.error(
                    "syntax",
                    "Comparisons do not chain.",
                    (operator.start, operator.end),
                    hint="join them with AND",
                )
            compared, joints = operator.power == tokens.COMPARISON, joints + 1
            if joints >= MAX_DEPTH:
                raise too_long(self.text, operator.start, MAX_DEPTH)
            self.pos = operator.end
            left = self.joined(left, operator, start, level)
        return left

    def ahead(self) -> _Operator:
        """Return the operator that follows, without taking it."""
        if self._ahead_of != self.pos:
            self._ahead_of = self.pos
            self._ahead = _NO_OPERATOR
            if found := tokens.OPERATOR.match(self.text, self.pos):
                words = found[0].upper().split()  # NOT LIKE, or a spaced-out > =
                word = (" " if words[0].isalpha() else "").join(words)
                name = tokens.SPELLINGS.get(word, word)
                start = skip_space(self.text, self.pos)
                self._ahead = _Operator(name, tokens.POWERS[name], start, found.end())
        return self._ahead

    def joined(self, left: Node, operator: _Operator, start: int, level: int) -> Node:
        """Read what follows an operator and join it to ``left``."""
        name = operator.name
        self.last = self.text[operator.start : operator.end]
        if name == "IS":
            found = tokens.NOT_NULL.match(self.text, self.pos)
            if not found:
                raise unexpected(self.text, self.pos, "write IS NULL or IS NOT NULL")
            self.pos = found.end()
            return IsNull(left, bool(found[1]), span=(start, self.pos))
        if name in ("IN", "NOT IN"):
            items = self.items(level)
            return In(left, items, name == "NOT IN", span=(start, self.pos))
        right = self.expression(operator.power, level + 1)
        return Binary(cast(BinaryOp, name), left, right, span=(start, self.pos))

    def items(self, level: int) -> tuple[Node, ...]:
        """Read the list after IN: "(" expression ("," expression)* ")"."""
        if not self.take("("):
            raise unexpected(self.text, self.pos, "write IN (1, 2)")
        items = [self.expression(0, level + 1)]
        while self.take(","):
            items.append(self.expression(0, level + 1))
        self.close()
        return tuple(items)

    def operand(self, power: int, level: int) -> Node:
        """Read constant, path, parameter, call, "(" expression ")", NOT or "-"."""
        found = tokens.OPERAND.match(self.text, self.pos)
        kind = found.lastgroup if found else None
        unasked = kind == "placeholder" and not self.placeholders
        if not found or not kind or unasked:
            raise no_operand(self.text, self.pos, self.last)
        start, self.pos = found.span(kind)
        if kind == "path":
            return self.path_or_word(found["path"], (start, self.pos), power, level)
        if kind == "string":
            value = unquote(found["string"][1:-1])
            return Literal(value, STRING, span=(start, self.pos))
        if kind == "number":
            return self.number(found["number"], (start, self.pos))
        if kind == "bracket":
            return self.path(found["bracket"], start)
        if kind == "open":
            node = self.expression(0, level + 1)
            self.close()
            return node
        if kind == "minus":
            return self.minus(start, level)
        if kind == "placeholder":
            return Placeholder(found["placeholder"][1:], span=(start, self.pos))
        if kind == "moment":
            return self.moment(found["moment"][1:-1].strip(), (start, self.pos))
        return self.param(found["param"], start)

    def path_or_word(self, text: str, span: Span, power: int, level: int) -> Node:
        """Read what begins like a name: path, call, NOT, TRUE or FALSE."""
        word = text.lower()
        if word == "not":
            return self.negation(span[0], power, level)
        if word in ("true", "false"):
            return Literal(word == "true", BOOLEAN, span=span)
        if word == "rowid":  # the one function that is written without brackets
            return self.call(text, span, level)
        if word in tokens.RESERVED:
            raise no_operand(self.text, span[0], self.last)
        if word.isidentifier() and tokens.OPEN.match(self.text, self.pos):
            return self.call(text, span, level)
        steps = text.lstrip("/").split("/")
        return Path(tuple(steps), text.startswith("/"), span=span)

    def negation(self, start: int, power: int, level: int) -> Node:
        """Read what NOT negates, up to the next AND or OR."""
        if power >= tokens.COMPARISON:
            raise self.error(
                "syntax",
                f"NOT cannot follow {self.last}.",
                (start, start + 3),
                hint="write (NOT …)",
            )
        self.last = "NOT"
        operand = self.expression(tokens.NOT_POWER, level + 1)
        return Unary("NOT", operand, span=(start, self.pos))

    def minus(self, start: int, level: int) -> Node:
        """Read a negative number, or what a sign turns round."""
        found = tokens.OPERAND.match(self.text, self.pos)
        if found and found.lastgroup == "number":
            self.pos = found.end()
            return self.number("-" + found["number"], (start, self.pos))
        self.last = "-"
        operand = self.expression(tokens.MINUS_POWER, level + 1)
        return Unary("-", operand, span=(start, self.pos))

    def number(self, text: str, span: Span) -> Literal:
        """Read digits: 32 bits, 64 bits, or decimals."""
        if len(text) <= _LONGEST_NUMBER:
            if text.lstrip("-").isdigit():
                whole = int(text)
                if -(2**31) <= whole < 2**31:
                    return Literal(whole, LONG, span=span)
                if -(2**63) <= whole < 2**63:
                    return Literal(whole, INT64, span=span)
            elif isfinite(float(text)) and Decimal(text).adjusted() >= _LEAST_EXPONENT:
                return Literal(Decimal(text), DOUBLE, span=span)
        raise self.error("syntax", "The number is out of range.", span)

    def moment(self, text: str, span: Span) -> Literal:
        """Read what stands between # and #: date, datetime, timespan, nothing."""
        if not text:
            return Literal(None, DATE, span=span)
        try:
            if tokens.SECONDS.fullmatch(text):
                return Literal(read_seconds(text), TIMESPAN, span=span)
            value = read_moment(text)
        except (ValueError, OverflowError) as exc:
            raise self.error(
                "syntax",
                f"#{text}# is not a date.",
                span,
                hint="write #2020-12-31# or #2020-12-31T12:34:56Z#",
            ) from exc
        if not isinstance(value, datetime):
            return Literal(value, DATE, span=span)
        known = DATETIME if value.tzinfo else TYPES["datetimenotz"]
        return Literal(value, known, span=span)

    def path(self, text: str, start: int, *, brackets: int = 1) -> Path:
        """Read a path by the strict rules, from between its brackets."""
        inner = text[brackets : len(text) - brackets].strip()
        span = (start, start + len(text))
        join = tokens.JOIN.match(inner)
        xpath = inner[join.end() :] if join else inner
        if not tokens.XPATH.fullmatch(xpath):
            raise bad_path(self.text, span, xpath)
        steps = tuple(xpath.lstrip("/").split("/"))
        target = (join["schema"], join["alias"] or "") if join else None
        return Path(steps, xpath.startswith("/"), target, span=span)

    def param(self, text: str, start: int) -> Param:
        """Read ``$kind(path)``; the path needs no brackets of its own."""
        kind, _, inner = text[1:-1].partition("(")
        if kind.lower() not in tokens.PARAM_KINDS:
            raise self.error(
                "syntax",
                f"${kind}(…) is not a parameter.",
                (start, start + 1 + len(kind)),
                hint=did_you_mean(kind, tokens.PARAM_KINDS) or "write $(path)",
            )
        at = start + len(kind) + 2
        lead = len(inner) - len(inner.lstrip())
        written = inner.strip()
        bracketed = written.startswith("[") and written.endswith("]")
        path = self.path(written, at + lead, brackets=int(bracketed))
        return Param(kind.lower(), path, span=(start, start + len(text)))

    def call(self, name: str, span: Span, level: int) -> Call:
        """Read the arguments of a call, if brackets follow, and check them."""
        owner = self.owner[1] if self.owner[0] == span[0] else ""
        args: list[Node] = []
        if self.take("("):
            if tokens.STAR.match(self.text, self.pos):
                star = skip_space(self.text, self.pos)
                raise bad_star(self.text, star, name)
            if not self.take(")"):
                args.append(self.argument(name, level))
                while self.take(","):
                    args.append(self.argument(name, level))
                self.close()
        made = Call(name, tuple(args), span=(span[0], self.pos))
        if self.functions is not None:
            check_call(self.text, made, span, owner, self.functions)
        return made

    def argument(self, name: str, level: int) -> Node:
        """Read one argument of the function of that name."""
        self.owner = (skip_space(self.text, self.pos), name)
        return self.expression(0, level + 1)

    def take(self, sign: str) -> bool:
        """Step over the sign if it comes next."""
        at = skip_space(self.text, self.pos)
        if not self.text.startswith(sign, at):
            return False
        self.pos, self.last = at + 1, sign
        return True

    def close(self) -> None:
        """Step over the ``)`` that must come next."""
        if not self.take(")"):
            raise unexpected(self.text, self.pos, "add ): a bracket is still open")

    def error(
        self, kind: ExpressionFault, message: str, span: Span, hint: str = ""
    ) -> ExpressionError:
        """Return an error that points into this text."""
        return ExpressionError(
            message, kind=kind, source=self.text, span=span, hint=hint
        )
