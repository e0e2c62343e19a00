"""What SQLite lacks, in Python: registered on its connections by the store.

Every function is pure, takes NULL for NULL where a time is meant, and returns what
DuckDB's own function returns.  Times are texts, ``YYYY-MM-DD HH:MM:SS.mmm``.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from .likes import glob_of

_LONGEST: Final = 65_535
_WORD: Final = re.compile(r"[^\W_]+")
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - wall-clock times have no zone


def upper(text: str) -> str:
    """Return the text in capitals, one character for one as databases do."""
    return "".join(_one(character, character.upper()) for character in text)


def lower(text: str) -> str:
    """Return the text in small letters, one character for one."""
    return "".join(_one(character, character.lower()) for character in text)


def smart(text: str) -> str:
    """Return the text with a capital at the start of each word."""
    return _WORD.sub(lambda word: upper(word[0][0]) + lower(word[0][1:]), text)


def md5(text: str) -> str:
    """Return the MD5 digest in hexadecimal."""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def char(code: int) -> str:
    """Return the character of a code, '' outside the range."""
    return chr(code) if 1 <= code <= 0xD7FF else ""


def line(text: str, number: int) -> str:
    """Return a line, counted from 1; '' when there is none."""
    lines = text.replace("\r", "").split("\n")
    return lines[number - 1] if 1 <= number <= len(lines) else ""


def lpad(text: str, width: int, filler: str) -> str:
    """Fill or cut on the way to ``width`` characters, filling on the left."""
    return _filling(text, width, filler) + text[: max(0, width)]


def rpad(text: str, width: int, filler: str) -> str:
    """Fill or cut on the way to ``width`` characters, filling on the right."""
    return text[: max(0, width)] + _filling(text, width, filler)


def words(first: str, second: str) -> str:
    """Join two texts with a space, unless one is empty."""
    return f"{first} {second}" if first and second else first or second


def domain(email: str) -> str:
    """Return what follows the first @."""
    return email.partition("@")[2]


def rounded(number: float | None, places: int) -> float | None:
    """Round half away from zero; negative places round tens and hundreds."""
    if number is None or not math.isfinite(number):
        return number
    scale = 10.0 ** max(-15, min(15, places))
    scaled = abs(number) * scale
    if not math.isfinite(scaled):
        return number
    whole = math.floor(scaled)
    return math.copysign((whole + (scaled - whole >= 0.5)) / scale, number)


def to_datetime(text: str) -> str | None:
    """Read a time; one without a zone is UTC, as in DuckDB."""
    try:
        moment = datetime.fromisoformat(text.strip().replace("/", "-"))
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _text(aware.astimezone(UTC).replace(tzinfo=None))


def wall(instant: str | None, zone: str) -> str | None:
    """Return an instant's wall-clock time in a zone."""
    if instant is None:
        return None
    aware = _moment(instant).replace(tzinfo=UTC)
    return _text(aware.astimezone(_zone(zone)).replace(tzinfo=None))


def instant(wall_time: str | None, zone: str) -> str | None:
    """Return the instant of a wall-clock time in a zone."""
    if wall_time is None:
        return None
    aware = _moment(wall_time).replace(tzinfo=_zone(zone))
    return _text(aware.astimezone(UTC).replace(tzinfo=None))


def add_months(when: str | None, months: int | None) -> str | None:
    """Add months; past a month's end is its last day."""
    if when is None or months is None:
        return None
    return _like(when, _months_later(_moment(when), months))


def add_years(when: str | None, years: int | None) -> str | None:
    """Add years; 29 February becomes 28 where there is none."""
    return add_months(when, None if years is None else years * 12)


