"""What business methods share: rights, one transaction, refusals as faults."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps

from lxml import etree

from ..auth import Operator
from ..business.records import repeatable
from ..business.refusals import Impossible
from ..faults import method_failed
from ..instance import Call, Reply, Service
from ..persist.causes import NotSaved
from ..stores.world import World
from .rights import check_write


def changing(service: Callable[[Call], Reply]) -> Service:
    """Make a service all or nothing, for operators who may write documents."""

    @wraps(service)
    def checked(call: Call) -> Reply:
        check_write(call)
        with refusals(call), world_of(call).databases.transaction():
            return service(call)

    return checked


def driving(service: Callable[[Call], Reply]) -> Service:
    """Make a service all or nothing that moves deliveries and jobs on."""

    @wraps(service)
    def checked(call: Call) -> Reply:
        check_write(call)
        with refusals(call), repeatable(world_of(call)):
            return service(call)

    return checked


@contextmanager
def refusals(call: Call) -> Iterator[None]:
    """Turn what the machinery refuses into SOP-330011 with the cause as detail."""
    try:
        yield
    except (Impossible, NotSaved) as exc:
        raise method_failed(call.urn, call.method.name, str(exc)) from exc


def now(call: Call) -> float:
    """Return the world's time in seconds."""
    return call.instance.clock.now()


def author(call: Call) -> Operator:
    """Return who calls; nobody in particular outside a session."""
    return Operator(login="") if call.session is None else call.session.operator


def world_of(call: Call) -> World:
    """Return the world of a call."""
    return call.instance.world


def document(call: Call, position: int) -> etree._Element | None:
    """Return a DOM argument, None when it is missing."""
    value = call.args[position]
    return value if isinstance(value, etree._Element) else None
