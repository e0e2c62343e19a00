"""Values and their text (protocol.md §10): documents, constants, Python values."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.errors import InvalidValue
from campaign_magics.xtk.ast import Literal
from campaign_magics.xtk.parser import parse
from campaign_magics.xtk.text import coerce, from_text, literal_text, to_text
from campaign_magics.xtk.types import TYPES, Kind

pytestmark = pytest.mark.pure

NOON = datetime(2020, 12, 31, 12, 34, 56, 789000, UTC)
WALL = datetime(2020, 12, 31, 12, 34, 56, 789000)  # noqa: DTZ001
PARIS = timezone(timedelta(hours=1))


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("string", "", ""),
        ("string", " x ", " x "),
        ("memo", "a\nb", "a\nb"),
        ("uuid", "6f9619ff", "6f9619ff"),
        ("long", "", None),
        ("long", "0", 0),
        ("long", "-2147483648", -(2**31)),
        ("byte", "127", 127),
        ("short", "-32768", -32768),
        ("int64", "9223372036854775807", 2**63 - 1),
        ("double", "12.5", 12.5),
        ("double", "1e-07", 1e-7),
        ("double", ".5", 0.5),
        ("double", "", None),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("boolean", "1", True),
        ("boolean", "0", False),
        ("boolean", "", None),
        ("datetime", "2020-12-31 12:34:56.789Z", NOON),
        ("datetime", "2020-12-31T12:34:56.789Z", NOON),
        ("datetime", "2020-12-31T13:34:56.789+01:00", NOON),
        ("datetime", "2020-12-31 12:34:56.789", NOON),
        ("datetime", "2020/12/31", datetime(2020, 12, 31, tzinfo=UTC)),
        ("datetime", "", None),
        ("datetimenotz", "2020-12-31 12:34:56.789", WALL),
        ("datetimenotz", "2020-12-31T12:34:56.789+01:00", WALL),
        ("date", "2020-12-31", date(2020, 12, 31)),
        ("date", "2020/12/31", date(2020, 12, 31)),
        ("date", "2020-12-31T00:00:00.000Z", date(2020, 12, 31)),
        ("date", "", None),
        ("timespan", "86400", timedelta(days=1)),
        ("timespan", "1.5", timedelta(milliseconds=1500)),
    ],
)
def test_what_a_document_says(name, text, value):
    found = from_text(TYPES[name], text)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("long", "abc"),
        ("long", "1.0"),
        ("long", "1_000"),
        ("long", "٣"),
        ("long", "2147483648"),
        ("byte", "128"),
        ("short", "32768"),
        ("int64", "9223372036854775808"),
        ("long", "9" * 5000),
        ("double", "nan"),
        ("double", "inf"),
        ("double", "1e999"),
        ("double", "1,5"),
        ("boolean", "yes"),
        ("boolean", "2"),
        ("datetime", "yesterday"),
        ("datetime", "2020-02-30"),
        ("datetime", "2020-12-31T25:00:00"),
        ("datetime", "0001-01-01T00:00:00+14:00"),
        ("datetime", "2020-12/31"),
        ("date", "31/12/2020"),
        ("timespan", "1 day"),
        ("timespan", "1e99"),
    ],
)
def test_text_that_does_not_fit_is_refused_with_an_example(name, text):
    with pytest.raises(InvalidValue, match=f"is not a value of type {name}") as caught:
        from_text(TYPES[name], text)
    assert caught.value.hint
    assert len(caught.value.message) < 100


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("string", "O'Hara", "O'Hara"),
        ("string", None, ""),
        ("string", 75001, "75001"),
        ("string", 75001.0, "75001"),
        ("string", 1.5, "1.5"),
        ("string", True, "true"),
        ("string", date(2020, 12, 31), "2020-12-31"),
        ("string", NOON, "2020-12-31T12:34:56.789Z"),
        ("string", timedelta(seconds=90), "90"),
        ("long", 12, "12"),
        ("long", True, "1"),
        ("long", 12.0, "12"),
        ("long", Decimal(12), "12"),
        ("long", "12", "12"),
        ("long", None, ""),
        ("double", 1, "1.0"),
        ("double", 1e-7, "0.0000001"),
        ("double", Decimal("1.50"), "1.50"),
        ("boolean", True, "true"),
        ("boolean", 0, "false"),
        ("boolean", "1", "true"),
        ("datetime", NOON, "2020-12-31T12:34:56.789Z"),
        ("datetime", NOON.astimezone(PARIS), "2020-12-31T12:34:56.789Z"),
        ("datetime", WALL, "2020-12-31T12:34:56.789Z"),
        ("datetime", date(2020, 12, 31), "2020-12-31T00:00:00.000Z"),
        ("datetime", NOON.replace(microsecond=789999), "2020-12-31T12:34:56.789Z"),
        ("datetimenotz", WALL, "2020-12-31T12:34:56.789"),
        ("date", date(2020, 12, 31), "2020-12-31"),
        ("date", NOON, "2020-12-31"),
        ("timespan", timedelta(days=1), "86400"),
        ("timespan", 90, "90"),
        ("timespan", -1.5, "-1.5"),
        ("long", np.int64(12), "12"),
        ("double", np.float32(0.5), "0.5"),
        ("boolean", np.bool_(True), "true"),
        ("long", float("nan"), ""),
        ("string", pd.NA, ""),
        ("datetime", pd.NaT, ""),
        (
            "datetime",
            pd.Timestamp("2020-12-31T12:34:56.789Z"),
            "2020-12-31T12:34:56.789Z",
        ),
        ("timespan", pd.Timedelta(days=1), "86400"),
        ("date", np.datetime64("2020-12-31"), "2020-12-31"),
    ],
)
def test_what_a_document_is_told(name, value, text):
    assert to_text(TYPES[name], value) == text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("long", 1.5),
        ("long", 2**31),
        ("long", object()),
        ("long", NOON),
        ("long", float("inf")),
        ("long", np.array([1, 2])),
        ("double", float("inf")),
        ("string", float("-inf")),
        ("string", Decimal("Infinity")),
        ("double", b"1"),
        ("boolean", 2),
        ("datetime", 12),
        ("date", 20201231),
        ("timespan", True),
        ("timespan", float("inf")),
        ("string", b"bytes"),
        ("string", ["a"]),
        ("DOMElement", 1.5j),
    ],
)
def test_a_value_that_does_not_fit_is_refused(name, value):
    with pytest.raises(InvalidValue, match="is not a value of type"):
        to_text(TYPES[name], value)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("string", "O'Hara", r"'O\'Hara'"),
        ("string", "a\\b", r"'a\\b'"),
        ("string", None, "''"),
        ("long", 12, "12"),
        ("long", None, "0"),
        ("double", 5, "5.0"),
        ("boolean", 1, "true"),
        ("boolean", None, "false"),
        ("date", date(2020, 12, 31), "#2020-12-31#"),
        ("date", None, "##"),
        ("datetime", NOON, "#2020-12-31T12:34:56.789Z#"),
        ("datetime", NOON.replace(microsecond=789123), "#2020-12-31T12:34:56.789123Z#"),
        ("datetimenotz", WALL, "#2020-12-31T12:34:56.789#"),
        ("timespan", timedelta(days=1), "#86400#"),
        ("timespan", None, "#0#"),
    ],
)
def test_a_constant_in_an_expression(name, value, text):
    assert literal_text(TYPES[name], value) == text


VALUES = {
    Kind.STRING: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    Kind.INTEGER: st.integers(-128, 127),
    Kind.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
    Kind.BOOLEAN: st.booleans(),
    Kind.DATETIME: st.datetimes(timezones=st.just(UTC)),
    Kind.LOCAL_DATETIME: st.datetimes(),
    Kind.DATE: st.dates(),
    Kind.TIMESPAN: st.timedeltas(timedelta(days=-9999), timedelta(days=9999)),
    Kind.ELEMENT: st.text(max_size=5),
}
typed_values = st.sampled_from(sorted(TYPES)).flatmap(
    lambda name: st.tuples(st.just(TYPES[name]), VALUES[TYPES[name].kind])
)


@given(typed_values)
@settings(max_examples=200, deadline=None)
def test_text_and_back_is_the_value(typed):
    """Nothing is lost but the digits beyond the millisecond."""
    xtype, value = typed
    if isinstance(value, datetime):
        value = value.replace(microsecond=value.microsecond // 1000 * 1000)
    assert from_text(xtype, to_text(xtype, value)) == value


@given(typed_values)
@settings(max_examples=200, deadline=None)
def test_a_constant_parses_to_its_value(typed):
    xtype, value = typed
    node = parse(literal_text(xtype, value))
    assert isinstance(node, Literal)
    found = coerce(xtype, node.value)
    assert (float(found) if isinstance(found, Decimal) else found) == value


@given(st.sampled_from(sorted(TYPES)), st.text(max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_value_or_an_invalid_value(name, text):
    try:
        value = from_text(TYPES[name], text)
    except InvalidValue:
        return
    assert coerce(TYPES[name], value) == value
