"""The shapes of answers that protocol.md §5.3 lists, on both databases."""

from __future__ import annotations

import pytest

from campaign_magics.sandbox.faults import Fault


def test_select_answers_a_collection_of_rows(world):
    """Attributes nest under links, null strings are empty, text is escaped."""
    assert world.ask(
        """<queryDef schema="nms:recipient" operation="select"><select>
        <node expr="@id"/><node expr="@lastName"/><node expr="[folder/@label]"/>
        </select><where><condition expr="@id IN (1002, 1003)"/></where>
        <orderBy><node expr="@id" sortDesc="true"/></orderBy></queryDef>"""
    ) == (
        '<recipient-collection><recipient id="1003" lastName=""><folder label="Root"/>'
        '</recipient><recipient id="1002" lastName="O\'Neil &quot;é&quot; &lt;&amp;&gt;'
        '&#10;2nd"><folder label="VIP &amp; friends"/></recipient>'
        "</recipient-collection>"
    )


def test_select_without_rows_answers_an_empty_collection(world):
    """SimpleJson then reads {} (protocol.md §5.3)."""
    assert (
        world.ask(
            """<queryDef schema="nms:recipient"><select><node expr="@id"/></select>
            <where><condition expr="@id = 1"/></where></queryDef>"""
        )
        == "<recipient-collection/>"
    )


def test_count_answers_one_element(world):
    """Only the where clause matters."""
    assert (
        world.ask(
            """<queryDef schema="nms:recipient" operation="count">
            <where><condition expr="@email like '%@example.com'"/></where></queryDef>"""
        )
        == '<recipient count="2"/>'
    )


@pytest.mark.parametrize("operation", ["get", "getIfExists"])
def test_get_answers_one_row(world, operation):
    """The first row by the query's own order."""
    assert (
        world.ask(
            f"""<queryDef schema="nms:recipient" operation="{operation}"><select>
            <node expr="@firstName"/></select>
            <orderBy><node expr="@firstName"/></orderBy></queryDef>"""
        )
        == '<recipient firstName="Ann"/>'
    )


def test_get_without_a_row_is_a_fault(world):
    """wire/12: SOP-330011 with a cause in detail."""
    with pytest.raises(Fault) as caught:
        world.ask(
            """<queryDef schema="nms:recipient" operation="get"><select>
            <node expr="@id"/></select>
            <where><condition expr="@email = 'nobody'"/></where></queryDef>"""
        )
    assert caught.value.code == "SOP-330011"
    assert caught.value.detail == (
        "QRY-200001 No 'nms:recipient' document matches the query."
    )


def test_get_if_exists_without_a_row_is_an_empty_element(world):
    """An empty pdomOutput would make the SDK throw (protocol.md §5.3)."""
    assert (
        world.ask(
            """<queryDef schema="nms:recipient" operation="getIfExists"><select>
            <node expr="@id"/></select>
            <where><condition expr="@id = 1"/></where></queryDef>"""
        )
        == "<recipient/>"
    )


def test_unknown_attribute_names_the_schema(world):
    """protocol.md §2.3 prints this fault."""
    with pytest.raises(Fault) as caught:
        world.ask(
            """<queryDef schema="nms:recipient"><select><node expr="@x"/></select>
            </queryDef>"""
        )
    assert caught.value.detail == (
        "Unknown attribute 'x' (see definition of schema 'Recipients (nms:recipient)')."
        " XTK-170036 Unable to parse expression '@x'."
    )
