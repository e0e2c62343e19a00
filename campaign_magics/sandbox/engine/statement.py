"""A queryDef becomes one SQL statement and the shape of its answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlglot import exp

from ...query.model import OrderNode, QueryDef, SelectNode
from ...schemas.model import Database, Link
from ...xtk import ast
from ...xtk.functions import FUNCTIONS
from ...xtk.types import LONG
from ...xtk.walk import operands
from .causes import Refused
from .compare import among
from .conditions import (
    check_depth,
    group_keys,
    row_tests,
    selection,
    varies,
    where,
)
from .convert import as_value
from .dialects import Dialect, running
from .enabled import holds
from .expressions import read, translate
from .grouped import has_aggregate
from .layout import Element, Value
from .nodes import Nodes, joined_key
from .scope import Build, Scope
from .special import sort_key
from .terms import TEXTS, Env, Sql, Term, Values
from .world import World

DEFAULT_LINES: Final = 200
_MOST_LINES: Final = 2**62


class Keys:
    """Stands among the parameters for the keys of a sub-list's parents."""


KEYS: Final = Keys()


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """SQL to run, its parameters in order, and what a row of the answer looks like.

    ``key`` is the column of a sub-list's row that names its parent.
    """

    database: Database
    sql: str
    params: tuple[Any, ...]
    row: Element
    key: int | None = None

    def given(self, keys: str) -> list[Any]:
        """Return the parameters with the parents' keys, a JSON list, in place."""
        return [keys if value is KEYS else value for value in self.params]


