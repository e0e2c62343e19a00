"""What the commands of the business magics do: a table for each magic."""

from __future__ import annotations

import argparse
import re
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..errors import InvalidOption
from .arguments import named_values
from .subcommands import Command, Commands

if TYPE_CHECKING:
    from ..workbench import Session

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One line of a magic: the words after its command, its options, the names.

    ``progress`` is called while it waits, None where nobody watches.
    """

    session: Session
    words: Sequence[str]
    options: argparse.Namespace
    names: Mapping[str, Any]
    progress: Callable[[Any], object] | None

    def word(self, place: int) -> str | None:
        """Return a word that may be left out."""
        return self.words[place] if len(self.words) > place else None

    @property
    def params(self) -> dict[str, object]:
        """The values of ``--param``."""
        return named_values(self.options.param, "--param week=12")

    def variable(self, name: str) -> Any:
        """Return the notebook's variable; raises InvalidOption when there is none."""
        if name not in self.names:
            raise InvalidOption(f"There is no variable '{name}'.", hint="assign it")
        return self.names[name]


def _list(room: str) -> Callable[[Errand], Any]:
    def run(errand: Errand) -> Any:
        options = errand.options
        return getattr(errand.session, room).list(
            errand.word(0), templates=options.templates, limit=options.limit
        )

    return run


def _tell(room: str, method: str) -> Callable[[Errand], Any]:
    """Return a command that changes one thing, with consent."""

    def run(errand: Errand) -> Any:
        act = getattr(getattr(errand.session, room), method)
        return act(errand.words[0], yes=errand.options.yes)

    return run


def _status(room: str) -> Callable[[Errand], Any]:
    return lambda errand: getattr(errand.session, room).status(errand.words[0])


def _wait(room: str) -> Callable[[Errand], Any]:
    def run(errand: Errand) -> Any:
        options = errand.options
        states = options.until.split(",") if options.until else None
        return getattr(errand.session, room).wait(
            errand.words[0],
            None if states is None else tuple(map(str.strip, states)),
            timeout=options.timeout,
            progress=errand.progress,
        )

    return run


def _start_workflow(errand: Errand) -> Any:
    return errand.session.workflow.start(
        errand.words[0], errand.params or None, yes=errand.options.yes
    )


def _signal(errand: Errand) -> Any:
    which, activity = errand.words[:2]
    return errand.session.workflow.signal(
        which,
        activity,
        errand.word(2) or "",
        errand.params,
        complete=errand.options.complete,
        yes=errand.options.yes,
    )


def _workflow_logs(errand: Errand) -> Any:
    return errand.session.workflow.logs(
        errand.words[0], level=errand.options.level, limit=errand.options.limit
    )


WORKFLOW: Final[Commands] = {
    "list": Command(
        run=_list("workflow"), words="[STATE]", options=("templates", "limit", "out")
    ),
    "status": Command(run=_status("workflow"), words="WORKFLOW", options=("out",)),
    "start": Command(
        run=_start_workflow, words="WORKFLOW", options=("param", "yes", "out")
    ),
    "pause": Command(
        run=_tell("workflow", "pause"), words="WORKFLOW", options=("yes", "out")
    ),
    "stop": Command(
        run=_tell("workflow", "stop"), words="WORKFLOW", options=("yes", "out")
    ),
    "kill": Command(
        run=_tell("workflow", "kill"), words="WORKFLOW", options=("yes", "out")
    ),
    "signal": Command(
        run=_signal,
        words="WORKFLOW ACTIVITY [TRANSITION]",
        options=("param", "complete", "yes", "out"),
    ),
    "logs": Command(
        run=_workflow_logs, words="WORKFLOW", options=("level", "limit", "out")
    ),
    "wait": Command(
        run=_wait("workflow"), words="WORKFLOW", options=("until", "timeout", "out")
    ),
}


def _make(method: str) -> Callable[[Errand], Any]:
    """Return a command that makes a delivery from a template."""

    def run(errand: Errand) -> Any:
        options = errand.options
        content, targets = options.content, options.targets
        if content is not None and _IDENTIFIER.match(content):
            content = errand.variable(content)
        if targets is not None and _IDENTIFIER.match(targets):
            targets = errand.variable(targets)
        return getattr(errand.session.delivery, method)(
            errand.words[0],
            content=content,
            targets=targets,
            label=options.label,
            name=options.name,
            params=ChainMap(errand.params, dict(errand.names)),
            yes=options.yes,
        )

    return run


def _prepare(errand: Errand) -> Any:
    return errand.session.delivery.prepare(
        errand.words[0],
        yes=errand.options.yes,
        timeout=errand.options.timeout,
        progress=errand.progress,
    )


def _stats(errand: Errand) -> Any:
    return errand.session.delivery.stats(*errand.words)


def _delivery_logs(errand: Errand) -> Any:
    options = errand.options
    return errand.session.delivery.logs(
        errand.words[0],
        tracking=options.tracking,
        status=options.status,
        limit=options.limit,
    )


