"""The picker's model: rows of a schema, a query in the making, its three languages."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign_magics.errors import (
    CampaignError,
    InvalidOption,
    InvalidValue,
    QuerySyntaxError,
    UnknownName,
)
from campaign_magics.query.check import Checked
from campaign_magics.query.model import QueryDef
from campaign_magics.session.select import prepare
from campaign_magics.widgets.picker.conditions import operators
from campaign_magics.widgets.picker.model import PickerModel
from campaign_magics.xtk.walk import walk

pytestmark = pytest.mark.pure

WORDS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1
).filter(str.strip)


@pytest.fixture
def model(session: Any) -> PickerModel:
    made = PickerModel(session.schemas.__getitem__)
    made.open("nms:recipient")
    return made


def checked(model: PickerModel, what: Any) -> Checked:
    return prepare(what, None, model._lookup)


def test_fields_of_links_are_chosen_by_path(model: PickerModel) -> None:
    for path in ("@email", "[folder/@label]", "location/@city", "folder", "@email"):
        model.tick(path)
    expected = ["@email", "[folder/@label]", "[location/@city]", "folder"]
    assert [node.expr for node in model.query().select] == expected
    model.move("folder", -5)
    model.untick("@email")
    assert model.chosen == ["folder", "folder/@label", "location/@city"]


def test_items_stored_as_xml_cannot_be_ticked(session: Any) -> None:
    """A session's query selects none of them."""
    model = PickerModel(session.schemas.__getitem__)
    model.open("nms:delivery")
    [collection] = model.schema.collections
    with pytest.raises(InvalidOption, match="stored inside the record as XML"):
        model.tick(f"{collection.path}/{collection.fields[0].path}")


def test_links_to_many_say_that_records_repeat(model: PickerModel) -> None:
    """Ticked or asked for, each item is a row of its own."""
    model.tick("folder/@label")
    assert model.repeats == []
    model.tick("subscription/@created")
    model.ask("subscription/service/@label", "is", "x")
    assert model.repeats == ["subscription"]


def test_what_has_many_items_cannot_be_ticked(model: PickerModel) -> None:
    with pytest.raises(InvalidOption, match="many items"):
        model.tick("subscription")
    with pytest.raises(UnknownName):
        model.tick("@emial")
    assert model.chosen == []


def test_nothing_picked_is_said_with_a_hint(session: Any) -> None:
    model = PickerModel(session.schemas.__getitem__)
    with pytest.raises(InvalidOption, match="No schema"):
        model.query()
    model.open("nms:recipient")
    with pytest.raises(QuerySyntaxError, match="No field"):
        model.query()


def asked(model: PickerModel, path: str, operator: str, value: Any) -> str:
    """Return the condition that one question becomes."""
    model.tick("@email")
    model.ask(path, operator, value)
    (condition,) = model.query().where
    return condition.expr


@pytest.mark.parametrize(
    ("path", "operator", "value", "expected"),
    [
        ("@lastName", "is", "O'Hara", r"@lastName = 'O\'Hara'"),
        ("@lastName", "contains", "50%", r"@lastName LIKE '%50\\%%'"),
        ("@lastName", "begins with", "a_b", r"@lastName LIKE 'a\\_b%'"),
        ("@lastName", "is one of", "a, b", "@lastName IN ('a', 'b')"),
        ("@lastName", "is empty", None, "@lastName IS NULL OR @lastName = ''"),
        ("@gender", "is", "female", "@gender = 2"),
        ("@gender", "is none of", ("male", "female"), "@gender NOT IN (1, 2)"),
        ("@blackList", "is true", None, "@blackList = true"),
        ("@birthDate", "is after", date(1990, 5, 1), "@birthDate > #1990-05-01#"),
        ("@created", "is at or after", "2024-01-31", "@created >= #2024-01-31#"),
        ("@created", "is in the last days", 7, "@created >= AddDays(GetDate(), -7)"),
        ("@id", "is more than", "1000", "@id > 1000"),
        ("folder/@label", "is", "x", "[folder/@label] = 'x'"),
    ],
)
def test_a_condition_becomes_a_typed_expression(
    model: PickerModel, path: str, operator: str, value: Any, expected: str
) -> None:
    assert asked(model, path, operator, value) == expected


