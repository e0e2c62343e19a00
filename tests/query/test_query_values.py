"""Values are typed by the schema: parameters, and constants in conditions."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from campaign_magics.errors import InvalidValue, UnknownName
from campaign_magics.query.check import check
from campaign_magics.query.model import Condition, QueryDef, SelectNode
from campaign_magics.query.params import bind
from campaign_magics.query.read import read
from campaign_magics.query.scope import Lookup

pytestmark = pytest.mark.pure


def query(expr: str, schema: str = "nms:recipient") -> QueryDef:
    nodes = (SelectNode(expr="@id"),)
    return QueryDef(schema=schema, select=nodes, where=(Condition(expr=expr),))


def bound(lookup: Lookup, expr: str, value: Any, schema: str = "nms:recipient") -> str:
    found = bind(query(expr, schema), {"v": value}, None, lookup).where[0].expr
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("expr", "value", "expected"),
    [
        # enumerations: stored value, name, label, in any case
        ("@gender = :v", 2, "@gender = 2"),
        ("@gender = :v", "2", "@gender = 2"),
        ("@gender = :v", "female", "@gender = 2"),
        ("@gender = :v", "Female", "@gender = 2"),
        ("@status <> :v", "Former customer", "@status <> 3"),
        (":v = @gender", "male", "1 = @gender"),
        ("@gender IN (:v)", ["male", "Female", 0], "@gender IN (1, 2, 0)"),
        ("[../@x] = 1 OR @gender = :v", "male", "[../@x] = 1 OR @gender = 1"),
        # texts
        ("@account = :v", 12345, "@account = '12345'"),
        ("@account = :v", 5.0, "@account = '5'"),
        ("@account = :v", np.int64(7), "@account = '7'"),
        ("@account IN (:v)", [1, "2"], "@account IN ('1', '2')"),
        ("@text1 = :v", date(2020, 1, 2), "@text1 = '2020-01-02'"),
        ("@text1 = :v", True, "@text1 = 'true'"),
        ("@lastName LIKE :v", 5, "@lastName LIKE '5'"),
        # numbers
        ("@id = :v", "5", "@id = 5"),
        ("@id = :v", 5.0, "@id = 5"),
        ("@id > :v", 5.5, "@id > 5.5"),
        ("@id = :v", Decimal("5"), "@id = 5"),
        ("@id = :v", 2**40, "@id = 1099511627776"),
        ("Length(@email) > :v", "3", "Length(@email) > 3"),
        # booleans
        ("@blackList = :v", 1, "@blackList = true"),
        ("@blackList = :v", "false", "@blackList = false"),
        ("@blackList = :v", np.bool_(True), "@blackList = true"),
        # dates: a day stays a day, also beside a date-time
        ("@birthDate > :v", "1980-01-31", "@birthDate > #1980-01-31#"),
        ("@created > :v", "1980-01-31", "@created > #1980-01-31#"),
        ("@created > :v", "1980/01/31", "@created > #1980-01-31#"),
        (
            "@created > :v",
            "2020-01-31T10:00:00Z",
            "@created > #2020-01-31T10:00:00.000Z#",
        ),
        ("@created > :v", date(1980, 1, 31), "@created > #1980-01-31#"),
        (
            "@birthDate < :v",
            datetime(2020, 1, 1, 12, tzinfo=UTC),
            "@birthDate < #2020-01-01T12:00:00.000Z#",
        ),
        (
            "@created < :v",
            np.datetime64("2020-01-01T12:00:00", "ns"),
            "@created < #2020-01-01T12:00:00.000Z#",
        ),
        (
            "@created < :v",
            pd.Timestamp("2020-01-01 12:00:00.123456789", tz="UTC"),
            "@created < #2020-01-01T12:00:00.123456Z#",
        ),
        ("@birthDate = :v", None, "@birthDate IS NULL"),
        # what nothing is compared with keeps its own type
        ("AddDays(@created, :v) > @created", 3, "AddDays(@created, 3) > @created"),
    ],
)
def test_a_parameter_takes_the_type_of_the_other_side(
    lookup: Lookup, expr: str, value: Any, expected: str
) -> None:
    assert bound(lookup, expr, value) == expected


@pytest.mark.parametrize(
    ("expr", "value", "message", "hint"),
    [
        ("@gender = :v", "femal", "no value of nms:recipient:gender", "female"),
        ("@gender = :v", "zzz", "no value", "unknown, male, female"),
        ("@id = :v", "many", "does not fit @id: 'many'", "whole number"),
        ("@id = :v", date(2020, 1, 1), "is not a number", "a number"),
        ("@birthDate = :v", 5, "is not a date", "a date"),
        ("@birthDate = :v", "soon", "'soon' is not a date", "2020-12-31"),
        ("@blackList = :v", "maybe", "does not fit @blackList", "true or false"),
    ],
)
def test_a_parameter_that_cannot_fit_is_pointed_at(
    lookup: Lookup, expr: str, value: Any, message: str, hint: str
) -> None:
    with pytest.raises(InvalidValue, match=message) as caught:
        bound(lookup, expr, value)
    assert hint in caught.value.hint
    assert caught.value.span is not None
    assert expr[slice(*caught.value.span)] == ":v"


def test_types_come_from_where_the_condition_stands(lookup: Lookup) -> None:
    """Inside a collection and a sub-query, paths start elsewhere."""
    inner = query("@status = :v AND [../@gender] = :w", "nms:broadLogRcp")
    sent = Condition(expr="broadLog", set_operator="EXISTS", conditions=inner.where)
    whole = QueryDef(
        schema="nms:recipient",
        select=(SelectNode(expr="@id"),),
        where=(sent, Condition(set_operator="EXISTS", sub_query=inner)),
    )
    found = bind(whole, {"v": "sent", "w": "male"}, None, lookup)
    wanted = "@status = 1 AND [../@gender] = 1"
    assert found.where[0].conditions[0].expr == wanted
    assert found.where[1].sub_query is not None
    assert found.where[1].sub_query.where[0].expr == wanted


def test_a_name_in_a_condition_becomes_its_stored_value(lookup: Lookup) -> None:
    """Campaign compares stored values; XML may say the name too."""
    text = (
        "<queryDef schema='nms:recipient'><select><node expr='@id'/></select><where>"
        "<condition expr=\"@gender = 'female' AND  @email = 'x'\"/>"
        '<condition expr="@gender  =  2"/></where></queryDef>'
    )
    reading = read(text)
    found = check(reading.query, lookup, reading.source).query.where
    assert found[0].expr == "@gender = 2 AND @email = 'x'"
    assert found[1].expr == "@gender  =  2"  # to the letter where nothing changed


@pytest.mark.parametrize(
    "expr",
    [
        "@birthDate > '1980-01-31'",
        "@birthDate = ''",
        "@created >= '2020-01-31 10:00:00'",
        "@id = '5'",
        "@blackList = 1",
        "@blackList = 'true'",
        "@gender = '2'",
        "@gender = 7",
        "@email = '5'",
        "@email = [folder/@label]",
        "@id = @age",
        "@created > @birthDate",
        "Year(@birthDate) = 1980",
        "@lastName LIKE 'x%'",
        "@email = $(vars/@x)",
        "Iif(@id > 5, 'a', 'b') = 'a'",
    ],
)
def test_what_the_server_understands_is_left_to_the_letter(
    lookup: Lookup, expr: str
) -> None:
    assert check(query(expr), lookup).query.where[0].expr == expr


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        ("@gender = 'femal'", "'femal' is no value of nms:recipient:gender"),
        ("Iif(@gender = 'x', 1, 2) = 1", "'x' is no value"),
        ("@gender IN (1, 'x')", "'x' is no value"),
        ("@id = 'x'", "@id is a number, 'x' is not"),
        ("'x' < @age", "@age is a number, 'x' is not"),
        ("@email = 5", "@email is a text, 5 is a number"),
        ("@email = #2020-01-01#", "@email is a text, #2020-01-01# is a date"),
        ("@birthDate = 20200101", "@birthDate is a date, 20200101 is a number"),
        ("@birthDate = 'x'", "@birthDate is a date, 'x' is not"),
        ("@account = @id", "@account is a text, @id is a number"),
        ("@birthDate = @id", "@birthDate is a date, @id is a number"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    lookup: Lookup, expr: str, message: str
) -> None:
    """Before anything is sent, with the constant marked."""
    with pytest.raises(InvalidValue, match=message.replace("[", r"\[")) as caught:
        check(query(expr), lookup)
    assert caught.value.span is not None


def test_the_caret_of_a_document_stands_in_the_document(lookup: Lookup) -> None:
    """Also after parameters were filled in."""
    text = (
        "<queryDef schema='nms:recipient'><select><node expr='@id'/></select><where>"
        "<condition expr=\"@email = :mail AND @gender = 'femal'\"/></where></queryDef>"
    )
    reading = read(text)
    filled = bind(reading.query, {"mail": "a'b"}, reading.source, lookup)
    with pytest.raises(InvalidValue) as caught:
        check(filled, lookup, reading.source)
    assert caught.value.source == text
    assert caught.value.span is not None
    assert text[slice(*caught.value.span)] == "'femal'"


def test_an_unknown_schema_is_said_when_binding_too(lookup: Lookup) -> None:
    with pytest.raises(UnknownName, match="nms:recipients"):
        bound(lookup, "@id = :v", 1, "nms:recipients")
