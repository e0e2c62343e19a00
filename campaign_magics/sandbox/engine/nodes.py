"""``<select>``: nodes become columns of the SELECT and places in the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from ...query.model import SelectNode
from ...schemas.model import Collection, Field, Link
from ...xtk import ast
from ...xtk.types import MEMO, Kind
from .causes import Refused
from .convert import as_value, concatenated
from .expressions import Expressions, explained, read
from .layout import Element, Items, Value, XmlList, alias_steps
from .scope import Found, Scope, Source
from .terms import Sql, Term, template

if TYPE_CHECKING:
    from .statement import Statement

XML_COLUMN: Final = "mData"
"""The memo that holds a record's XML fields (protocol.md §4.2)."""

ChildRows = Callable[[Link, SelectNode], "Statement"]
"""Prepares a sub-list: the rows of a collection, found by their parents' keys."""


class Nodes:
    """Collects the columns of a SELECT and the row that shows them."""

    def __init__(self, scope: Scope, row: Element, child_rows: ChildRows) -> None:
        self.scope = scope
        self.row = row
        self.child_rows = child_rows
        self.columns: list[Sql] = []
        self.positions: dict[Sql, int] = {}
        self.invented = 0

    def add_all(self, nodes: Sequence[SelectNode]) -> None:
        """Add every node, in order."""
        for node in nodes:
            self.add(node)

    def add(self, node: SelectNode) -> None:
        """Add one node.  Raises ``Refused`` when it cannot be answered."""
        text = node.expr.strip()
        tree = read(text)
        alias = alias_steps(node.alias) if node.alias else ()
        with explained(text):
            found = self._found(tree)
            if found is None:
                term = Expressions(self.scope, where=node.where).term(tree)
                if node.where and term.sql.find(exp.AggFunc) is None:
                    raise Refused(f"'{text}' has a where, and folds no collection.")
                self._place(alias or self._free(), term)
            elif isinstance(found.end, Link) or found.end is None:
                self._link(node, found, alias or _steps(tree))
            elif isinstance(found.end, Collection) or found.within is not None:
                self._xml_list(node, found, alias or _steps(tree))
            else:
                self._field(node, found.source, found.end, alias or _steps(tree))

    def add_label(self) -> None:
        """Add the record's own compute string."""
        term = Expressions(self.scope).compute_string(self.scope.root)
        self._place(("@_cs",), term)

    def _found(self, tree: ast.Node) -> Found | None:
        if not isinstance(tree, ast.Path):
            return None
        return self.scope.find(tree, self.scope.root)

    def _free(self) -> tuple[str, ...]:
        """Invent a name for an expression without alias."""
        taken = self.row.attributes
        self.invented += 1
        while f"expr{self.invented}" in taken:
            self.invented += 1
        return (f"@expr{self.invented}",)

    def _place(self, steps: tuple[str, ...], term: Term) -> None:
        value = Value(column=self.column(term), type=term.type)
        self.row.place(steps, value)

    def column(self, term: Term) -> int:
        """Return the position of a value in the SELECT; equal values share one."""
        sql = as_value(self.scope.env, term)
        if self.scope.env.dialect.is_sqlite and term.kind is Kind.NUMBER:
            sql = template(self.scope.env, "CAST(_1 AS REAL)", None, sql)
        if sql not in self.positions:
            self.positions[sql] = len(self.columns)
            self.columns.append(sql)
        return self.positions[sql]

    def _field(
        self, node: SelectNode, source: Source, field: Field, steps: tuple[str, ...]
    ) -> None:
        if field.xml:
            memo = self._xml_memo(source)
            path = tuple(field.path.split("/"))
            self.row.place(steps, Value(column=memo, type=field.type, xml=path))
            return
        term = Expressions(self.scope).field(source, field)
        value = Value(column=self.column(term), type=field.type)
        self.row.place(steps, value)
        if node.analyze and field.enum is not None:
            values = field.enum.values
            for part in ("Name", "Label"):
                shown = replace(value, values=values, part=part.lower())
                self.row.place((*steps[:-1], steps[-1] + part), shown)

    def _xml_memo(self, source: Source) -> int:
        return self.column(Term(sql=source.column(XML_COLUMN), type=MEMO))

    def _xml_list(self, node: SelectNode, found: Found, steps: tuple[str, ...]) -> None:
        """Show a collection stored as XML, or one value of each of its items."""
        collection = found.within or found.end
        if not isinstance(collection, Collection) or node.where or node.order_by:
            raise Refused(f"'{node.expr}' is stored as XML: its items have no order.")
        if isinstance(found.end, Field):
            paths = [found.end.path]
        else:
            paths = [_xml_path(inner, collection) for inner in node.nodes]
            paths = paths or [one.path for one in collection.fields]
        memo = self._xml_memo(found.source)
        path = tuple(collection.path.split("/"))
        parent = self.row.at(path[:-1] if isinstance(found.end, Field) else steps[:-1])
        name = path[-1] if isinstance(found.end, Field) else steps[-1]
        parent.lists.append(
            XmlList(column=memo, name=name, path=path, fields=tuple(paths))
        )

    def _link(self, node: SelectNode, found: Found, steps: tuple[str, ...]) -> None:
        if not isinstance(found.end, Link):
            raise Refused(f"'{node.expr}' is not a value.")
        if found.end.unbound or node.nodes:
            self._items(node, found.source, found.end, steps)
            return
        target = self.scope.follow(found.end, found.source)
        if node.no_compute_string:
            self._keys(target, steps)
            return
        term = Expressions(self.scope).compute_string(target)
        label = steps if steps[-1].startswith("@") else (*steps, "@_cs")
        self._place(label, term)

    def _keys(self, target: Source, steps: tuple[str, ...]) -> None:
        """Show a link by its key when its compute string is not wanted."""
        key = target.schema.internal_key
        for path in key.paths if key else ():
            field = target.schema.field_by_path[path]
            self._field(
                SelectNode(expr=path), target, field, (*steps, *path.split("/"))
            )

    def _items(
        self, node: SelectNode, source: Source, link: Link, steps: tuple[str, ...]
    ) -> None:
        if self.scope.aggregation == "inline":
            raise Refused(f"Collection '{node.expr}' cannot stand in a grouped query.")
        if steps[-1].startswith("@"):
            raise Refused(f"Collection '{node.expr}' needs an element as its alias.")
        sides = [self.scope.stored_term(source, join.source) for join in link.joins]
        column = self.column(joined_key(self.scope, sides))
        rows = self.child_rows(link, replace(node, alias=steps[-1]))
        self.row.at(steps[:-1]).lists.append(Items(column=column, rows=rows))


def joined_key(scope: Scope, sides: Sequence[Term]) -> Term:
    """Return the value that ties items to their parent; several parts as one text."""
    if len(sides) == 1:
        return sides[0]
    separated: list[Term] = []
    for side in sides:
        mark = Term(sql=exp.Literal.string("|"), type=MEMO, nullable=False)
        separated += [mark, side]
    return concatenated(scope.env, separated)


def _steps(tree: ast.Node) -> tuple[str, ...]:
    """Return the place of a path's value: where the path itself leads."""
    steps = tree.steps if isinstance(tree, ast.Path) else ()
    return tuple(step for step in steps if step not in ("..", "."))


def _xml_path(node: SelectNode, collection: Collection) -> str:
    text = node.expr.strip().removeprefix("[").removesuffix("]")
    if all(one.path != text for one in collection.fields):
        raise Refused(f"Unknown '{text[:200]}' in collection '{collection.path}'.")
    return text
