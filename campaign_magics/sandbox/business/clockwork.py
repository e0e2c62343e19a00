"""Letting happen what is due: the one place where the agenda meets its doers."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from ..stores.agenda import Task
from ..stores.world import World
from . import (
    analysis,
    deliveries,
    events,
    jobs,
    reactions,
    sending,
    workflow_steps,
    workflows,
)
from .records import repeatable

Doer = Callable[[World, Task], None]
"""Does a task as of ``task.due``, whenever it is asked to; may add further tasks.

After a crash it may be asked a second time: see ``repeatable``."""

DOERS: Final[Mapping[str, Doer]] = {
    "job.cancelled": jobs.cancelled,
    "job.paused": jobs.paused,
    "analysis.target": analysis.count_target,
    "analysis.messages": analysis.prepare_messages,
    "sending.begin": sending.begin,
    "sending.batch": sending.send_batch,
    "stopping.paused": deliveries.paused,
    "stopping.stopped": deliveries.stopped,
    "tracking.collect": reactions.collect,
    "workflow.started": workflows.started,
    "workflow.resumed": workflows.resumed,
    "workflow.paused": workflows.paused,
    "workflow.stopped": workflows.stopped,
    "workflow.task": workflow_steps.run_task,
    "workflow.again": workflow_steps.run_again,
    "signal.event": workflow_steps.hear_event,
    "event.queued": events.queued,
    "event.sent": events.sent,
}
"""Kind of a task → who does it.  What stands before the dot is its family."""

_log = logging.getLogger(__name__)


def settle(world: World) -> None:
    """Do everything that is due by the world's clock, in the order of its time.

    Who finds somebody else at it does not wait.  A task that fails is logged and
    dropped: it must not stand in the way of everybody who asks.
    """
    now, agenda = world.clock.now(), world.agenda
    if not agenda.is_due(now) or not agenda.at_work.acquire(blocking=False):
        return
    try:
        while agenda.is_due(now) and _next(world, now):
            pass
    finally:
        agenda.at_work.release()


def _next(world: World, now: float) -> bool:
    task = None
    try:
        with repeatable(world):
            task = world.agenda.take(now)
            if task is not None:
                DOERS[task.kind](world, task)
    except Exception:
        if task is None:
            raise
        _log.exception("The task %s of %s failed", task.kind, task.subject)
        world.agenda.remove(task.id)
    return task is not None
