"""Text → sqlglot's tree of one SELECT, or an error that points at the word."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final

from sqlglot import TokenType, exp
from sqlglot.errors import ErrorLevel, ParseError
from sqlglot.parser import Parser

from ...errors import QuerySyntaxError
from .functions import NAMES
from .refusals import refusal, refuse_words, refused_node
from .words import Words, span_of, words_of

EXAMPLE: Final = "SELECT email FROM nms:recipient"
_NOT_XML: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def parse_select(text: str) -> tuple[Words, exp.Select]:
    """Split and parse a text.

    Raises QuerySyntaxError for anything but one SELECT.
    """
    words = _read(text)
    tree = _parse(words)
    if not isinstance(tree, exp.Select):
        raise refused_node(text, (0, len(text)), tree)
    return words, tree


def _read(text: str) -> Words:
    if found := _NOT_XML.search(text):
        raise QuerySyntaxError(
            f"U+{ord(found[0]):04X} cannot stand in a query.",
            hint="take control characters out",
        )
    words = words_of(text, NAMES)
    tokens = list(words.tokens)
    while tokens and tokens[-1].token_type is TokenType.SEMICOLON:
        tokens.pop()
    refuse_words(text, tokens)
    for at, token in enumerate(tokens):
        if token.token_type is TokenType.SEMICOLON:
            raise refusal(
                text,
                span_of(tokens[at + 1]),
                ("A cell holds one query.", "put the second one into its own cell"),
            )
    if not tokens or tokens[0].token_type is not TokenType.SELECT:
        start = tokens[0].start if tokens else 0
        raise QuerySyntaxError(
            "This is not a query: SQL starts with SELECT.",
            hint=f"write {EXAMPLE}, or queryDef XML or JSON",
            source=text,
            span=(start, tokens[0].end + 1 if tokens else 1),
        )
    return replace(words, tokens=tuple(tokens))


def _parse(words: Words) -> exp.Expr:
    parser = Parser(error_level=ErrorLevel.IMMEDIATE)
    try:
        (tree,) = parser.parse(list(words.tokens), words.text)
    except ParseError as exc:
        raise _unreadable(words, exc) from None
    except RecursionError:
        raise QuerySyntaxError("The query is nested too deep.") from None
    if tree is None:
        raise QuerySyntaxError("The query is empty.", hint=f"write {EXAMPLE}")
    return tree


def _unreadable(words: Words, error: ParseError) -> QuerySyntaxError:
    """Turn sqlglot's error into one line and a caret; it counts lines and columns."""
    about: dict[str, Any] = error.errors[0] if error.errors else {}
    line, column = int(about.get("line") or 1), int(about.get("col") or 1)
    word = next(
        (one for one in words.tokens if (one.line, one.col) == (line, column)),
        words.tokens[-1],
    )
    shown = words.text[word.start : word.end + 1]
    return QuerySyntaxError(
        f"The SQL cannot be read at '{shown}'.",
        hint="a word is missing or out of place; names that are SQL words stand in "
        "brackets: [order]",
        source=words.text,
        span=span_of(word),
    )


def shown_names(words: Words, count: int) -> list[str]:
    """Return the select list as the user wrote it, for columns without a name."""
    starts, ends, depth = [], [], 0
    start = words.tokens[0].end + 1
    for at, token in enumerate(words.tokens[1:], 1):
        kind = token.token_type
        if kind is TokenType.DISTINCT and at == 1:
            start = token.end + 1
        depth += (kind is TokenType.L_PAREN) - (kind is TokenType.R_PAREN)
        if depth == 0 and kind in (TokenType.COMMA, TokenType.FROM):
            starts.append(start)
            ends.append(token.start)
            start = token.end + 1
            if kind is TokenType.FROM:
                break
    texts = [
        " ".join(words.text[a:b].split()) for a, b in zip(starts, ends, strict=True)
    ]
    return (texts + [""] * count)[:count]
