"""Rows for a user's own schemas: from types, lengths, lists, keys and links."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_magics.sandbox.data.seed_generic import _scattered

pytestmark = pytest.mark.pure

STORE = """<srcSchema namespace="cus" name="store" label="Stores">
  <enumeration name="kind" basetype="byte">
    <value name="city" value="1"/><value name="mall" value="2"/>
  </enumeration>
  <element name="store" autopk="true">
    <key name="code"><keyfield xpath="@code"/></key>
    <attribute name="code" type="string" length="10" required="true"/>
    <attribute name="kind" type="byte" enum="kind"/>
    <attribute name="label" type="string" length="12"/>
    <attribute name="email" type="string" length="80"/>
    <attribute name="opened" type="date"/>
    <attribute name="turnover" type="double"/>
    <attribute name="open" type="boolean"/>
    <attribute name="closing" type="timespan"/>
    <element name="note" type="memo"/>
    <element name="parent" type="link" target="cus:store" revLink="child"/>
    <element name="country" type="link" target="nms:country" revLink="_NONE_">
      <join xpath-src="@countryCode" xpath-dst="@isoA2"/>
    </element>
    <attribute name="countryCode" type="string" length="2"/>
  </element>
</srcSchema>"""

PURCHASE = """<srcSchema namespace="cus" name="purchase">
  <element name="purchase" autopk="true" autouuid="true"
           dataSource="nms:extAccount:ffda">
    <attribute name="amount" type="double"/>
    <attribute name="quantity" type="long"/>
    <attribute name="created" type="datetime"/>
    <element name="store" type="link" target="cus:store"/>
    <element name="recipient" type="link" target="nms:recipient"/>
    <element name="delivery" type="link" target="nms:delivery"/>
  </element>
</srcSchema>"""

RATING = """<srcSchema namespace="cus" name="rating">
  <element name="rating" dataSource="nms:extAccount:ffda">
    <key name="pair" internal="true">
      <keyfield xlink="store"/><keyfield xlink="purchase"/>
    </key>
    <attribute name="stars" type="byte"/>
    <element name="store" type="link" target="cus:store"/>
    <element name="purchase" type="link" target="cus:purchase"/>
  </element>
</srcSchema>"""

EXTENSION = """<srcSchema namespace="cus" name="recipient"
  extendedSchema="nms:recipient">
  <enumeration name="tier" basetype="string">
    <value name="gold"/><value name="silver"/>
  </enumeration>
  <element name="recipient">
    <attribute name="tier" type="string" length="10" enum="tier" required="true"/>
    <attribute name="points" type="long"/>
    <element name="store" type="link" target="cus:store" revLink="visitor"/>
  </element>
</srcSchema>"""


def keys(seeded, schema_id, path="@id"):
    return set(seeded.column(schema_id, path).to_pylist())


def test_a_user_schema_gets_rows_of_its_types(seed_with):
    """Lists, lengths and types are kept; keys are unique."""
    seeded = seed_with(STORE)
    codes = seeded.list("cus:store", "@code")
    assert len(codes) == len(set(codes)) == 100
    assert all(len(code) <= 10 for code in codes)
    assert set(seeded.list("cus:store", "@kind")) == {1, 2}
    assert max(len(x) for x in seeded.list("cus:store", "@label") if x) <= 12
    assert set(seeded.list("cus:store", "@open")) == {0, 1}
    assert all(0 <= s < 86_400 for s in seeded.list("cus:store", "@closing"))
    emails = [x for x in seeded.list("cus:store", "@email") if x]
    assert all(re.fullmatch(r"\S+@\S*example\S*", x) for x in emails)


def test_links_of_a_user_schema_point_to_records(seed_with):
    """By id, by a natural key, to itself, and to rows that are made later."""
    seeded = seed_with(RATING, PURCHASE, STORE)
    stores = keys(seeded, "cus:store")
    assert keys(seeded, "cus:purchase", "@store-id") <= stores
    assert len(keys(seeded, "cus:purchase", "@store-id")) > 20
    assert keys(seeded, "cus:purchase", "@recipient-id") <= keys(
        seeded, "nms:recipient"
    )
    assert keys(seeded, "cus:purchase", "@delivery-id") <= keys(seeded, "nms:delivery")
    assert keys(seeded, "cus:store", "@countryCode") - {None} <= keys(
        seeded, "nms:country", "@isoA2"
    )
    for child, parent in zip(
        seeded.list("cus:store", "@id"),
        seeded.list("cus:store", "@parent-id"),
        strict=True,
    ):
        assert parent == 0 or 1001 <= parent < child


def test_a_key_made_of_links_has_no_doubles(seed_with):
    """Pairs of a relation table come once each."""
    seeded = seed_with(RATING, PURCHASE, STORE)
    pairs = list(
        zip(
            seeded.column("cus:rating", "@store-id").to_pylist(),
            seeded.column("cus:rating", "@purchase-id").to_pylist(),
            strict=True,
        )
    )
    assert len(pairs) == len(set(pairs)) == 100


def test_an_extension_fills_its_own_fields_only(seed_with, seeded):
    """Fields added to recipients are filled; the standard ones stay as they were."""
    extended = seed_with(EXTENSION, STORE, rows=1000)
    assert set(extended.list("nms:recipient", "@tier")) == {"gold", "silver"}
    assert keys(extended, "nms:recipient", "@store-id") <= keys(extended, "cus:store")
    assert len(keys(extended, "nms:recipient", "@store-id")) > 500
    assert extended.list("nms:recipient", "@email") == seeded.list(
        "nms:recipient", "@email"
    )
    assert set(extended.list("nms:recipient", "@text1")) == {None}


def test_local_user_tables_stay_small(seed_with):
    """Reference data of a million-row world is 10,000 rows at most."""
    seeded = seed_with(STORE, rows=12_000)
    assert len(seeded.list("cus:store", "@id")) == 10_000


@given(st.integers(1, 5000), st.data())
def test_scattered_numbers_never_repeat(total, data):
    """The walk through a key's combinations visits each at most once."""
    import numpy as np

    count = data.draw(st.integers(0, total))
    found = _scattered(np.arange(count), total)
    assert len(set(found.tolist())) == count
    assert all(0 <= n < total for n in found.tolist())
