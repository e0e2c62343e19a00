"""Which way a query can be read page by page: by its key, or by line numbers.

Reading by key (``@id > last``) costs the same for every page and neither loses nor
doubles a row, whatever is written meanwhile.  ``startLine`` costs more with every page
and counts rows that may move; it is for queries whose rows have no key of their own,
or that want another order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..query.check import Checked
from ..query.columns import alias_steps
from ..query.model import Condition, OrderNode, QueryDef, SelectNode
from ..schemas.model import Schema
from ..xtk.ast import Call, Path
from ..xtk.columns import Column
from ..xtk.functions import FUNCTIONS
from ..xtk.parser import parse
from ..xtk.text import literal_text
from ..xtk.types import Kind
from ..xtk.walk import walk

Key = int | str
_KEY_ALIAS = "@_pageKey"
_KEYS = frozenset({Kind.INTEGER, Kind.STRING})


@dataclass(frozen=True, slots=True, kw_only=True)
class ByKey:
    """Read in the order of the schema's internal key.

    ``query`` selects the key and is ordered by it; ``columns`` are its answer's, the
    key's at ``place``.  ``added`` tells that the key comes last and was not asked for.
    """

    query: QueryDef
    columns: tuple[Column, ...]
    path: str
    place: int
    added: bool
    descending: bool

    @property
    def numeric(self) -> bool:
        """True when keys are numbers, so that ranges of them can be made up."""
        return self.columns[self.place].type.kind is Kind.INTEGER

    def between(self, low: Key | None, high: Key | None = None) -> QueryDef:
        """Return the query for the keys behind ``low``, up to and with ``high``."""
        behind, up_to = ("<", ">=") if self.descending else (">", "<=")
        bounds = [(behind, low), (up_to, high)]
        conditions = tuple(
            Condition(expr=f"{_operand(self.path)} {op} {self._literal(key)}")
            for op, key in bounds
            if key is not None
        )
        if not conditions:
            return self.query
        rest = self.query.where
        # A start line counts from the first row: behind a key it has been counted.
        start = self.query.start_line if low is None else None
        if any(one.bool_operator == "OR" for one in rest):
            rest = (Condition(conditions=rest),)
        return replace(self.query, where=(*conditions, *rest), start_line=start)

    def last(self) -> QueryDef:
        """Return the query for the row that comes last, its key alone."""
        order = OrderNode(expr=_operand(self.path), desc=not self.descending)
        node = SelectNode(expr=_operand(self.path), alias=_KEY_ALIAS)
        return replace(
            self.query,
            select=(node,),
            order_by=(order,),
            line_count=1,
            start_line=None,
        )

    def _literal(self, key: Key) -> str:
        return literal_text(self.columns[self.place].type, key)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByLine:
    """Read by line number; ``reason`` says why not by key."""

    query: QueryDef
    columns: tuple[Column, ...]
    reason: str

    @property
    def warning(self) -> str:
        """What may go wrong, for the reader of the result."""
        return (
            f"Read by line numbers, because {self.reason}: rows that change meanwhile "
            "may be missing or come twice."
        )


Way = ByKey | ByLine


def way_of(checked: Checked) -> Way:
    """Return how to read a query page by page."""
    query, key = checked.query, _key_path(checked.schema)
    reason = _folds(query)
    if reason is None and key is None:
        reason = f"{checked.schema.id} has no key of one number or text"
    if reason is None and query.order_by and not _is_path(query.order_by[0].expr, key):
        reason = f"the query is ordered by {query.order_by[0].expr}"
    if reason is not None or key is None:
        ordered = replace(query, order_by=_total_order(query, checked.schema))
        return ByLine(query=ordered, columns=checked.columns, reason=reason or "")
    return _by_key(checked, key)


def _by_key(checked: Checked, key: str) -> ByKey:
    query, columns = checked.query, checked.columns
    place = _place(query, columns, key)
    added = place is None
    if place is None:
        field = checked.schema.field_by_path[key]
        column = Column(name=_KEY_ALIAS, steps=(_KEY_ALIAS,), type=field.type)
        node = SelectNode(expr=_operand(key), alias=_KEY_ALIAS)
        place, columns = len(columns), (*columns, column)
        query = replace(query, select=(*query.select, node))
    descending = bool(query.order_by) and query.order_by[0].desc
    # The key is unique: what comes behind it in an order changes nothing.
    order = (OrderNode(expr=_operand(key), desc=descending),)
    return ByKey(
        query=replace(query, order_by=order),
        columns=columns,
        path=key,
        place=place,
        added=added,
        descending=descending,
    )


def _key_path(schema: Schema) -> str | None:
    """Return the path of an internal key that is one stored number or text."""
    key = next((k for k in schema.keys if k.internal), None)
    if key is None or len(key.paths) != 1:
        return None
    field = schema.field_by_path.get(key.paths[0])
    if field is None or field.xml or field.expr or field.type.kind not in _KEYS:
        return None
    return field.path


def _folds(query: QueryDef) -> str | None:
    """Say why rows of the answer are not records; None when they are."""
    if query.operation != "select":
        return f"its operation is {query.operation}"
    if query.group_by or query.having or any(node.group_by for node in query.select):
        return "the query groups rows"
    if query.distinct:
        return "the query asks for distinct rows"
    if any(_has_aggregate(node.expr) for node in query.select if not node.nodes):
        return "the query folds rows"
    return None


def _has_aggregate(expr: str) -> bool:
    calls = (node for node in walk(parse(expr)) if isinstance(node, Call))
    found = (FUNCTIONS.get(call.name.lower()) for call in calls)
    return any(function is not None and function.aggregate for function in found)


def _place(query: QueryDef, columns: Iterable[Column], key: str) -> int | None:
    """Return the column that holds the key as it is, None when there is none."""
    for node in query.select:
        if node.nodes or not _is_path(node.expr, key):
            continue
        steps = alias_steps(node.alias) if node.alias else tuple(key.split("/"))
        for place, column in enumerate(columns):
            if column.steps == steps and not column.items:
                return place
    return None


def _is_path(expr: str, key: str | None) -> bool:
    node = parse(expr)
    return isinstance(node, Path) and node.join is None and node.text == key


def _total_order(query: QueryDef, schema: Schema) -> tuple[OrderNode, ...]:
    """Return the query's order with what makes it leave no two rows equal."""
    known = {order.expr.strip("[] ") for order in query.order_by}
    more = [
        OrderNode(expr=expr)
        for expr in dict.fromkeys(_tie_breakers(query, schema))
        if expr.strip("[] ") not in known
    ]
    return (*query.order_by, *more)


def _tie_breakers(query: QueryDef, schema: Schema) -> Iterator[str]:
    grouped = [*query.group_by, *(n.expr for n in query.select if n.group_by)]
    if grouped:
        yield from grouped
    elif query.distinct:
        yield from (n.expr for n in query.select if not n.nodes and _sortable(n.expr))
    elif _folds(query) is None:
        key = next((k for k in schema.keys if k.internal), None)
        yield from map(_operand, key.paths if key else ())


def _sortable(expr: str) -> bool:
    node = parse(expr)
    return not isinstance(node, Path) or node.steps[-1].startswith("@")


def _operand(path: str) -> str:
    """Return a path as an expression may hold it (protocol.md §5.2)."""
    return path if path.startswith("@") and "-" not in path else f"[{path}]"
