"""Counters, real-time events, packages; what is declared and not emulated."""

from __future__ import annotations

import pytest
from sandbox.services.conftest import READER

pytestmark = pytest.mark.pure

PUSH = "nms:rtEvent#PushEvent"
EVENT = (
    '<rtEvent type="order" email="a@b.example" wishedChannel="0" externalId="7" '
    'origin="shop" other="ignored"><ctx><number>CN1</number></ctx></rtEvent>'
)


def test_an_event_gets_an_id_with_the_cell_in_its_high_byte(desk):
    """Adobe's example id is 72057594037935966: cell 1, record 8030."""
    (event,) = desk.call(PUSH, EVENT).outputs
    key = event & 0xFFFFFFFFFFFFFF
    assert event >> 56 == 1
    shown = desk.rows("nms:rtEvent", "@type @email @status @externalId", f"@id = {key}")
    assert shown == [("order", "a@b.example", "0", "7")]


def test_an_event_is_queued_then_sent(desk):
    """Pending, in the queue, sent; one that is scheduled waits for its date."""
    (event,) = desk.call(PUSH, EVENT).outputs
    later = EVENT.replace("type=", 'scheduled="2026-03-15T23:00:00Z" type=')
    (waiting,) = desk.call(PUSH, later).outputs
    seen = []
    for _ in range(3):
        key = event & 0xFFFFFFFFFFFFFF
        seen.append(desk.value("nms:rtEvent", "@status", f"@id = {key}"))
        desk.after(1)
    assert seen == ["0", "1", "2"]
    where = f"@id = {waiting & 0xFFFFFFFFFFFFFF}"
    assert desk.value("nms:rtEvent", "@status", where) == "0"


def test_the_context_is_kept_as_it_came(desk):
    """Its XML is open; the record holds it whole."""
    (event,) = desk.call(PUSH, EVENT).outputs
    sql = "SELECT mData FROM NmsRtEvent WHERE iRtEventId = ?"
    (batch,) = desk.world.databases.run("local", sql, [event & 0xFFFFFFFFFFFFFF])
    memo = batch.column(0)[0].as_py()
    assert memo == "<rtEvent><ctx><number>CN1</number></ctx></rtEvent>"


def test_events_are_pushed_in_lists(desk):
    """All or none; the ids come by comma."""
    (ids,) = desk.call(
        "nms:rtEvent#PushEvents", f"<Events>{EVENT * 3}</Events>"
    ).outputs
    assert len({int(one) for one in ids.split(",")}) == 3
    before = desk.count("nms:rtEvent", "")
    bad = f"<Events>{EVENT}<rtEvent type='x' email='y'><ctx/></rtEvent></Events>"
    assert "e-mail" in desk.refused("nms:rtEvent#PushEvents", bad)
    assert desk.count("nms:rtEvent", "") == before


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        ("<rtEvent email='a@b.example'><ctx/></rtEvent>", "@type"),
        ("<rtEvent type='x' email='a@b.example'/>", "<ctx>"),
        ("<rtEvent type='x'><ctx/></rtEvent>", "e-mail"),
        ("<rtEvent type='x' email='not one'><ctx/></rtEvent>", "e-mail"),
        (
            "<rtEvent type='x' email='a@b.c' wishedChannel='pigeon'><ctx/></rtEvent>",
            "@w",
        ),
        ("<order/>", "event is missing"),
        (None, "event is missing"),
    ],
)
def test_an_event_that_is_wrong_is_a_fault(desk, event, cause):
    """Adobe: the type is mandatory, the address is verified."""
    assert cause in desk.refused(PUSH, event)


def test_an_event_for_a_phone_needs_no_address(desk):
    """Adobe's example of a push notification has a token and no e-mail."""
    event = (
        "<rtEvent wishedChannel='41' type='x' registrationToken='c3'><ctx/></rtEvent>"
    )
    assert desk.call(PUSH, event).outputs[0] > 0


def test_a_counter_goes_up_by_one(desk):
    """The same counter that default values use; a new name begins at 1."""
    action = "xtk:counter#IncreaseValue"
    (first,) = desk.call(action, "delivery").outputs
    assert desk.call(action, "delivery").outputs == (first + 1,)
    where = "@name = 'delivery'"
    assert desk.value("xtk:counter", "@value", where) == str(first + 1)
    assert desk.call(action, "mine").outputs == (1,)
    assert desk.call(action, "mine").outputs == (2,)
    assert "missing" in desk.refused(action, " ")


PACKAGE = (
    "<pkgDesc><package namespace='cus' name='p'>"
    "<entities schema='xtk:option'><option name='Mine' dataType='6' stringValue='1'/>"
    "</entities><entities schema='nms:service'>"
    "<service name='{name}' label='Packed'/></entities></package></pkgDesc>"
)


def test_a_package_writes_its_entities(desk):
    """Twice is once: entities are inserted or updated."""
    for _ in range(2):
        desk.call("xtk:builder#InstallPackage", PACKAGE.format(name="packed"))
    assert desk.rows("nms:service", "@label", "@name = 'packed'") == [("Packed",)]
    assert desk.rows("xtk:option", "@stringValue", "@name = 'Mine'") == [("1",)]


@pytest.mark.parametrize(
    ("package", "cause"),
    [
        (None, "package is missing"),
        ("<pkgDesc/>", "no entities"),
        ("<pkgDesc><package><javascript/></package></pkgDesc>", "SBX-100001"),
        (
            "<pkgDesc><package><entities schema='nms:service'><service name='half' "
            "label='x'/><service nome='y'/></entities></package></pkgDesc>",
            "nome",
        ),
    ],
)
def test_a_package_is_installed_whole_or_not_at_all(desk, package, cause):
    """What the sandbox cannot install is said."""
    assert cause in desk.refused("xtk:builder#InstallPackage", package)
    assert desk.rows("nms:service", "@label", "@name = 'half'") == []


@pytest.mark.parametrize(
    "action",
    ["nms:delivery#DeployTriggerMessages", "xtk:session#EncryptPassword"],
)
def test_what_is_declared_and_not_emulated_says_so(desk, action):
    """SBX-100001 names the method."""
    assert "SBX-100001 The sandbox does not emulate" in desk.refused(action)


@pytest.mark.parametrize(
    ("action", "args"),
    [
        (PUSH, [EVENT]),
        ("nms:rtEvent#PushEvents", [f"<Events>{EVENT}</Events>"]),
        ("xtk:counter#IncreaseValue", ["delivery"]),
        ("xtk:builder#InstallPackage", [PACKAGE.format(name="read")]),
    ],
)
def test_who_may_only_read_may_not(desk, action, args):
    """XTK-170019."""
    assert "XTK-170019" in desk.refused(action, *args, by=READER)
