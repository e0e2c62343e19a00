"""What may stand beside an aggregate: grouped values, and nothing that varies.

PostgreSQL and DuckDB refuse the rest and SQLite answers with any row's value; here
all refuse.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from sqlglot import exp

from .causes import Refused
from .terms import Sql

_INNER: Final = (exp.Subquery, exp.Exists)


def has_aggregate(sql: Sql) -> bool:
    """Tell whether a value folds rows, sub-queries aside."""
    if isinstance(sql, exp.AggFunc):
        return True
    if isinstance(sql, (*_INNER, exp.Window)):
        return False
    return any(has_aggregate(part) for part in sql.iter_expressions())


def check_groups(values: Iterable[Sql], keys: Sequence[Sql]) -> None:
    """Refuse a value that is neither grouped nor folded (PGS-220000)."""
    for value in values:
        column = _loose_column(value, keys)
        if column is not None:
            name = column.sql().lower()
            raise Refused(
                f'PGS-220000 PostgreSQL error: ERROR: column "{name}" must appear in '
                "the GROUP BY clause or be used in an aggregate function."
            )


def _loose_column(sql: Sql, keys: Sequence[Sql]) -> Sql | None:
    if sql in keys or isinstance(sql, exp.AggFunc):
        return None
    if isinstance(sql, exp.Column):
        return sql
    for part in sql.iter_expressions():
        column = _loose_column(part, keys)
        if column is not None:
            return column
    return None
