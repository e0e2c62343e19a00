"""The words of a SQL text, with Campaign's own among them.

sqlglot's tokens are mended before its parser sees them, because its stock dialects read
XTK names wrongly (``nms:recipient`` becomes an alias, ``@x`` a parameter), and its
Parser cannot be subclassed where it is compiled.  After mending

- ``@email``, ``location/@city``, ``nms:recipient``, ``[folder/@label]``, ``:name`` and
  ``#2020-12-31#`` are quoted names,
- every call but those with a grammar of their own (``CAST(x AS …)``) is the call of one
  function that sqlglot does not know: which functions exist is decided here, not there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Final

from sqlglot import Token, Tokenizer, TokenType
from sqlglot.errors import TokenError

from ...errors import QuerySyntaxError, Span

_NAME: Final = r"[^\W\d]\w*"
_ATTRIBUTE: Final = rf"@{_NAME}(?:-{_NAME}(?!\w|\s*\())*"
_AT_NAME: Final = re.compile(_ATTRIBUTE)
_AT_WORD: Final = re.compile(rf"(?:{_NAME}/)+{_ATTRIBUTE}|{_NAME}:{_NAME}")
_AT_COLON: Final = re.compile(rf":{_NAME}")
_WORD: Final = re.compile(_NAME)
_CLOSED: Final = re.compile(
    r"""'(?:[^']|'')*' | "(?:[^"]|"")*" | \[[^\]]*\] | \#[^#]*\# | --[^\n]*
    | /\*.*?\*/ | /\* | [^'"\[#/-]+ | .""",
    re.VERBOSE | re.DOTALL,
)
_OPENING: Final = ("'", '"', "[", "#", "/*")
_SIGNS: Final = frozenset("@#$?{}")

OWN_GRAMMAR: Final = frozenset(
    {"cast", "try_cast", "extract", "position", "substring", "trim", "exists"}
)
"""Calls that sqlglot reads: their brackets hold more than a list of arguments."""

_PARTS: Final = {"when": "case", "else": "case", "desc": "orderby"}
"""Functions of XTK that are SQL words unless they stand in their own function."""


class _Tokenizer(Tokenizer):  # the one class of sqlglot that may be subclassed
    IDENTIFIERS: ClassVar[list[str | tuple[str, str]]] = ['"', ("[", "]")]
    QUOTES: ClassVar[list[tuple[str, str] | str]] = ["'", "#"]
    KEYWORDS: ClassVar[dict[str, TokenType]] = {
        word: kind for word, kind in Tokenizer.KEYWORDS.items() if not {*word} & _SIGNS
    }


@dataclass(frozen=True, slots=True)
class Words:
    """A text and its mended tokens; offsets are places in the text.

    ``ends`` leads from the start of a call to the end of its bracket, ``params`` from
    the start of ``:name`` to the name; ``dates`` are the starts of ``#…#``.
    """

    text: str
    tokens: tuple[Token, ...]
    ends: Mapping[int, int]
    params: Mapping[int, str]
    dates: frozenset[int]

    def name_at(self, start: int) -> str:
        """Return the word that starts there."""
        found = _WORD.match(self.text, start)
        return found[0] if found else ""


def words_of(text: str, functions: frozenset[str]) -> Words:
    """Split a text; ``functions`` are the names of calls, in lower case.

    Raises QuerySyntaxError for a quote or a comment that is never closed.
    """
    try:
        tokens = _Tokenizer().tokenize(text)
    except TokenError:
        raise _unclosed(text) from None
    tokens = [_Mender(text, tokens).mended(at) for at in range(len(tokens))]
    kept: list[Token] = []
    for token in tokens:
        if not kept or token.start > kept[-1].end:  # not swallowed by a longer name
            kept.append(token)
    ends = _mark_calls(text, kept, functions)
    signs = [(token.start, text[token.start]) for token in kept]
    texts = {token.start: token.text for token in kept}
    return Words(
        text=text,
        tokens=tuple(kept),
        ends=ends,
        params={start: texts[start][1:] for start, sign in signs if sign == ":"},
        dates=frozenset(start for start, sign in signs if sign == "#"),
    )