_MAKING: Final = ("content", "targets", "label", "name", "param", "yes", "out")

DELIVERY: Final[Commands] = {
    "list": Command(
        run=_list("delivery"), words="[STATE]", options=("templates", "limit", "out")
    ),
    "status": Command(run=_status("delivery"), words="DELIVERY", options=("out",)),
    "submit": Command(run=_make("submit"), words="TEMPLATE", options=_MAKING),
    "create": Command(run=_make("create"), words="TEMPLATE", options=_MAKING),
    "prepare": Command(
        run=_prepare, words="DELIVERY", options=("timeout", "yes", "out")
    ),
    "start": Command(
        run=_tell("delivery", "start"), words="DELIVERY", options=("yes", "out")
    ),
    "pause": Command(
        run=_tell("delivery", "pause"), words="DELIVERY", options=("yes", "out")
    ),
    "stop": Command(
        run=_tell("delivery", "stop"), words="DELIVERY", options=("yes", "out")
    ),
    "stats": Command(run=_stats, words="[DELIVERY …]", options=("out",)),
    "logs": Command(
        run=_delivery_logs,
        words="DELIVERY",
        options=("tracking", "status", "limit", "out"),
    ),
    "wait": Command(
        run=_wait("delivery"), words="DELIVERY", options=("until", "timeout", "out")
    ),
}


def _people(errand: Errand) -> Any:
    """Return the rows that a variable holds, or the one address that is written."""
    word = errand.words[0]
    return [word] if "@" in word else errand.variable(word)


def _subscribe(errand: Errand) -> Any:
    options = errand.options
    return errand.session.subscription.subscribe(
        _people(errand),
        errand.words[1],
        options.key,
        create=options.create,
        profile=options.profile,
        yes=options.yes,
        progress=errand.progress,
    )


def _unsubscribe(errand: Errand) -> Any:
    return errand.session.subscription.unsubscribe(
        _people(errand),
        errand.words[1],
        errand.options.key,
        yes=errand.options.yes,
        progress=errand.progress,
    )


def _denylist(errand: Errand) -> Any:
    return errand.session.subscription.denylist(
        _people(errand),
        errand.options.key,
        yes=errand.options.yes,
        progress=errand.progress,
    )


def _services(errand: Errand) -> Any:
    return errand.session.subscription.list(errand.word(0), limit=errand.options.limit)


def _history(errand: Errand) -> Any:
    return errand.session.subscription.history(
        errand.word(0), email=errand.options.email, limit=errand.options.limit
    )


SUBSCRIPTION: Final[Commands] = {
    "list": Command(run=_services, words="[SERVICE]", options=("limit", "out")),
    "subscribe": Command(
        run=_subscribe,
        words="ROWS SERVICE",
        options=("key", "create", "profile", "yes", "out"),
    ),
    "unsubscribe": Command(
        run=_unsubscribe, words="ROWS SERVICE", options=("key", "yes", "out")
    ),
    "denylist": Command(run=_denylist, words="ROWS", options=("key", "yes", "out")),
    "history": Command(
        run=_history, words="[SERVICE]", options=("email", "limit", "out")
    ),
}


def _submit_job(errand: Errand) -> Any:
    schema, separator, method = errand.words[0].partition("#")
    if not separator:
        raise InvalidOption(
            f"'{errand.words[0]}' is not SCHEMA#METHOD.",
            hint="%campaign_jobs submit nms:delivery#Prepare 1234",
        )
    word = errand.word(1)
    entity: Any = int(word) if word and word.isdecimal() else word
    if word and _IDENTIFIER.match(word):
        entity = errand.variable(word)
    args = errand.words[2:]
    return errand.session.jobs.submit(
        schema, method, entity, args, yes=errand.options.yes
    )


def _wait_for_job(errand: Errand) -> Any:
    return errand.session.jobs.wait(
        errand.words[0], timeout=errand.options.timeout, progress=errand.progress
    )


JOBS: Final[Commands] = {
    "submit": Command(
        run=_submit_job, words="SCHEMA#METHOD [ENTITY] [ARGS …]", options=("yes", "out")
    ),
    "status": Command(run=_status("jobs"), words="JOB", options=("out",)),
    "logs": Command(
        run=lambda errand: errand.session.jobs.logs(errand.words[0]),
        words="JOB",
        options=("out",),
    ),
    "result": Command(
        run=lambda errand: errand.session.jobs.result(errand.words[0]),
        words="JOB",
        options=("out",),
    ),
    "wait": Command(run=_wait_for_job, words="JOB", options=("timeout", "out")),
    "cancel": Command(run=_tell("jobs", "cancel"), words="JOB", options=("yes", "out")),
}

COMMANDS: Final[Mapping[str, Commands]] = {
    "campaign_workflow": WORKFLOW,
    "campaign_delivery": DELIVERY,
    "campaign_subscription": SUBSCRIPTION,
    "campaign_jobs": JOBS,
}
"""The commands by magic, for completion too."""
