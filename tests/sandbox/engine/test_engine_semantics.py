"""Rules of conditions and of grouping that golden pairs do not spell out."""

from __future__ import annotations

import pytest

from campaign_magics.query.model import Condition, OrderNode, QueryDef, SelectNode
from campaign_magics.sandbox.engine.likes import glob_of
from campaign_magics.sandbox.faults import Fault


def found(world, expr: str, **parts) -> list[str]:
    """The ids of the recipients that a condition finds."""
    query = QueryDef(
        schema="nms:recipient",
        select=(SelectNode(expr="@id"),),
        where=(Condition(expr=expr, **parts),),
        order_by=(OrderNode(expr="@id"),),
    )
    return world.ask(query).split('"')[1::2]


@pytest.mark.parametrize(
    ("expr", "ids"),
    [
        # Recipient 1003 has a null e-mail and an empty last name.
        ("@email = ''", ["1003"]),
        ("@email <> ''", ["1001", "1002", "1004"]),
        ("@lastName IS NULL", ["1003"]),
        ("@lastName IS NOT NULL", ["1001", "1002", "1004"]),
        ("@email <> 'ann@example.com'", ["1002", "1003", "1004"]),
        ("NOT @email = 'ann@example.com'", ["1002", "1003", "1004"]),
        ("NOT @email = ''", ["1001", "1002", "1004"]),
        ("@email IN ('', 'bob@example.com')", ["1002", "1003"]),
        ("@email NOT IN ('bob@example.com')", ["1001", "1003", "1004"]),
        ("@email LIKE '%'", ["1001", "1002", "1003", "1004"]),
        ("@email NOT LIKE '%example%'", ["1003", "1004"]),
        ("@email = @lastName", ["1003"]),
        ("[folder/@name] = ''", ["1004"]),
        ("[folder/@name] <> 'vip'", ["1003", "1004"]),
        # LIKE is exact about case, as on PostgreSQL and Snowflake.
        ("@firstName LIKE 'a%'", []),
        ("@firstName LIKE 'A%'", ["1001"]),
        ("@firstName LIKE '_nn'", ["1001"]),
        ("@lastName LIKE '%<&>%'", ["1002"]),
        ("@firstName LIKE '\\\\'", []),
        ("Upper(@firstName) LIKE 'ANN'", ["1001"]),
        ("@id LIKE '%03'", ["1003"]),
        # Types meet: quoted numbers, booleans, numbers as text.
        ("@id = '1001'", ["1001"]),
        ("@blackList = true", ["1002"]),
        ("@blackList", ["1002"]),
        ("NOT @blackList", ["1001", "1003", "1004"]),
        ("[location/@city] + 1 = 'Paris1'", ["1001", "1004"]),
        ("(@gender = 1) = @blackList", ["1001", "1002", "1003", "1004"]),
        ("@id = 9999999999", []),
        ("@id < 99999999999999999999.0", ["1001", "1002", "1003", "1004"]),
        # Dates: quoted, bare days, days added.
        ("@birthDate = '1980-02-29'", ["1001"]),
        ("@birthDate IN ('1980-02-29', #1990-12-31#)", ["1001", "1002"]),
        ("@created + 1 > #2026-02-02#", ["1002", "1003"]),
        ("@birthDate IS NULL", ["1003", "1004"]),
        ("@birthDate <> ##", ["1001", "1002"]),
        ("GetDate() > @created", ["1001", "1002", "1003"]),
    ],
)
def test_condition_finds(world, expr, ids):
    """Both databases find the same rows."""
    assert found(world, expr) == ids


def test_a_long_list_is_a_list(world):
    """More values than fit one by one are sent as a single one."""
    ids = ", ".join(str(n) for n in range(1002, 1500))
    assert found(world, f"@id IN ({ids})") == ["1002", "1003", "1004"]
    names = ", ".join(f"'n{n}'" for n in range(300))
    assert found(world, f"@firstName NOT IN ({names}, 'Ann')") == [
        "1002",
        "1003",
        "1004",
    ]