def step(when: str | None, seconds: int) -> str | None:
    """Return the time down to a multiple of ``seconds`` since 1970."""
    if when is None:
        return None
    span = timedelta(seconds=max(1, seconds))
    return _text(_EPOCH + (_moment(when) - _EPOCH) // span * span)


def first_of_year(day: str | None) -> str | None:
    """Return the first day of a date's year."""
    return None if day is None else f"{day[:4]}-01-01"


def first_of_quarter(day: str | None) -> str | None:
    """Return the first day of a date's quarter."""
    if day is None:
        return None
    return f"{day[:4]}-{(int(day[5:7]) - 1) // 3 * 3 + 1:02}-01"


def first_of_week(day: str | None) -> str | None:
    """Return the Monday of a date's week."""
    if day is None:
        return None
    moment = date.fromisoformat(day)
    return (moment - timedelta(days=moment.weekday())).isoformat()


def months_between(end: str | None, start: str | None) -> int | None:
    """Count complete months; fewer than none when ``end`` is the earlier."""
    if end is None or start is None:
        return None
    last, first = _moment(end), _moment(start)
    if last < first:
        return -(months_between(start, end) or 0)
    count = (last.year - first.year) * 12 + last.month - first.month
    return count - (_months_later(first, count) > last)


def years_between(end: str | None, start: str | None) -> int | None:
    """Count complete years."""
    months = months_between(end, start)
    return None if months is None else int(months / 12)


def _adding(**unit: int) -> Callable[[str | None, int | None], str | None]:
    span = timedelta(**unit)

    def add(when: str | None, count: int | None) -> str | None:
        if when is None or count is None:
            return None
        return _like(when, _moment(when) + span * count)

    return add


def _counting(**unit: int) -> Callable[[str | None, str | None], int | None]:
    span = timedelta(**unit)

    def count(end: str | None, start: str | None) -> int | None:
        if end is None or start is None:
            return None
        whole = abs(_moment(end) - _moment(start)) // span
        return whole if end >= start else -whole

    return count


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    following = datetime(year + month // 11, (month + 1) % 12 + 1, 1)  # noqa: DTZ001
    last_day = (following - timedelta(days=1)).day
    day = min(moment.day, last_day)
    return moment.replace(year=year, month=month + 1, day=day)


def _one(character: str, mapped: str) -> str:
    return mapped if len(mapped) == 1 else character


def _filling(text: str, width: int, filler: str) -> str:
    missing = min(width, _LONGEST) - len(text)
    if missing <= 0 or not filler:
        return ""
    return (filler * (missing // len(filler) + 1))[:missing]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _text(moment: datetime) -> str:
    return moment.isoformat(" ", "milliseconds")


def _like(sample: str, moment: datetime) -> str:
    """Write a time as the sample is: a day alone, or with its time."""
    return moment.date().isoformat() if len(sample) == 10 else _text(moment)


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


SQLITE_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "xtk_add_days": _adding(days=1),
    "xtk_add_hours": _adding(hours=1),
    "xtk_add_minutes": _adding(minutes=1),
    "xtk_add_months": add_months,
    "xtk_add_seconds": _adding(seconds=1),
    "xtk_add_years": add_years,
    "xtk_char": char,
    "xtk_days_between": _counting(days=1),
    "xtk_domain": domain,
    "xtk_first_of_quarter": first_of_quarter,
    "xtk_first_of_week": first_of_week,
    "xtk_first_of_year": first_of_year,
    "xtk_glob": glob_of,
    "xtk_hours_between": _counting(hours=1),
    "xtk_instant": instant,
    "xtk_line": line,
    "xtk_lower": lower,
    "xtk_lpad": lpad,
    "xtk_md5": md5,
    "xtk_minutes_between": _counting(minutes=1),
    "xtk_months_between": months_between,
    "xtk_round": rounded,
    "xtk_rpad": rpad,
    "xtk_seconds_between": _counting(seconds=1),
    "xtk_smart": smart,
    "xtk_step": step,
    "xtk_to_datetime": to_datetime,
    "xtk_upper": upper,
    "xtk_wall": wall,
    "xtk_words": words,
    "xtk_years_between": years_between,
}
"""SQL name → function; hand it to the local store."""
