"""Whatever the user handed over → QueryDef."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import QuerySyntaxError
from ..xtk.xml import XmlError, parse_xml
from .from_json import from_dict, from_json
from .from_xml import from_xml
from .model import QueryDef

Readable = str | Mapping[str, object] | QueryDef

_EXAMPLE = (
    '<queryDef schema="nms:recipient" operation="select"><select>'
    '<node expr="@email"/></select></queryDef>'
)


def read_query(what: Readable) -> QueryDef:
    """Read queryDef XML, queryDef JSON, a mapping of its shape, or a QueryDef.

    Raises QuerySyntaxError with a caret where the text cannot be read.
    """
    if isinstance(what, QueryDef):
        return what
    if not isinstance(what, str):
        return from_dict(what)
    start = what.lstrip("\ufeff \t\r\n")
    if start.startswith("<"):
        return _read_xml(what)
    if start.startswith("{"):
        return from_json(what)
    raise QuerySyntaxError(
        "The query is empty." if not start else "This is not a queryDef.",
        hint=f"write XML such as {_EXAMPLE}",
        source=what if start else None,
        span=(len(what) - len(start), len(what) - len(start) + 1) if start else None,
    )


def _read_xml(text: str) -> QueryDef:
    try:
        root = parse_xml(text.strip("\ufeff \t\r\n"))
    except XmlError as exc:
        shift = len(text) - len(text.lstrip("\ufeff \t\r\n"))
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