@pytest.mark.parametrize(
    ("path", "sign", "value", "expected"),
    [
        ("@language", "=", "fr", "@language = 'fr'"),
        ("@language", "!=", "fr", "@language <> 'fr'"),
        ("@language", " <> ", "fr", "@language <> 'fr'"),
        ("@email", "LIKE", "%@acme.%", "@email LIKE '%@acme.%'"),
        ("@email", "not  like", "a_", "@email NOT LIKE 'a_'"),
        ("@language", "In", ["fr", "de"], "@language IN ('fr', 'de')"),
        ("@language", "NOT IN", "fr,de", "@language NOT IN ('fr', 'de')"),
        ("@email", "IS NULL", None, "@email IS NULL OR @email = ''"),
        ("@created", "is not null", None, "@created IS NOT NULL"),
        ("@id", "==", 7, "@id = 7"),
        ("@id", "<", 7, "@id < 7"),
        ("@id", "<=", 7, "@id <= 7"),
        ("@id", ">", 7, "@id > 7"),
        ("@id", ">=", 7, "@id >= 7"),
        ("@birthDate", "<", date(1990, 5, 1), "@birthDate < #1990-05-01#"),
        ("@created", ">=", "2024-01-31", "@created >= #2024-01-31#"),
        ("@gender", "=", "female", "@gender = 2"),
        ("@blackList", "=", True, "@blackList = true"),
        ("@blackList", "!=", "true", "@blackList = false"),
        ("@blackList", "is", 0, "@blackList = false"),
        ("@lastName", "Begins With", "A", "@lastName LIKE 'A%'"),
    ],
)
def test_the_signs_of_sql_are_operators_too(
    model: PickerModel, path: str, sign: str, value: Any, expected: str
) -> None:
    assert asked(model, path, sign, value) == expected


@pytest.mark.parametrize(
    ("path", "sign", "value"),
    [
        ("@created", "=", "2024-01-31"),  # a moment is before or after
        ("@gender", "<", "female"),
        ("@id", "LIKE", 1),
        ("@blackList", "=", "perhaps"),
        ("@email", "; DROP TABLE", "x"),
    ],
)
def test_a_sign_that_a_field_does_not_have_lists_what_it_has(
    model: PickerModel, path: str, sign: str, value: Any
) -> None:
    with pytest.raises(InvalidOption, match="nothing that can be asked") as told:
        model.ask(path, sign, value)
    assert "is " in str(told.value.hint)
    assert model.wheres == []


def test_conditions_are_joined_by_and_or_by_or(model: PickerModel) -> None:
    model.tick("@email")
    model.ask("@gender", "is", "male")
    model.ask("@blackList", "is false")
    assert [c.bool_operator for c in model.query().where] == ["AND", "AND"]
    model.any_of = True
    assert [c.bool_operator for c in model.query().where] == ["OR", "AND"]
    assert "\n  OR @blackList = false" in model.sql


def test_a_value_that_is_missing_or_does_not_fit_is_told(model: PickerModel) -> None:
    model.tick("@email")
    model.ask("@age", "is")
    with pytest.raises(InvalidValue, match="has no value yet"):
        model.query()
    model.change(0, operator="is", value="old", none=False)
    with pytest.raises(InvalidValue, match="The value does not fit @age") as told:
        model.query()
    assert ":v0" not in "\n".join(told.value.render())
    with pytest.raises(InvalidOption, match="nothing that can be asked"):
        model.ask("@age", "sounds like", 3)
    model.change(0, operator="is", value=1, none=False)
    model.ask("@created", "is in the last days", "soon")
    with pytest.raises(InvalidValue, match="number of days"):
        model.query()


