"""A query is checked against the schemas before anything is sent."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from campaign_magics.errors import CampaignError, QuerySyntaxError, UnknownName
from campaign_magics.query.check import Checked, check
from campaign_magics.query.read import read_query
from campaign_magics.schemas.model import Schema

pytestmark = pytest.mark.pure
Lookup = Callable[[str], Schema]


def checked(
    body: str, lookup: Lookup, schema: str = "nms:recipient", operation: str = "select"
) -> Checked:
    text = f'<queryDef schema="{schema}" operation="{operation}">{body}</queryDef>'
    return check(read_query(text), lookup, text)


def select(*nodes: str) -> str:
    return "<select>" + "".join(f"<node {node}/>" for node in nodes) + "</select>"


def test_columns_are_named_and_typed_by_the_schema(lookup: Lookup) -> None:
    """Attributes, links, nested elements, aliases, enumerations."""
    result = checked(
        select(
            'expr="@email"',
            'expr="@id"',
            'expr="@birthDate"',
            'expr="[folder/@label]"',
            'expr="[location/@city]"',
            'expr="[@folder-id]"',
            'expr="@created" alias="@since"',
            'expr="@gender"',
            'expr="Count(@id)" alias="@nb"',
        ),
        lookup,
    )
    assert [(c.name, c.steps, c.type.name) for c in result.columns] == [
        ("email", ("@email",), "string"),
        ("id", ("@id",), "long"),
        ("birthDate", ("@birthDate",), "date"),
        ("folder.label", ("folder", "@label"), "string"),
        ("location.city", ("location", "@city"), "string"),
        ("folder-id", ("@folder-id",), "long"),
        ("since", ("@since",), "datetime"),
        ("gender", ("@gender",), "byte"),
        ("nb", ("@nb",), "long"),
    ]
    assert [v.value for v in result.columns[7].values] == ["0", "1", "2"]
    assert (result.database, result.element) == ("cloud", "recipient")


def test_an_expression_without_alias_gets_one(lookup: Lookup) -> None:
    """The server would invent a name; the column keeps the words of the user."""
    result = checked(select('expr="Upper(@email)"', 'expr="@age + 1"'), lookup)
    assert [c.name for c in result.columns] == ["Upper(@email)", "@age + 1"]
    assert [(n.alias,) for n in result.query.select] == [
        c.steps for c in result.columns
    ]


def test_two_values_never_share_a_place(lookup: Lookup) -> None:
    """The same alias twice would make one attribute of two."""
    result = checked(
        select(
            'expr="@email" alias="@x"', 'expr="@lastName" alias="@x"', 'expr="@x1" '
        ).replace("@x1", "@firstName"),
        lookup,
    )
    assert len({c.steps for c in result.columns}) == 3
    assert [c.name for c in result.columns] == ["x", "x_2", "firstName"]


def test_a_field_selected_twice_is_two_columns(lookup: Lookup) -> None:
    result = checked(select('expr="@email"', 'expr="@email"'), lookup)
    assert [(c.name, c.steps) for c in result.columns] == [
        ("email", ("@email",)),
        ("email_2", ("@email",)),
    ]


def test_analyze_adds_name_and_label(lookup: Lookup) -> None:
    """protocol.md §5.1: {attr}Name and {attr}Label."""
    result = checked(select('expr="@gender" analyze="true"'), lookup)
    assert [c.steps[-1] for c in result.columns] == [
        "@gender",
        "@genderName",
        "@genderLabel",
    ]


def test_a_link_alone_is_its_compute_string(lookup: Lookup) -> None:
    result = checked(select('expr="folder"'), lookup)
    assert [(c.name, c.steps) for c in result.columns] == [
        ("folder", ("folder", "@_cs"))
    ]


def test_a_collection_is_a_list_of_its_nodes(lookup: Lookup) -> None:
    result = checked(
        '<select><node expr="subscription"><node expr="[service/@name]"/>'
        '<node expr="Year(@created)"/></node></select>',
        lookup,
    )
    (column,) = result.columns
    assert column.name == "subscription"
    assert [i.name for i in column.items] == ["service.name", "Year(@created)"]
    assert column.items[0].steps == ("service", "@name")
    assert (result.query.select[0].nodes[1].alias,) == column.items[1].steps


def test_count_has_one_column(lookup: Lookup) -> None:
    result = checked("", lookup, operation="count")
    assert [(c.name, c.type.name) for c in result.columns] == [("count", "long")]


def test_conditions_of_a_collection_start_from_it(lookup: Lookup) -> None:
    """protocol.md §5.1: inner paths are relative to the collection."""
    checked(
        select('expr="@id"')
        + """<where><condition expr="subscription" setOperator="EXISTS">
        <condition expr="[service/@name] = 'news'"/></condition></where>""",
        lookup,
    )


def test_a_sub_query_sees_its_own_schema_and_the_outer_one(lookup: Lookup) -> None:
    checked(
        select('expr="@id"')
        + """<where><condition expr="@id" setOperator="IN">
        <subQuery schema="nms:subscription"><select><node expr="[@recipient-id]"/>
        </select><where><condition expr="[@recipient-id] = [../@id]"/></where>
        </subQuery></condition></where>""",
        lookup,
    )


@pytest.mark.parametrize(
    ("body", "kind", "marked", "hint"),
    [
        (select('expr="@emial"'), UnknownName, "@emial", "@email"),
        (select('expr="[fodler/@label]"'), UnknownName, "fodler", "folder"),
        (select('expr="[folder/@lable]"'), UnknownName, "@lable", "label"),
        (select('expr="Lowwer(@email)"'), QuerySyntaxError, "Lowwer", "Lower"),
        (select('expr="@email ="'), QuerySyntaxError, None, ""),
        (
            select('expr="@id"')
            + "<where><condition expr=\"@lastName = 'O' AND @nmae = 'x'\"/></where>",
            UnknownName,
            "@nmae",
            "",
        ),
        (
            select('expr="@id"') + '<orderBy><node expr="@emial"/></orderBy>',
            UnknownName,
            "@emial",
            "@email",
        ),
        (
            select('expr="@id"') + '<where><condition expr="@age &gt; @agee"/></where>',
            UnknownName,
            "@agee",
            "@age",
        ),
        ("", QuerySyntaxError, None, "<select>"),
        (select('expr="subscription"'), QuerySyntaxError, None, "nodes inside"),
    ],
)
def test_a_mistake_is_pointed_at(
    lookup: Lookup, body: str, kind: type[CampaignError], marked: str | None, hint: str
) -> None:
    """The caret stands in the user's own text, under the words at fault."""
    with pytest.raises(kind) as caught:
        checked(body, lookup)
    assert hint in caught.value.hint
    if marked is not None:
        source, span = caught.value.source, caught.value.span
        assert source is not None
        assert span is not None
        assert source.startswith("<queryDef")
        assert marked in source[span[0] : span[1]]


def test_an_unknown_schema_is_pointed_at(lookup: Lookup) -> None:
    with pytest.raises(UnknownName) as caught:
        checked(select('expr="@id"'), lookup, schema="nms:recipients")
    source, span = caught.value.source, caught.value.span
    assert source is not None
    assert span is not None
    assert source[span[0] : span[1]] == "nms:recipients"


def test_an_ignored_condition_is_not_checked(lookup: Lookup) -> None:
    checked(
        select('expr="@id"')
        + '<where><condition expr="@nope = 1" ignore="true"/></where>',
        lookup,
    )
