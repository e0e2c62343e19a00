"""The functions of XTK expressions: arity, result type, one line of help.

Source: protocol.md §11, which is the "List of functions" of Adobe's documentation
("Defining filter conditions").  What a function computes is decided by the server;
in the sandbox by its engine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from .types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INT64,
    LONG,
    STRING,
    TYPES,
    Kind,
    XtkType,
)

Group = Literal[
    "aggregate", "string", "date", "numeric", "currency", "geo", "other", "window",
    "right",
]  # fmt: skip
Types = Sequence[XtkType | None]
ResultRule = Callable[[Types], XtkType | None]
"""From the types of the arguments to the type of the result; None is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """One function.

    ``signature`` is ``Name(a, b[, c])``; ``max_args`` None means any number.
    ``within`` names the only function that may hold it (``When`` within ``Case``).
    """

    name: str
    signature: str
    min_args: int
    max_args: int | None
    group: Group
    result: ResultRule
    doc: str
    within: str | None = None

    @property
    def aggregate(self) -> bool:
        """True when it folds many rows into one value."""
        return self.group == "aggregate"


def common_type(types: Iterable[XtkType | None]) -> XtkType | None:
    """Return the type that holds values of all these types, None if unknown.

    Equal kinds keep the wider type, numbers meet in double, a date and a datetime in
    datetime, anything else in string.
    """
    known = list(types)
    if not known or any(item is None for item in known):
        return None
    widest = max((t for t in known if t), key=lambda t: _WIDTH.get(t.name, 0))
    kinds = {t.kind for t in known if t}
    if len(kinds) == 1:
        return widest
    if kinds <= {Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.TIMESPAN}:
        return DOUBLE if Kind.NUMBER in kinds else widest
    if kinds <= {Kind.DATE, Kind.DATETIME}:
        return DATETIME
    return STRING


_WIDTH = {
    name: width
    for width, names in enumerate(
        (("byte",), ("short",), ("timespan", "long", "int"), ("int64",), ("double",)), 1
    )
    for name in names
}


def _always(result: XtkType) -> ResultRule:
    return lambda types: result


def _same_as(position: int) -> ResultRule:
    return lambda types: types[position]


def _common(*positions: int) -> ResultRule:
    return lambda types: common_type(types[p] for p in positions or range(len(types)))


def _sum(types: Types) -> XtkType | None:
    """Integers add up in 64 bits, so that a column of longs cannot overflow."""
    kind = types[0].kind if types[0] else None
    return INT64 if kind in (Kind.INTEGER, Kind.BOOLEAN) else types[0]


def _day(types: Types) -> XtkType | None:
    """A date stays a date, a date-time stays one; text was converted to one."""
    kinds = (Kind.DATE, Kind.DATETIME, Kind.LOCAL_DATETIME)
    return types[0] if types[0] and types[0].kind in kinds else DATETIME


def _moment(types: Types) -> XtkType | None:
    """Hours added to a date make a date-time."""
    found = _day(types)
    return DATETIME if found and found.kind is Kind.DATE else found


_STRING = _always(STRING)
_LONG = _always(LONG)
_INT64 = _always(INT64)
_DOUBLE = _always(DOUBLE)
_BOOLEAN = _always(BOOLEAN)
_DATE = _always(DATE)
_DATETIME = _always(DATETIME)

_Row = tuple[str, ResultRule, str]