class Compiler:
    """Compiles one queryDef for one dialect."""

    def __init__(self, query: QueryDef, world: World, dialect: Dialect) -> None:
        now = datetime.fromtimestamp(world.clock.now(), UTC)
        self.query = query
        self.world = world
        self.dialect = dialect
        self.env = Env(
            dialect=dialect,
            zone=ZoneInfo(str(world.timezone)),
            now=now.replace(microsecond=now.microsecond // 1000 * 1000),
            values=Values(dialect),
        )
        self.build = Build(
            world=world,
            env=self.env,
            query=query,
            holds=lambda text: holds(self.scope, text),
            conditions=where,
        )
        root = self.build.source(world.schema(query.schema))
        self.scope = Scope(build=self.build, root=root)

    @property
    def crosses_to_cloud(self) -> bool:
        """True when some table of the statement lives in the cloud."""
        return any(one.schema.database == "cloud" for one in self.build.sources)

    def count(self) -> tuple[Sql, Element]:
        """Return the SELECT of operation ``count``: only the where counts."""
        tests = row_tests(self.scope, self.query)
        count = exp.Count(this=exp.Star())
        row = self._row()
        row.attributes["count"] = Value(column=0, type=LONG)
        return self.scope.select([count], tests), row

    def rows(self) -> tuple[Sql, Element]:
        """Return the SELECT of the other operations."""
        query, scope = self.query, self.scope
        if not query.select:
            raise Refused("The query selects nothing.")
        keys = group_keys(scope, query)
        if keys or only_aggregates(query.select):
            scope.aggregation = "inline"
        row = self._row()
        nodes = Nodes(scope, row, self._child)
        nodes.add_all(query.select)
        order = self._order(query.order_by)
        sorted_by = [one.this for one in order]
        columns = self._named(nodes.columns)
        select = selection(scope, query, columns, sorted_by)
        if not order and not query.distinct:
            folded = bool(query.having) or any(map(has_aggregate, nodes.columns))
            order = self._usual_order(keys, folded)
        if query.distinct:
            select.set("distinct", exp.Distinct())
            if any(sql not in nodes.columns for sql in sorted_by):
                raise Refused("A distinct query is ordered by what it selects.")
        if order:
            select.set("order", exp.Order(expressions=order))
        self._limit(select)
        return select, row

    def items(self, link: Link, node: SelectNode) -> tuple[Sql, Element, int]:
        """Return the SELECT of a sub-list, for the parents whose keys it is given."""
        scope = self.scope
        row = Element(str(node.alias))
        nodes = Nodes(scope, row, self._child)
        if node.nodes:
            nodes.add_all(node.nodes)
        else:
            nodes.add_label()
        sides = [scope.stored_term(scope.root, join.target) for join in link.joins]
        key = joined_key(scope, sides)
        at = nodes.column(key)
        order = self._order(node.order_by)
        tests = [self._among(key)]
        test = where(scope, node.where)
        if test is not None:
            tests.append(test)
        select = scope.select(self._named(nodes.columns), tests)
        if order:
            select.set("order", exp.Order(expressions=order))
        return select, row, at

    def _row(self) -> Element:
        return Element(self.scope.root.schema.name.replace(":", "_"))

    def _child(self, link: Link, node: SelectNode) -> Statement:
        query = QueryDef(schema=link.target)
        return _statement(query, self.world, lambda one: one.items(link, node))

    def _order(self, nodes: Sequence[OrderNode]) -> list[exp.Ordered]:
        self.scope.clause = "orderBy"
        terms = [(translate(self.scope, node.expr), node.desc) for node in nodes]
        self.scope.clause = "select"
        keys = [(as_value(self.env, term), desc) for term, desc in terms]
        return [sort_key(sql, desc) for sql, desc in keys if varies(sql)]

    def _usual_order(self, keys: Sequence[Sql], folded: bool) -> list[exp.Ordered]:
        """Return the order nobody asked for, where it is cheap and rows would jump.

        Groups come in any order; SQLite may follow any index, and its key is free.
        DuckDB keeps the order of insertion.
        """
        if keys or folded:
            return [sort_key(key, False) for key in keys]
        key = self.scope.root.schema.internal_key
        if not (self.dialect.is_sqlite and self.dialect.marker and key):
            return []
        sides = [self.scope.stored(self.scope.root, path) for path in key.paths]
        return [sort_key(side, False) for side in sides]

    def _named(self, columns: Sequence[Sql]) -> list[Sql]:
        """Number the columns of a statement that runs; readers need no numbers."""
        if not self.dialect.marker:
            return list(columns)
        return [
            exp.Alias(this=sql, alias=exp.to_identifier(f"c{at}"))
            for at, sql in enumerate(columns)
        ]

    def _among(self, key: Term) -> Sql:
        """Return the condition that a row belongs to one of the given parents."""
        kind = "VARCHAR" if key.kind in TEXTS else "BIGINT"
        return among(self.env, key.sql, self.env.values.bind(KEYS), kind)

    def _limit(self, select: exp.Select) -> None:
        """Set the lines: 200 unless told (protocol.md §5.1); one for ``get``."""
        given = self.query.line_count or DEFAULT_LINES
        start = self.query.start_line or 0
        if given < 0 or start < 0:
            raise Refused("lineCount and startLine must not be negative.")
        count = min(given, _MOST_LINES) if self.query.operation == "select" else 1
        select.set("limit", exp.Limit(expression=exp.Literal.number(count)))
        if start:
            offset = exp.Literal.number(min(start, _MOST_LINES))
            select.set("offset", exp.Offset(expression=offset))


def only_aggregates(nodes: Sequence[SelectNode]) -> bool:
    """Tell whether every node folds rows, so that the answer is one row."""
    trees = [read(node.expr.strip()) for node in nodes]
    return all(_folds(tree) and not isinstance(tree, ast.Literal) for tree in trees)


def _folds(node: ast.Node) -> bool:
    if isinstance(node, ast.Call):
        function = FUNCTIONS.get(node.name.lower())
        if function is not None and function.aggregate:
            return True
    parts = operands(node)
    if not parts:
        return isinstance(node, (ast.Literal, ast.Param))
    return all(_folds(part) for part in parts)


def compile_query(
    query: QueryDef, world: World, *, dialect: Dialect | None = None
) -> Statement:
    """Return the statement of a query: for its database, or for a dialect to show.

    It runs where its schema lives, and in the cloud if it reaches a table there: the
    cloud holds copies of the local tables.  Raises ``Refused``.
    """
    check_depth(query)

    def compiled(one: Compiler) -> tuple[Sql, Element, None]:
        made = one.count() if query.operation == "count" else one.rows()
        return (*made, None)

    return _statement(query, world, compiled, dialect)


def _statement(
    query: QueryDef,
    world: World,
    compiled: Callable[[Compiler], tuple[Sql, Element, int | None]],
    dialect: Dialect | None = None,
) -> Statement:
    database = world.schema(query.schema).database
    compiler = Compiler(query, world, dialect or running(database))
    tree, row, key = compiled(compiler)
    if database == "local" and compiler.crosses_to_cloud:
        database = "cloud"
        if dialect is None:
            compiler = Compiler(query, world, running(database))
            tree, row, key = compiled(compiler)
    sql, params = compiler.env.values.finish(tree)
    return Statement(database=database, sql=sql, params=tuple(params), row=row, key=key)
