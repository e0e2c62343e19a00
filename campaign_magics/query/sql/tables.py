"""FROM: a schema, or in a sub-query also a collection of the outer table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from ...errors import CampaignError, Span, UnknownName
from ...schemas.model import Schema
from ...schemas.resolve import resolve
from ...xtk.ast import Path
from ..locate import Source
from ..scope import Lookup, Scope
from .names import Table, steps_of
from .parse import EXAMPLE
from .refusals import refusal, refused_clause, unread
from .words import Words

_CLAUSES: Final = frozenset(
    {"expressions", "from_", "where", "group", "having", "order", "limit", "offset",
     "distinct", "hint"}
)  # fmt: skip
"""What a SELECT may have; anything else that sqlglot reads is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Finds what FROM names."""

    words: Words
    lookup: Lookup
    source: Source

    def of(self, tree: exp.Select, outer: Table | None = None) -> Table:
        """Return the schema that a SELECT reads.

        Raises QuerySyntaxError for a clause that a query does not have, and for
        anything but one schema in FROM; UnknownName for a schema nobody knows.
        """
        named = self.named(tree)
        name, span = _schema_name(named), self.span(named)
        if ":" not in name:
            cause = f"'{name}' is no schema.", f"write its namespace, as in nms:{name}"
            raise refusal(self.words.text, span, cause)
        try:
            schema = self.lookup(name)
        except CampaignError as exc:
            exc.source, exc.span = self.words.text, span
            raise
        return self._table(named, schema, outer)

    def named(self, tree: exp.Select) -> exp.Table:
        """Return the one name in FROM."""
        self._check_clauses(tree)
        source = tree.args.get("from_")
        if source is None:
            cause = "The query has no FROM.", f"write {EXAMPLE}"
            raise refusal(self.words.text, (0, len(self.words.text)), cause)
        named = source.this
        if not isinstance(named, exp.Table) or not _is_plain(named):
            cause = (
                "FROM names one schema.",
                "put the inner query where it is used: id IN (SELECT …)",
            )
            raise refusal(self.words.text, self.span(named), cause)
        return named

    def collection(self, tree: exp.Select, outer: Table) -> tuple[Path, Table] | None:
        """Return the collection of the outer table that FROM names, None for a schema.

        Its rows are those that belong to the outer record.
        """
        named = self.named(tree)
        parts = [str(part.this) for part in named.parts]
        if any(":" in part for part in parts):
            return None
        if len(parts) > 1 and parts[0].casefold() == outer.alias.casefold():
            parts = parts[1:]
        path = Path(steps_of(parts), span=self.span(named))
        try:
            link = resolve(outer.schema, path, self.lookup).link
        except UnknownName as exc:
            if len(parts) > 1:
                return None
            exc.source = self.words.text
            raise
        if link is None:
            return None
        return path, self._table(named, self.lookup(link.target), outer)

    def span(self, tree: exp.Expr) -> Span:
        """Return where the names and constants of a clause stand."""
        found = [one.meta for one in tree.walk() if "start" in one.meta]
        if not found:
            return 0, len(self.words.text)
        start = min(int(meta["start"]) for meta in found)
        return start, max(int(meta["end"]) for meta in found) + 1

    def _table(self, named: exp.Table, schema: Schema, outer: Table | None) -> Table:
        scope = Scope(schema=schema, lookup=self.lookup, source=self.source)
        if outer is not None:
            scope = outer.scope.inner(schema)
        own = str(named.this.this).rpartition(":")[2]
        return Table(scope=scope, alias=str(named.alias or own), outer=outer)

    def _check_clauses(self, tree: exp.Select) -> None:
        for name, value in tree.args.items():
            if value and name not in _CLAUSES:
                first = value[0] if isinstance(value, list) else value
                span = self.span(first) if isinstance(first, exp.Expr) else (0, 6)
                raise refused_clause(self.words.text, span, name)


_NAMED: Final = frozenset({"this", "db", "catalog", "alias"})


def _is_plain(named: exp.Table) -> bool:
    """Tell whether FROM has a name and an alias, and nothing else."""
    alias = named.args.get("alias")
    columns = alias is not None and alias.args.get("columns")
    names = all(isinstance(part, exp.Identifier) for part in named.parts)
    return names and not columns and not unread(named, _NAMED)


def _schema_name(named: exp.Table) -> str:
    """Return ``nms:recipient`` for ``nms:recipient`` and ``nms.recipient``."""
    return ":".join(str(part.this) for part in named.parts)
