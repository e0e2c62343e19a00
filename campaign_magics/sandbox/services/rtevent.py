"""nms:rtEvent: events that ask for a transactional message (protocol.md §8)."""

from __future__ import annotations

from lxml import etree

from ...xtk.xml import local_name
from ..business import events
from ..business.refusals import Impossible
from ..instance import Call, Reply
from .business import changing, document, now, world_of


@changing
def push_event(call: Call) -> Reply:
    """Store one event; the high byte of its id is the execution cell."""
    event = document(call, 0)
    if event is None or not _is_event(event):
        raise Impossible("The event is missing: it is given as <rtEvent …>.")
    return Reply(outputs=(events.push(world_of(call), event, now(call)),))


@changing
def push_events(call: Call) -> Reply:
    """Store a list of events, all or none; their ids come back by comma [assumed]."""
    holder = document(call, 0)
    found = [] if holder is None else [e for e in holder if _is_event(e)]
    if not found:
        raise Impossible("The events are missing: <Events> with <rtEvent …> in it.")
    ids = [events.push(world_of(call), event, now(call)) for event in found]
    return Reply(outputs=(",".join(map(str, ids)),))


def _is_event(element: etree._Element) -> bool:
    """Adobe's pages write both rtEvent and rtevent."""
    return isinstance(element.tag, str) and local_name(element).lower() == "rtevent"
