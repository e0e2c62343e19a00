"""String functions (protocol.md §11), for SQLite and DuckDB."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ...xtk.types import LONG, STRING, Kind
from .compare import compare
from .convert import as_number, as_text
from .rules import Rule, common, rule, yes_no
from .shown import BYTES, DECIMALS, DOMAIN, LINE, SMART, WORDS
from .terms import NUMBERS, Env, Term, template, text_term
from .values import choice

_LONGEST: Final = 65_535
"""Padding stops here, so that one expression cannot fill the memory."""


def to_text(env: Env, args: Sequence[Term]) -> Term:
    """ToString(n[, decimals]): a number with that many decimals, or any value."""
    if len(args) < 2 or args[0].kind not in NUMBERS:
        return text_term(as_text(env, args[0]))
    decimals = args[1].constant
    places = min(max(int(decimals), 0), 15) if isinstance(decimals, int) else 0
    mask = env.values.bind(f"%.{places}f")
    number = as_number(env, args[0])
    digits = env.values.bind(places)
    text = "printf(_2, COALESCE(_1, 0))"
    return text_term(template(env, text, DECIMALS, number, mask, digits))


def if_equals(env: Env, args: Sequence[Term]) -> Term:
    """IfEquals and Decode(a, b, yes, no)."""
    return choice(env, compare(env, "=", args[0], args[1]), args[2], args[3])


def virtual_link(env: Env, args: Sequence[Term]) -> Term:
    """VirtualLink(fk, a, b): the foreign key if a = b, else none."""
    none = "" if common(args[:1]).kind is Kind.STRING else 0
    nothing = Term(
        sql=env.values.bind(none), type=args[0].type, is_constant=True, constant=none
    )
    return choice(env, compare(env, "=", args[1], args[2]), args[0], nothing)


def _pad(side: str) -> Rule:
    width = f"greatest(0, least(_2, {_LONGEST}))"
    duckdb = (
        f"CASE WHEN _3 = '' THEN substr(_1, 1, {width}) "
        f"ELSE {side}(_1, CAST({width} AS INTEGER), _3) END"
    )
    return rule("sis", STRING, f"xtk_{side}(_1, _2, _3)", duckdb)


_LEFT: Final = "substr(_1, 1, max(0, _2))", "substr(_1, 1, greatest(0, _2))"
_RIGHT: Final = (
    "CASE WHEN _2 <= 0 THEN '' ELSE substr(_1, -_2) END",
    "right(_1, greatest(0, _2))",
)
_SUBSTRING: Final = (
    "substr(_1, max(1, _2), max(0, _3))",
    "substr(_1, greatest(1, _2), greatest(0, _3))",
)
_ASCII: Final = (
    "COALESCE(unicode(_1), 0)",
    "CASE WHEN _1 = '' THEN 0 ELSE ascii(_1) END",
)
_CHAR: Final = (
    "xtk_char(_1)",
    "CASE WHEN _1 BETWEEN 1 AND 55295 THEN chr(CAST(_1 AS INTEGER)) ELSE '' END",
)


def join_words(env: Env, args: Sequence[Term]) -> Term:
    """JuxtWords(a, b[, c]): one space between, empties skipped."""
    words = args[0]
    for word in args[1:]:
        sides = as_text(env, words), as_text(env, word)
        words = text_term(template(env, "xtk_words(_1, _2)", WORDS, *sides))
    return words


TEXT_FUNCTIONS: Final[Mapping[str, Rule]] = {
    "allnonnull2": yes_no("ss", "_1 <> '' AND _2 <> ''"),
    "allnonnull3": yes_no("sss", "_1 <> '' AND _2 <> '' AND _3 <> ''"),
    "ascii": rule("s", LONG, *_ASCII),
    "char": rule("i", STRING, *_CHAR),
    "charindex": rule("ss", LONG, "instr(_1, _2)", "strpos(_1, _2)"),
    "datalength": rule("s", LONG, "length(CAST(_1 AS BLOB))", BYTES),
    "getemaildomain": rule("s", STRING, "xtk_domain(_1)", DOMAIN),
    "getline": rule("si", STRING, "xtk_line(_1, _2)", LINE, default=1),
    "ifequals": if_equals,
    "ismemonull": yes_no("s", "_1 = ''"),
    "juxtwords": join_words,
    "juxtwords3": join_words,
    "left": rule("si", STRING, *_LEFT),
    "length": rule("s", LONG, "length(_1)"),
    "lower": rule("s", STRING, "xtk_lower(_1)", "lower(_1)"),
    "lpad": _pad("lpad"),
    "ltrim": rule("s", STRING, "ltrim(_1, ' ')"),
    "md5digest": rule("s", STRING, "xtk_md5(_1)", "md5(_1)"),
    "memocontains": yes_no("ss", "instr(_1, _2) > 0", "strpos(_1, _2) > 0"),
    "right": rule("si", STRING, *_RIGHT),
    "rpad": _pad("rpad"),
    "rtrim": rule("s", STRING, "rtrim(_1, ' ')"),
    "smart": rule("s", STRING, "xtk_smart(_1)", SMART),
    "substring": rule("sii", STRING, *_SUBSTRING),
    "tostring": to_text,
    "upper": rule("s", STRING, "xtk_upper(_1)", "upper(_1)"),
    "virtuallink": virtual_link,
    "virtuallinkstr": virtual_link,
}
