"""Deleting: links' integrity, DeleteCollection (protocol.md §6; "Database mapping")."""

from __future__ import annotations

import pytest
from lxml import etree
from sandbox.persist.conftest import Bench

from campaign_magics.sandbox.faults import Fault
from campaign_magics.sandbox.persist.causes import NotSaved
from campaign_magics.sandbox.persist.purge import delete_where

pytestmark = pytest.mark.pure


def where(text: str) -> etree._Element:
    condition = etree.Element("condition", expr=text)
    root = etree.Element("where")
    root.append(condition)
    return root


def recipient(email: str, inner: str = "") -> str:
    return (
        f'<recipient xtkschema="nms:recipient" _key="@email" email="{email}">{inner}'
        "</recipient>"
    )


def test_what_a_record_owns_goes_with_it(bench: Bench):
    """``own``: relations, subscriptions and logs; the ``neutral`` ends stay."""
    (made,) = bench.write(
        recipient(
            "own@d.test",
            '<rcpGrpRel><rcpGroup name="GRPd"/></rcpGrpRel>'
            '<broadLog id="log-d" address="own@d.test"/>'
            '<subscription><service name="SVCd" label="x"/></subscription>',
        )
    )
    test = f"iRecipientId = {made.key[0]}"
    tables = ("NmsRcpGrpRel", "NmsBroadLogRcp", "NmsSubscription")
    assert [bench.count(table, where=test) for table in tables] == [1, 1, 1]
    bench.write('<recipient xtkschema="nms:recipient" _operation="delete"'
                f' id="{made.key[0]}"/>')  # fmt: skip
    assert [bench.count(table, where=test) for table in tables] == [0, 0, 0]
    assert bench.one("nms:group", "@name = 'GRPd'", "@name")
    assert bench.one("nms:service", "@name = 'SVCd'", "@name")


def test_a_folder_takes_its_recipients_along_across_databases(bench: Bench):
    """The folder is local, the recipients and their logs are in the cloud."""
    bench.write(
        '<folder xtkschema="xtk:folder" name="dTop" label="x">'
        '<folder name="dSub" label="y"><recipient email="f1@d.test">'
        '<broadLog id="log-f"/></recipient></folder><recipient email="f2@d.test"/>'
        "</folder>"
    )
    assert len(bench.rows("nms:recipient", "@email LIKE 'f_@d.test'", "@id")) == 2
    bench.write('<folder xtkschema="xtk:folder" _operation="delete" name="dTop"/>')
    assert bench.rows("nms:recipient", "@email LIKE 'f_@d.test'", "@id") == []
    assert bench.rows("xtk:folder", "@name LIKE 'd___'", "@name") == []
    assert bench.count("NmsBroadLogRcp", where="sBroadLogRcpId = 'log-f'") == 0


def test_normal_links_are_emptied(bench: Bench):
    """Deleting a workflow: its deliveries stay, and refer to none."""
    (workflow,) = bench.write(
        '<workflow xtkschema="xtk:workflow" label="w" internalName="WKFd">'
        '<delivery internalName="DMd" label="d"/></workflow>'
    )
    row = bench.one("nms:delivery", "@internalName = 'DMd'", "@workflow-id")
    assert row == {"@workflow-id": str(workflow.key[0])}
    bench.write('<workflow xtkschema="xtk:workflow" _operation="delete"'
                ' internalName="WKFd"/>')  # fmt: skip
    row = bench.one("nms:delivery", "@internalName = 'DMd'", "@workflow-id")
    assert row == {"@workflow-id": "0"}


def test_define_refuses_while_it_is_referred_to(bench: Bench):
    """The folder in which deliveries run is not deleted under them."""
    bench.write(
        '<folder xtkschema="xtk:folder" name="dRun" label="x"/>',
        '<delivery xtkschema="nms:delivery" internalName="DMrun" label="d">'
        '<folderProcess name="dRun" _operation="none"/></delivery>',
    )
    said = bench.refused(
        '<folder xtkschema="xtk:folder" _operation="delete" name="dRun"/>'
    )
    assert "still in use by 'Deliveries'" in said
    bench.write(
        '<delivery xtkschema="nms:delivery" _operation="delete" internalName="DMrun"/>',
        '<folder xtkschema="xtk:folder" _operation="delete" name="dRun"/>',
    )
    assert bench.rows("xtk:folder", "@name = 'dRun'", "@id") == []


