"""A delivery's states: each method in turn and out of turn, and what it may be."""

from __future__ import annotations

import pytest
from lxml import etree
from sandbox.services.conftest import ADMIN, READER
from sandbox.services.sending import EVERYBODY, entity, new, state, submit, targets

from campaign_magics.sandbox.persist.save import write_documents

pytestmark = pytest.mark.pure


def test_a_submitted_delivery_is_counted_prepared_sent_and_finished(desk):
    """The states of nms:delivery in their order, by time alone."""
    delivery = submit(desk, f"<delivery label='All'>{EVERYBODY}</delivery>")
    seen = [state(desk, delivery)]
    for _ in range(80):
        desk.after(0.1)
        if (now := state(desk, delivery)) != seen[-1]:
            seen.append(now)
    assert seen == ["12", "22", "51", "55", "95"]


def test_a_direct_call_prepares_before_it_returns(desk):
    """Prepare, then Start: ready, pending, started, finished."""
    delivery = new(desk)
    reply = desk.call("nms:delivery#Prepare", entity=entity(delivery))
    assert etree.fromstring(reply.entity).get("state") == "45"
    assert state(desk, delivery) == "45"
    where = f"[@delivery-id] = {delivery}"
    statuses = {s for (s,) in desk.rows("nms:broadLogRcp", "@status", where)}
    assert statuses == {"0", "6"}
    desk.call("nms:delivery#Start", entity=entity(delivery))
    assert state(desk, delivery) == "51"
    desk.after(10)
    assert state(desk, delivery) == "95"


def test_preparing_and_starting_is_one_call(desk):
    """Nobody confirms."""
    delivery = new(desk)
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    assert state(desk, delivery) == "51"
    desk.after(10)
    assert state(desk, delivery) == "95"


@pytest.mark.parametrize(
    ("mode", "content", "then"),
    [
        ("0", EVERYBODY, "45"),
        ("1", EVERYBODY, "51"),
        ("2", EVERYBODY, "51"),
        ("1", targets("@id = -1"), "45"),
        ("2", targets("@id = -1"), "51"),
    ],
)
def test_the_approval_mode_decides_whether_sending_begins(desk, mode, content, then):
    """Adobe: manual waits, semi-automatic starts unless warned, automatic starts."""
    validation = f"<validation validationMode='{mode}'/>"
    delivery = new(desk, f"<delivery label='Mode'>{validation}{content}</delivery>")
    desk.call("nms:delivery#Prepare", entity=entity(delivery))
    assert state(desk, delivery) == then


def test_a_delayed_delivery_waits_for_its_contact_date(desk):
    """Start pending until then."""
    date = "2030-01-01 00:00:00.000Z"
    schedule = f"<scheduling delayed='1' contactDate='{date}'/>"
    content = f"<delivery label='Later'>{schedule}{EVERYBODY}</delivery>"
    delivery = new(desk, content)
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    desk.after(3_600)
    assert state(desk, delivery) == "51"
    desk.call("nms:delivery#Stop", entity=entity(delivery))


def test_a_paused_delivery_holds_and_goes_on(desk):
    """What has left stays sent, nothing is sent twice."""
    delivery = new(desk)
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    desk.after(0.95)
    desk.call("nms:delivery#Pause", entity=entity(delivery))
    assert state(desk, delivery) == "71"
    desk.after(60)
    assert state(desk, delivery) == "75"
    where = f"[@delivery-id] = {delivery}"
    before = dict(
        desk.rows("nms:broadLogRcp", "@id @eventDate", f"{where} AND @status = 1")
    )
    assert 0 < len(before) < 200
    desk.call("nms:delivery#Start", entity=entity(delivery))
    desk.after(60)
    assert state(desk, delivery) == "95"
    after = dict(desk.rows("nms:broadLogRcp", "@id @eventDate", where))
    assert len(after) == 300
    assert before.items() <= after.items()


def test_a_stopped_delivery_cancels_what_has_not_left(desk):
    """Pending messages become cancelled ones; it cannot be started again."""
    delivery = new(desk)
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    desk.after(0.95)
    desk.call("nms:delivery#Stop", entity=entity(delivery))
    assert state(desk, delivery) == "81"
    desk.after(60)
    assert state(desk, delivery) == "85"
    where = f"[@delivery-id] = {delivery}"
    statuses = [s for (s,) in desk.rows("nms:broadLogRcp", "@status", where)]
    assert "6" not in statuses
    assert statuses.count("3") > 100
    assert statuses.count("1") > 0
    assert "cannot be started" in desk.refused(
        "nms:delivery#Start", entity=entity(delivery)
    )


