"""Deliveries to send: what is written in them, and how one is made."""

from __future__ import annotations

from lxml import etree
from sandbox.services.conftest import ADMIN

from campaign_magics.sandbox.persist.save import write_documents

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


def new(
    desk,
    content: str = f"<delivery label='New'>{EVERYBODY}</delivery>",
    model: str = "newsletter",
) -> str:
    """Create a delivery from a template, save it, return its id."""
    reply = desk.call("nms:delivery#CreateFromModel", model, content)
    document = etree.fromstring(reply.outputs[0])
    write_documents(desk.world, [document], ADMIN)
    return document.get("id")
