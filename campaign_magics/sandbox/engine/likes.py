"""LIKE, the same on both databases: ``%``, ``_``, backslash escapes, exact case."""

from __future__ import annotations

from sqlglot import exp

from .convert import as_text
from .terms import Env, Sql, Term, enclosed, template

_GLOB_SPECIAL = "*?["


def like(env: Env, text: Sql, pattern: Term) -> Sql:
    """Match a text with a pattern.

    SQLite's LIKE ignores the case of ASCII letters and DuckDB's does not, so SQLite
    gets GLOB, which is exact too.
    """
    if not env.dialect.is_sqlite:
        matched = exp.Like(this=enclosed(text), expression=_mask(env, pattern))
        return exp.Escape(this=matched, expression=exp.Literal.string("\\"))
    if pattern.is_constant:
        glob = env.values.bind(glob_of(str(pattern.constant or "")))
    else:
        glob = template(env, "xtk_glob(_1)", None, as_text(env, pattern))
    return exp.Glob(this=enclosed(text), expression=enclosed(glob))


def _mask(env: Env, pattern: Term) -> Sql:
    """Return the pattern; a lone backslash at its end stands for itself."""
    text = str(pattern.constant or "")
    if pattern.is_constant and (len(text) - len(text.rstrip("\\"))) % 2:
        return env.values.bind(text + "\\")
    return enclosed(as_text(env, pattern))


def glob_of(pattern: str) -> str:
    """Return a LIKE pattern as a GLOB pattern.

    >>> glob_of(r"10\\% of_*")
    '10% of?[*]'
    """
    parts: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            parts.append(_quoted(next(characters, "\\")))
        else:
            parts.append({"%": "*", "_": "?"}.get(character) or _quoted(character))
    return "".join(parts)


def _quoted(character: str) -> str:
    return f"[{character}]" if character in _GLOB_SPECIAL else character
