"""Date functions (protocol.md §11).  Parts of a date are read in the server's zone.

"Years between" and the like count complete units, "ages" count up to today: nobody
documents how a part of a unit counts (assumed).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from ...xtk.types import DATE, DATETIME, LONG, Kind
from .causes import bad_operand
from .convert import as_integer, as_text, as_time
from .rules import Rule, rule
from .shown import DAY_OF_YEAR, STEP, WEEK_DAY, added, as_day, counted
from .terms import Env, Term, constant, template
from .times import date_term, day_of, day_start, instant, instant_in, wall, wall_in

_UNITS: Final = ("years", "months", "days", "hours", "minutes", "seconds")
_CLOCK_UNITS: Final = frozenset({"hours", "minutes", "seconds"})


def now(env: Env, args: Sequence[Term]) -> Term:
    """GetDate(): the server's time, the same throughout a query."""
    return constant(env, env.now, DATETIME)


def _shift(unit: str, sign: int) -> Rule:
    """Return AddDays and its like; a month's end stays within the month."""

    def apply(env: Env, args: Sequence[Term]) -> Term:
        when = as_time(env, args[0])
        if when.kind is Kind.DATE and unit in _CLOCK_UNITS:
            when = Term(sql=day_start(env, when.sql), type=DATETIME)
        count = as_integer(env, args[1])
        if sign < 0:
            count = template(env, "-_1", None, count)
        is_day = when.kind is Kind.DATE
        later = added(unit)
        sql = template(
            env,
            f"xtk_add_{unit}(_1, _2)",
            as_day(later) if is_day else later,
            when.sql,
            count,
        )
        return Term(sql=sql, type=when.type)

    return apply


def _between(unit: str) -> Rule:
    """Return YearsDiff(end, start) and its like."""

    def apply(env: Env, args: Sequence[Term]) -> Term:
        return _elapsed(env, unit, as_time(env, args[0]), as_time(env, args[1]))

    return apply


def _age(unit: str) -> Rule:
    """Return YearsOld(d) and its like: up to today in the server's zone."""

    def apply(env: Env, args: Sequence[Term]) -> Term:
        born = date_term(day_of(env, args[0]))
        return _elapsed(env, unit, constant(env, env.today, DATE), born)

    return apply


def _elapsed(env: Env, unit: str, end: Term, start: Term) -> Term:
    if end.kind is not start.kind:
        end, start = _as_instant(env, end), _as_instant(env, start)
    sql = template(
        env, f"xtk_{unit}_between(_1, _2)", counted(unit), end.sql, start.sql
    )
    return Term(sql=sql, type=LONG)


def _as_instant(env: Env, term: Term) -> Term:
    if term.kind is not Kind.DATE:
        return term
    return Term(sql=day_start(env, term.sql), type=DATETIME)


def _ago(unit: str) -> Rule:
    """Return DaysAgo(n) and MonthsAgo(n): dates."""
    shift = _shift(unit, -1)

    def apply(env: Env, args: Sequence[Term]) -> Term:
        return shift(env, [constant(env, env.today, DATE), args[0]])

    return apply


def days_ago_int(env: Env, args: Sequence[Term]) -> Term:
    """DaysAgoInt(n): the day as a number, yyyymmdd."""
    day = _ago("days")(env, args).sql
    texts = (
        "CAST(strftime('%Y%m%d', _1) AS INTEGER)",
        "CAST(strftime(_1, '%Y%m%d') AS INTEGER)",
    )
    return Term(sql=template(env, *texts, day), type=LONG)


def to_date(env: Env, args: Sequence[Term]) -> Term:
    """ToDate(dt): the day in the server's zone."""
    return date_term(day_of(env, args[0]))


def date_only(env: Env, args: Sequence[Term]) -> Term:
    """DateOnly(d): the instant at which that day began in the server's zone."""
    return Term(sql=day_start(env, day_of(env, args[0])), type=DATETIME)


