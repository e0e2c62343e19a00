"""nms:delivery: from a template to the last message (protocol.md §8)."""

from __future__ import annotations

from lxml import etree

from ..business import jobs, models, tasks
from ..business.records import repeatable
from ..faults import method_failed
from ..instance import Call, Reply
from ..persist.save import write_documents
from .business import author, changing, document, now, refusals, world_of
from .rights import check_write


@changing
def create_from_model(call: Call) -> Reply:
    """Return an unsaved delivery made from a template."""
    made = models.create_from_model(world_of(call), call.text(0), document(call, 1))
    return Reply(outputs=(_bytes(made),))


@changing
def submit_delivery(call: Call) -> Reply:
    """Create a delivery from a template; it is prepared and sent as time goes by."""
    world = world_of(call)
    made = models.create_from_model(world, call.text(0), document(call, 1))
    write_documents(world, [made], author(call))
    tasks.submit(
        world,
        "PrepareAndStart",
        int(str(made.get("id"))),
        tasks.Order(when=now(call), author=author(call).id, wait=False),
    )
    return Reply()


def run(call: Call) -> Reply:
    """Run a method of a saved delivery; the delivery comes back as it is then.

    What goes wrong in an analysis is kept, status and journal, and told as a fault.
    """
    check_write(call)
    world, method = world_of(call), call.method.name
    flag = bool(call.args) and call.flag(0)
    order = tasks.Order(when=now(call), author=author(call).id, start=flag)
    delivery = entity_id(call)
    with refusals(call):
        with repeatable(world):
            job = tasks.run(world, method, delivery, order)
        error = jobs.error_of(world, job)
        if error:
            raise method_failed(call.urn, method, error)
        return Reply(entity=_bytes(models.document_of(world, delivery)))


def entity_id(call: Call) -> int:
    """Return the ``id`` of the object a method is called on, 0 without one."""
    text = "" if call.entity is None else str(call.entity.get("id") or "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _bytes(element: etree._Element) -> bytes:
    return etree.tostring(element, encoding="utf-8")
