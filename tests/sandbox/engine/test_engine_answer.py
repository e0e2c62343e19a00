"""Columns become XML text: types, escapes, nulls (protocol.md §5.3, §10)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from campaign_magics.sandbox.engine.answer import (
    as_xml,
    escaped,
    joined_bytes,
    rows_xml,
)
from campaign_magics.sandbox.engine.causes import Refused
from campaign_magics.sandbox.engine.layout import Element, Value, alias_steps
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

MOMENT = datetime(2020, 7, 5, 14, 11, 31, 986_000, tzinfo=UTC).replace(tzinfo=None)


@pytest.mark.parametrize(
    ("values", "kind", "texts"),
    [
        (pa.array(["a", None, ""]), STRING, ["a", "", ""]),
        (pa.array([1, None], pa.int32()), LONG, ["1", "0"]),
        (pa.array([2**53 + 1], pa.int64()), INT64, ["9007199254740993"]),
        (pa.array([None, None], pa.string()), LONG, ["0", "0"]),
        (pa.array([1, 0, None], pa.int32()), BOOLEAN, ["1", "0", "0"]),
        (pa.array([True, False]), BOOLEAN, ["1", "0"]),
        (
            pa.array([5.0, 0.1, -2.5, None, float("nan"), float("inf")]),
            DOUBLE,
            ["5", "0.1", "-2.5", "0", "0", "0"],
        ),
        (pa.array([1e-7, 1e22, 5.0]), DOUBLE, ["0.0000001", "1" + "0" * 22, "5"]),
        (pa.array([-2.5e-30]), DOUBLE, ["-0." + "0" * 29 + "25"]),
        (pa.array([3600, None]), TIMESPAN, ["3600", "0"]),
        (pa.array([date(2020, 7, 5), None]), DATE, ["2020-07-05", ""]),
        (pa.array(["2020-07-05", None]), DATE, ["2020-07-05", ""]),
        (
            pa.array([MOMENT, None], pa.timestamp("us")),
            DATETIME,
            ["2020-07-05 14:11:31.986Z", ""],
        ),
        (
            pa.array(["2020-07-05 14:11:31.986", None]),
            DATETIME,
            ["2020-07-05 14:11:31.986Z", ""],
        ),
        (
            pa.array([MOMENT], pa.timestamp("us")),
            TYPES["datetimenotz"],
            ["2020-07-05 14:11:31.986"],
        ),
        (pa.array([date(2020, 7, 5)]), DATETIME, ["2020-07-05 00:00:00.000Z"]),
    ],
)
def test_values_are_written_as_campaign_writes_them(values, kind, texts):
    """Nulls as "" for strings and dates, 0 for numbers; doubles without noise."""
    assert as_xml(values, kind).to_pylist() == texts


def test_escapes_of_an_attribute():
    """Line ends are references, what XML forbids is dropped, the rest stays."""
    texts = pa.array(['<a & "b">\n\t\r', "\x00\x1f\x7f\ufffe\uffffé", "plain"])
    assert escaped(texts).to_pylist() == [
        "&lt;a &amp; &quot;b&quot;&gt;&#10;&#9;&#13;",
        "\x7fé",
        "plain",
    ]


ALLOWED = re.compile("[^\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]*")


@given(st.lists(st.text(), min_size=1, max_size=5))
@settings(max_examples=60)
def test_any_text_reads_back(texts):
    """An XML parser finds each text again, less what XML cannot hold."""
    row = Element("r")
    row.attributes["a"] = Value(column=0, type=STRING)
    row.place(("inner", "text"), Value(column=0, type=STRING))
    batch = pa.RecordBatch.from_arrays([pa.array(texts)], names=["c0"])
    written = joined_bytes(rows_xml(row, batch, lambda items, keys: keys))
    rows = etree.fromstring(b"<all>" + written + b"</all>")
    kept = ["".join(ALLOWED.findall(text)) for text in texts]
    assert [one.get("a") for one in rows] == kept
    assert [one.findtext("inner/text") or "" for one in rows] == kept


def test_joined_bytes_respects_slices():
    """A slice of an array holds its own rows only."""
    assert joined_bytes(pa.array(["ab", "c", "é"]).slice(1, 2)) == "cé".encode()
    assert joined_bytes(pa.array([], pa.string())) == b""


def test_a_row_without_values_is_still_a_row():
    """One element for each row."""
    batch = pa.RecordBatch.from_arrays([pa.array([1, 2])], names=["c0"])
    assert rows_xml(Element("r"), batch, lambda items, keys: keys).to_pylist() == [
        "<r/>",
        "<r/>",
    ]


@pytest.mark.parametrize(
    ("alias", "steps"),
    [
        ("@a", ("@a",)),
        ("a/@b", ("a", "@b")),
        ("[a/b/@c]", ("a", "b", "@c")),
        ("../@x", ("@x",)),
        ("a/../@x", ("@x",)),
        ("text", ("text",)),
        ("@folder-id", ("@folder-id",)),
    ],
)
def test_aliases_are_paths(alias, steps):
    """``..`` climbs to the row at most."""
    assert alias_steps(alias) == steps


@pytest.mark.parametrize("alias", ["@", "a b", "@a/@b", "..", "a//@b<", "@1", "@a'"])
def test_aliases_that_are_no_paths_are_refused(alias):
    """They would break the XML."""
    with pytest.raises(Refused, match="is not a path in the answer"):
        alias_steps(alias)
