"""What SQL says and XTK cannot: one sentence, and what to write instead."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sqlglot import Token, TokenType, exp

from ...errors import QuerySyntaxError, Span
from .words import span_of

_JOIN = (
    "A query has no JOIN: links are followed by their names.",
    "write folder.label, or EXISTS (SELECT … FROM subscription WHERE …)",
)
_UNION = (
    "A query has no {word}.",
    "join the conditions with OR, or run two queries and use pd.concat",
)
_WRITE = ("A query only reads.", "%campaign_write sends changes, with a preview")
_WITH = (
    "A query has no WITH.",
    "put the inner query where it is used: id IN (SELECT …)",
)
_VALUE = (
    "A value of the notebook is written :name.",
    "WHERE email = :email, with --param email=… or a variable of that name",
)
_STAR = ("* stands alone.", "write the fields by name")
_SCHEMA = ("This is not a query.", "%campaign_schema describes schemas")

_FIRST: Final[dict[str, tuple[str, str]]] = {
    "with": _WITH,
    **dict.fromkeys(["insert", "update", "delete", "merge", "replace", "copy"], _WRITE),
    **dict.fromkeys(["create", "drop", "alter", "truncate"], _WRITE),
    **dict.fromkeys(["describe", "desc", "show", "use"], _SCHEMA),
    "explain": ("This is not a query.", "session.build_sql(query) shows its SQL"),
    "from": ("A query starts with SELECT.", "write SELECT * FROM …"),
    "values": ("A query starts with SELECT.", "write SELECT … FROM nms:recipient"),
}
"""By the first word of the text."""

_ANYWHERE: Final[dict[TokenType, tuple[str, str]]] = {
    TokenType.JOIN: _JOIN,
    TokenType.STRAIGHT_JOIN: _JOIN,
    TokenType.LATERAL: _JOIN,
    TokenType.USING: _JOIN,
    TokenType.UNION: _UNION,
    TokenType.EXCEPT: _UNION,
    TokenType.INTERSECT: _UNION,
    TokenType.QUALIFY: (
        "A query has no QUALIFY.",
        "select RowNum(PartitionBy(…), OrderBy(…)) and filter the DataFrame",
    ),
    TokenType.PIVOT: ("A query has no PIVOT.", "use df.pivot() on the result"),
    TokenType.UNPIVOT: ("A query has no UNPIVOT.", "use df.melt() on the result"),
    TokenType.DAMP: ("XTK has no &&.", "write AND"),
    TokenType.PLACEHOLDER: _VALUE,
    TokenType.L_BRACE: _VALUE,
    TokenType.TABLE_SAMPLE: ("A query has no TABLESAMPLE.", "use LIMIT"),
}
"""By a word wherever it stands."""

_NODES: Final[dict[type[exp.Expr], tuple[str, str]]] = {
    exp.Subquery: (
        "A sub-query is no value.",
        "aggregate over a collection instead: Count([broadLog/@id])",
    ),
    exp.Exists: (
        "EXISTS is a condition of its own.",
        "write it in WHERE, joined by AND or OR",
    ),
    exp.IntDiv: ("XTK has no integer division.", "write Floor(a / b)"),
    exp.RegexpLike: ("XTK has no regular expressions.", "write LIKE 'a%'"),
    exp.SimilarTo: ("XTK has no regular expressions.", "write LIKE 'a%'"),
    exp.Glob: ("XTK has no GLOB.", "write LIKE 'a%'"),
    exp.BitwiseAnd: ("XTK has no operator &.", "write IsBitSet(value, flag)"),
    exp.BitwiseOr: ("XTK has no operator |.", "write SetBit(value, flag), or a || b"),
    exp.Null: ("NULL is no value in XTK.", "write IS NULL, '' or ##"),
    exp.Tuple: ("XTK compares one value at a time.", "write a = 1 AND b = 2"),
    exp.Filter: ("An aggregate has no FILTER.", "write Sum(Iif(condition, 1, 0))"),
    exp.Any: ("XTK has no ANY.", "write IN (…)"),
    exp.All: ("XTK has no ALL.", "write NOT IN (…)"),
    exp.Distinct: ("Only COUNT takes DISTINCT.", "write COUNT(DISTINCT x)"),
    exp.Star: ("* is no value.", "write CountAll(), or the names of fields"),
    exp.NullSafeEQ: ("XTK has no IS NOT DISTINCT FROM.", "write = (… IS NULL OR …)"),
    exp.NullSafeNEQ: ("XTK has no IS DISTINCT FROM.", "write <> (… IS NULL OR …)"),
    exp.CurrentTime: ("XTK has no time of day.", "write Hour(GetDate())"),
    exp.Interval: ("An interval is no value.", "add it to a date: x + INTERVAL 3 DAY"),
    exp.Window: (
        "XTK has one window function, ROW_NUMBER.",
        "write RowNum(PartitionBy(a), OrderBy(b)), or use df.groupby() on the result",
    ),
    exp.Concat: ("Two texts stand side by side.", "write 'a' || 'b'"),
    exp.Rollup: ("A query has no ROLLUP.", "use df.groupby() on the result"),
    exp.Cube: ("A query has no CUBE.", "use df.groupby() on the result"),
    exp.GroupingSets: ("A query has no GROUPING SETS.", "run one query for each"),
}
"""By what sqlglot made of an expression."""

_CLAUSES: Final[dict[str, tuple[str, str]]] = {
    "joins": _JOIN,
    "laterals": _JOIN,
    "into": _WRITE,
    "windows": ("A query has no WINDOW.", "write RowNum(PartitionBy(…), OrderBy(…))"),
    "with_": _WITH,
    "locks": ("A query only reads.", "leave FOR UPDATE out"),
    "all": ("A query has no GROUP BY ALL.", "write the fields by name"),
}
"""By the clause of a SELECT."""

FUNCTIONS: Final[dict[str, str]] = {
    "replace": "use df[…].str.replace() on the result",
    "regexp_replace": "use df[…].str.replace() on the result",
    "regexp_like": "write LIKE 'a%'",
    "regexp_matches": "write LIKE 'a%'",
    "split_part": "write GetEmailDomain(email), Left, Right or Substring",
    "string_agg": "use df.groupby() on the result",
    "group_concat": "use df.groupby() on the result",
    "listagg": "use df.groupby() on the result",
    "array_agg": "use df.groupby() on the result",
    "datediff": "write DaysDiff(end, start), MonthsDiff, YearsDiff …",
    "date_diff": "write DaysDiff(end, start), MonthsDiff, YearsDiff …",
    "timestampdiff": "write DaysDiff(end, start), MonthsDiff, YearsDiff …",
    "age": "write YearsOld(birthDate), or YearsDiff(end, start)",
    "date_add": "write AddDays(x, 3), or x + INTERVAL 3 DAY",
    "dateadd": "write AddDays(x, 3), or x + INTERVAL 3 DAY",
    "date_sub": "write SubDays(x, 3), or x - INTERVAL 3 DAY",
    "date_format": "write YearAndMonth(x), Year(x), Month(x) or Day(x)",
    "strftime": "write YearAndMonth(x), Year(x), Month(x) or Day(x)",
    "to_char": "write ToString(x), YearAndMonth(x), Year(x), Month(x) or Day(x)",
    "dayofweek": "write WeekDay(x)",
    "week": "write TruncWeek(x)",
    "quarter": "write TruncQuarter(x)",
    "rank": "write RowNum(PartitionBy(a), OrderBy(b))",
    "dense_rank": "write RowNum(PartitionBy(a), OrderBy(b))",
    "lag": "use df[…].shift() on the result",
    "lead": "use df[…].shift() on the result",
    "median": "use df[…].median() on the result",
    "power": "write x * x",
    "unnest": "collections are joined by their names: broadLog.id",
}
"""Functions of SQL without an equivalent, and what does the job."""


def refuse_words(text: str, tokens: Sequence[Token]) -> None:
    """Raise QuerySyntaxError at the first word that no query can have."""
    opened: list[Token] = []
    for at, token in enumerate(tokens):
        word = text[token.start : token.end + 1]
        cause = _FIRST.get(word.lower()) if at == 0 else _ANYWHERE.get(token.token_type)
        cause = cause or _misplaced(text, tokens, at)
        if token.token_type is TokenType.L_PAREN:
            opened.append(token)
            if len(opened) > _DEEPEST:
                cause = f"Brackets are nested more than {_DEEPEST} deep.", "split it"
        elif token.token_type is TokenType.R_PAREN:
            if not opened:
                cause = "This bracket was never opened.", "take it away"
            opened = opened[:-1]
        if at and cause is _UNION and tokens[at - 1].token_type is TokenType.STAR:
            cause = _STAR
        if cause is not None:
            raise refusal(text, span_of(token), cause, word.upper())
    if opened:
        cause = "This bracket is never closed.", "add )"
        raise refusal(text, span_of(opened[-1]), cause)


def _misplaced(text: str, tokens: Sequence[Token], at: int) -> tuple[str, str] | None:
    """Return what is wrong with a word because of those beside it.

    sqlglot's parser overlooks some: of ``a,, b`` it makes ``a, b``.
    """
    kind = tokens[at].token_type
    following = tokens[at + 1].token_type if at + 1 < len(tokens) else None
    if kind is TokenType.COMMA and following in _AFTER_NO_COMMA:
        return "Nothing stands behind this comma.", "take it away"
    if text[tokens[at].start] == "$":
        return _VALUE
    word = text[tokens[at].start : tokens[at].end + 1].upper()
    if at == 1 and word == "TOP" and following is TokenType.NUMBER:
        return "A query has no TOP.", "write LIMIT 5 at the end"
    return None


_DEEPEST: Final = 100
_AFTER_NO_COMMA: Final = (TokenType.COMMA, TokenType.FROM, TokenType.R_PAREN, None)


def refused_node(text: str, span: Span, tree: exp.Expr) -> QuerySyntaxError:
    """Return the error for an expression that XTK cannot say."""
    kind = type(tree).__name__
    fallback = (
        f"XTK has no equivalent of this ({kind}).",
        "use the operators and functions of XTK",
    )
    return refusal(text, span, _NODES.get(type(tree), fallback))


def refused_clause(text: str, span: Span, name: str) -> QuerySyntaxError:
    """Return the error for a clause of SELECT that a query does not have."""
    shown = name.strip("_").upper()
    fallback = (
        f"A query has no {shown}.",
        "it has SELECT, FROM, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT, OFFSET",
    )
    return refusal(text, span, _CLAUSES.get(name, fallback))


def unread(tree: exp.Expr, known: frozenset[str]) -> str:
    """Return the name of what sqlglot found and nobody would read, or nothing."""
    found = (name for name, value in tree.args.items() if value and name not in known)
    return next((name.strip("_").upper() for name in found), "")


def refusal(
    text: str, span: Span, cause: tuple[str, str], word: str = ""
) -> QuerySyntaxError:
    """Return an error that points into the text; ``{word}`` is the word at fault."""
    message, hint = cause
    return QuerySyntaxError(
        message.format(word=word), hint=hint, source=text, span=span
    )