_AGGREGATES: list[_Row] = [
    ("Avg(number)", _DOUBLE, "mean of the values"),
    ("Count(value)", _LONG, "how many values are not null"),
    ("CountAll()", _LONG, "how many rows there are"),
    ("Countdistinct(value)", _LONG, "how many different values there are"),
    ("Max(value)", _same_as(0), "greatest value"),
    ("Min(value)", _same_as(0), "least value"),
    ("StdDev(number)", _DOUBLE, "standard deviation of the values"),
    ("Sum(number)", _sum, "sum of the values"),
]
_STRINGS: list[_Row] = [
    ("AllNonNull2(a, b)", _BOOLEAN, "true if neither is null or empty"),
    ("AllNonNull3(a, b, c)", _BOOLEAN, "true if none is null or empty"),
    ("Ascii(text)", _LONG, "code of the first character"),
    ("Char(code)", _STRING, "character with that code"),
    ("Charindex(text, part)", _LONG, "where part begins, from 1; 0 if absent"),
    ("dataLength(text)", _LONG, "size of the text"),
    ("GetLine(text[, n])", _STRING, "the nth line, from 1"),
    ("IfEquals(a, b, yes, no)", _common(2, 3), "yes if a equals b, otherwise no"),
    ("IsMemoNull(memo)", _BOOLEAN, "true if the memo is null"),
    ("JuxtWords(a, b)", _STRING, "joined by a space, skipping empty ones"),
    ("JuxtWords3(a, b, c)", _STRING, "joined by spaces, skipping empty ones"),
    ("Left(text, n)", _STRING, "first n characters"),
    ("Length(text)", _LONG, "number of characters"),
    ("Lower(text)", _STRING, "in lower case"),
    ("LPad(text, n, character)", _STRING, "filled on the left up to n characters"),
    ("Ltrim(text)", _STRING, "without spaces on the left"),
    ("Md5Digest(text)", _STRING, "MD5 digest in hexadecimal"),
    ("MemoContains(memo, text)", _BOOLEAN, "true if the memo holds the text"),
    ("Right(text, n)", _STRING, "last n characters"),
    ("RPad(text, n, character)", _STRING, "filled up to n characters on the right"),
    ("Rtrim(text)", _STRING, "without spaces on the right"),
    ("Smart(text)", _STRING, "first letter of each word in capitals"),
    ("Substring(text, start, length)", _STRING, "a part; start counts from 1"),
    ("ToString(value[, decimals])", _STRING, "the value as text"),
    ("Upper(text)", _STRING, "in capitals"),
    ("VirtualLink(key, a, b)", _same_as(0), "the foreign key if a equals b"),
    ("VirtualLinkStr(key, a, b)", _STRING, "the foreign key (text) if a equals b"),
]  # fmt: skip
_DATES: list[_Row] = [
    ("AddDays(date, n)", _day, "n days later"),
    ("AddHours(date, n)", _moment, "n hours later"),
    ("AddMinutes(date, n)", _moment, "n minutes later"),
    ("AddMonths(date, n)", _day, "n months later"),
    ("AddSeconds(date, n)", _moment, "n seconds later"),
    ("AddYears(date, n)", _day, "n years later"),
    ("DateOnly(date)", _DATETIME, "midnight of that day in the server's zone"),
    ("Day(date)", _LONG, "day of the month"),
    ("DayOfYear(date)", _LONG, "day of the year, from 1"),
    ("DaysAgo(n)", _DATE, "the date n days before today"),
    ("DaysAgoInt(n)", _LONG, "the date n days before today, as yyyymmdd"),
    ("DaysDiff(end, start)", _LONG, "days between two dates"),
    ("DaysOld(date)", _LONG, "age in days"),
    ("GetDate()", _DATETIME, "now, on the server"),
    ("Hour(date)", _LONG, "hour of the day"),
    ("HoursDiff(end, start)", _LONG, "hours between two dates"),
    ("Minute(date)", _LONG, "minute of the hour"),
    ("MinutesDiff(end, start)", _LONG, "minutes between two dates"),
    ("Month(date)", _LONG, "month of the year"),
    ("MonthsAgo(n)", _DATE, "the date n months before today"),
    ("MonthsDiff(end, start)", _LONG, "months between two dates"),
    ("MonthsOld(date)", _LONG, "age in months"),
    ("Second(date)", _LONG, "second of the minute"),
    ("SecondsDiff(end, start)", _LONG, "seconds between two dates"),
    ("SubDays(date, n)", _day, "n days earlier"),
    ("SubHours(date, n)", _moment, "n hours earlier"),
    ("SubMinutes(date, n)", _moment, "n minutes earlier"),
    ("SubMonths(date, n)", _day, "n months earlier"),
    ("SubSeconds(date, n)", _moment, "n seconds earlier"),
    ("SubYears(date, n)", _day, "n years earlier"),
    ("ToDate(datetime)", _DATE, "the date without its time"),
    ("ToDateTime(text)", _DATETIME, "the text as a date and time"),
    ("TruncDate(date, seconds)", _DATETIME, "rounded down to so many seconds"),
    ("TruncDateTZ(date, seconds, zone)", _DATETIME, "TruncDate in a time zone"),
    ("TruncQuarter(date)", _day, "first day of its quarter"),
    ("TruncTime(date, seconds)", _DATETIME, "time rounded down to so many seconds"),
    ("TruncWeek(date)", _day, "first day of its week"),
    ("TruncYear(date)", _day, "first of January of its year"),
    ("WeekDay(date)", _LONG, "day of the week"),
    ("Year(date)", _LONG, "year"),
    ("YearAndMonth(date)", _LONG, "year and month, as yyyymm"),
    ("YearsDiff(end, start)", _LONG, "years between two dates"),
    ("YearsOld(date)", _LONG, "age in years"),
]  # fmt: skip
_NUMBERS: list[_Row] = [
    ("Abs(number)", _same_as(0), "without its sign"),
    ("Ceil(number)", _INT64, "least integer not below it"),
    ("Floor(number)", _INT64, "greatest integer not above it"),
    ("Greatest(a, b)", _common(), "the greater of two"),
    ("Least(a, b)", _common(), "the lesser of two"),
    ("Mod(a, b)", _common(), "remainder of a divided by b"),
    ("Percent(a, b)", _DOUBLE, "a as a percentage of b"),
    ("Random()", _DOUBLE, "a random number"),
    ("Round(number, decimals)", _DOUBLE, "rounded to so many decimals"),
    ("Sign(number)", _LONG, "-1, 0 or 1"),
    ("ToDouble(number)", _DOUBLE, "as a floating-point number"),
    ("ToInt64(number)", _INT64, "as a 64-bit integer"),
    ("ToInteger(number)", _LONG, "as a 32-bit integer"),
    ("Trunc(number, decimals)", _DOUBLE, "cut off after so many decimals"),
]
_CURRENCY: list[_Row] = [
    ("ConvertCurrency(amount, from, to, date)", _DOUBLE, "amount in another currency"),
    ("FormatCurrency(amount, currency)", _STRING, "amount as its currency is written"),
]  # fmt: skip
_GEO: list[_Row] = [
    ("Distance(lonA, latA, lonB, latB)", _DOUBLE, "distance of two places, in degrees"),
]  # fmt: skip
_OTHERS: list[_Row] = [
    ("Case(When(condition, value)[, …])", _common(), "first When that holds, or Else"),
    ("When(condition, value)", _same_as(1), "one branch of Case"),
    ("Else(value)", _same_as(0), "last branch of Case"),
    ("ClearBit(value, flag)", _same_as(0), "value with the flag's bits off"),
    ("Coalesce(a, b)", _common(), "b if a is null or zero, otherwise a"),
    ("Decode(x, y, value, otherwise)", _common(2, 3), "value if x equals y"),
    ("GetEmailDomain(email)", _STRING, "what follows the @"),
    ("GetMirrorURL(value)", _STRING, "address of the mirror page server"),
    ("Iif(condition, yes, no)", _common(1, 2), "yes if it holds, otherwise no"),
    ("IsBitSet(value, flag)", _BOOLEAN, "true if the flag's bits are on"),
    ("IsEmptyString(text, yes, no)", _common(1, 2), "yes if the text is empty"),
    ("NoNull(value)", _same_as(0), "the value, or an empty text for null"),
    ("RowId()", _LONG, "number of the line; its () may be left out"),
    ("SetBit(value, flag)", _same_as(0), "value with the flag's bits on"),
    ("ToBoolean(number)", _BOOLEAN, "false for 0, otherwise true"),
]  # fmt: skip
_WINDOWS: list[_Row] = [
    ("RowNum(PartitionBy(value), OrderBy(value))", _LONG, "row number in a partition"),
    ("PartitionBy(value[, …])", _same_as(0), "the partition of RowNum"),
    ("OrderBy(value[, …])", _same_as(0), "the order of RowNum"),
    ("Desc(value)", _same_as(0), "a descending key of OrderBy"),
]  # fmt: skip
_RIGHTS: list[_Row] = [
    ("CounterValue(name)", _LONG, "next value of a counter; in defaults"),
    (
        "DefaultFolder(model)",
        _LONG,
        "id of a folder of that model; in defaults",
    ),
    ("NewUUID()", _always(TYPES["uuid"]), "a new unique id; in defaults"),
    ("HasNamedRight(right)", _BOOLEAN, "true if the operator has the right"),
    ("HasPackage(package)", _BOOLEAN, "true if the package is installed"),
    ("RestKey()", _STRING, "key of the record in the REST interface"),
]

