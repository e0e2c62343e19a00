"""The table of functions against the documented list (protocol.md §11)."""

import pytest

from campaign_magics.xtk.ast import Call, Literal
from campaign_magics.xtk.functions import FUNCTIONS, common_type
from campaign_magics.xtk.parser import parse
from campaign_magics.xtk.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INT64,
    LONG,
    MEMO,
    STRING,
    TIMESPAN,
    TYPES,
)

pytestmark = pytest.mark.pure

# Adobe's names with how many arguments its syntax column shows ("Defining filter
# conditions"); Right and GetLine are shown short of the n that their text explains.
PAGE = """
Avg/1 Count/1 CountAll/0 Countdistinct/1 Max/1 Min/1 StdDev/1 Sum/1
AllNonNull2/2 AllNonNull3/3 Ascii/1 Char/1 Charindex/2 GetLine/1 GetLine/2 IfEquals/4
IsMemoNull/1 JuxtWords/2 JuxtWords3/3 LPad/3 Left/2 Length/1 Lower/1 Ltrim/1 Md5Digest/1
MemoContains/2 RPad/3 Right/2 Rtrim/1 Smart/1 Substring/3 ToString/1 ToString/2 Upper/1
VirtualLink/3 VirtualLinkStr/3 dataLength/1
AddDays/2 AddHours/2 AddMinutes/2 AddMonths/2 AddSeconds/2 AddYears/2 DateOnly/1 Day/1
DayOfYear/1 DaysAgo/1 DaysAgoInt/1 DaysDiff/2 DaysOld/1 GetDate/0 Hour/1 HoursDiff/2
Minute/1 MinutesDiff/2 Month/1 MonthsAgo/1 MonthsDiff/2 MonthsOld/1 Second/1
SecondsDiff/2 SubDays/2 SubHours/2 SubMinutes/2 SubMonths/2 SubSeconds/2 SubYears/2
ToDate/1 ToDateTime/1 TruncDate/2 TruncDateTZ/3 TruncQuarter/1 TruncTime/2 TruncWeek/1
TruncYear/1 WeekDay/1 Year/1 YearAndMonth/1 YearsDiff/2 YearsOld/1
Abs/1 Ceil/1 Floor/1 Greatest/2 Least/2 Mod/2 Percent/2 Random/0 Round/2 Sign/1
ToDouble/1 ToInt64/1 ToInteger/1 Trunc/2
ConvertCurrency/4 FormatCurrency/2 Distance/4
Case/1 Case/5 ClearBit/2 Coalesce/2 Decode/4 Else/1 GetEmailDomain/1 GetMirrorURL/1
Iif/3 IsBitSet/2 IsEmptyString/3 NoNull/1 RowId/0 SetBit/2 ToBoolean/1 When/2
Desc/1 OrderBy/1 OrderBy/3 PartitionBy/1 PartitionBy/2 RowNum/2
CounterValue/1 DefaultFolder/1 NewUUID/0 HasNamedRight/1 HasPackage/1 RestKey/0
"""
DOCUMENTED = PAGE.split()


@pytest.mark.parametrize("entry", DOCUMENTED)
def test_every_documented_function_takes_its_documented_arguments(entry):
    name, _, count = entry.partition("/")
    known = FUNCTIONS[name.lower()]
    assert known.name == name
    assert known.min_args <= int(count)
    assert known.max_args is None or int(count) <= known.max_args


def test_there_is_no_function_that_nobody_documents():
    assert set(FUNCTIONS) == {entry.partition("/")[0].lower() for entry in DOCUMENTED}


@pytest.mark.parametrize("known", FUNCTIONS.values(), ids=lambda known: known.name)
def test_every_function_explains_itself_in_one_line(known):
    assert known.signature.startswith(f"{known.name}(")
    assert 3 < len(known.doc) <= 70
    assert known.doc[0] != " "
    assert not known.doc.endswith(".")


@pytest.mark.parametrize("known", FUNCTIONS.values(), ids=lambda known: known.name)
def test_every_rule_copes_with_unknown_types(known):
    count = known.min_args if known.max_args is not None else known.min_args + 2
    assert known.result([None] * count) in (None, *TYPES.values())


def test_exactly_the_aggregates_fold_rows():
    folding = {known.name for known in FUNCTIONS.values() if known.aggregate}
    assert folding == {
        "Avg", "Count", "CountAll", "Countdistinct", "Max", "Min", "StdDev", "Sum",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("GetDate", 0, 0),
        ("Left", 2, 2),
        ("GetLine", 1, 2),
        ("ToString", 1, 2),
        ("Case", 1, None),
        ("RowNum", 2, 2),
        ("OrderBy", 1, None),
    ],
)
def test_arity_is_read_from_the_signature(name, least, most):
    known = FUNCTIONS[name.lower()]
    assert (known.min_args, known.max_args) == (least, most)


@pytest.mark.parametrize(
    ("types", "common"),
    [
        ([LONG, LONG], LONG),
        ([LONG, INT64], INT64),
        ([TYPES["byte"], TYPES["short"]], TYPES["short"]),
        ([LONG, DOUBLE], DOUBLE),
        ([BOOLEAN, LONG], LONG),
        ([STRING, MEMO], STRING),
        ([DATE, DATETIME], DATETIME),
        ([DATE, DATE], DATE),
        ([STRING, LONG], STRING),
        ([DATE, LONG], STRING),
        ([TIMESPAN, TIMESPAN], TIMESPAN),
        ([LONG, None], None),
        ([], None),
    ],
)
def test_the_type_that_holds_both(types, common):
    assert common_type(types) == common


def test_names_ignore_case_and_stay_as_typed():
    assert parse("uPPER('x')") == Call("uPPER", (Literal("x", STRING),))
