"""Whether a call names a known function, with arguments that fit it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ..errors import Span
from .ast import Call
from .errors import ExpressionError
from .functions import Function
from .names import did_you_mean

_HOLDERS: Final = frozenset({"Case", "RowNum"})
"""Functions that take parts of their own only: When, Else, PartitionBy, OrderBy."""


def check_call(
    source: str,
    call: Call,
    name: Span,
    owner: str,
    functions: Mapping[str, Function],
) -> None:
    """Raise ``ExpressionError`` unless the call is known and well made.

    ``name`` is where the function's name stands, ``owner`` the function it is an
    argument of, if any.  Kinds: ``function`` for a name nobody knows, ``arity`` for
    arguments that do not fit.
    """
    known = functions.get(call.name.lower())
    if known is None:
        near = did_you_mean(call.name, (item.name for item in functions.values()))
        raise ExpressionError(
            f"There is no function {call.name[:40]}.",
            kind="function",
            source=source,
            span=name,
            hint=near,
        )
    if not _fits(known, len(call.args)):
        raise ExpressionError(
            f"{known.name} takes {_count(known)}, not {len(call.args)}.",
            kind="arity",
            source=source,
            span=call.span,
            hint=f"write {known.signature}",
        )
    if known.within and known.within.lower() != owner.lower():
        raise ExpressionError(
            f"{known.name} belongs in {known.within}(…).",
            kind="arity",
            source=source,
            span=call.span,
            hint=f"write {functions[known.within.lower()].signature}",
        )
    if known.name in _HOLDERS:
        _check_parts(source, call, known, functions)


def bad_star(source: str, at: int, name: str) -> ExpressionError:
    """Return the error for ``Count(*)``, which XTK does not have."""
    return ExpressionError(
        f"{name}(*) is SQL, not XTK.",
        kind="operand",
        source=source,
        span=(at, at + 1),
        hint="write CountAll()",
    )


def _fits(known: Function, count: int) -> bool:
    return known.min_args <= count and (
        known.max_args is None or count <= known.max_args
    )


def _count(known: Function) -> str:
    least, most = known.min_args, known.max_args
    if most == 0:
        return "no arguments"
    if most is None:
        return f"at least {least} argument{'s' * (least != 1)}"
    number = str(least) if least == most else f"{least} or {most}"
    return f"{number} argument{'s' * (number != '1')}"


def _check_parts(
    source: str, call: Call, known: Function, functions: Mapping[str, Function]
) -> None:
    """Case and RowNum hold their own parts only, and Else follows When."""
    for arg in call.args:
        part = functions.get(arg.name.lower()) if isinstance(arg, Call) else None
        is_else = part is not None and part.name == "Else"
        misplaced = is_else and (arg is call.args[0] or arg is not call.args[-1])
        if misplaced or not part or part.within != known.name:
            wrong = (
                "Else follows the last When in"
                if misplaced
                else "A plain value stands in"
            )
            raise ExpressionError(
                f"{wrong} {known.name}(…).",
                kind="arity",
                source=source,
                span=arg.span,
                hint=f"write {known.signature}",
            )
