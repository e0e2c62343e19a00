"""Dates and instants in SQL.  Days begin in the server's zone (protocol.md §11)."""

from __future__ import annotations

from ...xtk.types import DATE, Kind
from .convert import as_time
from .shown import INSTANT, WALL
from .terms import Env, Sql, Term, template


def is_utc(env: Env) -> bool:
    """True when the server's zone is UTC, where nothing needs to be shifted."""
    return env.zone.key in {"UTC", "Etc/UTC", "GMT", "Etc/GMT", "Z"}


def wall(env: Env, term: Term) -> Sql:
    """Return the wall-clock time in the server's zone, as a timestamp or a date."""
    term = as_time(env, term)
    if term.kind is not Kind.DATETIME or is_utc(env):
        return term.sql
    return wall_in(env, term.sql, env.values.bind(env.zone.key))


def wall_in(env: Env, instant: Sql, zone: Sql) -> Sql:
    """Return an instant's wall-clock time in a zone."""
    return template(env, "xtk_wall(_1, _2)", WALL, instant, zone)


def instant(env: Env, wall_time: Sql) -> Sql:
    """Return the instant of a wall-clock time in the server's zone."""
    if is_utc(env):
        return wall_time
    return instant_in(env, wall_time, env.values.bind(env.zone.key))


def instant_in(env: Env, wall_time: Sql, zone: Sql) -> Sql:
    """Return the instant of a wall-clock time in a zone."""
    return template(env, "xtk_instant(_1, _2)", INSTANT, wall_time, zone)


def day_start(env: Env, day: Sql) -> Sql:
    """Return the instant at which a date begins."""
    midnight = template(env, "_1 || ' 00:00:00.000'", "CAST(_1 AS TIMESTAMP)", day)
    return instant(env, midnight)


def day_of(env: Env, term: Term) -> Sql:
    """Return the date on which an instant falls."""
    term = as_time(env, term)
    if term.kind is Kind.DATE:
        return term.sql
    return template(env, "date(_1)", "CAST(_1 AS DATE)", wall(env, term))


def today(env: Env) -> Sql:
    """Return the server's calendar day."""
    return env.values.bind(env.today)


def date_term(sql: Sql) -> Term:
    """Return a date."""
    return Term(sql=sql, type=DATE)