_WITHIN = {
    "When": "Case", "Else": "Case",
    "PartitionBy": "RowNum", "OrderBy": "RowNum", "Desc": "OrderBy",
}  # fmt: skip


def _function(group: Group, row: _Row) -> Function:
    signature, result, doc = row
    name, _, inside = signature.removesuffix(")").partition("(")
    required, _, optional = re.sub(r"\([^()]*\)", "", inside).partition("[")
    least = required.count(",") + bool(required)
    return Function(
        name=name,
        signature=signature,
        min_args=least,
        max_args=None if "…" in optional else least + optional.count(","),
        group=group,
        result=result,
        doc=doc,
        within=_WITHIN.get(name),
    )


def _functions() -> Mapping[str, Function]:
    groups: list[tuple[Group, list[_Row]]] = [
        ("aggregate", _AGGREGATES), ("string", _STRINGS), ("date", _DATES),
        ("numeric", _NUMBERS), ("currency", _CURRENCY), ("geo", _GEO),
        ("other", _OTHERS), ("window", _WINDOWS), ("right", _RIGHTS),
    ]  # fmt: skip
    made = (_function(group, row) for group, rows in groups for row in rows)
    return MappingProxyType({one.name.lower(): one for one in made})


FUNCTIONS = _functions()
"""Every documented function by its name in lower case."""
