"""Text becomes a value of its column's type, or an error that names it: both paths."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from frames.answers import GENDER, column, select
from frames.conftest import Decode, rows

from campaign_magics.errors import BadAnswer
from campaign_magics.xtk.columns import Column

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("long", "12", 12),
        ("long", " -7 ", -7),
        ("long", "12.0", 12),
        ("long", "+3", 3),
        ("int64", "9223372036854775807", 2**63 - 1),
        ("int64", "-9223372036854775808", -(2**63)),
        ("int64", "9007199254740993.0", 2**53 + 1),
        ("byte", "", None),
        ("double", "1.5", 1.5),
        ("double", "-1e-7", -1e-7),
        ("double", "", None),
        ("percent", "12", 12.0),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("boolean", "1", True),
        ("boolean", " 0", False),
        ("boolean", "", None),
        (
            "datetime",
            "2020-07-05 14:11:31.986Z",
            datetime(2020, 7, 5, 14, 11, 31, 986_000, UTC),
        ),
        ("datetime", "2020-07-05T14:11:31Z", datetime(2020, 7, 5, 14, 11, 31, 0, UTC)),
        (
            "datetime",
            "2020-07-05 14:11:31+02:00",
            datetime(2020, 7, 5, 12, 11, 31, 0, UTC),
        ),
        (
            "datetime",
            "2020-07-05 14:11:31-0530",
            datetime(2020, 7, 5, 19, 41, 31, 0, UTC),
        ),
        ("datetime", "2020-07-05 14:11:31", datetime(2020, 7, 5, 14, 11, 31, 0, UTC)),
        ("datetime", "2020/07/05 14:11:31", datetime(2020, 7, 5, 14, 11, 31, 0, UTC)),
        (
            "datetime",
            "2020-07-05 14:11:31.123456789Z",
            datetime(2020, 7, 5, 14, 11, 31, 123_456, UTC),
        ),
        ("datetime", "2020-07-05", datetime(2020, 7, 5, 0, 0, 0, 0, UTC)),
        ("datetime", "", None),
        ("datetimenotz", "2020-07-05 14:11:31.5", "2020-07-05T14:11:31.500000"),
        ("datetimenotz", "2020-07-05 14:11:31Z", "2020-07-05T14:11:31"),
        ("datetimenotz", "2020-07-05 14:11:31+02:00", "2020-07-05T14:11:31"),
        ("date", "2020-07-05", date(2020, 7, 5)),
        ("date", "2020/07/05", date(2020, 7, 5)),
        ("date", "2020-07-05 22:00:00.000Z", date(2020, 7, 5)),
        ("date", "", None),
        ("timespan", "86400", timedelta(days=1)),
        ("timespan", "-1.5", timedelta(seconds=-1.5)),
        ("timespan", "", None),
        ("string", "", None),
        ("string", " ", " "),
        ("ANY", "x", "x"),
        ("uuid", "7c0e", "7c0e"),
    ],
)
def test_text_of_each_type(
    read: Decode, type_name: str, text: str, value: object
) -> None:
    """Attribute text becomes the value of its type; empty and absent become null."""
    asked = column("@x", type_name)
    got = rows(read, select(f'<recipient x="{text}"/><recipient/>'), asked)
    if isinstance(value, str) and type_name == "datetimenotz":
        value = datetime.fromisoformat(value)
    assert got == [{"@x": value}, {"@x": None}]


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("long", "abc"),
        ("long", "12.5"),
        ("long", "9223372036854775808"),
        ("long", "1e999999999"),
        ("long", "1_000"),
        ("long", "0x1F"),
        ("double", "1,5"),
        ("double", "1_0.5"),
        ("boolean", "yes"),
        ("boolean", "2"),
        ("datetime", "5 July 2020"),
        ("datetime", "2020-02-30 00:00:00Z"),
        ("datetimenotz", "14:11"),
        ("date", "0000-00-00"),
        ("date", "2020-07/05"),
        ("timespan", "1 day"),
        ("timespan", "99999999999999999"),
    ],
)
def test_value_that_does_not_fit(read: Decode, type_name: str, text: str) -> None:
    """The error names the column, the row and the text; nothing becomes null."""
    answer = select(f'<recipient/><recipient x=""/><recipient x="{text}"/>')
    with pytest.raises(BadAnswer) as caught:
        read(answer, [column("@x", type_name)], element="recipient")
    assert caught.value.message == f"Column @x, row 3: {text!r} is not a {type_name}."
    assert caught.value.hint
    assert (caught.value.facts["column"], caught.value.facts["row"]) == ("@x", 2)


def test_long_text_is_cut_in_the_message(read: Decode) -> None:
    """A memo in a number column does not flood the notebook."""
    with pytest.raises(BadAnswer) as caught:
        read(
            select(f'<recipient x="{"a" * 5000}"/>'),
            [column("@x", "long")],
            element="recipient",
        )
    assert len(caught.value.message) < 120


def test_misfit_in_a_collection_names_the_row(read: Decode) -> None:
    """The row is that of the answer, not the position among all items."""
    asked = column("event", items=(column("@n", "long"),))
    answer = select(
        '<recipient><event n="1"/><event n="2"/></recipient>'
        '<recipient><event n="3"/><event n="x"/></recipient>'
    )
    with pytest.raises(BadAnswer, match="Column @n, row 2: 'x' is not a long"):
        read(answer, [asked], element="recipient")


def test_document_column(read: Decode) -> None:
    """An XML field keeps its elements, without the envelope's namespaces."""
    answer = select('<recipient><data a="1">x<b/></data></recipient><recipient/>')
    assert rows(read, answer, column("data", "DOMElement")) == [
        {"data": '<data a="1">x<b/></data>'},
        {"data": None},
    ]


def test_enumeration_keeps_unknown_values(read: Decode) -> None:
    """Stored values come first, in schema order; what the schema lacks follows."""
    asked = column("@g", "byte", values=GENDER)
    answer = select('<recipient g="9"/><recipient g="2"/><recipient/>')
    table = read(answer, [asked], element="recipient")
    chunk = table.column(0).chunk(0)
    assert chunk.dictionary.to_pylist() == ["0", "1", "2", "9"]
    assert chunk.to_pylist() == ["9", "2", None]


def test_value_over_ten_megabytes(read: Decode) -> None:
    """A memo may hold a whole e-mail with its pictures."""
    big = "é" * 5_500_000
    answer = select(f"<recipient><desc>{big}</desc></recipient>")
    (row,) = rows(read, answer, column("desc"))
    assert row["desc"] == big


def test_own_text_of_the_row(read: Decode) -> None:
    """A column without steps is the text of the row element itself."""
    asked = Column(name="text", steps=(), type=column("").type)
    assert rows(read, select("<recipient>a<b>no</b>c</recipient>"), asked) == [
        {"text": "ac"}
    ]