def test_preparing_again_replaces_the_first_analysis(desk):
    """Each recipient has one message."""
    delivery = new(desk)
    for _ in range(2):
        desk.call("nms:delivery#Prepare", entity=entity(delivery))
    where = f"[@delivery-id] = {delivery}"
    assert desk.count("nms:broadLogRcp", where) == 300
    urls = desk.rows("nms:trackingUrl", "@type", where)
    assert sorted(urls) == [("1",), ("3",), ("6",)]


@pytest.mark.parametrize(
    ("method", "cause"),
    [
        ("Prepare", "no delivery"),
        ("PrepareProof", "no delivery"),
        ("PrepareAndStart", "no delivery"),
        ("Start", "no delivery"),
        ("Pause", "no delivery"),
        ("Stop", "no delivery"),
    ],
)
@pytest.mark.parametrize("key", ["0", "1", "", "x", "99999999999999999999"])
def test_a_delivery_that_is_not_there_is_a_fault(desk, method, cause, key):
    """Whatever stands in its id."""
    args = [True] if method == "PrepareProof" else []
    shown = f"<delivery id='{key}'/>"
    assert cause in desk.refused(f"nms:delivery#{method}", *args, entity=shown)


def test_methods_out_of_turn_say_so(desk):
    """The status is named; templates are refused."""
    delivery = new(desk)
    for method in ("Start", "Pause", "Stop"):
        cause = desk.refused(f"nms:delivery#{method}", entity=entity(delivery))
        assert "its status is 'Being edited'" in cause
    assert "template" in desk.refused("nms:delivery#Prepare", entity=entity("1001"))
    assert "no delivery template" in desk.refused(
        "nms:delivery#SubmitDelivery", "nothing", None
    )


def test_a_copy_of_a_template_is_not_saved_and_takes_the_patch(desk):
    """CreateFromModel: isModel cleared, a future id, the patch on top."""
    before = desk.count("nms:delivery", "")
    patch = (
        "<delivery label='Mine'><mailParameters><subject>Hi &amp; bye</subject>"
        "</mailParameters></delivery>"
    )
    (answer,) = desk.call("nms:delivery#CreateFromModel", "newsletter", patch).outputs
    document = etree.fromstring(answer)
    assert document.tag == "delivery"
    assert document.get("label") == "Mine"
    assert document.get("isModel") == "false"
    assert document.get("internalName").startswith("DM")
    assert document.get("_operation") == "insert"
    assert document.findtext("mailParameters/subject") == "Hi & bye"
    assert document.findtext("mailParameters/senderAddress") == "news@mail.example"
    assert desk.count("nms:delivery", "") == before
    write_documents(desk.world, [document], ADMIN)
    where = f"@id = {document.get('id')}"
    assert desk.value("nms:delivery", "[mailParameters/subject]", where) == "Hi & bye"


def test_a_submitted_delivery_without_a_target_fails_in_its_own_time(desk):
    """SubmitDelivery itself succeeds: it returns nothing but errors of its call."""
    delivery = submit(desk, "<delivery label='Nobody'/>")
    desk.after(5)
    assert state(desk, delivery) == "37"


def test_what_is_written_wrong_is_not_submitted(desk):
    """The content is checked as any document; nothing is left behind."""
    before = desk.count("nms:delivery", "")
    cause = desk.refused(
        "nms:delivery#SubmitDelivery", "newsletter", "<delivery labl='x'/>"
    )
    assert "labl" in cause
    assert desk.count("nms:delivery", "") == before


def test_the_cloud_knows_a_delivery_as_soon_as_it_is_prepared(desk):
    """Adobe v8: deliveries are replicated on the fly."""
    delivery = new(desk)
    desk.call("nms:delivery#Prepare", entity=entity(delivery))
    where = f"[@delivery-id] = {delivery}"
    labels = {x for (x,) in desk.rows("nms:broadLogRcp", "[delivery/@label]", where)}
    assert labels == {"New"}


@pytest.mark.parametrize(
    "method",
    ["Prepare", "PrepareProof", "PrepareAndStart", "Start", "Pause", "Stop"],
)
def test_who_may_only_read_may_not_send(desk, method):
    """XTK-170019."""
    args = [True] if method == "PrepareProof" else []
    cause = desk.refused(
        f"nms:delivery#{method}", *args, entity=entity("1005"), by=READER
    )
    assert "XTK-170019" in cause
    assert "XTK-170019" in desk.refused(
        "nms:delivery#SubmitDelivery", "newsletter", "<delivery/>", by=READER
    )
