"""The queryDef document as frozen values (protocol.md §5.1).

Expressions stay text here, exactly as the user wrote them, so that errors can point
into them; whoever needs the tree parses it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operation = Literal["select", "get", "getIfExists", "count"]
BoolOperator = Literal["AND", "OR"]
SetOperator = Literal["EXISTS", "NOT EXISTS", "IN", "NOT IN"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderNode:
    """One sort key."""

    expr: str
    desc: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One ``<condition>``: an expression, a bracket of conditions, or a set test.

    ``bool_operator`` joins this condition to its **next** sibling.
    """

    expr: str | None = None
    bool_operator: BoolOperator = "AND"
    set_operator: SetOperator | None = None
    enabled_if: str | None = None
    ignore: bool = False
    conditions: tuple[Condition, ...] = ()
    sub_query: QueryDef | None = None
    sql: str | None = None
    filter_name: str | None = None
    internal_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SelectNode:
    """One ``<select><node>``; a collection may hold nodes, conditions and order.

    ``name`` is what the user calls the column, where no alias can say it (``count(*)``,
    ``"Full name"``); it is not part of the document.
    """

    expr: str
    alias: str | None = None
    analyze: bool = False
    group_by: bool = False
    no_sql_bind: bool = False
    no_compute_string: bool = False
    any_type: bool = False
    label: str | None = None
    hidden: bool = False
    nodes: tuple[SelectNode, ...] = ()
    where: tuple[Condition, ...] = ()
    order_by: tuple[OrderNode, ...] = ()
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryDef:
    """A whole query.  ``line_count`` None means the server decides (200 rows)."""

    schema: str
    operation: Operation = "select"
    select: tuple[SelectNode, ...] = ()
    where: tuple[Condition, ...] = ()
    group_by: tuple[str, ...] = ()
    having: tuple[Condition, ...] = ()
    order_by: tuple[OrderNode, ...] = ()
    line_count: int | None = None
    start_line: int | None = None
    distinct: bool = False
    start_path: str | None = None
    first_rows: bool = False
    full_load: bool = False