@dataclass(frozen=True, slots=True)
class _Mender:
    """Makes one name of the tokens that are one in Campaign."""

    text: str
    tokens: list[Token]

    def mended(self, at: int) -> Token:
        """Return the token as the parser shall see it."""
        token = self.tokens[at]
        if self.text[token.start] == "#":
            return _quoted(token, self.text[token.start : token.end + 1])
        pattern = self._pattern(at, token)
        found = pattern.match(self.text, token.start) if pattern else None
        return _quoted(token, found[0]) if found else token

    def _pattern(self, at: int, token: Token) -> re.Pattern[str] | None:
        if token.token_type is TokenType.PARAMETER:
            return _AT_NAME
        if token.token_type is TokenType.COLON:
            return _AT_COLON
        after_from = at > 0 and self.tokens[at - 1].token_type is TokenType.FROM
        if after_from or token.token_type is TokenType.VAR:
            return _AT_WORD
        return None


def _quoted(token: Token, name: str) -> Token:
    end = token.start + len(name) - 1
    kind = TokenType.IDENTIFIER
    return Token(kind, name, token.line, token.col, token.start, end, token.comments)


def _mark_calls(
    text: str, tokens: list[Token], functions: frozenset[str]
) -> dict[int, int]:
    """Rename the functions that are called, in place; return where each call ends."""
    ends: dict[int, int] = {}
    open_calls: list[tuple[int, str]] = []
    for at, token in enumerate(tokens):
        if token.token_type is TokenType.R_PAREN and open_calls:
            start, _ = open_calls.pop()
            ends[start] = token.end + 1
        if token.token_type is not TokenType.L_PAREN:
            continue
        name = _called(text, tokens, at, functions, open_calls)
        start = tokens[at - 1].start if name else token.start
        open_calls.append((start, name))
        if name and name not in OWN_GRAMMAR:
            old = tokens[at - 1]
            tokens[at - 1] = Token(
                TokenType.VAR, "call", old.line, old.col, old.start, old.end
            )
    return ends


def _called(
    text: str,
    tokens: list[Token],
    at: int,
    functions: frozenset[str],
    outer: list[tuple[int, str]],
) -> str:
    """Return the name of the function whose bracket opens at a token, or nothing."""
    before = tokens[at - 1] if at else None
    if before is None or text[before.start] in "[\"'@:#":
        return ""
    name = text[before.start : before.end + 1].lower()
    if not _WORD.fullmatch(name):
        return ""
    if name in _PARTS:
        return name if outer and outer[-1][1] == _PARTS[name] else ""
    if name == "case":
        inner = tokens[at + 1 : at + 3]
        texts = [text[one.start : one.end + 1].lower() for one in inner]
        return name if texts == ["when", "("] else ""
    is_type = at > 1 and tokens[at - 2].token_type in (
        TokenType.ALIAS,
        TokenType.DCOLON,
    )
    known = name in functions or name in OWN_GRAMMAR
    plain = before.token_type is TokenType.VAR
    return name if (known or plain) and not is_type else ""


def _unclosed(text: str) -> QuerySyntaxError:
    """Return the error for a text that sqlglot cannot split, pointing at the quote."""
    opened = (found for found in _CLOSED.finditer(text) if found[0] in _OPENING)
    start = next((found.start() for found in opened), 0)
    return QuerySyntaxError(
        "A quote, a bracket or a comment is never closed.",
        hint="write two quotes for one inside a text: 'O''Hara'",
        source=text,
        span=(start, start + 1),
    )


def span_of(token: Token) -> Span:
    """Return where a token stands."""
    return token.start, token.end + 1
