"""Errors of the parser: what is wrong at a place, and what to write instead."""

from __future__ import annotations

import re
from typing import Final

from ..errors import Span
from .errors import ExpressionError

_SHOWN: Final = 30
_WORD = re.compile(r"[@$]?[\w-]+|\S")
_NO_SQL = "write XTK, not SQL: it has no ; no comments and no SELECT"
_SQL = "select|from|where|union|insert|update|delete|drop|sqldata"
_STATEMENT = re.compile(rf"\W*({_SQL})\b", re.IGNORECASE)
_HINTS: Final = [
    (re.compile(r";|--|/\*|\*/"), _NO_SQL),
    (re.compile(rf"({_SQL})\b", re.IGNORECASE), _NO_SQL),
    (re.compile(r"&&"), "write AND"),
    (re.compile(r"\|\|"), "write OR, or + to join texts"),
    (re.compile(r"!"), "write NOT, or != to compare"),
    (re.compile(r"['\"]"), r"write \' for a quote inside a text"),
    (re.compile(r","), "put a list in the brackets of a function or of IN"),
    (re.compile(r"\)"), "remove it: this bracket was never opened"),
    (re.compile(r"&(lt|gt|amp|quot|apos);"), "write the sign itself, not as XML does"),
    (re.compile(r"#"), "put a date between two #, as in #2020-12-31#"),
]  # fmt: skip
_UNCLOSED: Final = [
    (re.compile(r"['\"]"), "This text has no closing quote."),
    (re.compile(r"\["), "This path has no closing ]."),
    (re.compile(r"\$\w*\("), "This parameter has no closing )."),
    (re.compile(r"#"), "This date has no closing #."),
]


def skip_space(text: str, pos: int) -> int:
    """Return where the next word begins, or the end of the text."""
    while pos < len(text) and text[pos].isspace():
        pos += 1
    return pos


def no_operand(text: str, pos: int, last: str) -> ExpressionError:
    """Return the error for a place where a value or a path should stand."""
    span = _word_at(text, pos)
    found = text[span[0] : span[1]]
    for pattern, cause in _UNCLOSED:
        if pattern.match(text, span[0]):
            hint = _hint(text, (span[0] + 1, span[1]))  # [SQLDATA[…, the old way to SQL
            return ExpressionError(
                cause, kind="syntax", source=text, span=span, hint=hint
            )
    where = f"after {last}" if last else "at the beginning"
    if not found:
        cause = f"An operand is missing {where}." if text.strip() else _EMPTY
        return ExpressionError(cause, kind="operand", source=text, span=span)
    hint = "write IS NULL, '' or ##" if found.lower() == "null" else _hint(text, span)
    return ExpressionError(
        f"An operand is missing {where}: {_shown(found)} is none.",
        kind="operand",
        source=text,
        span=span,
        hint=hint,
    )


_EMPTY = "The expression is empty."


def unexpected(text: str, pos: int, hint: str = "") -> ExpressionError:
    """Return the error for a word that cannot follow what stands before it."""
    span = _word_at(text, pos)
    found = text[span[0] : span[1]]
    if not found:
        message = "The expression ends too early."
    else:
        message = f"{_shown(found)} is not expected here."
        hint = _hint(text, span) or (_NO_SQL if _STATEMENT.match(text) else hint)
    return ExpressionError(message, kind="syntax", source=text, span=span, hint=hint)


def too_deep(text: str, pos: int, limit: int) -> ExpressionError:
    """Return the error for brackets or calls nested beyond the limit."""
    return ExpressionError(
        f"The expression is nested more than {limit} deep.",
        kind="syntax",
        source=text,
        span=_word_at(text, pos),
        hint="split it into several conditions",
    )


def too_long(text: str, pos: int, limit: int) -> ExpressionError:
    """Return the error for a chain ``a OR b OR c …`` beyond the limit."""
    return ExpressionError(
        f"More than {limit} operands are joined one by one.",
        kind="syntax",
        source=text,
        span=_word_at(text, pos),
        hint="write IN (…), or use several conditions",
    )


def bad_path(text: str, span: Span, xpath: str) -> ExpressionError:
    """Return the error for brackets that hold no path."""
    if not xpath:
        hint = "write a path, as in [folder/@label]"
    elif "@" in xpath and "/" in xpath.partition("@")[2]:
        hint = "end the path with its attribute"
    else:
        hint = "join names by /, as in [folder/@label] or [../@id]"
    return ExpressionError(
        f"{_shown(xpath)} is not a path." if xpath else "A path is missing.",
        kind="path",
        source=text,
        span=span,
        hint=hint,
    )


def _word_at(text: str, pos: int) -> Span:
    start = skip_space(text, pos)
    found = _WORD.match(text, start)
    return (start, found.end() if found else start)


def _hint(text: str, span: Span) -> str:
    return next((hint for sign, hint in _HINTS if sign.match(text, span[0])), "")


def _shown(word: str) -> str:
    return repr(word if len(word) <= _SHOWN else word[: _SHOWN - 1] + "…")
