"""Values of the XTK types and their text (protocol.md §10).

Three texts of one value: what stands in a document (``to_text``), what a document
says (``from_text``), and a constant in an expression (``literal_text``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from math import isfinite
from typing import Final

from ..errors import InvalidValue
from .ast import Value
from .types import Kind, XtkType

_INTEGER = re.compile(r"[+-]?[0-9]{1,30}")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,4})?")
_MOMENT = re.compile(
    r"([0-9]{4})([-/])([0-9]{2})\2([0-9]{2})"
    r"(?:[T ]([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?"
    r"(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_BITS: Final = {"byte": 8, "short": 16, "int64": 64}
_SHOWN: Final = 40


def from_text(xtype: XtkType, text: str) -> Value:
    """Return the value that a document's text stands for.

    Empty text is null, hence None, for every type but strings.  Datetimes come back
    aware, in UTC; text without a zone is taken as UTC, as servers write it
    (``datetimenotz`` comes back naive, its digits untouched).  Numbers of kind
    ``number`` are floats.

    Raises ``InvalidValue`` when the text does not fit the type.
    """
    if xtype.kind in (Kind.STRING, Kind.ELEMENT):
        return text
    stripped = text.strip()
    if not stripped:
        return None
    try:
        return _fit(xtype, _READERS[xtype.kind](stripped))
    except (ValueError, OverflowError) as exc:
        raise _misfit(xtype, text) from exc


def to_text(xtype: XtkType, value: object) -> str:
    """Return the text of a value in a document or a SOAP parameter.

    None is empty text; booleans are ``true``/``false``; datetimes are UTC with
    milliseconds, ``2020-12-31T12:34:56.789Z``, further digits cut off.

    Raises ``InvalidValue`` when the value does not fit the type.
    """
    known = coerce(xtype, value)
    if isinstance(known, datetime):
        return _moment_text(known, "milliseconds")
    if isinstance(known, timedelta):
        return _seconds_text(known)
    return "" if known is None else _plain_text(known)


def literal_text(xtype: XtkType, value: object) -> str:
    """Return the value as an XTK constant: ``'O\\'Hara'``, ``12``, ``#2020-12-31#``.

    None becomes what Campaign stores for it: ``''``, ``0``, ``false`` or ``##``.

    Raises ``InvalidValue`` when the value does not fit the type.
    """
    known = coerce(xtype, value)
    if known is None:
        return _NULLS[xtype.kind]
    if isinstance(known, str):
        return quote(known)
    if isinstance(known, datetime):
        whole = known.microsecond % 1000 == 0
        return f"#{_moment_text(known, 'milliseconds' if whole else 'microseconds')}#"
    if isinstance(known, date):
        return f"#{known.isoformat()}#"
    if isinstance(known, timedelta):
        return f"#{_seconds_text(known)}#"
    return _plain_text(known)


def coerce(xtype: XtkType, value: object) -> Value:
    """Return the value as the type's own Python value, None for null.

    Text is read as ``from_text`` does; a naive datetime is taken as UTC and a date as
    its midnight where a datetime is asked for; NaN, NaT and NA are null.  Nothing is
    rounded: ``1.5`` is no integer.

    Raises ``InvalidValue`` when the value does not fit the type.
    """
    if value is None or _is_missing(value):
        return None
    if isinstance(value, str):
        return from_text(xtype, value)
    try:
        return _fit(xtype, _COERCERS[xtype.kind](_plain(value)))
    except (TypeError, ValueError, OverflowError) as exc:
        raise _misfit(xtype, value) from exc


def quote(text: str) -> str:
    """Return the text as an XTK string constant in single quotes."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def unquote(text: str) -> str:
    """Return what stands between the quotes of a string constant, escapes undone.

    A backslash before any other character stays: ``\\%`` and ``\\_`` belong to LIKE.
    """
    return _ESCAPE.sub(lambda found: _MEANINGS.get(found[0], found[0][1]), text)


def read_moment(text: str) -> date | datetime:
    """Read ``2002/02/01``, ``2020-12-31`` or either with a time and a zone.

    With a zone the datetime is in UTC, without one it is naive.  Digits beyond the
    microsecond are cut off.  Raises ``ValueError`` or ``OverflowError``.
    """
    moment, zone, timed = _moment(text)
    if not timed:
        return moment.date()
    return moment if zone is None else moment.replace(tzinfo=zone).astimezone(UTC)


