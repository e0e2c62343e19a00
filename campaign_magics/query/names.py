"""The words of a queryDef document, and what is near enough to be a typo of one.

Console documents carry attributes that no page documents; they are ignored.  A word
that is *almost* a known one is a mistake and says so, because a misspelt
``lineCout`` would otherwise silently change the answer.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import QuerySyntaxError
from ..xtk.names import closest

CHILDREN: dict[str, tuple[str, ...]] = {
    "queryDef": ("select", "where", "groupBy", "having", "orderBy"),
    "subQuery": ("select", "where", "groupBy", "having", "orderBy"),
    "select": ("node",),
    "groupBy": ("node",),
    "orderBy": ("node",),
    "where": ("condition",),
    "having": ("condition",),
    "condition": ("condition", "subQuery"),
    "node": ("node", "where", "orderBy"),
}
"""Child elements by parent (protocol.md §5.1); case does not matter."""

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "queryDef": (
        "schema", "operation", "lineCount", "startLine", "distinct", "startPath",
        "firstRows", "fullLoad", "xtkschema", "label", "name",
    ),
    "subQuery": ("schema", "distinct"),
    "condition": (
        "expr", "boolOperator", "bool-operator", "setOperator", "enabledIf", "ignore",
        "sql", "filter-name", "internalId",
    ),
    "node": (
        "expr", "alias", "analyze", "groupBy", "noSqlBind", "noComputeString",
        "anyType", "label", "hidden", "sortDesc",
    ),
}  # fmt: skip


def reject_typo(kind: str, word: str, known: Iterable[str], line: int | None) -> None:
    """Raise QuerySyntaxError when ``word`` is unknown but close to a known word."""
    known = tuple(known)
    if word.lower() in {k.lower() for k in known}:
        return
    if near := closest(word, known):
        where = f" in line {line}" if line else ""
        raise QuerySyntaxError(
            f"Unknown {kind} '{word}'{where} of the queryDef.",
            hint=f"did you mean {near}?",
            near=word,
        )