def test_deleted_and_written_in_one_call(bench: Bench):
    """What was deleted, with what it owned, is not found any more."""
    bench.write(
        '<folder xtkschema="xtk:folder" name="dMix" label="x">'
        '<recipient email="mix@d.test" lastName="old"/></folder>'
    )
    gone, made = bench.write(
        '<folder xtkschema="xtk:folder" _operation="delete" name="dMix"/>',
        recipient("mix@d.test"),
    )
    assert gone.key == ()
    assert made.is_new
    paths = ("@lastName", "folder/@name")
    assert bench.one("nms:recipient", "@email = 'mix@d.test'", *paths) == {
        "@lastName": "",
        "folder/@name": "nmsRootFolder",
    }


def test_delete_collection_deletes_what_the_condition_selects(bench: Bench):
    """Conditions are those of a query, links included (wire/22)."""
    bench.write(*(recipient(f"dc{at}@d.test") for at in range(5)))
    count = delete_where(
        bench.world, "nms:recipient", where("@email IN ('dc1@d.test', 'dc3@d.test')")
    )
    assert count == 2
    rows = bench.rows("nms:recipient", "@email LIKE 'dc_@d.test'", "@email")
    assert sorted(r["@email"] for r in rows) == [f"dc{n}@d.test" for n in (0, 2, 4)]
    test = where("[folder/@name] = 'nmsRootFolder' AND @email LIKE 'dc%@d.test'")
    assert delete_where(bench.world, "nms:recipient", test) == 3


def test_more_than_two_hundred_are_deleted(bench: Bench):
    """The limit of a query's lines is none of a deletion's."""
    bench.write(*(recipient(f"many{at}@d.test") for at in range(250)))
    test = where("@email LIKE 'many%@d.test'")
    assert delete_where(bench.world, "nms:recipient", test) == 250
    assert delete_where(bench.world, "nms:recipient", test) == 0


def test_what_is_marked_as_deleted_stays_unless_told(bench: Bench):
    """``ignoreDeleteStatus`` takes those along as well."""
    bench.write(
        '<delivery xtkschema="nms:delivery" internalName="DMm1" label="m"/>',
        '<delivery xtkschema="nms:delivery" internalName="DMm2" label="m"'
        ' deleteStatus="1"/>',
    )
    test = where("@internalName IN ('DMm1', 'DMm2')")
    assert delete_where(bench.world, "nms:delivery", test) == 1
    test = where("@internalName IN ('DMm1', 'DMm2')")
    left = delete_where(bench.world, "nms:delivery", test, ignore_delete_status=True)
    assert left == 1


def test_a_deletion_needs_a_condition_that_can_be_read(bench: Bench):
    """None would mean every record."""
    for missing in (None, etree.Element("where")):
        with pytest.raises(NotSaved, match="<where> of the records to delete"):
            delete_where(bench.world, "nms:recipient", missing)
    with pytest.raises(Fault, match="Unknown attribute 'emial'"):
        delete_where(bench.world, "nms:recipient", where("@emial = 'x'"))
    with pytest.raises(Fault, match="does not exist"):
        delete_where(bench.world, "nms:nothing", where("1 = 1"))


def test_record_zero_is_never_deleted(bench: Bench):
    """It stands for "none" in every table with numbers for keys."""
    bench.write('<group xtkschema="nms:group" name="GRPz" label="x"/>')
    bench.write('<group xtkschema="nms:group" id="0" _operation="delete" name="GRPz"/>')
    assert bench.count("NmsGroup", "local", "iGroupId = 0") == 1
    assert bench.rows("nms:group", "@name = 'GRPz'", "@id") == []