def test_not_in_a_sub_query_with_nulls_still_finds(world):
    """SQL's NOT IN finds nothing once a NULL is among the rows; XTK has no NULL."""
    emails = QueryDef(
        schema="nms:recipient",
        select=(SelectNode(expr="@email"),),
        where=(Condition(expr="@id >= 1003"),),
    )
    assert found(world, "@email", set_operator="NOT IN", sub_query=emails) == [
        "1001",
        "1002",
    ]


def test_exists_with_a_sub_query(world):
    """The sub-query sees the outer record as ``..``."""
    logs = QueryDef(
        schema="nms:broadLogRcp",
        where=(Condition(expr="[@recipient-id] = [../@id] AND @status = 2"),),
    )
    assert found(world, "", set_operator="EXISTS", sub_query=logs) == ["1001"]


def test_an_aggregate_may_have_its_own_where(world):
    """Beside grouped values too, where it narrows what is folded."""
    query = """<queryDef schema="nms:recipient"><select>
        <node expr="[location/@city]" alias="@city" groupBy="true"/>
        <node expr="Sum(@gender)" alias="@n">
        <where><condition expr="@id &lt; 1004"/></where></node>
        <node expr="Count([broadLog/@id])" alias="@logs">
        <where><condition expr="@status = 1"/></where></node>
        </select></queryDef>"""
    # Paris: Ann (1 log of status 1, joined to 2 rows of gender 2) and Dee.
    assert world.ask(query) == (
        '<recipient-collection><recipient city="" n="0" logs="0"/>'
        '<recipient city="London" n="1" logs="1"/>'
        '<recipient city="Paris" n="4" logs="1"/></recipient-collection>'
    )


def test_only_aggregates_fold_the_whole_table(world):
    """A collection is then joined, as in a grouped query."""
    query = """<queryDef schema="nms:recipient"><select>
        <node expr="Count([broadLog/@id])" alias="@n"/></select></queryDef>"""
    assert world.ask(query) == (
        '<recipient-collection><recipient n="3"/></recipient-collection>'
    )


def test_the_default_is_200_lines(make_world):
    """lineCount 0 is no lineCount: null and 0 are one number (protocol.md §10)."""
    world = make_world("cloud")
    schema = world.schemas["xtk:folder"]
    insert = f'INSERT INTO {schema.table} ("iFolderId") SELECT range FROM range(5000)'
    world.databases.execute("cloud", insert)
    for attributes, lines in (("", 200), ('lineCount="0"', 200), ('lineCount="9"', 9)):
        query = f"""<queryDef schema="xtk:folder" {attributes}><select>
            <node expr="@id"/></select></queryDef>"""
        assert world.ask(query).count("<folder ") == lines


@pytest.mark.pure
@pytest.mark.parametrize(
    ("like", "glob"),
    [
        ("a%", "a*"),
        ("_b", "?b"),
        ("10\\% of_*", "10% of?[*]"),
        ("[x]?", "[[]x][?]"),
        ("a\\", "a\\"),
        ("\\\\", "\\"),
    ],
)
def test_like_as_glob(like, glob):
    """What is special in one is quoted for the other."""
    assert glob_of(like) == glob


def test_a_reserved_word_as_a_column_is_quoted():
    """A user's own schema may say sqlname="order"."""
    from campaign_magics.sandbox.engine.scope import Source
    from campaign_magics.schemas.model import Schema

    source = Source(schema=Schema(namespace="cus", name="x"), alias="X0")
    assert source.column("order").sql("duckdb") == 'X0."order"'
    assert source.column('a"b').sql("duckdb") == 'X0."a""b"'
    assert source.column("sEmail").sql("duckdb") == "X0.sEmail"


def test_a_computed_field_that_needs_itself_is_a_fault(make_world):
    """A schema may be wrong; the server goes on."""
    from dataclasses import replace

    world = make_world("local")
    schema = world.schemas["nms:recipient"]
    fields = tuple(
        replace(one, expr="@age + 1") if one.path == "@age" else one
        for one in schema.fields
    )
    world.schemas = {
        **world.schemas,
        "nms:recipient": replace(schema, fields=fields),
    }
    with pytest.raises(Fault, match="refers to itself"):
        found(world, "@age > 1")
