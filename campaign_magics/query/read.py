"""Whatever the user handed over → QueryDef."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import QuerySyntaxError
from ..xtk.xml import XmlError, parse_xml
from .from_json import from_dict, from_json
from .from_xml import from_xml
from .locate import Source
from .model import QueryDef
from .scope import Lookup

Readable = str | Mapping[str, object] | QueryDef

_EXAMPLE = "SELECT email FROM nms:recipient"
_SPACE = "\ufeff \t\r\n"
_IS_SQL = re.compile(r"(--|/\*|\(|[^\W\d])")


@dataclass(frozen=True, slots=True)
class Reading:
    """A query and where its expressions stand in the text it was read from."""

    query: QueryDef
    source: Source


def read(what: Readable, lookup: Lookup | None = None) -> Reading:
    """Read SQL, queryDef XML, queryDef JSON, a mapping of its shape, or a QueryDef.

    SQL needs ``lookup``, for a bare name is an attribute or an element as the schema
    has it.  Raises QuerySyntaxError with a caret where the text cannot be read, and
    for SQL UnknownName.
    """
    if isinstance(what, QueryDef):
        return Reading(what, Source())
    if not isinstance(what, str):
        return Reading(from_dict(what), Source())
    source = Source(what)
    start = what.lstrip(_SPACE)
    if start.startswith("<"):
        return Reading(_read_xml(what), source)
    if start.startswith("{"):
        return Reading(from_json(what), source)
    if not _IS_SQL.match(start):
        at = len(what) - len(start)
        raise QuerySyntaxError(
            "This is not a query." if start else "The query is empty.",
            hint=f"write SQL such as {_EXAMPLE}, or queryDef XML or JSON",
            source=what if start else None,
            span=(at, at + 1) if start else None,
        )
    if lookup is None:
        raise QuerySyntaxError(
            "SQL cannot be read without the schemas.", hint="use session.check(query)"
        )
    from .sql.statement import from_sql  # sqlglot takes 0.1 s to import

    return Reading(from_sql(what, lookup, source), source)


def read_query(what: Readable, lookup: Lookup | None = None) -> QueryDef:
    """Read a query as ``read`` does, and return only the query."""
    return read(what, lookup).query


def _read_xml(text: str) -> QueryDef:
    try:
        root = parse_xml(text.strip(_SPACE))
    except XmlError as exc:
        shift = len(text) - len(text.lstrip(_SPACE))
        position = shift + _offset(text[shift:], exc.line, exc.column)
        raise QuerySyntaxError(
            f"The XML cannot be read: {exc}",
            hint="close every element, quote every attribute; write < as &lt;",
            source=text,
            span=(position, position + 1),
        ) from exc
    try:
        return from_xml(root)
    except QuerySyntaxError as exc:
        word: str = exc.facts.get("near", "")
        at = text.find(word) if word else -1
        if exc.span is None and at >= 0:
            exc.source, exc.span = text, (at, at + len(word))
        raise


def _offset(text: str, line: int, column: int) -> int:
    """Turn a parser's line and column, both from 1, into an index."""
    start = sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])
    return min(start + max(column - 1, 0), max(len(text) - 1, 0))
