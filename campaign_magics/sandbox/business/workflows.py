"""Workflows: started, paused, stopped and the like, on request (protocol.md §8).

Tasks leave their trace in the tables of tasks and logs; what an activity would do to
the data is not done.  A request is heard a moment later, as on a real instance.
"""

from __future__ import annotations

from typing import Final

from lxml import etree

from ...xtk.xml import local_name
from ..persist.counters import increase_counter
from ..stores.agenda import Task
from ..stores.world import World
from . import workflow_steps
from .pace import TICK
from .records import MEMO, Table, moment
from .refusals import Impossible
from .workflow_records import (
    AT_WORK,
    SCHEMA,
    WARNING,
    State,
    cancel_tasks,
    change,
    find,
    with_variables,
    write_log,
)

_STANDING: Final = frozenset({State.EDITED, State.FINISHED})
_SIMULATED: Final = "simulation"


def start(
    world: World,
    name: str,
    when: float,
    variables: etree._Element | None = None,
    *,
    simulation: bool = False,
) -> None:
    """Start a workflow, or let a paused one go on.  Raises Impossible.

    One that is started already stays so, and its journal notes it [assumed].
    """
    row = find(world, name)
    check_variables(variables)
    workflow = int(row["@id"])
    if row["@isModel"]:
        raise Impossible(f"The workflow '{row['@label']}' is a template.")
    if row["@state"] in (State.PAUSED, State.PAUSING):
        _ask(world, workflow, when, State.RESUMING, "workflow.resumed")
        return
    if row["@state"] not in _STANDING:
        text = "The workflow was asked to start, but it is started already."
        write_log(world, workflow, when, text, level=WARNING)
        return
    if variables is not None:
        change(world, workflow, when, {MEMO: with_variables(row, variables)})
    detail = _SIMULATED if simulation else ""
    _ask(world, workflow, when, State.STARTING, "workflow.started", detail)


def pause(world: World, name: str, when: float) -> None:
    """Hold the tasks of a workflow; one that is not started stays as it is."""
    row = find(world, name)
    if row["@state"] in AT_WORK:
        _ask(world, int(row["@id"]), when, State.PAUSING, "workflow.paused")


def stop(world: World, name: str, when: float) -> None:
    """End a workflow; one that has ended stays as it is."""
    row = find(world, name)
    if row["@state"] not in {*_STANDING, State.STOPPING}:
        _ask(world, int(row["@id"]), when, State.STOPPING, "workflow.stopped")


def kill(world: World, name: str, when: float) -> None:
    """End a workflow at once."""
    row = find(world, name)
    if row["@state"] not in _STANDING:
        world.agenda.drop("workflow", int(row["@id"]))
        _end(world, int(row["@id"]), when, "Workflow killed.")


def restart(world: World, name: str, when: float) -> None:
    """End a workflow and start it again; one that stands is started."""
    row = find(world, name)
    if row["@state"] in _STANDING:
        start(world, name, when)
        return
    workflow = int(row["@id"])
    _ask(world, workflow, when, State.RESTARTING, "workflow.started")
    cancel_tasks(world, workflow, when)


def wake_up(world: World, name: str, when: float) -> None:
    """Run the pending tasks now, those of the schedule too."""
    row = find(world, name)
    if row["@state"] in AT_WORK:
        world.agenda.pull("workflow", int(row["@id"]), when)


def spawn(
    world: World,
    name: str,
    when: float,
    variables: etree._Element | None,
    *,
    simulation: bool,
) -> int:
    """Start a copy of a workflow, mostly of a template; return the copy's id."""
    model = find(world, name)
    check_variables(variables)
    table = Table(world, SCHEMA)
    whole = table.first(table.paths, {"@id": model["@id"]})
    (key,) = table.number()
    number = increase_counter(world, "workflow")
    blank = ("@startDate", "@processDate", "@nextProcessingDate")
    table.insert(
        {
            **(whole or {}),
            **dict.fromkeys(blank),
            "@id": key,
            "@internalName": f"WKF{number}",
            "@state": State.EDITED,
            "@status": 0,
            "@failed": False,
            "@isModel": False,
            "@builtIn": False,
            "@created": moment(when),
            "@lastModified": moment(when),
        }
    )
    start(world, str(key), when, variables, simulation=simulation)
    return key


def check_variables(variables: etree._Element | None) -> None:
    """Refuse parameters whose root is not ``<variables>`` (protocol.md §8)."""
    if variables is not None and local_name(variables) != "variables":
        raise Impossible(
            f"Parameters are given as <variables …/>, not <{local_name(variables)}>."
        )


def started(world: World, task: Task) -> None:
    """Begin the first activity."""
    simulated = task.detail == _SIMULATED
    state = State.TESTING if simulated else State.STARTED
    text = "Workflow started as a simulation." if simulated else "Workflow started."
    write_log(world, task.subject, task.due, text)
    dates = {"@startDate": moment(task.due), "@nextProcessingDate": None}
    change(world, task.subject, task.due, {**dates, "@state": state, "@failed": False})
    workflow_steps.begin(world, task.subject, 0, task.due)


def resumed(world: World, task: Task) -> None:
    """Go on after a pause."""
    write_log(world, task.subject, task.due, "Workflow resumed.")
    change(world, task.subject, task.due, {"@state": State.STARTED})
    workflow_steps.resume(world, task.subject, task.due)


def paused(world: World, task: Task) -> None:
    """Note that a workflow stands still."""
    write_log(world, task.subject, task.due, "Workflow paused.")
    change(world, task.subject, task.due, {"@state": State.PAUSED})


def stopped(world: World, task: Task) -> None:
    """Note that a workflow has ended on request."""
    _end(world, task.subject, task.due, "Workflow stopped.")


def _ask(
    world: World, workflow: int, when: float, state: State, kind: str, detail: str = ""
) -> None:
    """Change state now, and have it heard in a moment; running tasks are held."""
    world.agenda.drop("workflow", workflow)
    world.agenda.add(when + TICK, kind, workflow, detail)
    change(world, workflow, when, {"@state": state})


def _end(world: World, workflow: int, when: float, text: str) -> None:
    cancel_tasks(world, workflow, when)
    write_log(world, workflow, when, text)
    ended = {"@state": State.FINISHED, "@nextProcessingDate": None}
    change(world, workflow, when, ended)
