"""Sub-lists, XML fields, and queries that cross from one database to the other."""

from __future__ import annotations

import pytest

from campaign_magics.query.model import QueryDef
from campaign_magics.sandbox.engine import select_all
from campaign_magics.sandbox.faults import Fault

MEMO = (
    "<delivery><desc>Spring &amp; more\n2nd line</desc>"
    '<mailParameters needMirrorPage="true"><senderName>Ann</senderName>'
    "</mailParameters><targets>"
    '<deliveryTarget label="VIP" operation="union"/><deliveryTarget label="All"/>'
    "</targets></delivery>"
)


@pytest.fixture(scope="module")
def memos(make_world):
    """The mixed world, with an XML memo in delivery 3001."""
    world = make_world()
    sql = "UPDATE NmsDelivery SET mData = ? WHERE iDeliveryId = 3001"
    world.databases.execute("local", sql, [MEMO])
    return world


def select(schema: str, nodes: str, where: str, operation: str = "get") -> str:
    """A queryDef with these nodes and one condition."""
    return (
        f'<queryDef schema="{schema}" operation="{operation}"><select>{nodes}</select>'
        f'<where><condition expr="{where}"/></where></queryDef>'
    )


def test_lists_nest(world):
    """A sub-list holds sub-lists, each found through its own link."""
    nodes = (
        '<node expr="@name"/><node expr="subscription"><node expr="recipient">'
        '<node expr="@firstName"/><node expr="broadLog"><node expr="@id"/></node>'
        '</node><orderBy><node expr="@created"/></orderBy></node>'
    )
    assert world.ask(select("nms:service", nodes, "@id = 2001")) == (
        '<service name="news">'
        '<subscription><recipient firstName="Ann"><broadLog id="a1"/>'
        '<broadLog id="a2"/></recipient></subscription>'
        '<subscription><recipient firstName="Bob"><broadLog id="b1"/>'
        "</recipient></subscription></service>"
    )


def test_a_list_reached_through_a_link(world):
    """The recipients of the recipient's folder nest under the folder."""
    nodes = (
        '<node expr="[folder/recipient]"><node expr="@id"/>'
        '<orderBy><node expr="@id" sortDesc="true"/></orderBy></node>'
    )
    assert world.ask(select("nms:recipient", nodes, "@id = 1001")) == (
        '<recipient><folder><recipient id="1002"/><recipient id="1001"/></folder>'
        "</recipient>"
    )


def test_a_list_may_have_an_alias(world):
    """The alias names the repeated element."""
    nodes = '<node expr="subscription" alias="news/item"><node expr="@id"/></node>'
    nodes = nodes.replace("@id", "[service/@id]")
    assert world.ask(select("nms:recipient", nodes, "@id = 1002")) == (
        '<recipient><news><item><service id="2001"/></item></news></recipient>'
    )


def test_a_list_without_nodes_shows_labels(world):
    """The compute string of each item."""
    nodes = '<node expr="subscription"/>'
    assert world.ask(select("nms:recipient", nodes, "@id = 1002")) == (
        '<recipient><subscription _cs="2001,1002"/></recipient>'
    )


def test_a_local_record_lists_cloud_rows(mixed):
    """Deliveries are local, their logs are in the cloud: two statements, one answer."""
    nodes = (
        '<node expr="@label"/><node expr="broadLog"><node expr="@id"/>'
        '<orderBy><node expr="@id"/></orderBy></node>'
    )
    assert mixed.ask(select("nms:delivery", nodes, "@id = 3001")) == (
        '<delivery label="Spring"><broadLog id="a1"/><broadLog id="b1"/></delivery>'
    )


def test_a_local_query_that_filters_on_cloud_rows_runs_in_the_cloud(mixed):
    """There the copy of the delivery table is joined."""
    query = (
        '<queryDef schema="nms:delivery" operation="count"><where>'
        '<condition expr="broadLog" setOperator="EXISTS">'
        '<condition expr="@status = 2"/></condition></where></queryDef>'
    )
    assert mixed.ask(query) == '<delivery count="1"/>'


def test_a_cloud_query_reads_the_replicated_reference_tables(mixed):
    """nms:recipient is in the cloud, xtk:folder is local and copied."""
    nodes = '<node expr="[folder/@label]"/>'
    assert mixed.ask(select("nms:recipient", nodes, "@id = 1003")) == (
        '<recipient><folder label="Root"/></recipient>'
    )


def test_a_list_in_a_grouped_query_is_a_fault(world):
    """A group has no single list."""
    nodes = (
        '<node expr="@gender" groupBy="true"/>'
        '<node expr="subscription"><node expr="@created"/></node>'
    )
    with pytest.raises(Fault, match="grouped"):
        world.ask(select("nms:recipient", nodes, "@id &gt; 0"))


def test_xml_fields_come_from_the_memo(memos):
    """Elements, attributes and nested ones; a record without memo has none."""
    nodes = (
        '<node expr="desc"/><node expr="[mailParameters/@needMirrorPage]"/>'
        '<node expr="[mailParameters/senderName]"/>'
    )
    assert memos.ask(select("nms:delivery", nodes, "@id = 3001")) == (
        "<delivery><desc>Spring &amp; more&#10;2nd line</desc>"
        '<mailParameters needMirrorPage="true"><senderName>Ann</senderName>'
        "</mailParameters></delivery>"
    )
    assert memos.ask(select("nms:delivery", '<node expr="desc"/>', "@id = 3002")) == (
        "<delivery><desc></desc></delivery>"
    )


def test_xml_collections_list_their_items(memos):
    """A collection stored in the record nests like any other."""
    nodes = (
        '<node expr="@id"/><node expr="[targets/deliveryTarget]">'
        '<node expr="@label"/></node>'
    )
    answer = memos.ask(select("nms:delivery", nodes, "@id = 3001"))
    assert answer == (
        '<delivery id="3001"><targets><deliveryTarget label="VIP"/>'
        '<deliveryTarget label="All"/></targets></delivery>'
    )


def test_xml_fields_cannot_be_computed_with(memos):
    """They are not columns."""
    with pytest.raises(Fault, match="stored as XML"):
        memos.ask(select("nms:delivery", '<node expr="@id"/>', "desc = 'x'"))


def test_select_all_selects_every_stored_field(mixed):
    """wire/14: FK attributes in brackets, no compute strings, startPath '/'."""
    filled = select_all(QueryDef(schema="nms:subscription", operation="get"), mixed)
    assert filled.start_path == "/"
    assert all(node.no_compute_string for node in filled.select)
    assert {"@created", "[@service-id]", "[@recipient-id]"} <= {
        node.expr for node in filled.select
    }


@pytest.mark.parametrize(
    "schema", ["nms:recipient", "nms:delivery", "xtk:workflow", "xtk:option"]
)
def test_select_all_can_be_executed(memos, schema):
    """Whatever it selects, the engine answers."""
    filled = select_all(QueryDef(schema=schema, operation="getIfExists"), memos)
    assert memos.ask(filled).startswith(f"<{schema.partition(':')[2]}")
