"""The SQL dialects the engine writes.

Functions are written twice: for SQLite, and for DuckDB.  PostgreSQL and Snowflake text
(``BuildQuery`` only) is DuckDB's, carried over by sqlglot.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, Literal

from sqlglot import exp

from ...schemas.model import Database

DialectName = Literal["sqlite", "duckdb", "postgres", "snowflake"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One dialect: sqlglot's name, whose function texts it uses, its parameters.

    ``marker`` precedes a parameter's number; empty means that values are written
    into the text as literals, because the text is shown and not run.
    """

    name: DialectName
    texts: Literal["sqlite", "duckdb"]
    marker: str = ""

    @property
    def is_sqlite(self) -> bool:
        """True where times are text and functions come from Python."""
        return self.texts == "sqlite"


_RUN: Final[dict[Database, Dialect]] = {
    "local": Dialect(name="sqlite", texts="sqlite", marker="?"),
    "cloud": Dialect(name="duckdb", texts="duckdb", marker="$"),
}
_SHOWN: Final[dict[DialectName, Dialect]] = {
    "sqlite": Dialect(name="sqlite", texts="sqlite"),
    "duckdb": Dialect(name="duckdb", texts="duckdb"),
    "postgres": Dialect(name="postgres", texts="duckdb"),
    "snowflake": Dialect(name="snowflake", texts="duckdb"),
}


def running(database: Database) -> Dialect:
    """Return the dialect in which a database runs queries, values bound."""
    return _RUN[database]


def shown(name: DialectName) -> Dialect:
    """Return the dialect of a text to read, values as literals."""
    return _SHOWN[name]


def stored(value: Any, dialect: Dialect) -> Any:
    """Return a value as the database keeps it; times are UTC.

    SQLite keeps times as text, ``YYYY-MM-DD HH:MM:SS.mmm``; both keep booleans as
    0 or 1 and numbers as doubles.
    """
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        naive = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        if dialect.is_sqlite:
            return naive.isoformat(" ", "milliseconds")
        return naive
    if isinstance(value, date) and dialect.is_sqlite:
        return value.isoformat()
    return value


def literal(value: Any) -> exp.Expr:
    """Return a stored value as a literal, escaped by the dialect's own rules."""
    if value is None:
        return exp.Null()
    if isinstance(value, str):
        return exp.Literal.string(value)
    if isinstance(value, datetime):
        text = exp.Literal.string(value.isoformat(" "))
        return exp.Cast(this=text, to=exp.DataType.build("TIMESTAMP"))
    if isinstance(value, date):
        text = exp.Literal.string(value.isoformat())
        return exp.Cast(this=text, to=exp.DataType.build("DATE"))
    number = exp.Literal.number(abs(value))
    return exp.Neg(this=number) if value < 0 else number
