"""Preparing a delivery: count the target, write its messages, approve."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from lxml import etree

from ...xtk.xml import child, parse_xml
from ..data.draw import Draw
from ..data.sizes import FIRST_ID
from ..stores.agenda import Task
from ..stores.world import World
from . import counts, jobs, links
from .deliveries import PREPARABLE, State, change, find, start
from .pace import STEP
from .records import MEMO, Row, Table, moment
from .refusals import Impossible
from .targets import CHANNELS, Channel, NoTarget, Target, find_target

LASTING: Final = 2 * STEP
"""Seconds from the start of an analysis to its end."""

_START: Final = "start"
_SEMI_AUTOMATIC: Final = 1
_AUTOMATIC: Final = 2
"""``nms:delivery:validationMode`` (Adobe, "Change the approval mode")."""

_DENYLIST_ANSWER: Final = FIRST_ID
"""The first row of nms:broadLogMsg: the address is on a denylist."""


def check(world: World, delivery: int) -> Row:
    """Return a delivery that can be prepared now.  Raises Impossible."""
    row = find(world, delivery)
    if row["@state"] not in PREPARABLE:
        raise Impossible(
            f"The delivery '{row['@label']}' cannot be prepared: it is being prepared, "
            "or was sent."
        )
    return row


def begin(
    world: World, delivery: int, job: int, when: float, *, then_start: bool
) -> None:
    """Start an analysis that takes ``LASTING`` seconds.  Raises Impossible."""
    _open(world, delivery, job, when)
    detail = f"{job}:{_START if then_start else ''}"
    world.agenda.add(when + STEP, "analysis.target", delivery, detail)


def at_once(
    world: World, delivery: int, job: int, when: float, *, then_start: bool
) -> None:
    """Do the whole analysis before returning.  Raises Impossible."""
    _open(world, delivery, job, when)
    if _count(world, delivery, job, when):
        _prepare(world, delivery, job, when, then_start)


def abandon(world: World, delivery: int, when: float) -> None:
    """Bring a delivery under analysis back to where it can be edited."""
    world.agenda.drop("analysis", delivery)
    if find(world, delivery)["@state"] in (State.COUNTING, State.PREPARING):
        _forget(world, delivery)
        change(world, delivery, when, {}, State.EDITED)


def count_target(world: World, task: Task) -> None:
    """Compute the population, then go on with the messages."""
    job = int(task.detail.partition(":")[0])
    if _count(world, task.subject, job, task.due):
        due = task.due + STEP
        world.agenda.add(due, "analysis.messages", task.subject, task.detail)


def prepare_messages(world: World, task: Task) -> None:
    """Finish the analysis; start the delivery where that was asked."""
    job, _, then = task.detail.partition(":")
    _prepare(world, task.subject, int(job), task.due, then == _START)


def _open(world: World, delivery: int, job: int, when: float) -> None:
    check(world, delivery)
    jobs.write_log(world, job, when, "Counting the target population.")
    dates = {"scheduling/@startDate": moment(when)}
    change(world, delivery, when, dates, State.COUNTING)


def _count(world: World, delivery: int, job: int, when: float) -> bool:
    """Write the messages of the target; False, and the job failed, without one."""
    row = find(world, delivery)
    _forget(world, delivery)
    try:
        channel = _channel(row)
        target = _target(world, row, channel)
    except NoTarget as exc:
        jobs.fail(world, job, when, str(exc))
        change(world, delivery, when, _counted(0, 0), State.FAILED)
        return False
    _write_messages(world, row, target, when)
    refused = int(target.refused.sum())
    jobs.write_log(world, job, when, f"Target population: {len(target)} recipient(s).")
    if refused:
        text = f"{refused} recipient(s) left out by the rules."
        jobs.write_log(world, job, when, text)
    if refused == len(target):
        text = "There is no message to send."
        jobs.write_log(world, job, when, text, level=jobs.WARNING)
    counted = _counted(len(target), refused)
    change(world, delivery, when, counted, State.PREPARING)
    return True


def _prepare(
    world: World, delivery: int, job: int, when: float, then_start: bool
) -> None:
    row = find(world, delivery)
    if _channel(row).tracked:
        links.write(world, delivery, _document(row), when)
    jobs.write_log(world, job, when, "The messages are prepared.")
    jobs.finish(world, job, when)
    approved = {"validation/@validationDate": moment(when)}
    change(world, delivery, when, approved, State.READY)
    mode = row["validation/@validationMode"]
    warned = Table(world, "xtk:job").first(["@hasWarning"], {"@id": job})
    calm = warned is not None and not warned["@hasWarning"]
    if then_start or mode == _AUTOMATIC or (mode == _SEMI_AUTOMATIC and calm):
        start(world, delivery, when)


def _channel(row: Row) -> Channel:
    channel = CHANNELS.get(row["@messageType"])
    if channel is None:
        kind = row["@messageType"]
        raise NoTarget(f"SBX-100001 The sandbox does not send on channel {kind}.")
    return channel


def _target(world: World, row: Row, channel: Channel) -> Target:
    """Compute the target; a proof without one goes to whoever made it [assumed]."""
    document = _document(row)
    if not row["@FCP"]:
        return find_target(world, document, channel, "deliveryTarget")
    targets = child(document, "targets")
    if targets is not None and child(targets, "proofTarget") is not None:
        return find_target(world, document, channel, "proofTarget")
    who = {"@id": row["@createdBy-id"]}
    operator = Table(world, "xtk:operator").first(["@email"], who) or {}
    address = operator.get("@email") or "proof@mail.example"
    return Target(
        ids=pa.array([0], pa.int64()),
        addresses=pa.array([address]),
        refused=np.array([False]),
    )


def _write_messages(world: World, row: Row, target: Target, when: float) -> None:
    """Write a message for everybody: pending, or ignored for who is left out."""
    count, delivery = len(target), int(row["@id"])
    if not count:
        return
    draw = Draw(world.stamp.seed, "messages", delivery)
    refused: npt.NDArray[np.bool_] = target.refused
    values: dict[str, Any] = {
        "@id": draw.uuids(count),
        "@address": target.addresses,
        "@status": np.where(refused, counts.IGNORED, counts.PENDING),
        "@eventDate": moment(when),
        "@lastModified": moment(when),
        "@isSeed": bool(row["@FCP"]),
        "@publicId": np.arange(count) + 1,
        "@delivery-id": delivery,
        "@recipient-id": target.ids,
        "@msg-id": np.where(refused, _DENYLIST_ANSWER, 0),
    }
    Table(world, counts.BROAD_LOG).insert(values, count)


def _forget(world: World, delivery: int) -> None:
    """Delete what an earlier analysis wrote."""
    for schema in (counts.BROAD_LOG, counts.TRACKED_URL):
        Table(world, schema).delete({"@delivery-id": delivery})


def _counted(target: int, refused: int) -> dict[str, Any]:
    return {
        "properties/@totalTarget": target,
        "properties/@reject": refused,
        "properties/@toDeliver": target - refused,
    }


def _document(row: Row) -> etree._Element:
    return parse_xml(row[MEMO] or "<delivery/>")
