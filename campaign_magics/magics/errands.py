"""What the commands of the business magics do with the words of a line."""

from __future__ import annotations

import argparse
import re
from collections import ChainMap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidOption
from .arguments import named_values, value_of, variable

if TYPE_CHECKING:
    from ..workbench import Session

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One line of a magic: the words after its command, its options, the names.

    Words are as typed: what a variable holds is a value, and no name of another one.
    ``progress`` is called while it waits, None where nobody watches.
    """

    session: Session
    words: Sequence[str]
    options: argparse.Namespace
    names: Mapping[str, Any]
    progress: Callable[[Any], object] | None = None

    def thing(self, place: int = 0) -> Any:
        """Return a word, or the workflow, delivery or job in the variable it names.

        A variable of another kind is not meant: records have names of the same sort.
        """
        from ..api.shown import Shown

        word = self.words[place]
        value = self.names.get(word)
        return value if isinstance(value, Shown) else self.word(place)

    def word(self, place: int) -> Any:
        """Return a word, or its variable's value; None for one that was left out."""
        if len(self.words) <= place:
            return None
        return value_of(self.words[place], self.names)

    @property
    def params(self) -> dict[str, object]:
        """The values of ``--param``; ``week=:week`` takes the variable's."""
        given = named_values(self.options.param, "--param week=12")
        return {
            name: value_of(value, self.names) if isinstance(value, str) else value
            for name, value in given.items()
        }

    def named(self, word: str | None, hint: str = "assign it") -> Any:
        """Return the variable that a word names, plain or marked; else the word.

        Raises InvalidOption, with the hint, when there is no such variable.
        """
        if word is None:
            return None
        if _IDENTIFIER.match(word):
            return variable(word, self.names, hint)
        return value_of(word, self.names)


def list_of(room: str) -> Callable[[Errand], Any]:
    """Return a command that lists what a room has, or what is in one state."""

    def run(errand: Errand) -> Any:
        options = errand.options
        return getattr(errand.session, room).list(
            errand.word(0), templates=options.templates, limit=options.limit
        )

    return run


def tell(room: str, method: str) -> Callable[[Errand], Any]:
    """Return a command that changes one thing, with consent."""

    def run(errand: Errand) -> Any:
        act = getattr(getattr(errand.session, room), method)
        return act(errand.thing(), yes=errand.options.yes)

    return run


def status(room: str) -> Callable[[Errand], Any]:
    """Return a command that looks at one thing."""
    return lambda errand: getattr(errand.session, room).status(errand.thing())


def wait(room: str) -> Callable[[Errand], Any]:
    """Return a command that waits for one thing."""

    def run(errand: Errand) -> Any:
        options, states = errand.options, errand.options.until
        if isinstance(states, str):
            states = tuple(map(str.strip, states.split(",")))
        return getattr(errand.session, room).wait(
            errand.thing(),
            states,
            timeout=options.timeout,
            progress=errand.progress,
        )

    return run


def start_workflow(errand: Errand) -> Any:
    """Start a workflow, with the parameters of ``--param`` if there are any."""
    return errand.session.workflow.start(
        errand.thing(), errand.params or None, yes=errand.options.yes
    )


def signal(errand: Errand) -> Any:
    """Signal an activity of a workflow."""
    return errand.session.workflow.signal(
        errand.thing(),
        errand.word(1),
        "" if errand.word(2) is None else errand.word(2),
        errand.params,
        complete=errand.options.complete,
        yes=errand.options.yes,
    )


def workflow_logs(errand: Errand) -> Any:
    """Return the journal of a workflow."""
    return errand.session.workflow.logs(
        errand.thing(), level=errand.options.level, limit=errand.options.limit
    )


def make(method: str) -> Callable[[Errand], Any]:
    """Return a command that makes a delivery from a template."""

    def run(errand: Errand) -> Any:
        options = errand.options
        return getattr(errand.session.delivery, method)(
            errand.word(0),
            content=errand.named(options.content),
            targets=errand.named(options.targets),
            label=options.label,
            name=options.name,
            params=ChainMap(errand.params, dict(errand.names)),
            yes=options.yes,
        )

    return run


def prepare(errand: Errand) -> Any:
    """Analyse a delivery and wait for the end."""
    return errand.session.delivery.prepare(
        errand.thing(),
        yes=errand.options.yes,
        timeout=errand.options.timeout,
        progress=errand.progress,
    )


def stats(errand: Errand) -> Any:
    """Return the counts of deliveries."""
    return errand.session.delivery.stats(
        *(errand.thing(place) for place in range(len(errand.words)))
    )


def delivery_logs(errand: Errand) -> Any:
    """Return the messages of a delivery, or the reactions to them."""
    options = errand.options
    return errand.session.delivery.logs(
        errand.thing(),
        tracking=options.tracking,
        status=options.status,
        limit=options.limit,
    )


def _people(errand: Errand) -> Any:
    """Return the rows that a variable holds, or the one address that is written."""
    word = errand.words[0]
    value = errand.word(0)
    plain = value is word and "@" not in word
    return variable(word, errand.names) if plain else value


def subscribe(errand: Errand) -> Any:
    """Subscribe the rows of a variable, or one address."""
    options = errand.options
    return errand.session.subscription.subscribe(
        _people(errand),
        errand.word(1),
        options.key,
        create=options.create,
        profile=options.profile,
        yes=options.yes,
        progress=errand.progress,
    )


def unsubscribe(errand: Errand) -> Any:
    """Unsubscribe the rows of a variable, or one address."""
    return errand.session.subscription.unsubscribe(
        _people(errand),
        errand.word(1),
        errand.options.key,
        yes=errand.options.yes,
        progress=errand.progress,
    )


def denylist(errand: Errand) -> Any:
    """Put the rows of a variable, or one address, on the denylist."""
    return errand.session.subscription.denylist(
        _people(errand),
        errand.options.key,
        yes=errand.options.yes,
        progress=errand.progress,
    )


def services(errand: Errand) -> Any:
    """Return the services, or the subscribers of one."""
    return errand.session.subscription.list(errand.word(0), limit=errand.options.limit)


def history(errand: Errand) -> Any:
    """Return what happened to subscriptions."""
    return errand.session.subscription.history(
        errand.word(0), email=errand.options.email, limit=errand.options.limit
    )


def submit_job(errand: Errand) -> Any:
    """Run a method in the background."""
    schema, separator, method = str(errand.word(0)).partition("#")
    if not separator:
        raise InvalidOption(
            f"'{errand.words[0]}' is not SCHEMA#METHOD.",
            hint="%campaign_jobs submit nms:delivery#Prepare 1234",
        )
    word = errand.words[1] if len(errand.words) > 1 else None
    entity = errand.named(word, "assign it, or give the id of the object")
    if isinstance(entity, str) and entity.isdecimal():
        entity = int(entity)
    args = [errand.word(place) for place in range(2, len(errand.words))]
    return errand.session.jobs.submit(
        schema, method, entity, args, yes=errand.options.yes
    )


def wait_for_job(errand: Errand) -> Any:
    """Wait for the end of a job."""
    return errand.session.jobs.wait(
        errand.thing(), timeout=errand.options.timeout, progress=errand.progress
    )


def job_logs(errand: Errand) -> Any:
    """Return the journal of a job."""
    return errand.session.jobs.logs(errand.thing())


def job_result(errand: Errand) -> Any:
    """Return what the method of a job answered."""
    return errand.session.jobs.result(errand.thing())
