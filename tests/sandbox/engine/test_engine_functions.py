"""Every function of protocol.md §11, on both databases; values worked out by hand.

Recipient 1001: Ann Ångström, ann@example.com, born 1980-02-29, created
2026-01-10 08:00:00.123, blackList 0, gender 2.  Now is 2026-03-15 12:30:45.678 UTC.
"""

from __future__ import annotations

import pytest

from campaign_magics.sandbox.engine.aggregates import FOLDS
from campaign_magics.sandbox.engine.functions import RULES
from campaign_magics.sandbox.engine.special import SPECIAL
from campaign_magics.sandbox.faults import Fault
from campaign_magics.xtk.functions import FUNCTIONS

TEXT = [
    ("AllNonNull2(@email, @lastName)", "1"),
    ("AllNonNull2(@email, @account)", "0"),
    ("AllNonNull3(@email, @lastName, 'x')", "1"),
    ("AllNonNull3(@email, @lastName, '')", "0"),
    ("Ascii('A')", "65"),
    ("Ascii(@account)", "0"),
    ("Char(65)", "A"),
    ("Char(0)", ""),
    ("Charindex(@email, '@')", "4"),
    ("Charindex(@email, 'zz')", "0"),
    ("dataLength('é')", "2"),
    ("GetLine('one\ntwo', 2)", "two"),
    ("GetLine('one\ntwo', 3)", ""),
    ("GetLine('one\r\ntwo')", "one"),
    ("IfEquals(@firstName, 'Ann', 'yes', 'no')", "yes"),
    ("IfEquals(@account, '', 'yes', 'no')", "yes"),
    ("IsMemoNull(@text1)", "1"),
    ("JuxtWords(@firstName, @lastName)", "Ann Ångström"),
    ("JuxtWords(@account, @lastName)", "Ångström"),
    ("JuxtWords3(@firstName, '', @lastName)", "Ann Ångström"),
    ("Left(@firstName, 2)", "An"),
    ("Left(@firstName, 99)", "Ann"),
    ("Left(@firstName, -1)", ""),
    ("Length(@lastName)", "8"),
    ("Length(@account)", "0"),
    ("Lower(@lastName)", "ångström"),
    ("LPad('7', 3, '0')", "007"),
    ("LPad('1234', 3, '0')", "123"),
    ("LPad('7', 3, '')", "7"),
    ("Ltrim('  a ')", "a "),
    ("Md5Digest('a')", "0cc175b9c0f1b6a831c399e269772661"),
    ("MemoContains('abcd', 'bc')", "1"),
    ("Right(@firstName, 2)", "nn"),
    ("Right(@firstName, 0)", ""),
    ("Right(@firstName, 9)", "Ann"),
    ("RPad('7', 3, '0')", "700"),
    ("Rtrim(' a  ')", " a"),
    ("Smart('jean-pierre O\\'NEIL élan')", "Jean-Pierre O'Neil Élan"),
    ("Substring(@firstName, 1, 2)", "An"),
    ("Substring(@firstName, 2, 9)", "nn"),
    ("Substring(@firstName, 0, 2)", "An"),
    ("ToString(12)", "12"),
    ("ToString(2.5, 2)", "2.50"),
    ("ToString(@birthDate)", "1980-02-29"),
    ("ToString(@created)", "2026-01-10 08:00:00"),
    ("Upper(@lastName)", "ÅNGSTRÖM"),
    ("VirtualLink([@folder-id], 1, 1)", "1101"),
    ("VirtualLink([@folder-id], 1, 2)", "0"),
    ("VirtualLinkStr('key', 1, 2)", ""),
]
DATES = [
    ("AddDays(@birthDate, 1)", "1980-03-01"),
    ("AddDays(@created, 1)", "2026-01-11 08:00:00.123Z"),
    ("AddHours(@created, 17)", "2026-01-11 01:00:00.123Z"),
    ("AddHours(@birthDate, 1)", "1980-02-29 01:00:00.000Z"),
    ("AddMinutes(@created, -1)", "2026-01-10 07:59:00.123Z"),
    ("AddMonths(#2026-01-31#, 1)", "2026-02-28"),
    ("AddMonths(@birthDate, 12)", "1981-02-28"),
    ("AddSeconds(@created, 60)", "2026-01-10 08:01:00.123Z"),
    ("AddYears(@birthDate, 4)", "1984-02-29"),
    ("DateOnly(@created)", "2026-01-10 00:00:00.000Z"),
    ("Day(@created)", "10"),
    ("DayOfYear(@birthDate)", "60"),
    ("DaysAgo(15)", "2026-02-28"),
    ("DaysAgoInt(15)", "20260228"),
    ("DaysDiff(#2026-03-01#, #2026-02-27#)", "2"),
    ("DaysDiff(#2026-02-27#, #2026-03-01#)", "-2"),
    ("DaysOld(#2026-03-01#)", "14"),
    ("GetDate()", "2026-03-15 12:30:45.678Z"),
    ("Hour(@created)", "8"),
    ("HoursDiff(#2026-01-10T10:59:00Z#, @created)", "2"),
    ("Minute(GetDate())", "30"),
    ("MinutesDiff(#2026-01-10T08:05:00Z#, @created)", "4"),
    ("Month(@birthDate)", "2"),
    ("MonthsAgo(1)", "2026-02-15"),
    ("MonthsDiff(#2026-03-14#, #2026-01-15#)", "1"),
    ("MonthsOld(#2026-01-15#)", "2"),
    ("Second(GetDate())", "45"),
    ("SecondsDiff(#2026-01-10T08:00:10.123Z#, @created)", "10"),
    ("SubDays(@birthDate, 1)", "1980-02-28"),
    ("SubHours(@created, 9)", "2026-01-09 23:00:00.123Z"),
    ("SubMinutes(@created, 1)", "2026-01-10 07:59:00.123Z"),
    ("SubMonths(#2026-03-31#, 1)", "2026-02-28"),
    ("SubSeconds(@created, 1)", "2026-01-10 07:59:59.123Z"),
    ("SubYears(@birthDate, 1)", "1979-02-28"),
    ("ToDate(@created)", "2026-01-10"),
    ("ToDateTime('2026-01-10T10:00:00+02:00')", "2026-01-10 08:00:00.000Z"),
    ("ToDateTime('2026/01/10')", "2026-01-10 00:00:00.000Z"),
    ("ToDateTime('soon')", ""),
    ("TruncDate(@created, 60)", "2026-01-10 08:00:00.000Z"),
    ("TruncDateTZ(@created, 86400, 'America/New_York')", "2026-01-10 05:00:00.000Z"),
    ("TruncQuarter(@birthDate)", "1980-01-01"),
    ("TruncTime(GetDate(), 3600)", "2026-03-15 12:00:00.000Z"),
    ("TruncWeek(#2026-03-15#)", "2026-03-09"),
    ("TruncWeek(GetDate())", "2026-03-09 00:00:00.000Z"),
    ("TruncYear(@created)", "2026-01-01 00:00:00.000Z"),
    ("WeekDay(#2026-03-15#)", "0"),
    ("Year(@birthDate)", "1980"),
    ("YearAndMonth(@birthDate)", "198002"),
    ("YearsDiff(#2026-03-14#, #2020-03-15#)", "5"),
    ("YearsOld(@birthDate)", "46"),
    ("AddDays(##, 1)", ""),
    ("YearsOld(##)", "0"),
]
NUMBERS = [
    ("Abs(-3)", "3"),
    ("Ceil(2.1)", "3"),
    ("Floor(-2.1)", "-3"),
    ("Greatest(2, 7)", "7"),
    ("Least(2, 7)", "2"),
    ("Mod(7, 3)", "1"),
    ("Mod(7, 0)", "0"),
    ("Percent(1, 8)", "12.5"),
    ("Percent(1, 0)", "0"),
    ("Round(2.345, 2)", "2.35"),
    ("Round(-2.5, 0)", "-3"),
    ("Round(1234, -2)", "1200"),
    ("Sign(-9)", "-1"),
    ("ToDouble(3)", "3"),
    ("ToInt64(2.9)", "2"),
    ("ToInteger(-2.9)", "-2"),
    ("ToInteger('12')", "12"),
    ("Trunc(2.789, 2)", "2.78"),
    ("ConvertCurrency(10, 'EUR', 'USD', GetDate())", "10"),
    ("FormatCurrency(9.5, 'EUR')", "9.50 EUR"),
    # A quarter of the equator: pi/2 times 6371 km.
    ("Round(Distance(0, 0, 90, 0), 0)", "10008"),
    ("SetBit(4, 1)", "5"),
    ("ClearBit(5, 1)", "4"),
    ("IsBitSet(5, 4)", "1"),
    ("IsBitSet(5, 2)", "0"),
    ("ToBoolean(7)", "1"),
    ("1 / 0", "0"),
    ("7 / 2", "3.5"),
    ("7 % 4 + 2 * 3", "9"),
    ("(1 + 2) * 3", "9"),
    ("-@gender", "-2"),
    ("0.1 + 0.2", "0.30000000000000004"),
]
OTHERS = [
    ("Case(When(@gender = 2, 'f'), When(@gender = 1, 'm'), Else('?'))", "f"),
    ("Case(When(@gender = 1, 'm'))", ""),
    ("Coalesce(@account, 'none')", "none"),
    ("Coalesce(@blackList, 5)", "5"),
    ("Coalesce(@gender, 5)", "2"),
    ("Decode(@gender, 2, 'two', 'other')", "two"),
    ("GetEmailDomain(@email)", "example.com"),
    ("GetEmailDomain('nobody')", ""),
    ("GetMirrorURL(7)", "http://localhost/nl/jsp/m.jsp?id=7"),
    ("Iif(@gender > 1, 'big', 'small')", "big"),
    ("Iif(@account = '', 1, 2)", "1"),
    ("IsEmptyString(@account, 'empty', 'full')", "empty"),
    ("NoNull(@account) + '!'", "!"),
    ("RowId", "1"),
    ("RowNum(PartitionBy(@gender), OrderBy(@id, Desc(@email)))", "1"),
    ("HasPackage('nms:campaign')", "1"),
    ("HasNamedRight('admin')", "1"),
    ("@firstName + '-' + @id", "Ann-1001"),
    ("@account + @firstName", "Ann"),
    ("'a\\'b' + \"c\"", "a'bc"),
    ("true", "1"),
    ("@gender = 2", "1"),
    ("@age", "46"),
]


