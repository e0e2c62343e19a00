"""The commands of the magics that have some: a table for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from .errands import (
    delivery_logs,
    denylist,
    history,
    job_logs,
    job_result,
    list_of,
    make,
    prepare,
    services,
    signal,
    start_workflow,
    stats,
    status,
    submit_job,
    subscribe,
    tell,
    unsubscribe,
    wait,
    wait_for_job,
    workflow_logs,
)
from .orders import SANDBOX
from .subcommands import Command, Commands

_MAKING: Final = ("content", "targets", "label", "name", "param", "yes", "out")

WORKFLOW: Final[Commands] = {
    "list": Command(
        run=list_of("workflow"),
        help="workflows as a table",
        words="[STATE]",
        options=("templates", "limit", "out"),
    ),
    "status": Command(
        run=status("workflow"),
        help="how one stands",
        words="WORKFLOW",
        options=("out",),
    ),
    "start": Command(
        run=start_workflow,
        help="start one, or let a paused one go on",
        words="WORKFLOW",
        options=("param", "yes", "out"),
    ),
    "pause": Command(
        run=tell("workflow", "pause"),
        help="begin no more of its tasks",
        words="WORKFLOW",
        options=("yes", "out"),
    ),
    "stop": Command(
        run=tell("workflow", "stop"),
        help="end it, cancel its tasks",
        words="WORKFLOW",
        options=("yes", "out"),
    ),
    "kill": Command(
        run=tell("workflow", "kill"),
        help="end it at once, as a last resort",
        words="WORKFLOW",
        options=("yes", "out"),
    ),
    "restart": Command(
        run=tell("workflow", "restart"),
        help="stop it and start it again",
        words="WORKFLOW",
        options=("yes", "out"),
    ),
    "signal": Command(
        run=signal,
        help="post an event to an activity that waits",
        words="WORKFLOW ACTIVITY [TRANSITION]",
        options=("param", "complete", "yes", "out"),
    ),
    "logs": Command(
        run=workflow_logs,
        help="its journal, the newest line first",
        words="WORKFLOW",
        options=("level", "limit", "out"),
    ),
    "wait": Command(
        run=wait("workflow"),
        help="wait until it rests, or for a state",
        words="WORKFLOW",
        options=("until", "timeout", "out"),
    ),
}


DELIVERY: Final[Commands] = {
    "list": Command(
        run=list_of("delivery"),
        help="deliveries as a table",
        words="[STATE]",
        options=("templates", "limit", "out"),
    ),
    "status": Command(
        run=status("delivery"),
        help="how one stands",
        words="DELIVERY",
        options=("out",),
    ),
    "submit": Command(
        run=make("submit"),
        help="make one from a template and send it",
        words="TEMPLATE",
        options=_MAKING,
    ),
    "create": Command(
        run=make("create"),
        help="make one from a template",
        words="TEMPLATE",
        options=_MAKING,
    ),
    "prepare": Command(
        run=prepare,
        help="analyse it: count the target, make the messages",
        words="DELIVERY",
        options=("timeout", "yes", "out"),
    ),
    "start": Command(
        run=tell("delivery", "start"),
        help="let the messages leave, or go on after a pause",
        words="DELIVERY",
        options=("yes", "out"),
    ),
    "pause": Command(
        run=tell("delivery", "pause"),
        help="hold the messages",
        words="DELIVERY",
        options=("yes", "out"),
    ),
    "stop": Command(
        run=tell("delivery", "stop"),
        help="end it for good",
        words="DELIVERY",
        options=("yes", "out"),
    ),
    "stats": Command(
        run=stats,
        help="counts and rates as a table",
        words="[DELIVERY …]",
        options=("out",),
    ),
    "logs": Command(
        run=delivery_logs,
        help="its messages, or the reactions to them",
        words="DELIVERY",
        options=("tracking", "status", "limit", "out"),
    ),
    "wait": Command(
        run=wait("delivery"),
        help="wait until nothing happens any more, or for a state",
        words="DELIVERY",
        options=("until", "timeout", "out"),
    ),
}


SUBSCRIPTION: Final[Commands] = {
    "list": Command(
        run=services,
        help="services, or the subscribers of one",
        words="[SERVICE]",
        options=("limit", "out"),
    ),
    "subscribe": Command(
        run=subscribe,
        help="subscribe the rows to a service",
        words="ROWS SERVICE",
        options=("key", "create", "profile", "yes", "out"),
    ),
    "unsubscribe": Command(
        run=unsubscribe,
        help="end the rows' subscription",
        words="ROWS SERVICE",
        options=("key", "yes", "out"),
    ),
    "denylist": Command(
        run=denylist,
        help="no message of any kind for the rows any more",
        words="ROWS",
        options=("key", "yes", "out"),
    ),
    "history": Command(
        run=history,
        help="subscriptions and unsubscriptions, the newest first",
        words="[SERVICE]",
        options=("email", "limit", "out"),
    ),
}


JOBS: Final[Commands] = {
    "submit": Command(
        run=submit_job,
        help="run a method in the background",
        words="SCHEMA#METHOD [ENTITY] [ARGS …]",
        options=("yes", "out"),
    ),
    "status": Command(
        run=status("jobs"), help="how far a job is", words="JOB", options=("out",)
    ),
    "logs": Command(
        run=job_logs,
        help="its journal",
        words="JOB",
        options=("out",),
    ),
    "result": Command(
        run=job_result,
        help="what its method answered",
        words="JOB",
        options=("out",),
    ),
    "wait": Command(
        run=wait_for_job,
        help="wait for its end",
        words="JOB",
        options=("timeout", "out"),
    ),
    "cancel": Command(
        run=tell("jobs", "cancel"),
        help="ask it to end",
        words="JOB",
        options=("yes", "out"),
    ),
}


COMMANDS: Final[Mapping[str, Commands]] = {
    "campaign_workflow": WORKFLOW,
    "campaign_delivery": DELIVERY,
    "campaign_subscription": SUBSCRIPTION,
    "campaign_jobs": JOBS,
    "campaign_sandbox": SANDBOX,
}
"""The commands by magic, for completion too."""
