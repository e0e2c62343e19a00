"""The tasks of a workflow that is started: one activity after the other, signals."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any, Final

from ..staging.workflows import REFERENCE_TABLES, STAGING_DATA
from ..stores.agenda import Task
from ..stores.world import World
from .pace import SCHEDULE, STEP
from .records import Row, Table, moment, seconds
from .workflow_records import (
    AT_WORK,
    COMPLETED,
    END,
    ERROR,
    SCHEDULER,
    SIGNAL,
    WARNING,
    Activity,
    State,
    activities,
    change,
    close_task,
    find,
    open_task,
    open_tasks,
    tasks,
    write_log,
)

_RUN_ELSEWHERE: Final = frozenset({STAGING_DATA, REFERENCE_TABLES})
"""Workflows whose task is the sandbox's own replication."""

_EVENT: Final = "xtk:workflowEvent"
_POSTED, _PROCESSED, _REFUSED = 0, 3, 4


def begin(world: World, workflow: int, at: int, when: float) -> None:
    """Begin the activity at this place; after the last one, see what remains."""
    row = find(world, str(workflow))
    if row["@internalName"] in _RUN_ELSEWHERE:
        return
    steps = activities(row)
    if at >= len(steps) or steps[at].kind == END:
        _reach_end(world, row, steps, when)
        return
    step = steps[at]
    task = open_task(world, workflow, step.name, when)
    if step.kind == SIGNAL:
        write_log(world, workflow, when, "Waiting for a signal.", activity=step.name)
    else:
        world.agenda.add(when + STEP, "workflow.task", workflow, f"{at}:{task}")


def run_task(world: World, task: Task) -> None:
    """Finish a task and begin the next activity."""
    at, key = map(int, task.detail.split(":"))
    workflow, when = task.subject, task.due
    steps = activities(find(world, str(workflow)))
    name = steps[at].name if at < len(steps) else ""
    close_task(world, key, when)
    write_log(world, workflow, when, f"Task '{name}' finished", activity=name)
    change(world, workflow, when, {"@processDate": moment(when)})
    begin(world, workflow, at + 1, when)


def run_again(world: World, task: Task) -> None:
    """Begin from the first activity, as its scheduler says."""
    change(world, task.subject, task.due, {"@nextProcessingDate": None})
    begin(world, task.subject, 0, task.due)


def resume(world: World, workflow: int, when: float) -> None:
    """Go on with the tasks that a pause held, then hear what was posted meanwhile."""
    row = find(world, str(workflow))
    names = [step.name for step in activities(row)]
    kinds = {step.name: step.kind for step in activities(row)}
    for task in open_tasks(world, workflow):
        name = task["@activity"]
        if kinds.get(name, SIGNAL) != SIGNAL:
            detail = f"{names.index(name)}:{task['@id']}"
            world.agenda.add(when + STEP, "workflow.task", workflow, detail)
    again = seconds(row["@nextProcessingDate"])
    if again is not None:
        world.agenda.add(max(again, when), "workflow.again", workflow)
    where = {"@workflow-id": workflow, "@status": _POSTED}
    events = Table(world, _EVENT).read(["@id"], where, "ORDER BY 1").to_pylist()
    for event in events:
        world.agenda.add(when, "signal.event", workflow, str(event["@id"]))


def post_event(
    world: World, workflow: int, values: dict[str, Any], when: float
) -> None:
    """Keep an event; it is heard at once if the workflow is started.

    ``values`` are activity, transition, complete and variables, by path.
    """
    table = Table(world, _EVENT)
    (key,) = table.number()
    posted = {"@status": _POSTED, "@creationDate": moment(when)}
    table.insert({**values, **posted, "@id": key, "@workflow-id": workflow})
    world.agenda.add(when, "signal.event", workflow, str(key))


def hear_event(world: World, task: Task) -> None:
    """Activate a signal activity, or note why that cannot be.

    Adobe, "Examples of JavaScript code in workflows": the workflow must be started,
    else an error is written to its log; one that is paused hears the event later; the
    activity need not be waiting.
    """
    table = Table(world, _EVENT)
    paths = ["@id", "@activity", "@complete", "@status"]
    event = table.first(paths, {"@id": int(task.detail)})
    row = find(world, str(task.subject))
    if event is None or event["@status"] != _POSTED or row["@state"] in _HELD:
        return
    refusal = _refusal(world, row, event)
    processed = {"@processingDate": moment(task.due)}
    status = _PROCESSED if refusal is None else _REFUSED
    table.update({"@id": event["@id"]}, {**processed, "@status": status})
    name = event["@activity"]
    if refusal is not None:
        text, level = refusal
        write_log(world, task.subject, task.due, text, activity=name, level=level)
    else:
        _activate(world, row, name, complete=event["@complete"], when=task.due)


_HELD: Final = frozenset(
    {State.PAUSING, State.PAUSED, State.RESUMING, State.STARTING, State.RESTARTING}
)
"""States in which events wait."""


def _refusal(world: World, row: Row, event: Row) -> tuple[str, int] | None:
    name = event["@activity"]
    if row["@state"] not in AT_WORK:
        return f"The signal '{name}' came while the workflow was not started.", ERROR
    if Activity(name, SIGNAL) not in activities(row):
        return f"The workflow has no signal activity '{name}'.", ERROR
    if _is_complete(world, row, name):
        return f"The signal '{name}' came after its task had ended.", WARNING
    return None


def _is_complete(world: World, row: Row, name: str) -> bool:
    """Tell whether an event has completed this run's task of the activity."""
    started = seconds(row["@startDate"]) or 0.0
    found = tasks(world, {"@workflow-id": row["@id"], "@activity": name})
    last = found[-1] if found else None
    since = seconds(last["@creationDate"]) if last else None
    return last is not None and last["@status"] == COMPLETED and (since or 0) >= started


def _activate(
    world: World, row: Row, name: str, *, complete: bool, when: float
) -> None:
    workflow = int(row["@id"])
    waiting = [t["@id"] for t in open_tasks(world, workflow) if t["@activity"] == name]
    task = waiting[0] if waiting else open_task(world, workflow, name, when)
    if complete:
        close_task(world, task, when)
    write_log(world, workflow, when, "Signal received.", activity=name)
    steps = activities(row)
    begin(world, workflow, steps.index(Activity(name, SIGNAL)) + 1, when)


def _reach_end(world: World, row: Row, steps: Sequence[Activity], when: float) -> None:
    """Wait for the schedule, or for a signal; else the workflow is finished."""
    workflow = int(row["@id"])
    if any(step.kind == SCHEDULER for step in steps):
        # A schedule makes up for no run that nobody was there to see.
        missed = ceil(max(world.clock.now() - when, 0.0) / SCHEDULE)
        due = when + SCHEDULE * max(missed, 1)
        world.agenda.add(due, "workflow.again", workflow)
        change(world, workflow, when, {"@nextProcessingDate": moment(due)})
    elif not open_tasks(world, workflow):
        write_log(world, workflow, when, "Workflow finished.")
        change(world, workflow, when, {"@state": State.FINISHED})
