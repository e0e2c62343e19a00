"""nms:subscription: subscribe and unsubscribe recipients (protocol.md §8)."""

from __future__ import annotations

from lxml import etree

from ..business import subscriptions
from ..business.refusals import Impossible
from ..instance import Call, Reply
from .business import author, changing, document, now, world_of


@changing
def subscribe(call: Call) -> Reply:
    """Subscribe a recipient to services, and update the profile."""
    names = _names(call.text(0))
    if not names:
        raise Impossible("The name of the service is missing.")
    world, create = world_of(call), call.flag(2)
    services = [subscriptions.find_service(world, name) for name in names]
    person = subscriptions.save_recipient(
        world, _recipient(call), author(call), create=create
    )
    if person is not None:
        for service in services:
            subscriptions.subscribe(world, service, person, author(call), now(call))
    return Reply()


@changing
def unsubscribe(call: Call) -> Reply:
    """Unsubscribe a recipient; without a service, put it on the denylist.

    A recipient who is unknown, or not subscribed, stays as is.
    """
    world, names = world_of(call), _names(call.text(0))
    services = [subscriptions.find_service(world, name) for name in names]
    recipient = _recipient(call)
    if not names:
        recipient.set("blackList", "1")
    person = subscriptions.save_recipient(world, recipient, author(call), create=False)
    if person is not None:
        for service in services:
            subscriptions.unsubscribe(world, service, person, author(call), now(call))
    return Reply()


def _names(text: str) -> list[str]:
    return list(dict.fromkeys(n.strip() for n in text.split(",") if n.strip()))


def _recipient(call: Call) -> etree._Element:
    found = document(call, 1)
    if found is None:
        raise Impossible("The recipient is missing: it is given as <recipient …>.")
    return found
