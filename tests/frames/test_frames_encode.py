"""Texts → elements: what is encoded parses back to the same, whatever it holds."""

from __future__ import annotations

import re
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from campaign_magics.frames.encode import Element, encode, joined

pytestmark = pytest.mark.pure

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
TEXT = st.text().filter(lambda text: not FORBIDDEN.search(text))

ROW = Element(
    name="recipient",
    constants={"_key": '[folder/@name],"<&'},
    attributes={"email": "@email", "name": "@name"},
    children=(
        Element(name="location", attributes={"city": "location/@city"}),
        Element(name="comment", text="comment"),
        Element(
            name="folder",
            constants={"_operation": "none"},
            attributes={"name": "folder/@name"},
            children=(Element(name="parent", attributes={"name": "parent"}),),
        ),
        Element(name="rel", attributes={"group": "rel/@group"}, items="rel"),
    ),
)
NAMES = ("@email", "@name", "location/@city", "comment", "folder/@name", "parent")
ITEMS = pa.list_(pa.struct([("rel/@group", pa.string())]))


def table(rows: list[dict[str, Any]]) -> pa.RecordBatch:
    fields = [*((name, pa.string()) for name in NAMES), ("rel", ITEMS)]
    return pa.RecordBatch.from_pylist(rows, pa.schema(fields))


def plain(row: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Say what the element of a row must have, element by element, in order."""
    get = row.get
    wanted: list[tuple[Any, ...]] = [
        ("recipient", {"_key": '[folder/@name],"<&', "email": get("@email"),
                       "name": get("@name")}, None),
        ("location", {"city": get("location/@city")}, None),
        ("comment", {}, get("comment")),
        ("folder", {"_operation": "none", "name": get("folder/@name")}, None),
        ("parent", {"name": get("parent")}, None),
    ]  # fmt: skip
    there = [
        True,
        get("location/@city") is not None,
        get("comment") is not None,
        get("folder/@name") is not None or get("parent") is not None,
        get("parent") is not None,
    ]
    known = [one for one, kept in zip(wanted, there, strict=True) if kept]
    known += [("rel", {"group": one["rel/@group"]}, None) for one in get("rel") or []]
    return [
        (name, {k: v for k, v in attributes.items() if v is not None}, text or None)
        for name, attributes, text in known
    ]


def read(text: str) -> list[tuple[Any, ...]]:
    """Say what an element has, as lxml reads it."""
    return [
        (one.tag, dict(one.attrib), one.text)
        for one in etree.fromstring(text, etree.XMLParser(huge_tree=True)).iter()
    ]


MAYBE = st.none() | TEXT
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(NAMES, MAYBE),
            "rel": st.none()
            | st.lists(st.fixed_dictionaries({"rel/@group": MAYBE}), max_size=3),
        }
    ),
    max_size=6,
)


@settings(max_examples=150, deadline=None)
@given(rows=ROWS, cut=st.integers(0, 3))
def test_elements_parse_back_to_their_texts(
    rows: list[dict[str, Any]], cut: int
) -> None:
    """Any character, any gap; a slice of a batch encodes like a batch of its own."""
    part = table(rows).slice(cut)
    found = [read(text) for text in encode(ROW, part).to_pylist()]
    assert found == [plain(row) for row in rows[cut:]]


def test_markup_is_taken_as_it_is() -> None:
    """Further attributes and the content of a document that was checked elsewhere."""
    element = Element(name="x", constants={"a": "1"}, markup=("more", "inside"))
    batch = pa.RecordBatch.from_pydict({"more": [' b="2"'], "inside": ["<y/>&amp;"]})
    assert encode(element, batch).to_pylist() == ['<x a="1" b="2"><y/>&amp;</x>']


def test_a_template_without_columns_repeats_itself() -> None:
    """As often as there are rows."""
    batch = pa.RecordBatch.from_pydict({"unused": ["a", "b"]})
    assert encode(Element(name="x"), batch).to_pylist() == ["<x/>", "<x/>"]


@pytest.mark.parametrize("cut", [0, 1, 3])
def test_joined_reads_any_slice(cut: int) -> None:
    """The bytes of the texts from there on, nulls left out."""
    texts = pa.array(["é", None, "b"], pa.string())
    assert joined(texts.slice(cut)) == "".join(["é", "", "b"][cut:]).encode()
