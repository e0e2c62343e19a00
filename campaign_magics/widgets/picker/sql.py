"""A picked query as SQL that ``%%campaign_query`` reads back to the same query."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...query.model import Condition, QueryDef
from ...xtk.text import unquote

_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'", re.S)


def to_sql(query: QueryDef) -> str:
    """Write a query that the picker made: fields, conditions, order and limit.

    Paths stay as XTK writes them (``[folder/@label]``), which the dialect takes."""
    fields = ", ".join(_sql(node.expr) for node in query.select)
    lines = [f"SELECT {fields}", f"FROM {query.schema}"]
    lines += _where(query.where)
    order = [f"{_sql(o.expr)}{' DESC' if o.desc else ''}" for o in query.order_by]
    if order:
        lines.append(f"ORDER BY {', '.join(order)}")
    if query.line_count is not None:
        lines.append(f"LIMIT {query.line_count}")
    return "\n".join(lines)


def _where(conditions: Iterable[Condition]) -> list[str]:
    """Return a line for each condition."""
    lines: list[str] = []
    word = "WHERE"
    for condition in conditions:
        lines.append(f"{word} {_condition(condition)}")
        word = f"  {condition.bool_operator}"
    return lines


def _condition(condition: Condition) -> str:
    """Return a condition; one that holds AND or OR stands in brackets."""
    text = _sql(condition.expr or "")
    if condition.set_operator:
        inner = " AND ".join(map(_condition, condition.conditions))
        items = " ".join(("SELECT 1 FROM", text, "WHERE", inner))
        return f"{condition.set_operator} ({items})"
    bare = _TEXT.sub("''", text)
    return f"({text})" if re.search(r" (AND|OR) ", bare) else text


def _sql(expr: str) -> str:
    """Return an XTK expression with its texts quoted as SQL does: ``''`` for ``'``."""
    return _TEXT.sub(_quoted, expr)


def _quoted(found: re.Match[str]) -> str:
    text = unquote(found[1]).replace("'", "''")
    return f"'{text}'"