def to_datetime(env: Env, args: Sequence[Term]) -> Term:
    """ToDateTime(s): what is no time is null."""
    term = args[0]
    if term.is_constant or term.kind is Kind.STRING:
        text = as_text(env, term)
        parsed = "CAST(TRY_CAST(NULLIF(_1, '') AS TIMESTAMPTZ) AS TIMESTAMP)"
        sql = template(env, "xtk_to_datetime(_1)", parsed, text)
        return Term(sql=sql, type=DATETIME)
    return _as_instant(env, as_time(env, term))


def _truncated(unit: str) -> Rule:
    """Return TruncYear, TruncQuarter, TruncWeek: a date stays a date."""

    def apply(env: Env, args: Sequence[Term]) -> Term:
        when = as_time(env, args[0])
        first = template(
            env,
            f"xtk_first_of_{unit}(_1)",
            f"CAST(date_trunc('{unit}', _1) AS DATE)",
            day_of(env, when),
        )
        if when.kind is Kind.DATE:
            return date_term(first)
        return Term(sql=day_start(env, first), type=DATETIME)

    return apply


def trunc_date(env: Env, args: Sequence[Term]) -> Term:
    """TruncDate and TruncTime(d, seconds): down to a multiple of the seconds."""
    when = _as_instant(env, as_time(env, args[0]))
    step = as_integer(env, args[1])
    floored = template(env, "xtk_step(_1, _2)", STEP, wall(env, when), step)
    return Term(sql=instant(env, floored), type=DATETIME)


def trunc_date_zone(env: Env, args: Sequence[Term]) -> Term:
    """TruncDateTZ(d, seconds, zone): the same in another zone."""
    zone = args[2].constant
    try:
        ZoneInfo(zone)
    except (KeyError, OSError, TypeError, ValueError):
        cause = "The third argument of TruncDateTZ must name a time zone."
        raise bad_operand(cause) from None
    when = _as_instant(env, as_time(env, args[0]))
    name = env.values.bind(zone)
    moved = wall_in(env, when.sql, name)
    step = as_integer(env, args[1])
    floored = template(env, "xtk_step(_1, _2)", STEP, moved, step)
    return Term(sql=instant_in(env, floored, name), type=DATETIME)


def _part(sqlite: str, duckdb: str) -> Rule:
    text = f"CAST(strftime('{sqlite}', _1) AS INTEGER)"
    return rule("w", LONG, text, f"{duckdb}(CAST(_1 AS TIMESTAMP))")


def _month_number() -> Rule:
    duckdb = "year(CAST(_1 AS TIMESTAMP)) * 100 + month(CAST(_1 AS TIMESTAMP))"
    return rule("w", LONG, "CAST(strftime('%Y%m', _1) AS INTEGER)", duckdb)


_ADDED: Final = {f"add{unit}": _shift(unit, 1) for unit in _UNITS}
_SUBTRACTED: Final = {f"sub{unit}": _shift(unit, -1) for unit in _UNITS}
_BETWEEN: Final = {f"{unit}diff": _between(unit) for unit in _UNITS}

DATE_FUNCTIONS: Final[Mapping[str, Rule]] = {
    **_ADDED,
    **_SUBTRACTED,
    **_BETWEEN,
    "dateonly": date_only,
    "day": _part("%d", "day"),
    "dayofyear": rule("w", LONG, "CAST(strftime('%j', _1) AS INTEGER)", DAY_OF_YEAR),
    "daysago": _ago("days"),
    "daysagoint": days_ago_int,
    "daysold": _age("days"),
    "getdate": now,
    "hour": _part("%H", "hour"),
    "minute": _part("%M", "minute"),
    "month": _part("%m", "month"),
    "monthsago": _ago("months"),
    "monthsold": _age("months"),
    "second": _part("%S", "second"),
    "todate": to_date,
    "todatetime": to_datetime,
    "truncdate": trunc_date,
    "truncdatetz": trunc_date_zone,
    "truncquarter": _truncated("quarter"),
    "trunctime": trunc_date,
    "truncweek": _truncated("week"),
    "truncyear": _truncated("year"),
    "weekday": rule("w", LONG, "CAST(strftime('%w', _1) AS INTEGER)", WEEK_DAY),
    "year": _part("%Y", "year"),
    "yearandmonth": _month_number(),
    "yearsold": _age("years"),
}
