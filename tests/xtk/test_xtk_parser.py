"""Text to tree: the grammar of protocol.md §5.2, rule by rule."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from campaign_magics.xtk.ast import (
    Binary,
    Call,
    In,
    IsNull,
    Literal,
    Param,
    Path,
    Placeholder,
    Unary,
)
from campaign_magics.xtk.errors import ExpressionError
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

pytestmark = pytest.mark.pure

A, B, C = Path(("@a",)), Path(("@b",)), Path(("@c",))


def number(value: int) -> Literal:
    return Literal(value, LONG)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("@email", ("@email",)),
        ("[@email]", ("@email",)),
        ("[ @email ]", ("@email",)),
        ("folder", ("folder",)),
        ("location/@city", ("location", "@city")),
        ("[location/@city]", ("location", "@city")),
        ("@folder-id", ("@folder-id",)),
        ("[@folder-id]", ("@folder-id",)),
        ("@modified-by-id", ("@modified-by-id",)),
        (
            "[delivery-linkedDelivery/properties/@toDeliver]",
            ("delivery-linkedDelivery", "properties", "@toDeliver"),
        ),
        ("webTrackingLog/@amount", ("webTrackingLog", "@amount")),
        ("../@id", ("..", "@id")),
        ("[../@id]", ("..", "@id")),
        ("[../../address/@line]", ("..", "..", "address", "@line")),
        ("..", ("..",)),
        ("desc", ("desc",)),
        ("[and]", ("and",)),
        ("@in", ("@in",)),
        ("folder/in", ("folder", "in")),
        ("[cus:part/@x.y]", ("cus:part", "@x.y")),
        ("@prénom", ("@prénom",)),
    ],
)
def test_a_path_is_its_steps(text, steps):
    assert parse(text) == Path(steps)


@pytest.mark.parametrize("text", ["/tmp/@test", "[/tmp/@test]", "@a = /tmp/@test"])
def test_a_slash_before_a_path_makes_it_absolute(text):
    node = parse(text)
    found = node.right if isinstance(node, Binary) else node
    assert found == Path(("tmp", "@test"), absolute=True)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("[nms:recipient:@id]", Path(("@id",), join=("nms:recipient", ""))),
        ("[nms:recipient:r:@id]", Path(("@id",), join=("nms:recipient", "r"))),
        ("[nms:recipient:/@id]", Path(("@id",), True, ("nms:recipient", ""))),
        (
            "[nms:recipient:r:folder/@name]",
            Path(("folder", "@name"), join=("nms:recipient", "r")),
        ),
    ],
)
def test_an_ad_hoc_join_names_its_schema_and_perhaps_an_alias(text, path):
    assert parse(text) == path


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("@a-1", Binary("-", A, number(1))),
        ("@a-@b", Binary("-", A, B)),
        ("@a - b", Binary("-", A, Path(("b",)))),
        ("@a -b", Binary("-", A, Path(("b",)))),
        ("@a-(@b)", Binary("-", A, B)),
        ("@a-Year(@b)", Binary("-", A, Call("Year", (B,)))),
        ("@a-b-Year (@b)", Binary("-", Path(("@a-b",)), Call("Year", (B,)))),
        ("Year(@a)-Year(@b)", Binary("-", Call("Year", (A,)), Call("Year", (B,)))),
        ("1-x", Binary("-", number(1), Path(("x",)))),
    ],
)
def test_a_hyphen_belongs_to_a_name_only_before_a_letter_that_starts_no_call(
    text, node
):
    assert parse(text) == node


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("@a/@b", Binary("/", A, B)),
        ("@a/b", Binary("/", A, Path(("b",)))),
        ("x/2", Binary("/", Path(("x",)), number(2))),
        ("x / y", Binary("/", Path(("x",)), Path(("y",)))),
        ("x/Year(@a)", Binary("/", Path(("x",)), Call("Year", (A,)))),
        ("x/(@a)", Binary("/", Path(("x",)), A)),
        ("x/@a/@b", Binary("/", Path(("x", "@a")), B)),
        ("Sum(@a)/Sum(@b)", Binary("/", Call("Sum", (A,)), Call("Sum", (B,)))),
    ],
)
def test_a_slash_continues_a_path_or_divides(text, node):
    assert parse(text) == node


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("'abc'", "abc"),
        ('"abc"', "abc"),
        ("''", ""),
        ("'O\\'Hara'", "O'Hara"),
        ('"say \\"x\\""', 'say "x"'),
        ("'a\"b'", 'a"b'),
        ('"a\'b"', "a'b"),
        (r"'back\\slash'", r"back\slash"),
        (r"'a\nb'", "a\nb"),
        (r"'50\%'", r"50\%"),
        ("'-- ; /* x */'", "-- ; /* x */"),
        ("'ünïcödé 🎉'", "ünïcödé 🎉"),
        ("'two\nlines'", "two\nlines"),
    ],
)
def test_a_text_stands_in_either_quotes_with_backslash_escapes(text, value):
    assert parse(text) == Literal(value, STRING)


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        ("12", number(12)),
        ("-12", number(-12)),
        ("- 12", number(-12)),
        ("007", number(7)),
        ("2147483647", number(2**31 - 1)),
        ("-2147483648", number(-(2**31))),
        ("2147483648", Literal(2**31, INT64)),
        ("-9223372036854775808", Literal(-(2**63), INT64)),
        ("1.50", Literal(Decimal("1.5"), DOUBLE)),
        (".5", Literal(Decimal("0.5"), DOUBLE)),
        ("1e3", Literal(Decimal(1000), DOUBLE)),
        ("2.5E-2", Literal(Decimal("0.025"), DOUBLE)),
        ("true", Literal(True, BOOLEAN)),
        ("FALSE", Literal(False, BOOLEAN)),
    ],
)
def test_numbers_and_booleans_are_typed_by_how_they_are_written(text, literal):
    assert parse(text) == literal


@pytest.mark.parametrize(
    ("text", "value", "type_"),
    [
        ("#2002/02/01#", date(2002, 2, 1), DATE),
        ("#2020-12-31#", date(2020, 12, 31), DATE),
        (
            "#2020-12-31T12:34:56.789Z#",
            datetime(2020, 12, 31, 12, 34, 56, 789000, UTC),
            DATETIME,
        ),
        (
            "#2020-12-31 14:34:56+02:00#",
            datetime(2020, 12, 31, 12, 34, 56, tzinfo=UTC),
            DATETIME,
        ),
        (
            "#2002/02/01 10:30#",
            datetime(2002, 2, 1, 10, 30),  # noqa: DTZ001
            TYPES["datetimenotz"],
        ),
        ("##", None, DATE),
        ("# #", None, DATE),
        ("#86400#", timedelta(days=1), TIMESPAN),
        ("#-90#", timedelta(seconds=-90), TIMESPAN),
    ],
)
def test_dates_stand_between_hashes(text, value, type_):
    assert parse(text) == Literal(value, type_)


@pytest.mark.parametrize(
    ("text", "param"),
    [
        ("$(folderId)", Param("", Path(("folderId",)))),
        ("$(/tmp/@text)", Param("", Path(("tmp", "@text"), absolute=True))),
        ("$([vars/selectedDelivery])", Param("", Path(("vars", "selectedDelivery")))),
        ("$long(../@owner-id)", Param("long", Path(("..", "@owner-id")))),
        ("$String( @x )", Param("string", Path(("@x",)))),
        (
            "$date(instance/vars/@start)",
            Param("date", Path(("instance", "vars", "@start"))),
        ),
    ],
)
def test_a_parameter_reads_a_path_of_the_context(text, param):
    assert parse(text) == param


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("1 + 2 * 3", Binary("+", number(1), Binary("*", number(2), number(3)))),
        ("(1 + 2) * 3", Binary("*", Binary("+", number(1), number(2)), number(3))),
        ("1 - 2 - 3", Binary("-", Binary("-", number(1), number(2)), number(3))),
        ("7 % 2", Binary("%", number(7), number(2))),
        ("-@a * 2", Binary("*", Unary("-", A), number(2))),
        ("-(5)", Unary("-", number(5))),
        ("1 - -2", Binary("-", number(1), number(-2))),
        ("@a or @b and @c", Binary("OR", A, Binary("AND", B, C))),
        ("(@a OR @b) And @c", Binary("AND", Binary("OR", A, B), C)),
        (
            "not @a = 1 and @b",
            Binary("AND", Unary("NOT", Binary("=", A, number(1))), B),
        ),
        ("NOT NOT @a", Unary("NOT", Unary("NOT", A))),
        ("not(@a)", Unary("NOT", A)),
        ("@a + 1 = @b", Binary("=", Binary("+", A, number(1)), B)),
        ("@a IN (1, 2)", In(A, (number(1), number(2)))),
        ("@a not  in (@b)", In(A, (B,), negated=True)),
        ("@a IN ([x/@id])", In(A, (Path(("x", "@id")),))),
        ("@a like 'x%'", Binary("LIKE", A, Literal("x%", STRING))),
        ("@a NOT LIKE 'x%'", Binary("NOT LIKE", A, Literal("x%", STRING))),
        ("@a is null", IsNull(A)),
        ("@a IS NOT NULL", IsNull(A, negated=True)),
        ("@a IS NULL or @b", Binary("OR", IsNull(A), B)),
        ("Count(@a)", Call("Count", (A,))),
        ("COUNTALL()", Call("COUNTALL", ())),
        ("RowId", Call("RowId", ())),
        ("ROWID()", Call("ROWID", ())),
    ],
)
def test_operators_bind_as_documented(text, node):
    assert parse(text) == node


@pytest.mark.parametrize(
    ("text", "op"),
    [
        ("@a=1", "="),
        ("@a == 1", "="),
        ("@a != 1", "<>"),
        ("@a<>1", "<>"),
        ("@a>=1", ">="),
        ("@a > = 1", ">="),  # so in the vendor's SDK README
        ("@a<=1", "<="),
        ("@a<1", "<"),
    ],
)
def test_every_spelling_of_a_comparison(text, op):
    assert parse(text) == Binary(op, A, number(1))


def test_case_and_rownum_hold_their_parts():
    assert parse("Case(When(@a, 1), When(@b, 2), Else(3))") == Call(
        "Case",
        (
            Call("When", (A, number(1))),
            Call("When", (B, number(2))),
            Call("Else", (number(3),)),
        ),
    )
    assert parse("RowNum(PartitionBy(@a), OrderBy(@b, Desc(@c)))") == Call(
        "RowNum",
        (Call("PartitionBy", (A,)), Call("OrderBy", (B, Call("Desc", (C,))))),
    )


def test_a_placeholder_is_read_only_where_it_is_asked_for():
    assert parse("@a = :name", placeholders=True) == Binary("=", A, Placeholder("name"))
    assert parse("@a IN (:x)", placeholders=True) == In(A, (Placeholder("x"),))
    with pytest.raises(ExpressionError, match="operand is missing"):
        parse("@a = :name")


def test_unknown_functions_pass_when_the_caller_has_no_list_of_them():
    assert parse("MyOwn(@a)", functions=None) == Call("MyOwn", (A,))
