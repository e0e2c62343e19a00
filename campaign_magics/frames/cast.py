"""Text of one column → typed Arrow array, or a BadAnswer that names the value.

A whole column is cast by Arrow first.  When Arrow refuses (a rarer spelling, or a
wrong value) the distinct texts are read one by one with the rules below, so both
ways in give the same values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import BadAnswer
from ..xtk.columns import Column
from ..xtk.types import Kind
from .dtypes import DTYPES, STORED, STRING

_MICROSECONDS = 1_000_000
_INT64 = 2**63
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NOT_FINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.ASCII | re.IGNORECASE)
_STAMP = re.compile(
    r"(?P<year>\d{4})(?P<sep>[-/])(?P<month>\d\d)(?P=sep)(?P<day>\d\d)"
    r"([T ](?P<hour>\d\d):(?P<minute>\d\d)(:(?P<second>\d\d)([.,](?P<part>\d+))?)?"
    r"\s*(?P<zone>Z|[+-]\d\d(:?\d\d)?)?)?",
    re.ASCII,
)


def from_text(
    text: pa.Array, column: Column, *, rows: Sequence[int] | None = None
) -> pa.Array:
    """Return ``text`` (strings) as the column's Arrow type; empty becomes null.

    ``rows`` gives the row of the answer for each text where they differ (items of a
    collection).  Raises BadAnswer for the first text that does not fit.
    """
    if column.values:
        return enumerated(_blank_to_null(text), column)
    kind = column.type.kind
    if kind in (Kind.STRING, Kind.ELEMENT):
        return _blank_to_null(text)
    if kind in _WHOLE:
        try:
            return _WHOLE[kind](_blank_to_null(text))
        except pa.ArrowInvalid:
            pass
    return _one_by_one(_blank_to_null(pc.utf8_trim_whitespace(text)), column, rows)


def enumerated(text: pa.Array, column: Column) -> pa.Array:
    """Encode stored texts by the enumeration; texts it lacks are added at the end."""
    known = pa.array(list(dict.fromkeys(v.value for v in column.values)), STRING)
    codes = pc.index_in(text, value_set=known)
    if codes.null_count > text.null_count:
        unknown = text.filter(pc.and_(codes.is_null(), text.is_valid())).unique()
        known = pa.concat_arrays([known, unknown])
        codes = pc.index_in(text, value_set=known)
    return pa.DictionaryArray.from_arrays(codes, known).cast(STORED)


def seconds_to_duration(seconds: pa.Array) -> pa.Array:
    """Turn whole seconds into ``duration[us]``; ArrowInvalid beyond 292,000 years."""
    return pc.multiply_checked(seconds, _MICROSECONDS).cast(pa.duration("us"))


def _blank_to_null(text: pa.Array) -> pa.Array:
    empty = pc.equal(pc.binary_length(text), 0)
    if not pc.any(empty).as_py():
        return text
    return pc.if_else(empty, pa.scalar(None, STRING), text)


def _datetimes(text: pa.Array) -> pa.Array:
    """Cast texts that all carry a zone, or all carry none (taken as UTC)."""
    try:
        return text.cast(pa.timestamp("us", tz="UTC"))
    except pa.ArrowInvalid:
        return pc.assume_timezone(text.cast(pa.timestamp("us")), "UTC")


_WHOLE: dict[Kind, Callable[[pa.Array], pa.Array]] = {
    Kind.BOOLEAN: lambda text: text.cast(pa.bool_()),
    Kind.DATE: lambda text: text.cast(pa.date32()),
    Kind.DATETIME: _datetimes,
    Kind.LOCAL_DATETIME: lambda text: text.cast(pa.timestamp("us")),
}


def _one_by_one(text: pa.Array, column: Column, rows: Sequence[int] | None) -> pa.Array:
    encoded = text.dictionary_encode()
    read = _READ[column.type.kind]
    values: list[Any] = []
    for distinct in encoded.dictionary.to_pylist():
        try:
            values.append(read(distinct))
        except (ValueError, LookupError, ArithmeticError):
            at = pc.index(encoded.indices, len(values)).as_py()
            raise _misfit(column, at if rows is None else rows[at], distinct) from None
    typed = pa.array(values, DTYPES[column.type.kind].arrow)
    return typed.take(encoded.indices)


def _misfit(column: Column, row: int, text: str) -> BadAnswer:
    shown = text if len(text) <= 60 else text[:57] + "…"
    return BadAnswer(
        f"Column {column.name}, row {row + 1}: {shown!r} is not a {column.type.name}.",
        hint="select it with another type, for example ToString(…), or fix the data",
        column=column.name,
        row=row,
        text=shown,
    )


def _integer(text: str) -> int:
    """Read a whole number; ``12.0`` counts, as servers write doubles so."""
    number = _decimal(text)
    if number != number.to_integral_value() or not -_INT64 <= number < _INT64:
        raise ValueError(text)
    return int(number)


def _decimal(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    number = Decimal(text)
    if number.adjusted() > 20:  # to_integral_value of 1e999999999 would fill memory
        raise ValueError(text)
    return number


def _number(text: str) -> float:
    if not (_NUMBER.fullmatch(text) or _NOT_FINITE.fullmatch(text)):
        raise ValueError(text)
    return float(text)


def _boolean(text: str) -> bool:
    return {"true": True, "1": True, "false": False, "0": False}[text.lower()]


def _timespan(text: str) -> int:
    """Read decimal seconds; returns microseconds, further digits are dropped."""
    microseconds = int(_decimal(text) * _MICROSECONDS)
    if not -_INT64 < microseconds < _INT64:
        raise OverflowError(text)
    return microseconds


def _date(text: str) -> date:
    """Read the day as written; a date has no time or zone that could move it."""
    return _stamp(text)[0].date()


def _datetime(text: str) -> datetime:
    """Read a moment; without a zone it is UTC, which is what servers send."""
    moment, zone = _stamp(text)
    return moment.replace(tzinfo=zone or UTC).astimezone(UTC)


def _local_datetime(text: str) -> datetime:
    """Read wall-clock digits; a zone, if any, does not shift them."""
    return _stamp(text)[0]


def _stamp(text: str) -> tuple[datetime, timezone | None]:
    """Read ``YYYY-MM-DD`` or ``YYYY/MM/DD`` with optional time, fraction and zone.

    Digits beyond the microsecond are dropped.  Source: protocol.md §10.
    """
    found = _STAMP.fullmatch(text)
    if found is None:
        raise ValueError(text)
    moment = datetime(  # noqa: DTZ001, the caller decides what no zone means
        year=int(found["year"]),
        month=int(found["month"]),
        day=int(found["day"]),
        hour=int(found["hour"] or 0),
        minute=int(found["minute"] or 0),
        second=int(found["second"] or 0),
        microsecond=int((found["part"] or "").ljust(6, "0")[:6]),
    )
    return moment, _zone(found["zone"])


def _zone(text: str | None) -> timezone | None:
    if text is None or text == "Z":
        return UTC if text else None
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(offset if text[0] == "+" else -offset)


_READ: dict[Kind, Callable[[str], Any]] = {
    Kind.INTEGER: _integer,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _boolean,
    Kind.DATETIME: _datetime,
    Kind.LOCAL_DATETIME: _local_datetime,
    Kind.DATE: _date,
    Kind.TIMESPAN: _timespan,
}
