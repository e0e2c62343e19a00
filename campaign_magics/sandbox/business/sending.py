"""Sending a delivery: batch by batch, until no message is pending."""

from __future__ import annotations

from math import ceil
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..data.draw import Draw
from ..data.sizes import FIRST_ID
from ..data.vocabulary import rows
from ..stores.agenda import Task
from ..stores.world import World
from . import counts, reactions
from .deliveries import State, change, find, note
from .pace import BATCHES, sending_step
from .records import Table, moment

_FAILURES: Final = 0.035
"""Share of messages that come back, as in the seeded logs."""


def begin(world: World, task: Task) -> None:
    """Send the first batch; the size of the batches follows from what is pending."""
    delivery = task.subject
    pending = len(_pending(world, delivery, ["@id"], ""))
    row = find(world, delivery)
    now = moment(task.due)
    first = {} if row["scheduling/@broadStartDate"] else {_STARTED: now}
    change(world, delivery, task.due, first, State.STARTED)
    size, step = max(1, ceil(pending / BATCHES)), sending_step(pending)
    world.agenda.add(task.due + step, "sending.batch", delivery, f"{size}:{step}")
    reactions.follow(world, delivery, task.due)


def send_batch(world: World, task: Task) -> None:
    """Send some messages; after the last one the delivery is finished."""
    delivery = task.subject
    size, step = task.detail.split(":")
    table = Table(world, counts.BROAD_LOG)
    order = f"ORDER BY {table.name('@publicId')} LIMIT {int(size) + 1}"
    pending = _pending(world, delivery, table.paths, order)
    batch = pending.slice(0, int(size))
    if len(batch):
        _send(world, delivery, batch, task.due, float(step))
    found = counts.sending(world, delivery)
    if len(pending) > len(batch):
        due = task.due + float(step)
        world.agenda.add(due, "sending.batch", delivery, task.detail)
        note(world, delivery, task.due, found)
    else:
        ended = {**found, "scheduling/@broadEndDate": moment(task.due)}
        change(world, delivery, task.due, ended, State.FINISHED)


_STARTED: Final = "scheduling/@broadStartDate"


def _pending(world: World, delivery: int, paths: list[str], more: str) -> pa.Table:
    where = {"@delivery-id": delivery, "@status": counts.PENDING}
    return Table(world, counts.BROAD_LOG).read(paths, where, more)


def _send(
    world: World, delivery: int, batch: pa.Table, when: float, step: float
) -> None:
    """Replace pending messages by sent and failed ones, a few milliseconds apart."""
    numbers = batch.column("@publicId").to_numpy()
    draw = Draw(world.stamp.seed, "sending", delivery, int(numbers[0]))
    count = len(batch)
    failed = draw.chance(_FAILURES, count)
    answers = draw.weighted([float(r["weight"]) for r in rows("bounces")], count)
    first = np.datetime64(moment(when - step), "ms")
    gaps = np.arange(1, count + 1) * int(step * 1000) // count
    times = first + gaps.astype("timedelta64[ms]")
    values: dict[str, Any] = {path: batch.column(path) for path in batch.column_names}
    values |= {
        "@status": np.where(failed, counts.FAILED, counts.SENT),
        "@eventDate": times,
        "@lastModified": times,
        "@attempts": 1,
        "@msg-id": np.where(failed, FIRST_ID + answers, 0),
    }
    table = Table(world, counts.BROAD_LOG)
    gone = {"@delivery-id": delivery, "@status": counts.PENDING}
    table.delete(gone, f"AND {table.name('@publicId')} <= {int(numbers[-1])}")
    table.insert(values, count)
    _count_answers(world, answers[failed], when)


def _count_answers(world: World, answers: npt.NDArray[np.int64], when: float) -> None:
    """Add to the occurrences of what mail servers answered."""
    table = Table(world, counts.MESSAGE)
    for answer, more in zip(*np.unique(answers, return_counts=True), strict=True):
        where = {"@id": FIRST_ID + int(answer)}
        row = table.first(["@count"], where)
        if row is not None:
            count = int(row["@count"]) + int(more)
            table.update(where, {"@count": count, "@lastModified": moment(when)})
