"""Parameters become literals; nothing is ever pasted as text."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_magics.errors import InvalidValue, UnknownName
from campaign_magics.query.model import Condition, QueryDef
from campaign_magics.query.params import bind
from campaign_magics.xtk.ast import Binary, Literal
from campaign_magics.xtk.parser import parse

pytestmark = pytest.mark.pure


def bound(expr: str, **params: Any) -> str:
    query = QueryDef(schema="nms:recipient", where=(Condition(expr=expr),))
    found = bind(query, params).where[0].expr
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        ("O'Hara", r"'O\'Hara'"),
        (5, "5"),
        (np.int64(5), "5"),
        (2**40, "1099511627776"),
        (True, "true"),
        (np.bool_(False), "false"),
        (1.5, "1.5"),
        (Decimal("0.1"), "0.1"),
        (date(2020, 12, 31), "#2020-12-31#"),
        (datetime(2020, 12, 31, 12, 0, tzinfo=UTC), "#2020-12-31T12:00:00.000Z#"),
        (
            datetime(2020, 12, 31, 12, tzinfo=timezone(timedelta(hours=2))),
            "#2020-12-31T10:00:00.000Z#",
        ),
        (pd.Timestamp("2020-12-31 12:00", tz="UTC"), "#2020-12-31T12:00:00.000Z#"),
    ],
)
def test_a_value_becomes_the_literal_of_its_kind(value: object, literal: str) -> None:
    """Literals as protocol.md §5.2 and §10 write them."""
    assert bound("@x = :v", v=value) == f"@x = {literal}"


@pytest.mark.parametrize(
    "values",
    [
        *([1, 2], (1, 2), {1, 2}, range(1, 3), {1: "a", 2: "b"}.keys()),
        *(np.array([1, 2]), pd.Series([1, 2]), pd.Index([1, 2]), pa.array([1, 2])),
    ],
)
def test_a_list_fills_an_in(values: object) -> None:
    assert bound("@x IN (:v)", v=values) == "@x IN (1, 2)"


def test_an_empty_list_matches_nothing() -> None:
    assert bound("@x IN (:v)", v=[]) == "1 = 0"
    assert bound("@x NOT IN (:v)", v=[]) == "1 = 1"


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, pd.NaT, np.nan])
def test_a_missing_value_is_null(missing: object) -> None:
    assert bound("@x = :v", v=missing) == "@x IS NULL"
    assert bound(":v <> @x", v=missing) == "@x IS NOT NULL"
    assert bound("@x IN (:v)", v=[1, missing]) == "@x IN (1) OR @x IS NULL"
    assert bound("@x NOT IN (:v)", v=[missing]) == "@x IS NOT NULL"
    with pytest.raises(InvalidValue):
        bound("@x > :v", v=missing)


def test_text_without_a_parameter_stays_to_the_letter() -> None:
    odd = "@x   =  'a:b'  and  [nms:recipient:x:@id]=:v"
    query = QueryDef(schema="a:b", where=(Condition(expr="@x   =  'a:b'"),))
    assert bind(query, {}) == query
    assert "[nms:recipient:x:@id]" in bound(odd, v=1)
    assert "'a:b'" in bound(odd, v=1)


def test_every_part_of_a_query_is_bound() -> None:
    inner = QueryDef(schema="a:c", where=(Condition(expr="@y = :v"),), group_by=("@y",))
    query = QueryDef(
        schema="a:b",
        where=(Condition(conditions=(Condition(sub_query=inner, expr="@id"),)),),
        having=(Condition(expr="Count(@id) > :v"),),
    )
    result = bind(query, {"v": 3})
    sub = result.where[0].conditions[0].sub_query
    assert sub is not None
    assert sub.where[0].expr == "@y = 3"
    assert result.having[0].expr == "Count(@id) > 3"


def test_a_missing_parameter_says_what_to_do() -> None:
    with pytest.raises(UnknownName) as caught:
        bound("@x = :lagnuage", language="fr")
    assert "':lagnuage' has no value" in caught.value.message
    assert "language" in caught.value.hint
    assert caught.value.source == "@x = :lagnuage"
    assert caught.value.span == (5, 14)


@pytest.mark.parametrize("value", [object(), {"a": 1}, b"x", float("inf"), print])
def test_a_value_without_a_literal_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue, match="no XTK literal"):
        bound("@x = :v", v=value)


def test_a_list_outside_in_is_refused() -> None:
    with pytest.raises(InvalidValue, match="is a list"):
        bound("@x = :v", v=[1])


def test_a_value_cannot_ask_for_the_context() -> None:
    """A server may expand ``$(path)`` inside a constant; a value must not reach it."""
    expected = "@x = 'a' + Char('36') + '(@b)'"
    assert bound("@x = :v", v="a$(@b)") == expected


NO_XML = "".join(map(chr, [*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]))
XML_TEXT = st.text(st.characters(codec="utf-8", exclude_characters=NO_XML))


@pytest.mark.parametrize("value", ["a\0", "\x1b[31m", "\uffff", "\ud800"])
def test_what_xml_cannot_carry_is_refused(value: str) -> None:
    with pytest.raises(InvalidValue, match="XML cannot carry"):
        bound("@x = :v", v=value)


@given(XML_TEXT.filter(lambda text: "$(" not in text))
def test_any_text_comes_back_as_data(text: str) -> None:
    """Quotes, comments, operators, controls: parse the result, find the same text."""
    tree = parse(bound("@x = :v", v=text))
    assert isinstance(tree, Binary)
    assert isinstance(tree.right, Literal)
    assert tree.right.value == text
