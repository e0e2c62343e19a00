"""Result types of expressions, and visiting their nodes."""

import pytest

from campaign_magics.xtk.ast import Call, Path, Placeholder
from campaign_magics.xtk.infer import infer
from campaign_magics.xtk.parser import parse
from campaign_magics.xtk.types import (
    BOOLEAN,
    DATE,
    DATETIME,
    DOUBLE,
    INT64,
    LONG,
    STRING,
    TIMESPAN,
    TYPES,
)
from campaign_magics.xtk.walk import depth, operands, paths, walk

pytestmark = pytest.mark.pure

FIELDS = {
    "@text": STRING,
    "@long": LONG,
    "@big": INT64,
    "@double": DOUBLE,
    "@flag": BOOLEAN,
    "@day": DATE,
    "@time": DATETIME,
    "@wall": TYPES["datetimenotz"],
    "@span": TIMESPAN,
}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("'x'", STRING),
        ("1", LONG),
        ("3000000000", INT64),
        ("1.5", DOUBLE),
        ("true", BOOLEAN),
        ("#2020-12-31#", DATE),
        ("#2020-12-31T00:00:00Z#", DATETIME),
        ("@text", STRING),
        ("folder", None),
        ("@text + @long", STRING),
        ("@unknown + 'x'", STRING),
        ("@long + @long", LONG),
        ("@long + @big", INT64),
        ("@long * 1.5", DOUBLE),
        ("@long / 2", DOUBLE),
        ("@long % 2", LONG),
        ("@text * 2", DOUBLE),
        ("-@long", LONG),
        ("@unknown + 1", None),
        ("@day + 1", DATE),
        ("@time - 1", DATETIME),
        ("@time - @day", None),
        ("@span + @span", TIMESPAN),
        ("@long = 1", BOOLEAN),
        ("@text LIKE 'x%'", BOOLEAN),
        ("@flag AND @unknown", BOOLEAN),
        ("NOT @flag", BOOLEAN),
        ("@long IN (1, 2)", BOOLEAN),
        ("@text IS NULL", BOOLEAN),
        ("$long(@x)", LONG),
        ("$(@x)", None),
        ("Count(@text)", LONG),
        ("CountAll()", LONG),
        ("Max(@day)", DATE),
        ("Min(@text)", STRING),
        ("Max(@unknown)", None),
        ("Sum(@long)", INT64),
        ("Sum(@double)", DOUBLE),
        ("Sum(@span)", TIMESPAN),
        ("Avg(@long)", DOUBLE),
        ("Year(@day)", LONG),
        ("Upper(@text)", STRING),
        ("GetDate()", DATETIME),
        ("AddDays(@day, 1)", DATE),
        ("AddDays('2020-12-31', 1)", DATETIME),
        ("AddHours(@day, 1)", DATETIME),
        ("AddHours(@wall, 1)", TYPES["datetimenotz"]),
        ("ToDate(@time)", DATE),
        ("DaysDiff(@day, @time)", LONG),
        ("Iif(@flag, 1, 2.5)", DOUBLE),
        ("Iif(@flag, 'x', 1)", STRING),
        ("Case(When(@flag, 1), When(@flag, @big), Else(2))", INT64),
        ("Case(When(@flag, @unknown), Else(2))", None),
        ("Coalesce(@long, 0)", LONG),
        ("RowNum(PartitionBy(@text), OrderBy(@day))", LONG),
        ("RowId", LONG),
    ],
)
def test_the_type_of_the_result(text, result):
    assert infer(parse(text), lambda path: FIELDS.get(path.text)) == result


def test_what_nobody_knows_has_no_type():
    assert infer(Call("MyOwn", ()), lambda path: STRING) is None
    assert infer(Call("Max", ()), lambda path: STRING) is None
    assert infer(Placeholder("x"), lambda path: STRING) is None


def test_nodes_are_visited_in_the_order_of_the_text():
    tree = parse("@a + Upper(@b) IN (@c, -@d) AND @e IS NULL")
    assert [path.text for path in paths(tree)] == ["@a", "@b", "@c", "@d", "@e"]
    assert [type(node).__name__ for node in walk(tree)] == [
        "Binary", "In", "Binary", "Path", "Call", "Path", "Path", "Unary", "Path",
        "IsNull", "Path",
    ]  # fmt: skip


def test_the_path_of_a_parameter_is_not_read_from_the_record():
    assert list(paths(parse("@a = $long(../@owner-id)"))) == [Path(("@a",))]


def test_depth_counts_levels():
    assert depth(parse("@a")) == 1
    assert depth(parse("@a = 1 OR @b = 2 OR @c = 3")) == 4
    assert operands(parse("@a")) == ()
