"""queryDef XML and JSON in, XML out."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from campaign_magics.errors import QuerySyntaxError
from campaign_magics.query.model import Condition, OrderNode, QueryDef, SelectNode
from campaign_magics.query.read import read_query
from campaign_magics.query.to_xml import to_text, to_xml

pytestmark = pytest.mark.pure

FULL = """
<!-- pasted from a console -->
<queryDef schema="nms:recipient" operation="select" lineCount="10" startLine="20"
          distinct="true" xtkschema="xtk:queryDef" startPath="/">
  <select>
    <node expr="@email"/>
    <node expr="[folder/@label]" alias="@folderLabel"/>
    <node expr="@gender" analyze="true"/>
    <node expr="subscription"><node expr="[service/@name]"/>
      <where><condition expr="@created &gt; #2020-01-01#"/></where>
      <orderBy><node expr="@created"/></orderBy></node>
  </select>
  <where>
    <condition expr="@lastName = 'A'" bool-operator="OR"/>
    <condition boolOperator="AND">
      <condition expr="@age &gt;= 18"/>
      <condition expr="@id" setOperator="not in">
        <subquery schema="nms:subscription">
          <select><node expr="[@recipient-id]"/></select>
        </subquery>
      </condition>
    </condition>
    <condition expr="@x=1" ignore="true" enabledIf="$(@a)=1"/>
  </where>
  <groupby><node expr="@email"/></groupby>
  <having><condition expr="Count(@id) > 1"/></having>
  <orderby><node expr="@lastName" sortDesc="true"/></orderby>
</queryDef>
"""

FULL_QUERY = QueryDef(
    schema="nms:recipient",
    line_count=10,
    start_line=20,
    distinct=True,
    start_path="/",
    select=(
        SelectNode(expr="@email"),
        SelectNode(expr="[folder/@label]", alias="@folderLabel"),
        SelectNode(expr="@gender", analyze=True),
        SelectNode(
            expr="subscription",
            nodes=(SelectNode(expr="[service/@name]"),),
            where=(Condition(expr="@created > #2020-01-01#"),),
            order_by=(OrderNode(expr="@created"),),
        ),
    ),
    where=(
        Condition(expr="@lastName = 'A'", bool_operator="OR"),
        Condition(
            conditions=(
                Condition(expr="@age >= 18"),
                Condition(
                    expr="@id",
                    set_operator="NOT IN",
                    sub_query=QueryDef(
                        schema="nms:subscription",
                        select=(SelectNode(expr="[@recipient-id]"),),
                    ),
                ),
            )
        ),
        Condition(expr="@x=1", ignore=True, enabled_if="$(@a)=1"),
    ),
    group_by=("@email",),
    having=(Condition(expr="Count(@id) > 1"),),
    order_by=(OrderNode(expr="@lastName", desc=True),),
)


def test_a_console_document_is_read_whole() -> None:
    """Both spellings of Adobe's pages, comments and entities included."""
    assert read_query(FULL) == FULL_QUERY


def test_what_is_written_is_read_back() -> None:
    assert read_query(to_text(FULL_QUERY)) == FULL_QUERY


def test_the_sdk_shape_is_the_same_query() -> None:
    """JSON as Adobe's JavaScript SDK writes it, one node or a list of them."""
    text = """{"schema": "nms:recipient", "lineCount": 5,
      "select": {"node": [{"expr": "@email"}, {"expr": "@gender", "analyze": true}]},
      "where": {"condition": {"expr": "@lastName = 'O\\\\'Hara'"}}}"""
    assert read_query(text) == QueryDef(
        schema="nms:recipient",
        line_count=5,
        select=(SelectNode(expr="@email"), SelectNode(expr="@gender", analyze=True)),
        where=(Condition(expr=r"@lastName = 'O\'Hara'"),),
    )


TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1
).filter(str.strip)
NODES = st.builds(SelectNode, expr=TEXT, alias=st.none() | TEXT, analyze=st.booleans())
LEAVES = st.builds(
    Condition,
    expr=TEXT,
    bool_operator=st.sampled_from(["AND", "OR"]),
    ignore=st.booleans(),
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        Condition, conditions=st.lists(inner, min_size=1, max_size=3).map(tuple)
    ),
    max_leaves=6,
)
QUERIES = st.builds(
    QueryDef,
    schema=TEXT,
    operation=st.sampled_from(["select", "get", "getIfExists", "count"]),
    select=st.lists(NODES, max_size=4).map(tuple),
    where=st.lists(CONDITIONS, max_size=3).map(tuple),
    group_by=st.lists(TEXT, max_size=2).map(tuple),
    order_by=st.lists(
        st.builds(OrderNode, expr=TEXT, desc=st.booleans()), max_size=2
    ).map(tuple),
    line_count=st.none() | st.integers(0, 10**9),
)


@settings(max_examples=150)
@given(QUERIES)
def test_any_query_survives_the_wire(query: QueryDef) -> None:
    """QueryDef → bytes → QueryDef changes nothing."""
    data = etree.tostring(to_xml(query), encoding="unicode")
    assert read_query(data) == query


@pytest.mark.parametrize(
    ("text", "message", "hint", "marked"),
    [
        ("", "The query is empty.", "SELECT", None),
        ("[email]", "This is not a query.", "SELECT", "["),
        ("<queryDef schema='a:b'><select></queryDef>", "The XML cannot", "close", None),
        ("<recipient/>", "<recipient>, not <queryDef>", "start with", None),
        ("<queryDef/>", "<queryDef> names no schema", 'schema="nms:recipient"', None),
        ("<queryDef schema='a:b'><selct/></queryDef>", "'selct'", "select?", "selct"),
        ("<queryDef schema='a:b' lineCout='5'/>", "'lineCout'", "lineCount?", None),
        ("<queryDef schema='a:b' lineCount='x1'/>", "x1", "lineCount=", "x1"),
        ("<queryDef schema='a:b' operation='selekt'/>", "selekt", "select", "selekt"),
        (
            "<queryDef schema='a:b'><select><node/></select></queryDef>",
            "expr",
            "",
            None,
        ),
        ('{"schema": "a:b" x}', "The JSON cannot be read", "schema", "x"),
        ('{"where": {"condition": {}, "condition": {}}}', "twice", "list", None),
        ('{"schema": "a:b", "selct": {"node": []}} x', "JSON cannot", "", "x"),
    ],
)
def test_a_bad_document_says_where(
    text: str, message: str, hint: str, marked: str | None
) -> None:
    """One cause, one hint, and the caret under the words at fault."""
    with pytest.raises(QuerySyntaxError) as caught:
        read_query(text)
    assert message in caught.value.message
    assert hint in caught.value.hint
    if marked:
        assert caught.value.source is not None
        assert caught.value.span is not None
        start, end = caught.value.span
        assert caught.value.source[start:end] == marked


def test_deep_nesting_is_refused_at_once() -> None:
    """10,000 nested conditions end in an error, not in a crash."""
    text = (
        "<queryDef schema='a:b'><where>"
        + "<condition>" * 10_000
        + "</condition>" * 10_000
        + "</where></queryDef>"
    )
    with pytest.raises(QuerySyntaxError):
        read_query(text)


def test_deep_json_is_refused_at_once() -> None:
    with pytest.raises(QuerySyntaxError):
        read_query('{"a":' * 100_000 + "1" + "}" * 100_000)


def test_a_dict_of_the_wrong_kind_is_named() -> None:
    with pytest.raises(QuerySyntaxError, match="not a list"):
        read_query([1])  # type: ignore[arg-type]
    with pytest.raises(QuerySyntaxError, match="cannot be written as XML"):
        read_query({"schema": "a:b", "select": {"node": {"expr": "\x00"}}})


@pytest.mark.parametrize(
    "text",
    [
        '{"schema": "nms:recipient", "select": {"node": [{"expr": "@email"},],},}',
        "{'schema': 'nms:recipient', 'select': {'node': [{'expr': '@email'}]}}",
        "{schema: 'nms:recipient', /* all */ select: {node: {expr: '@email'}}}",
    ],
)
def test_json_is_read_as_people_paste_it(text: str) -> None:
    """Trailing commas, single quotes, bare names and comments, as JavaScript has."""
    strict = '{"schema": "nms:recipient", "select": {"node": [{"expr": "@email"}]}}'
    assert read_query(text) == read_query(strict)
