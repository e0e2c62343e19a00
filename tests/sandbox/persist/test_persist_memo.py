"""XML fields and XML collections in the memo (protocol.md §4.2, §6)."""

from __future__ import annotations

import pytest
from lxml import etree
from sandbox.persist.conftest import Bench

from campaign_magics.sandbox.persist.memo import Change, changed_memo

pytestmark = pytest.mark.pure

TARGETS = (
    '<targets><deliveryTarget label="a"><desc>1</desc></deliveryTarget>{}</targets>'
)


def put(memo: str | None, path: str, text: str) -> str | None:
    return changed_memo(memo, "delivery", [Change(path=path, text=text)])


def test_fields_go_to_their_place_and_leave_the_rest_alone():
    """Attributes and elements, nested, with their neighbours untouched."""
    memo = put(None, "content/html/source", "<b>&é</b>")
    assert memo == (
        "<delivery><content><html><source>&lt;b&gt;&amp;é&lt;/b&gt;</source></html>"
        "</content></delivery>"
    )
    memo = put(memo, "mailParameters/@needMirrorPage", "1")
    memo = put(memo, "content/html/source", "")
    assert memo == (
        "<delivery><content><html><source/></html></content>"
        '<mailParameters needMirrorPage="1"/></delivery>'
    )


def test_an_empty_memo_is_none():
    """No field, no memo."""
    assert put(None, "@x", "") is None


def items(*texts: str) -> list[Change]:
    parsed = tuple(etree.fromstring(text) for text in texts)
    return [Change(path="targets/deliveryTarget", items=parsed)]


def test_a_collection_is_replaced_whole():
    """Items of the database are replaced with those of the document."""
    memo = f"<delivery>{TARGETS.format('')}</delivery>"
    after = changed_memo(memo, "delivery", items('<deliveryTarget label="c"/>'))
    assert after == (
        '<delivery><targets><deliveryTarget label="c"/></targets></delivery>'
    )


def test_a_collection_whose_items_say_what_to_do_is_merged():
    """``_operation`` on the items: update, insert, delete by their key."""
    memo = (
        '<delivery><targets><deliveryTarget label="a" x="1"/>'
        '<deliveryTarget label="b"/></targets></delivery>'
    )
    after = changed_memo(
        memo,
        "delivery",
        items(
            '<deliveryTarget _operation="update" _key="@label" label="a" y="2"/>',
            '<deliveryTarget _operation="delete" _key="@label" label="b"/>',
            '<deliveryTarget _operation="insert" label="a"/>',
            '<deliveryTarget _operation="update" _key="@label" label="none"/>',
        ),
    )
    assert after == (
        '<delivery><targets><deliveryTarget label="a" x="1" y="2"/>'
        '<deliveryTarget label="a"/></targets></delivery>'
    )


def test_written_and_read_back_through_the_engine(bench: Bench):
    """Fields one at a time; activities of a workflow with what no schema declares."""
    flow = (
        '<workflow xtkschema="xtk:workflow" internalName="WKFm" label="m">{}</workflow>'
    )
    bench.write(
        flow.format(
            '<activities><activity name="s" type="signal" x="10"/></activities>'
            '<variables a="1"><deep/></variables><desc>first</desc>'
        )
    )
    bench.write(flow.format("<desc>second</desc>"))
    row = bench.one("xtk:workflow", "@internalName = 'WKFm'", "desc", "@id")
    assert row["desc"] == "second"
    sql = f"SELECT mData FROM XtkWorkflow WHERE iWorkflowId = {row['@id']}"
    (batch,) = bench.world.databases.run("local", sql)
    assert batch.column(0)[0].as_py() == (
        '<workflow><activities><activity name="s" type="signal" x="10"/></activities>'
        '<variables a="1"><deep/></variables><desc>second</desc></workflow>'
    )


def test_values_in_the_memo_are_checked_too(bench: Bench):
    """A number is a number, wherever it is stored."""
    text = (
        '<delivery xtkschema="nms:delivery" internalName="DMmm" label="m">'
        '<mailParameters needMirrorPage="{}"/></delivery>'
    )
    assert "is not a byte" in bench.refused(text.format("maybe"))
    bench.write(text.format("1"))
    path = "mailParameters/@needMirrorPage"
    assert bench.one("nms:delivery", "@internalName = 'DMmm'", path) == {path: "1"}
