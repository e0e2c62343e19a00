"""Deliveries: their states, and what moves them from one to another (§8).

``nms:delivery:state`` as Adobe numbers it.  Who may go where is assumed from the
buttons of the console: prepare, then start; pause and start again; stop for good.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Final

from ..stores.agenda import Task
from ..stores.world import World
from . import counts
from .pace import TICK
from .records import MEMO, Row, Table, moment, seconds
from .refusals import Impossible

SCHEMA: Final = "nms:delivery"


class State(IntEnum):
    """``nms:delivery:state``, those that the sandbox goes through."""

    EDITED = 0
    COUNTING = 12
    PREPARING = 22
    PREPARED = 25
    FAILED = 37
    READY = 45
    PENDING = 51
    STARTED = 55
    PAUSING = 71
    PAUSED = 75
    STOPPING = 81
    STOPPED = 85
    FINISHED = 95


PREPARABLE: Final = frozenset(
    {State.EDITED, 15, State.PREPARED, State.FAILED, State.READY}
)
_STARTABLE: Final = frozenset({State.PREPARED, State.READY, State.PAUSED})
_SENDING: Final = frozenset({State.PENDING, State.STARTED})
_STOPPABLE: Final = frozenset({*_SENDING, *_STARTABLE, State.PAUSING})

_FIELDS: Final = (
    "@id",
    "@label",
    "@internalName",
    "@state",
    "@isModel",
    "@messageType",
    "@FCP",
    "@createdBy-id",
    "scheduling/@delayed",
    "scheduling/@contactDate",
    "scheduling/@broadStartDate",
    "validation/@validationMode",
    MEMO,
)


def find(world: World, delivery: int) -> Row:
    """Return a delivery.  Raises Impossible when there is none, or it is a template."""
    row = Table(world, SCHEMA).first(_FIELDS, {"@id": delivery}) if delivery else None
    if row is None:
        raise Impossible(f"There is no delivery with the identifier {delivery}.")
    if row["@isModel"]:
        raise Impossible(
            f"'{row['@label']}' is a template: create a delivery from it first."
        )
    return row


def change(
    world: World, delivery: int, when: float, values: dict[str, Any], state: int
) -> None:
    """Move a delivery to a state, other fields with it; the cloud follows at once.

    Campaign v8 replicates deliveries on the fly (Adobe v8, "Data replication").
    """
    note(world, delivery, when, {**values, "@state": state})
    Table(world, SCHEMA).copy_to_cloud({"@id": delivery})


def note(world: World, delivery: int, when: float, values: dict[str, Any]) -> None:
    """Change fields of a delivery; the cloud learns of it with its next state."""
    known = {**values, "@lastModified": moment(when)}
    Table(world, SCHEMA).update({"@id": delivery}, known)


def start(world: World, delivery: int, when: float) -> None:
    """Let a prepared delivery leave, or a paused one go on.

    A delayed one waits for its contact date.  Raises Impossible.
    """
    row = find(world, delivery)
    if row["@state"] in _SENDING:
        return
    if row["@state"] not in _STARTABLE:
        raise _not_now(world, row, "started")
    due = when + TICK
    if row["scheduling/@delayed"]:
        due = max(due, seconds(row["scheduling/@contactDate"]) or due)
    world.agenda.add(due, "sending.begin", delivery)
    change(world, delivery, when, {}, State.PENDING)


def pause(world: World, delivery: int, when: float) -> None:
    """Hold a delivery that is being sent.  Raises Impossible."""
    row = find(world, delivery)
    if row["@state"] in (State.PAUSING, State.PAUSED):
        return
    if row["@state"] not in _SENDING:
        raise _not_now(world, row, "paused")
    world.agenda.drop("sending", delivery)
    world.agenda.add(when + TICK, "stopping.paused", delivery)
    change(world, delivery, when, {}, State.PAUSING)


def stop(world: World, delivery: int, when: float) -> None:
    """End a delivery for good; what has not left never will.  Raises Impossible."""
    row = find(world, delivery)
    if row["@state"] in (State.STOPPING, State.STOPPED):
        return
    if row["@state"] not in _STOPPABLE:
        raise _not_now(world, row, "stopped")
    world.agenda.drop("sending", delivery)
    world.agenda.drop("stopping", delivery)
    world.agenda.add(when + TICK, "stopping.stopped", delivery)
    change(world, delivery, when, {}, State.STOPPING)


def paused(world: World, task: Task) -> None:
    """Note that a delivery stands still."""
    change(world, task.subject, task.due, {}, State.PAUSED)


def stopped(world: World, task: Task) -> None:
    """Cancel the messages that have not left, and end the delivery."""
    when = moment(task.due)
    Table(world, counts.BROAD_LOG).update(
        {"@delivery-id": task.subject, "@status": counts.PENDING},
        {"@status": counts.ABORTED, "@eventDate": when, "@lastModified": when},
    )
    found = counts.sending(world, task.subject)
    ended = {**found, "scheduling/@broadEndDate": when}
    change(world, task.subject, task.due, ended, State.STOPPED)


def _not_now(world: World, row: Row, done: str) -> Impossible:
    enumeration = world.schema(SCHEMA).field_by_path["@state"].enum
    values = enumeration.values if enumeration is not None else ()
    labels = {value.value: value.label for value in values}
    state = labels.get(str(row["@state"]), str(row["@state"]))
    return Impossible(
        f"The delivery '{row['@label']}' cannot be {done}: its status is '{state}'."
    )
