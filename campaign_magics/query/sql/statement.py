"""SELECT … FROM … → QueryDef."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlglot import exp

from ...errors import CampaignError, QuerySyntaxError
from ...xtk.ast import Node, Path
from ...xtk.printer import to_source
from ..locate import Source
from ..model import Condition, OrderNode, QueryDef, SelectNode
from ..scope import Lookup
from .conditions import Conditions
from .expressions import Translator, identifiers
from .names import Table
from .parse import parse_select, shown_names
from .refusals import refusal, refused_clause, unread
from .tables import Tables
from .words import Words, span_of

_LIMIT: Final = frozenset({"this", "expression", "count", "direction", "limit_options"})
_ALIAS: Final = re.compile(r"[^\W\d][\w.-]*")


def from_sql(text: str, lookup: Lookup, source: Source | None = None) -> QueryDef:
    """Read a SELECT; ``source`` learns where each expression stands in the text.

    Names are looked up in the schemas at once.  Raises QuerySyntaxError for what is no
    SQL, or what XTK cannot say, with what to write instead; UnknownName for a schema
    or a field that does not exist.  All errors point into the text.
    """
    words, tree = parse_select(text)
    source = source or Source(text)
    tables = Tables(words=words, lookup=lookup, source=source)
    try:
        return _Reader(words=words, tables=tables, source=source).query(tree)
    except RecursionError:
        raise QuerySyntaxError("The query is nested too deep.") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads a SELECT and those inside it."""

    words: Words
    tables: Tables
    source: Source

    def query(self, tree: exp.Select) -> QueryDef:
        """Return the outermost SELECT."""
        plain = self._translator(self.tables.of(tree))
        keys = self._translator(plain.table, _aliases(tree, plain))
        count, start = self._lines(tree, plain)
        return QueryDef(
            schema=plain.table.schema.id,
            select=self._select(tree, plain),
            where=self._conditions(tree.args.get("where"), plain),
            group_by=self._groups(tree, keys),
            having=self._conditions(tree.args.get("having"), keys),
            order_by=self._order(tree, keys),
            line_count=count,
            start_line=start,
            distinct=self._distinct(tree, plain),
        )

    def _translator(
        self, table: Table, aliases: dict[str, Node] | None = None
    ) -> Translator:
        return Translator(words=self.words, table=table, aliases=aliases or {})

    def _written(self, node: Node) -> str:
        return self.source.keep(to_source(node), node)

    def _select(self, tree: exp.Select, to: Translator) -> tuple[SelectNode, ...]:
        shown = shown_names(self.words, len(tree.expressions))
        nodes: list[SelectNode] = []
        for item, name in zip(tree.expressions, shown, strict=True):
            parts = identifiers(item)
            if isinstance(parts[-1], exp.Star):
                nodes += self._star(parts, to)
            elif isinstance(item, exp.Alias):
                nodes.append(self._aliased(to.node(item.this), str(item.alias)))
            else:
                node = to.node(item)
                kept = None if isinstance(node, Path) else name
                nodes.append(SelectNode(expr=self._written(node), name=kept))
        return tuple(nodes)

    def _aliased(self, node: Node, alias: str) -> SelectNode:
        expr = self._written(node)
        if _ALIAS.fullmatch(alias):
            return SelectNode(expr=expr, alias=f"@{alias}")
        return SelectNode(expr=expr, name=alias)  # XML has no attribute of that name

    def _star(self, parts: list[exp.Expr], to: Translator) -> Iterable[SelectNode]:
        """Expand ``*`` and ``folder.*`` to the stored fields, as SelectAll does."""
        star = parts[-1]
        if any(star.args.get(key) for key in ("except_", "replace", "rename")):
            raise to.refusal(star, "* stands alone.", "write the fields by name")
        names = [str(part.this) for part in parts[:-1]]
        try:
            paths = to.table.stored(names, to.span(parts[0]))
        except CampaignError as exc:
            exc.source = self.words.text
            raise
        return [SelectNode(expr=self._written(path)) for path in paths]

    def _groups(self, tree: exp.Select, to: Translator) -> tuple[str, ...]:
        group = tree.args.get("group")
        if group is None:
            return ()
        for name, value in group.args.items():
            if value and name != "expressions":
                raise refused_clause(self.words.text, self.tables.span(group), name)
        keys = [self._key(one, tree, to) for one in group.expressions]
        return tuple(self._written(key) for key in keys)

    def _order(self, tree: exp.Select, to: Translator) -> tuple[OrderNode, ...]:
        order = tree.args.get("order")
        if order is None:
            return ()
        self._refuse_nulls()
        keys: list[OrderNode] = []
        for one in order.expressions:
            named = self._alias_key(one.this, to)
            node = self._key(one.this, tree, to) if named is None else named
            desc = bool(one.args.get("desc"))
            keys.append(OrderNode(expr=self._written(node), desc=desc))
        return tuple(keys)

    def _refuse_nulls(self) -> None:
        for token in self.words.tokens:
            if self.words.text[token.start : token.end + 1].upper() == "NULLS":
                cause = (
                    "A query cannot say where nulls go.",
                    "leave NULLS FIRST and NULLS LAST out; sort the DataFrame",
                )
                raise refusal(self.words.text, span_of(token), cause)

    def _alias_key(self, tree: exp.Expr, to: Translator) -> Node | None:
        """In ORDER BY an alias comes before a field of that name: SQL's rule."""
        if not isinstance(tree, exp.Column) or len(tree.parts) != 1:
            return None
        return to.aliases.get(str(tree.this.this).casefold())

    def _key(self, tree: exp.Expr, select: exp.Select, to: Translator) -> Node:
        """Return a key; a number is the place of a column in the select list."""
        if not isinstance(tree, exp.Literal) or tree.is_string:
            return to.node(tree)
        number, items = str(tree.this), select.expressions
        if not number.isdigit() or not 1 <= int(number) <= len(items):
            raise to.refusal(
                tree, f"There is no column {number}.", f"count from 1 to {len(items)}"
            )
        return to.node(_bare(items[int(number) - 1]))

    def _lines(self, tree: exp.Select, to: Translator) -> tuple[int | None, int | None]:
        limit, offset = tree.args.get("limit"), tree.args.get("offset")
        count = start = None
        if limit is not None:
            fetched = isinstance(limit, exp.Fetch)
            value = limit.args.get("count") if fetched else limit.expression
            options = limit.args.get("limit_options")
            extra = unread(options, frozenset({"rows"})) if options else ""
            extra = extra or unread(limit, _LIMIT)
            if extra:
                raise to.refusal(limit, f"LIMIT has no {extra}.", "write LIMIT 100")
            count = self._number(value, limit, to)
            if count == 0:
                raise to.refusal(limit, "LIMIT 0 asks for nothing.", "write LIMIT 1")
        if offset is not None:
            start = self._number(offset.expression, offset, to)
        return count, start

    def _number(self, tree: exp.Expr | None, place: exp.Expr, to: Translator) -> int:
        value = str(tree.this) if isinstance(tree, exp.Literal) else ""
        if not value.isdecimal():
            raise to.refusal(
                place, "LIMIT and OFFSET take a number.", "write LIMIT 100, or --limit"
            )
        return int(value)

    def _distinct(self, tree: exp.Select, to: Translator) -> bool:
        distinct = tree.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise to.refusal(
                distinct, "A query has no DISTINCT ON.", "use df.drop_duplicates()"
            )
        return distinct is not None

    def _conditions(
        self, clause: exp.Expr | None, to: Translator
    ) -> tuple[Condition, ...]:
        if clause is None:
            return ()

        def emit(tree: exp.Expr) -> str:
            return self._written(to.node(tree))

        def inner(select: exp.Select, is_test: bool) -> QueryDef | Condition:
            return self._inner(select, to.table, is_test)

        return Conditions(to=to, emit=emit, inner=inner).of(clause.this)

    def _inner(
        self, tree: exp.Select, outer: Table, is_test: bool
    ) -> QueryDef | Condition:
        """Translate the SELECT of EXISTS (``is_test``) or IN."""
        for name in ("order", "limit", "offset"):
            if (place := tree.args.get(name)) is not None:
                raise refused_clause(self.words.text, self.tables.span(place), name)
        found = self.tables.collection(tree, outer)
        if found is not None:
            return self._on_collection(tree, *found, is_test)
        to = self._translator(self.tables.of(tree, outer))
        nodes = _any_field(to.table) if is_test else self._select_one(tree, to)
        return QueryDef(
            schema=to.table.schema.id,
            select=nodes,
            where=self._conditions(tree.args.get("where"), to),
            group_by=self._groups(tree, to),
            having=self._conditions(tree.args.get("having"), to),
        )

    def _on_collection(
        self, tree: exp.Select, path: Path, table: Table, is_test: bool
    ) -> Condition:
        """EXISTS (SELECT … FROM subscription WHERE …): paths start from its target."""
        if not is_test or tree.args.get("group") or tree.args.get("having"):
            cause = (
                "A collection is tested with EXISTS and WHERE only.",
                f"name its schema in FROM instead: {table.schema.id}",
            )
            raise refusal(self.words.text, path.span, cause)
        where = self._conditions(tree.args.get("where"), self._translator(table))
        return Condition(expr=self._written(path), conditions=where)

    def _select_one(self, tree: exp.Select, to: Translator) -> tuple[SelectNode, ...]:
        items = tree.expressions
        if len(items) != 1 or isinstance(identifiers(items[0])[-1], exp.Star):
            raise to.refusal(
                items[-1], "IN (SELECT …) selects one value.", "write one field"
            )
        return (SelectNode(expr=self._written(to.node(_bare(items[0])))),)


def _any_field(table: Table) -> tuple[SelectNode, ...]:
    """Return a node for EXISTS, which only asks whether there is a row."""
    key = table.schema.internal_key
    path = key.paths[0] if key else table.schema.fields[0].path
    return (SelectNode(expr=to_source(Path(tuple(path.split("/"))))),)


def _aliases(tree: exp.Select, to: Translator) -> dict[str, Node]:
    """Return what the select list names, by name without regard to case."""
    named = (item for item in tree.expressions if isinstance(item, exp.Alias))
    return {str(item.alias).casefold(): to.node(item.this) for item in named}


def _bare(item: exp.Expr) -> exp.Expr:
    return item.this if isinstance(item, exp.Alias) else item
