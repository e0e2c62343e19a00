"""Deliveries: from a template to the last click, on the clock."""

from __future__ import annotations

import pytest
from lxml import etree
from sandbox.services.conftest import ADMIN

from campaign_magics.sandbox.persist.save import write_documents

pytestmark = pytest.mark.pure

EVERYBODY = (
    "<targets><deliveryTarget><targetPart type='query'><where/></targetPart>"
    "</deliveryTarget></targets>"
)


def targets(where: str, more: str = "") -> str:
    return (
        "<targets><deliveryTarget><targetPart type='query' exclusion='false'>"
        f"<where><condition expr='{where}'/></where></targetPart>{more}"
        "</deliveryTarget></targets>"
    )


def submit(desk, content: str, model: str = "newsletter") -> str:
    """Submit a delivery and return its id."""
    desk.call("nms:delivery#SubmitDelivery", model, content)
    return max(desk.rows("nms:delivery", "@id"), key=lambda row: int(row[0]))[0]


def state(desk, delivery: str) -> str:
    return desk.value("nms:delivery", "@state", f"@id = {delivery}")


def entity(delivery: str) -> str:
    return f"<delivery xtkschema='nms:delivery' id='{delivery}'/>"


def new(desk, content: str = f"<delivery label='New'>{EVERYBODY}</delivery>") -> str:
    """Create a delivery from a template, save it, return its id."""
    reply = desk.call("nms:delivery#CreateFromModel", "newsletter", content)
    document = etree.fromstring(reply.outputs[0])
    write_documents(desk.world, [document], ADMIN)
    return document.get("id")


def test_a_submitted_delivery_is_counted_prepared_sent_and_finished(desk):
    """The states of nms:delivery in their order, by time alone."""
    delivery = submit(desk, f"<delivery label='All'>{EVERYBODY}</delivery>")
    seen = [state(desk, delivery)]
    for _ in range(80):
        desk.after(0.1)
        if (now := state(desk, delivery)) != seen[-1]:
            seen.append(now)
    assert seen == ["12", "22", "51", "55", "95"]


def test_indicators_are_what_the_logs_add_up_to(desk):
    """Sent, failed, opens and clicks: the counters are counts of rows."""
    delivery = submit(desk, f"<delivery label='Counted'>{EVERYBODY}</delivery>")
    desk.after(20)
    desk.after(3_600)
    where = f"@id = {delivery}"

    def shown(path: str) -> int:
        return int(desk.value("nms:delivery", path, where))

    def logs(test: str) -> int:
        return len(
            desk.rows(
                "nms:broadLogRcp", "@id", f"[@delivery-id] = {delivery} AND {test}"
            )
        )

    def hits(test: str) -> list[tuple[str, ...]]:
        where = f"[@delivery-id] = {delivery} AND {test}"
        return desk.rows("nms:trackingLogRcp", "@id [@broadLog-id]", where)

    assert shown("[properties/@totalTarget]") == 300
    assert shown("[properties/@reject]") == logs("@status = 0") > 0
    assert shown("[properties/@toDeliver]") == logs("@status IN (1, 2)")
    assert shown("[indicators/@processed]") == logs("@status IN (1, 2)")
    assert shown("[indicators/@success]") == logs("@status = 1") > 150
    assert shown("[indicators/@error]") == logs("@status = 2") > 0
    assert shown("[indicators/@totalRecipientOpen]") == len(hits("[@url-id] = 1")) > 0
    assert shown("[indicators/@recipientOpen]") == len(
        {log for _, log in hits("[@url-id] = 1")}
    )
    clicks = hits("[url/@type] = 1")
    assert shown("[indicators/@totalRecipientClick]") == len(clicks) > 0
    assert shown("[indicators/@personClick]") == len({log for _, log in clicks})
