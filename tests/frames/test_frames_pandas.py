"""What users hold: one dtype per XTK type, enumerations by name or label."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from frames.answers import GENDER, column, select

from campaign_magics.frames import arrow_schema, decode, to_arrow, to_pandas
from campaign_magics.xtk.columns import Column
from campaign_magics.xtk.types import TYPES, EnumValue

pytestmark = pytest.mark.pure

DTYPES = {
    "string": "string",
    "memo": "string",
    "html": "string",
    "uuid": "string",
    "ANY": "string",
    "primarykey": "string",
    "byte": "Int64",
    "short": "Int64",
    "long": "Int64",
    "int": "Int64",
    "int64": "Int64",
    "link": "Int64",
    "float": "Float64",
    "double": "Float64",
    "percent": "Float64",
    "boolean": "boolean",
    "datetime": "datetime64[us, UTC]",
    "datetimetz": "datetime64[us, UTC]",
    "datetimenotz": "datetime64[us]",
    "date": "date32[day][pyarrow]",
    "timespan": "timedelta64[us]",
}


def frame(rows: str, *columns: Column, labels: bool = False) -> pd.DataFrame:
    table = decode(select(rows), columns, element="recipient")
    return to_pandas(table, columns, labels=labels)


@pytest.mark.parametrize("rows", ["", "<recipient/>"], ids=["empty", "null"])
@pytest.mark.parametrize(("type_name", "dtype"), DTYPES.items())
def test_dtypes(type_name: str, dtype: str, rows: str) -> None:
    """The dtype follows from the schema, with no row and with a null alike."""
    got = frame(rows, column("@x", type_name))
    assert str(got["@x"].dtype) == dtype
    assert got["@x"].isna().all()


@pytest.mark.parametrize("type_name", TYPES)
def test_every_type_has_a_row_in_the_table(type_name: str) -> None:
    """No XTK type is left without an Arrow and a pandas type."""
    assert len(frame("<recipient/>", column("x", type_name))) == 1


def test_missing_is_na_in_strings_numbers_and_booleans() -> None:
    """One missing value, so that filters read the same on every column."""
    asked = [column("@s"), column("@i", "long"), column("@b", "boolean")]
    got = frame("<recipient/>", *asked)
    assert all(got[c.name][0] is pd.NA for c in asked)


def test_enumeration_by_name() -> None:
    """Categories are the names in schema order; an unknown value keeps its text."""
    asked = column("@gender", "byte", values=GENDER)
    rows = "<recipient gender='9'/><recipient gender='2'/><recipient/>"
    got = frame(rows, asked)["@gender"]
    assert got.cat.categories.tolist() == ["unknown", "male", "female", "9"]
    assert not got.cat.ordered
    assert got.astype(object).where(got.notna(), None).tolist() == ["9", "female", None]


def test_enumeration_by_label() -> None:
    """With labels, the same rows read as people say them."""
    asked = column("@gender", "byte", values=GENDER)
    got = frame("<recipient gender='0'/>", asked, labels=True)["@gender"]
    assert got.cat.categories.tolist() == ["Not specified", "Male", "Female"]
    assert got[0] == "Not specified"


def test_values_that_share_a_label_share_a_category() -> None:
    """Labels need not be unique; a value without one shows its name, then itself."""
    values = (
        EnumValue(value="1", name="a", label="Same"),
        EnumValue(value="2", name="b", label="Same"),
        EnumValue(value="3", name="c", label=""),
        EnumValue(value="4", name="", label=""),
    )
    rows = "".join(f"<recipient k='{n}'/>" for n in (1, 2, 3, 4))
    got = frame(rows, column("@k", "byte", values=values), labels=True)["@k"]
    assert got.cat.categories.tolist() == ["Same", "c", "4"]
    assert got.tolist() == ["Same", "Same", "c", "4"]


def test_pages_with_different_unknown_values_go_together() -> None:
    """Tables of several pages may be put together before they are shown."""
    asked = [column("@g", "byte", values=GENDER)]
    pages = [
        decode(select(f"<recipient g='{n}'/>"), asked, element="recipient")
        for n in ("8", "1", "9")
    ]
    got = to_pandas(pa.concat_tables(pages), asked)["@g"]
    assert got.tolist() == ["8", "male", "9"]
    assert got.cat.categories.tolist() == ["unknown", "male", "female", "8", "9"]


def test_collections_are_lists_of_dictionaries() -> None:
    """They explode; enumerations in them are named; none is an empty list."""
    asked = column(
        "sub",
        items=(
            column("@d", "date"),
            column("@g", "byte", values=GENDER),
            column("deep", items=(column("@g", "byte", values=GENDER),)),
        ),
    )
    rows = (
        "<recipient><sub d='2020-07-05' g='1'><deep g='2'/></sub><sub g='7'/>"
        "</recipient><recipient/>"
    )
    got = frame(rows, asked)["sub"]
    assert got[0] == [
        {"@d": date(2020, 7, 5), "@g": "male", "deep": [{"@g": "female"}]},
        {"@d": None, "@g": "7", "deep": []},
    ]
    assert got[1] == []
    assert len(frame(rows, asked).explode("sub")) == 3


def test_arrow_for_those_who_want_no_pandas() -> None:
    """The same names, as an Arrow table whose schema is known beforehand."""
    asked = [column("@id", "long"), column("@g", "byte", values=GENDER)]
    table = decode(select("<recipient id='1' g='2'/>"), asked, element="recipient")
    shown = to_arrow(table, asked)
    assert shown.schema == arrow_schema(asked)
    assert shown.to_pylist() == [{"@id": 1, "@g": "female"}]


def test_an_empty_table_keeps_its_categories() -> None:
    """A plot of no rows still has the right legend."""
    got = frame("", column("@g", "byte", values=GENDER))["@g"]
    assert got.cat.categories.tolist() == ["unknown", "male", "female"]