@pytest.mark.parametrize(("expr", "value"), TEXT + DATES + NUMBERS + OTHERS)
def test_function(select, expr, value):
    """The documented value comes back, whichever database computes it."""
    assert select(expr) == value


def test_random_is_at_least_0_and_below_1(select):
    """Nothing more is documented."""
    assert 0 <= float(select("Random()")) < 1


AGGREGATES = [
    ("Avg(@gender)", "1.25"),
    ("Count(@email)", "3"),
    ("Count(@lastName)", "3"),
    ("CountAll()", "4"),
    ("Countdistinct(@gender)", "3"),
    ("Countdistinct([location/@city])", "2"),
    ("Max(@id)", "1004"),
    ("Max(@created)", "2026-03-01 00:00:00.000Z"),
    ("Min(@lastName)", "Diaz"),
    ("Min(@birthDate)", "1980-02-29"),
    ("Sum(@gender)", "5"),
    ("Round(StdDev(@gender), 6)", "0.957427"),
    ("Sum(Iif(@gender = 2, 1, 0))", "2"),
    ("CountAll() + 1", "5"),
]


@pytest.mark.parametrize(("expr", "value"), AGGREGATES)
def test_aggregate(select, expr, value):
    """Null strings do not count; an empty string is null."""
    assert select(expr, "@id > 0") == value


@pytest.mark.pure
def test_every_documented_function_has_a_rule_or_a_reason():
    """Defaults and rights alone may not be computed in a query."""
    known = {*RULES, *SPECIAL, *FOLDS, "countall"}
    alone = {name for name, one in FUNCTIONS.items() if one.within is None}
    missing = alone - known
    assert missing == {"countervalue", "defaultfolder", "newuuid", "restkey"}


@pytest.mark.parametrize("expr", ["NewUUID()", "When(1, 2)", "Else(1)", "Desc(@id)"])
def test_functions_out_of_place_are_faults(select, expr):
    """XTK-170006: a function that cannot stand there."""
    with pytest.raises(Fault, match="XTK-170006"):
        select(expr)
