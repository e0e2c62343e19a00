"""Values of a column → texts of a document: every type, from every kind of column."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.errors import InvalidValue
from campaign_magics.frames.texts import to_texts
from campaign_magics.schemas.model import Enumeration
from campaign_magics.xtk.text import coerce, from_text
from campaign_magics.xtk.types import TYPES, EnumValue, Kind

pytestmark = pytest.mark.pure

NAMES = ("string", "byte", "long", "int64", "double", "boolean", "datetime",
         "datetimenotz", "date", "timespan")  # fmt: skip
PARIS = timezone(timedelta(hours=2))
GENDER = Enumeration(
    name="nms:recipient:gender",
    label="Gender",
    basetype=TYPES["byte"],
    values=(
        EnumValue(value="0", name="unknown", label="Not specified"),
        EnumValue(value="1", name="male", label="Male"),
        EnumValue(value="2", name="female", label="Female"),
    ),
)


def texts(values: Any, kind: str) -> list[str | None]:
    """Return the texts of a column in which every value has one."""
    read = to_texts(values, TYPES[kind])
    assert read.misfits == ()
    found: list[str | None] = read.text.to_pylist()
    return found


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("string", pa.array(["a", None, ""]), ["a", None, ""]),
        ("string", pa.array(["a"], pa.large_string()), ["a"]),
        ("string", pa.array(["a"], pa.string_view()), ["a"]),
        ("string", pa.array([5, None]), ["5", None]),
        ("string", pa.array([5.0, float("nan")]), ["5", None]),
        ("string", [True, 1.5, date(2020, 1, 2)], ["true", "1.5", "2020-01-02"]),
        ("long", pa.array([5.0, None, float("nan")]), ["5", None, None]),
        ("long", pa.array(["7", " 8 ", "", "+9"]), ["7", "8", "", "9"]),
        ("long", pa.array([True, False]), ["1", "0"]),
        ("long", pa.array([2**31 - 1, -(2**31)]), ["2147483647", "-2147483648"]),
        ("int64", pa.array([2**63 - 1], pa.uint64()), ["9223372036854775807"]),
        ("long", pa.array([Decimal("3.00")]), ["3"]),
        ("double", pa.array([5.0, 1e-7, 1e21]), ["5", "0.0000001", "1" + "0" * 21]),
        ("double", pa.array([-0.0, -1.5, 0.1 + 0.2]), ["0", "-1.5", f"{0.1 + 0.2}"]),
        ("double", pa.array([0.1], pa.float32()), ["0.1"]),
        ("double", pa.array([3], pa.int8()), ["3"]),
        ("double", pa.array([Decimal("1.10"), None]), ["1.1", None]),
        ("string", [UUID(int=5), None], [f"{UUID(int=5)}", None]),
        ("double", pa.array(["1.50", "2e3", ""]), ["1.5", "2000", ""]),
        ("boolean", pa.array([True, None, False]), ["true", None, "false"]),
        ("boolean", pa.array([1, 0]), ["true", "false"]),
        ("boolean", pa.array([1.0, float("nan")]), ["true", None]),
        ("boolean", pa.array(["TRUE", "0", ""]), ["true", "false", ""]),
        ("date", pa.array([date(1, 1, 1), None]), ["0001-01-01", None]),
        ("date", pa.array(["1956/05/04", "2020-02-29"]), ["1956-05-04", "2020-02-29"]),
        ("timespan", pa.array([timedelta(days=1)]), ["86400"]),
        ("timespan", pa.array([timedelta(seconds=-1.5)]), ["-1.5"]),
        ("timespan", pa.array([90, 0]), ["90", "0"]),
        ("timespan", pa.array(["90"]), ["90"]),
    ],
)  # fmt: skip
def test_each_type_has_one_text(kind: str, values: Any, wanted: list[Any]) -> None:
    """Whatever sort of column a value comes in (protocol.md §10)."""
    assert texts(values, kind) == wanted


def test_moments_are_utc_to_the_millisecond() -> None:
    """Zones are converted, digits beyond the millisecond cut off, also before 1970."""
    aware = [datetime(2021, 7, 1, 2, 3, 4, 567_999, PARIS)]
    assert texts(aware, "datetime") == ["2021-07-01 00:03:04.567Z"]
    assert texts(pa.array(aware), "datetime") == ["2021-07-01 00:03:04.567Z"]
    early = [datetime(1969, 12, 31, 23, 59, 59, 999_999, UTC)]
    assert texts(pa.array(early), "datetime") == ["1969-12-31 23:59:59.999Z"]
    nanos = pd.Series(pd.to_datetime(["2020-01-01 00:00:00.123456789"]))
    assert texts(pa.array(nanos), "datetime") == ["2020-01-01 00:00:00.123Z"]
    assert texts(pa.array(["2020-01-01"]), "datetime") == ["2020-01-01 00:00:00.000Z"]
    assert texts(pa.array([date(2020, 1, 1)]), "datetime") == [
        "2020-01-01 00:00:00.000Z"
    ]


def test_wall_clocks_and_days_are_not_shifted() -> None:
    """A datetimenotz and a date take the digits that the value shows in its zone."""
    late = pa.array(pd.Series([pd.Timestamp("2020-01-01 00:30", tz="Europe/Paris")]))
    assert texts(late, "datetimenotz") == ["2020-01-01 00:30:00.000"]
    assert texts(late, "date") == ["2020-01-01"]


def test_enumerations_are_given_by_name_value_or_label() -> None:
    """Columns of texts, categories or numbers; the text is the stored value."""
    byte = TYPES["byte"]
    given = pa.array(["female", "1", "Not specified", "", None])
    for values in (given, given.dictionary_encode()):
        assert to_texts(values, byte, GENDER).text.to_pylist() == [
            "2", "1", "0", "", None,
        ]  # fmt: skip
    numbers = to_texts(pa.array([2.0, None]), byte, GENDER)
    assert numbers.text.to_pylist() == ["2", None]


@pytest.mark.parametrize(
    ("values", "row", "reason"),
    [
        (["male", "femal"], 1, "'femal' is no value of nms:recipient:gender. "
         "Did you mean female?"),
        ([7], 0, "7 is no value of nms:recipient:gender. "
         "Use one of unknown, male, female."),
        ([True], 0, "True is no value of nms:recipient:gender. "
         "Use one of unknown, male, female."),
    ],
)  # fmt: skip
def test_what_is_not_in_the_list_is_a_misfit(
    values: list[Any], row: int, reason: str
) -> None:
    """It names the nearest value, or all of them."""
    [misfit] = to_texts(pa.array(values), TYPES["byte"], GENDER).misfits
    assert (misfit.row, misfit.reason) == (row, reason)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("long", 5.5), ("long", 2**31), ("byte", 128), ("long", float("inf")),
        ("int64", 2**63), ("long", "five"), ("long", date(2020, 1, 1)),
        ("double", float("-inf")), ("double", "nan"), ("double", "inf"),
        ("double", "1,5"), ("boolean", 2), ("boolean", "yes"), ("boolean", "7"),
        ("date", "tomorrow"), ("date", 5), ("date", "2021-02-29"),
        ("datetime", 5), ("datetime", True), ("timespan", True),
        ("string", b"bytes"), ("string", "half \ud800"), ("string", {"a": 1}),
        ("string", ["a"]), ("datetime", np.datetime64(10**17, "s")),
        ("date", np.datetime64(10**7, "D")),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_a_misfit_and_no_error(kind: str, value: object) -> None:
    """Alone in a column that Arrow can hold, or among others as an object."""
    mixed = to_texts([value, None, value], TYPES[kind])
    assert [misfit.row for misfit in mixed.misfits] == [0, 2]
    assert mixed.text.null_count == 3
    try:
        array = pa.array([value])
    except (pa.ArrowException, ValueError, OverflowError):
        return
    assert [misfit.row for misfit in to_texts(array, TYPES[kind]).misfits] == [0]


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "string": st.text(),
    "byte": st.integers(-128, 127),
    "long": st.integers(-(2**31), 2**31 - 1),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "double": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "datetime": st.datetimes(timezones=st.just(UTC)),
    "datetimenotz": st.datetimes(),
    "date": st.dates(),
    "timespan": st.timedeltas(timedelta(days=-9000), timedelta(days=9000)),
}


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_texts_read_back_as_the_values(name: str, data: st.DataObject) -> None:
    """Arrow's way and the one by one agree, and a text means what was given."""
    values = data.draw(st.lists(st.none() | VALUES[name], max_size=20))
    xtype = TYPES[name]
    whole = to_texts(pa.array(values, from_pandas=True), xtype)
    assert to_texts(values, xtype) == whole or (
        to_texts(values, xtype).text.to_pylist() == whole.text.to_pylist()
    )
    assert whole.misfits == ()
    for value, text in zip(values, whole.text.to_pylist(), strict=True):
        if value is None:
            assert text is None
            continue
        read = from_text(xtype, text)
        if isinstance(value, datetime):
            value = value.replace(microsecond=value.microsecond // 1000 * 1000)
        assert read == value or (value == "" and text == "")


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(),
    st.dates(), st.datetimes(), st.timedeltas(), st.decimals(), st.just(pd.NA),
    st.just(pd.NaT), st.lists(st.integers(), max_size=2),
    st.sampled_from([np.int8(3), np.float32(0.5), np.str_("x"), np.bool_(True)]),
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(values=st.lists(JUNK, max_size=8))
def test_no_value_raises(name: str, values: list[object]) -> None:
    """Any object is a text, nothing, or a misfit; and just when ``coerce`` says so."""
    xtype = TYPES[name]
    read = to_texts(values, xtype)
    wrong = {misfit.row for misfit in read.misfits}
    for row, value in enumerate(values):
        if value is not None and isinstance(value, str) and not value.strip():
            continue  # empty text is no null here: it empties what is stored
        try:
            known = coerce(xtype, value)
        except InvalidValue:
            assert row in wrong
            continue
        if row not in wrong:
            text = read.text[row].as_py()
            assert (known is None) == (text is None)
            if xtype.kind is Kind.INTEGER and known is not None:
                assert int(text) == known