def read_seconds(text: str) -> timedelta:
    """Read a timespan, ``86400``.  Raises ``ValueError`` or ``OverflowError``."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return timedelta(microseconds=int(Decimal(text) * 1_000_000))


# \\ \' \" are documented (protocol.md §5.2); \n \r \t are assumed, since the compute
# string of a postal address joins its lines with '\n'.
_ESCAPE = re.compile(r"\\[\\'\"nrt]")
_MEANINGS = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}


def _moment(text: str) -> tuple[datetime, timezone | None, bool]:
    """Return the digits as they stand, the zone if any, and whether a time is."""
    found = _MOMENT.fullmatch(text)
    if not found:
        raise ValueError(text)
    year, _, month, day, hour, minute, second, fraction, zone = found.groups("0")
    moment = datetime(  # noqa: DTZ001 - the caller decides what no zone means
        int(year), int(month), int(day), int(hour), int(minute), int(second),
        int(fraction.ljust(6, "0")[:6]),
    )  # fmt: skip
    return moment, None if zone == "0" else _zone(zone), found[5] is not None


def _zone(text: str) -> timezone:
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _fit(xtype: XtkType, value: Value) -> Value:
    """Return the value, or raise when an integer is too wide for its type."""
    if xtype.kind is Kind.INTEGER and isinstance(value, int):
        limit = 1 << (_BITS.get(xtype.name, 32) - 1)
        if not -limit <= value < limit:
            raise OverflowError(value)
    return value


def _read_integer(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _read_number(text: str) -> float:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return _finite(float(text))


def _finite(number: float) -> float:
    if not isfinite(number):
        raise OverflowError(number)
    return number


def _read_boolean(text: str) -> bool:
    try:
        return _BOOLEANS[text.lower()]
    except KeyError:
        raise ValueError(text) from None


def _read_datetime(text: str) -> datetime:
    moment, zone, _ = _moment(text)
    return moment.replace(tzinfo=zone or UTC).astimezone(UTC)


_READERS: dict[Kind, Callable[[str], Value]] = {
    Kind.INTEGER: _read_integer,
    Kind.NUMBER: _read_number,
    Kind.BOOLEAN: _read_boolean,
    Kind.DATETIME: _read_datetime,
    Kind.LOCAL_DATETIME: lambda text: _moment(text)[0],
    Kind.DATE: lambda text: _moment(text)[0].date(),
    Kind.TIMESPAN: read_seconds,
}


def _is_missing(value: object) -> bool:
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ArithmeticError):  # pandas.NA and sNaN will not be compared
        return True
    except ValueError:  # an array: a value, and a wrong one
        return False


def _plain(value: object) -> object:
    """Numpy's scalars as Python's own, without importing numpy."""
    item = getattr(value, "item", None)
    return item() if callable(item) else value


def _coerce_string(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a column of integers with gaps arrives as floats
    if isinstance(value, datetime):
        return _moment_text(value, "milliseconds")
    if isinstance(value, timedelta):
        return _seconds_text(value)
    if isinstance(value, float | Decimal):
        _finite(float(value))
    if isinstance(value, bool | int | float | Decimal | date):
        return _plain_text(value)
    raise TypeError


def _coerce_integer(value: object) -> int:
    if not isinstance(value, int | float | Decimal) or value != int(value):
        raise TypeError
    return int(value)


def _coerce_number(value: object) -> float | Decimal:
    if isinstance(value, Decimal):
        _finite(float(value))
        return value
    if not isinstance(value, int | float):
        raise TypeError
    return _finite(float(value))


def _coerce_boolean(value: object) -> bool:
    if not isinstance(value, int | float) or value not in (0, 1):
        raise TypeError
    return bool(value)


def _coerce_datetime(value: object) -> datetime:
    moment = _coerce_local(value)
    zone = value.tzinfo if isinstance(value, datetime) else None
    return moment.replace(tzinfo=zone or UTC).astimezone(UTC)


def _coerce_local(value: object) -> datetime:
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    return datetime.combine(_coerce_date(value), time())


def _coerce_date(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        raise TypeError
    return value


def _coerce_timespan(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise TypeError
    return timedelta(seconds=float(value))


_COERCERS: dict[Kind, Callable[[object], Value]] = {
    Kind.STRING: _coerce_string,
    Kind.ELEMENT: _coerce_string,
    Kind.INTEGER: _coerce_integer,
    Kind.NUMBER: _coerce_number,
    Kind.BOOLEAN: _coerce_boolean,
    Kind.DATETIME: _coerce_datetime,
    Kind.LOCAL_DATETIME: _coerce_local,
    Kind.DATE: _coerce_date,
    Kind.TIMESPAN: _coerce_timespan,
}

_NULLS = {
    Kind.STRING: "''", Kind.ELEMENT: "''", Kind.INTEGER: "0", Kind.NUMBER: "0.0",
    Kind.BOOLEAN: "false", Kind.DATETIME: "##", Kind.LOCAL_DATETIME: "##",
    Kind.DATE: "##", Kind.TIMESPAN: "#0#",
}  # fmt: skip


def _plain_text(value: str | bool | int | float | Decimal | date) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        # Never 1e-07: the server's number has digits and a point.
        digits = format(
            Decimal(repr(value)) if isinstance(value, float) else value, "f"
        )
        return digits if "." in digits else f"{digits}.0"
    return value.isoformat() if isinstance(value, date) else str(value)


def _moment_text(value: datetime, precision: str) -> str:
    if value.tzinfo is None:
        return value.isoformat(timespec=precision)
    utc = value.astimezone(UTC).replace(tzinfo=None)
    return f"{utc.isoformat(timespec=precision)}Z"


def _seconds_text(value: timedelta) -> str:
    micros = value // timedelta(microseconds=1)
    whole, rest = divmod(abs(micros), 1_000_000)
    sign = "-" if micros < 0 else ""
    return f"{sign}{whole}.{rest:06}".rstrip("0") if rest else f"{sign}{whole}"


def _misfit(xtype: XtkType, value: object) -> InvalidValue:
    shown = value if isinstance(value, str) else repr(value)
    if len(shown) > _SHOWN:
        shown = shown[: _SHOWN - 1] + "…"
    return InvalidValue(
        f"{shown!r} is not a value of type {xtype.name}.", hint=_HINTS[xtype.kind]
    )


_HINTS = {
    Kind.STRING: "give a text",
    Kind.ELEMENT: "give XML as text",
    Kind.INTEGER: "give a whole number within the range of the type",
    Kind.NUMBER: "give a number, with a point for decimals",
    Kind.BOOLEAN: "give true or false",
    Kind.DATETIME: "write it as 2020-12-31T12:34:56.789Z",
    Kind.LOCAL_DATETIME: "write it as 2020-12-31T12:34:56.789",
    Kind.DATE: "write it as 2020-12-31",
    Kind.TIMESPAN: "give a number of seconds",
}