def test_sql_is_written_for_people(model: PickerModel) -> None:
    model.tick("@email")
    model.tick("folder/@label")
    model.ask("@lastName", "is", "O'Hara")
    model.ask("@email", "is not empty")
    model.sort(("folder/@label", True), ("@email", False))
    model.limit = 50
    assert model.sql == (
        "SELECT @email, [folder/@label]\n"
        "FROM nms:recipient\n"
        "WHERE @lastName = 'O''Hara'\n"
        "  AND (@email IS NOT NULL AND @email <> '')\n"
        "ORDER BY [folder/@label] DESC, @email\n"
        "LIMIT 50"
    )


@st.composite
def wheres(draw: st.DrawFn) -> tuple[str, str, Any]:
    texts = ["@lastName", "location/@city", "folder/@label", "comment"]
    kinds: dict[str, Any] = {
        **dict.fromkeys(texts, WORDS),
        "@id": st.integers(-(2**31), 2**31 - 1),
        "@gender": st.sampled_from(["male", "female"]),
        "@birthDate": st.dates(date(1000, 1, 1)),
        "@created": st.datetimes(),
        "@blackList": st.none(),
    }
    path = draw(st.sampled_from(sorted(kinds)))
    return path, draw(st.sampled_from(range(20))), draw(kinds[path])  # type: ignore[return-value]


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(conditions=st.lists(wheres(), max_size=4), any_of=st.booleans())
def test_every_language_says_the_same_query(
    model: PickerModel, conditions: list[tuple[str, Any, Any]], any_of: bool
) -> None:
    """XML and JSON read back to the query itself, SQL to one of the same tests."""
    model.open("nms:recipient")
    for path in ("@email", "folder/@label", "folder"):
        model.tick(path)
    for path, number, value in conditions:
        offered = operators(model.field(path))
        chosen = offered[number % len(offered)]
        given = number + 1 if chosen.takes == "days" else value
        model.ask(path, chosen.name, [given] if chosen.takes == "many" else given)
    model.any_of = any_of
    query = checked(model, model.query()).query
    assert checked(model, model.xml).query == query
    assert checked(model, model.json).query == query
    assert _tests(model, checked(model, model.sql).query) == _tests(model, query)


def _tests(model: PickerModel, query: QueryDef) -> list[str]:
    """Return the leaves of all conditions, however they are cut up."""
    from campaign_magics.xtk.ast import Binary, In, IsNull
    from campaign_magics.xtk.parser import parse
    from campaign_magics.xtk.printer import to_source

    found = []
    for condition in query.where:
        for node in walk(parse(condition.expr or "")):
            leaf = isinstance(node, In | IsNull)
            if isinstance(node, Binary) and node.op not in ("AND", "OR"):
                leaf = True
            if leaf:
                found.append(to_source(node))
    return found


@settings(max_examples=60, deadline=None)
@given(text=WORDS)
def test_what_people_type_is_data(text: str) -> None:
    """A value stays one constant, whatever it holds; LIKE takes it to the letter."""
    from campaign_magics.widgets.picker.conditions import _to_the_letter

    read = iter(_to_the_letter(text))
    back = "".join(next(read) if c == "\\" else c for c in read)
    assert back == text


def test_every_operator_of_every_field_makes_a_sound_query(session: Any) -> None:
    """No type of any standard schema is left without operators that work."""
    values = {"string": "a", "memo": "a"}
    for name in session.schemas:
        model = PickerModel(session.schemas.__getitem__)
        model.open(name)
        if not model.schema.fields:
            continue
        model.tick(model.schema.fields[0].path)
        for field in model.schema.fields:
            assert operators(field)
            for one in operators(field):
                model.wheres.clear()
                value: Any = values.get(field.type.name, 1)
                if field.enum and field.enum.values:
                    value = field.enum.values[0].name
                elif field.type.kind.startswith("date"):
                    value = date(2024, 1, 1)
                model.ask(field.path, one.name, 7 if one.takes == "days" else value)
                try:
                    checked(model, model.query())
                except CampaignError as exc:
                    raise AssertionError(f"{name} {field.path} {one.name}") from exc
