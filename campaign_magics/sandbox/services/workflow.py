"""xtk:workflow: start, pause, stop, signal (protocol.md §8)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lxml import etree

from ..business import workflow_steps, workflows
from ..business.workflow_records import AT_WORK, find
from ..instance import Call, Reply
from ..staging.workflows import (
    REFERENCE_TABLES,
    STAGING_DATA,
    run_references,
    run_staging,
)
from ..stores.world import World
from .business import changing, document, now, refusals, world_of
from .rights import check_write

_REPLICATION: Mapping[str, Callable[[World], object]] = {
    STAGING_DATA: run_staging,
    REFERENCE_TABLES: run_references,
}


@changing
def start(call: Call) -> Reply:
    """Start a workflow, or let a paused one go on."""
    workflows.start(world_of(call), call.text(0), now(call))
    return Reply()


@changing
def start_with_parameters(call: Call) -> Reply:
    """Start a workflow with instance variables."""
    workflows.start(world_of(call), call.text(0), now(call), document(call, 1))
    return Reply()


@changing
def simulate_with_parameters(call: Call) -> Reply:
    """Start a workflow as a simulation."""
    variables = document(call, 1)
    workflows.start(world_of(call), call.text(0), now(call), variables, simulation=True)
    return Reply()


@changing
def spawn_with_parameters(call: Call) -> Reply:
    """Start a copy of a workflow and return its id."""
    return _spawn(call, document(call, 1), simulation=False)


@changing
def spawn_with_parameters_ex(call: Call) -> Reply:
    """Start a copy of a workflow, as a simulation if asked, and return its id."""
    return _spawn(call, document(call, 2), simulation=call.flag(1))


@changing
def pause(call: Call) -> Reply:
    """Hold a workflow."""
    workflows.pause(world_of(call), call.text(0), now(call))
    return Reply()


@changing
def stop(call: Call) -> Reply:
    """End a workflow in a moment."""
    workflows.stop(world_of(call), call.text(0), now(call))
    return Reply()


@changing
def restart(call: Call) -> Reply:
    """End a workflow and start it again."""
    workflows.restart(world_of(call), call.text(0), now(call))
    return Reply()


@changing
def kill(call: Call) -> Reply:
    """End a workflow at once."""
    workflows.kill(world_of(call), call.text(0), now(call))
    return Reply()


def wakeup(call: Call) -> Reply:
    """Run the pending tasks now.

    For the two workflows of replication this replicates (Adobe v8, "Data
    replication": execute pending tasks now).
    """
    check_write(call)
    world = world_of(call)
    with refusals(call):
        row = find(world, call.text(0))
        replicate = _REPLICATION.get(row["@internalName"])
        if replicate is not None and row["@state"] in AT_WORK:
            replicate(world)
        else:
            with world.databases.transaction():
                workflows.wake_up(world, call.text(0), now(call))
    return Reply()


@changing
def post_event(call: Call) -> Reply:
    """Post an event to a signal activity; its journal tells what became of it."""
    row = find(world_of(call), call.text(0))
    variables = document(call, 3)
    workflows.check_variables(variables)
    text = None if variables is None else etree.tostring(variables, encoding="unicode")
    values = {
        "@activity": call.text(1),
        "@transition": call.text(2) or None,
        "@complete": call.flag(4),
        "variables": text,
    }
    workflow_steps.post_event(world_of(call), int(row["@id"]), values, now(call))
    return Reply()


def _spawn(call: Call, variables: etree._Element | None, *, simulation: bool) -> Reply:
    made = workflows.spawn(
        world_of(call), call.text(0), now(call), variables, simulation=simulation
    )
    return Reply(outputs=(made,))
