"""``session.workflow``: start, pause, stop, signal and watch workflows.

What each action does is Adobe's word (Campaign v8, "Start a workflow"); the methods
are in protocol.md §8.  Only of Kill and Restart no document shows the call: that the
console's "Unconditional stop" and "Restart" are methods of the same form is assumed.
An instance without them has no such method in its schema, and nothing is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ..errors import InvalidValue, WorkFailed
from ..query.model import OrderNode
from ..session.consent import require_consent
from ..session.progress import Watch
from .documents import variables as variables_of
from .doing import doing, looking_after
from .records import Kind, Row, query_of, state_label, states_of
from .room import Room
from .shown import Facts, Shown
from .waiting import TIMEOUT, Patience, Seen, wait

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "xtk:workflow"
_LOG: Final = "xtk:workflowLog"

_COLUMNS: Final = {
    "id": "@id",
    "name": "@internalName",
    "label": "@label",
    "state": "@state",
    "failed": "@failed",
    "started": "@startDate",
    "last_task": "@processDate",
    "next_task": "@nextProcessingDate",
}
_KIND: Final = Kind(schema=SCHEMA, noun="workflow", columns=_COLUMNS)
_LISTED: Final = {**_COLUMNS, "folder": "[folder/@label]"}
_LOGGED: Final = {
    "date": "@logDate",
    "level": "@logType",
    "activity": "@activity",
    "message": "@message",
}
_NEWEST_FIRST: Final = (
    OrderNode(expr="@logDate", desc=True),
    OrderNode(expr="@id", desc=True),
)

_RESTING: Final = frozenset({"edition", "paused", "finished"})
"""States that last until somebody does something."""

_ENDED: Final = frozenset({"edition", "finished"})
_ON_THE_WAY: Final = frozenset(
    {"starting", "resuming", "restarting", "restartRequested"}
)
"""States in which an error is one of the run before."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Workflow(Shown):
    """A workflow as it was when it was asked for.

    ``state`` is the enumeration's name (``started``), ``state_label`` what the
    console shows; ``failed`` tells that a task ended in an error.  Its methods are
    those of ``session.workflow``, which return it as it is then.
    """

    id: int
    name: str
    label: str
    state: str
    state_label: str
    failed: bool
    started: datetime | None = None
    last_task: datetime | None = None
    next_task: datetime | None = None
    home: Workflows = field(repr=False, compare=False)

    @property
    def title(self) -> str:
        """Name and label."""
        return f"Workflow {self.name} · {self.label}"

    @property
    def brief(self) -> str:
        """Name, label and state."""
        return f"{self.title}: {self.state_label}{', in error' * self.failed}"

    def facts(self) -> Facts:
        """Return what is worth showing."""
        return [
            ("state", self.state_label),
            ("in error", self.failed or None),
            ("started", self.started),
            ("last task", self.last_task),
            ("next task", self.next_task),
            ("id", str(self.id)),
        ]

    def refresh(self) -> Workflow:
        """Return it as it is now."""
        return self.home.status(self.id)

    def start(
        self, parameters: Mapping[str, object] | None = None, *, yes: str | None = None
    ) -> Workflow:
        """Start it, or let it go on after a pause."""
        return self.home.start(self.id, parameters, yes=yes)

    def pause(self, *, yes: str | None = None) -> Workflow:
        """Begin no more of its tasks."""
        return self.home.pause(self.id, yes=yes)

    def stop(self, *, yes: str | None = None) -> Workflow:
        """End it, and cancel its tasks where that can be done."""
        return self.home.stop(self.id, yes=yes)

    def kill(self, *, yes: str | None = None) -> Workflow:
        """End it at once, whatever its tasks do; a last resort."""
        return self.home.kill(self.id, yes=yes)

    def restart(self, *, yes: str | None = None) -> Workflow:
        """Stop it and start it again."""
        return self.home.restart(self.id, yes=yes)

    def signal(
        self,
        activity: str,
        transition: str = "",
        variables: Mapping[str, object] | None = None,
        *,
        complete: bool = False,
        yes: str | None = None,
    ) -> Workflow:
        """Signal one of its activities."""
        return self.home.signal(
            self.id, activity, transition, variables, complete=complete, yes=yes
        )

    def logs(
        self, *, level: str | None = None, limit: int | None = 200
    ) -> pd.DataFrame:
        """Return its journal, the newest line first."""
        return self.home.logs(self.id, level=level, limit=limit)

    def wait(
        self,
        until: str | tuple[str, ...] | None = None,
        *,
        timeout: float | None = TIMEOUT,
        progress: Watch | None = None,
    ) -> Workflow:
        """Wait until it rests, or for a state."""
        return self.home.wait(self.id, until, timeout=timeout, progress=progress)


Which = int | str | Workflow
"""A workflow by id, by internal name, or as an object."""


class Workflows(Room[Workflow]):
    """The workflows of an instance.

    A workflow is named by its id or its internal name.  Whatever changes one returns
    it as it is then; on a production instance it wants ``yes=`` with the profile's
    name.  Raises UnknownName (with the nearest name), InvalidOption (no consent) and
    the server's refusals, SoapFault or AccessDenied.  ``met`` are the internal names
    seen so far.

    ``list`` has id, name, label, state, failed, started, last_task, next_task, folder.
    """

    _kind = _KIND
    _listed = _LISTED
    _thing = Workflow

    def start(
        self,
        which: Which,
        parameters: Mapping[str, object] | None = None,
        *,
        yes: str | None = None,
    ) -> Workflow:
        """Start a workflow, or let a paused one go on.

        ``parameters`` become instance variables, ``vars.name`` in its scripts.
        """
        if parameters is None:
            return self._tell(which, "Starting", "Start", yes=yes)
        document = variables_of(parameters)
        return self._tell(which, "Starting", "StartWithParameters", document, yes=yes)

    def pause(self, which: Which, *, yes: str | None = None) -> Workflow:
        """Begin no more tasks; those under way go on.  ``start`` ends the pause."""
        return self._tell(which, "Pausing", "Pause", yes=yes)

    def stop(self, which: Which, *, yes: str | None = None) -> Workflow:
        """End a workflow and cancel its tasks where that can be done.

        That takes a moment: ``wait`` for its end, and do not stop it twice.
        """
        return self._tell(which, "Stopping", "Stop", yes=yes)

    def kill(self, which: Which, *, yes: str | None = None) -> Workflow:
        """End a workflow at once, whatever its tasks do.

        A last resort, for administrators, when ``stop`` has not ended it in minutes.
        """
        return self._tell(which, "Killing", "Kill", yes=yes)

    def restart(self, which: Which, *, yes: str | None = None) -> Workflow:
        """Stop a workflow and start it again; its instance variables stay."""
        return self._tell(which, "Restarting", "Restart", yes=yes)

    def signal(
        self,
        which: Which,
        activity: str,
        transition: str = "",
        variables: Mapping[str, object] | None = None,
        *,
        complete: bool = False,
        yes: str | None = None,
    ) -> Workflow:
        """Post an event to an activity that waits for a signal (PostEvent).

        ``transition`` names the one to activate, if there are several; ``variables``
        are the event's; ``complete`` ends the activity, which otherwise goes on
        waiting.  The server takes any event; the workflow's logs tell what became of
        it.
        """
        for what, word in (("activity", activity), ("transition", transition)):
            if not isinstance(word, str | None):
                raise InvalidValue(
                    f"The {what} is a {type(word).__name__}.", hint="give its name"
                )
        if not (activity or "").strip():
            raise InvalidValue("The activity is missing.", hint="give its name")
        document = variables_of(variables or {})
        told = (activity, transition, document, complete)
        return self._tell(which, "Signalling", "PostEvent", *told, yes=yes)

    def logs(
        self, which: Which, *, level: str | None = None, limit: int | None = 200
    ) -> pd.DataFrame:
        """Return the journal of a workflow, the newest line first.

        Columns: date (UTC), level (a category), activity and message (string).
        ``level`` is ``error``, ``warning``, ``info`` or ``verbose``.
        """
        row = self._find(which)
        where, params = ["[@workflow-id] = :id"], {"id": row["id"], "level": level}
        if level is not None:
            states_of(self._connection, _LOG, "@logType", (level,))
            where.append("@logType = :level")
        schema = self._connection.schemas[_LOG]
        query = query_of(schema, _LOGGED, where, order=_NEWEST_FIRST)
        return self._connection.query(query, params, limit=limit)

    def wait(
        self,
        which: Which,
        until: str | tuple[str, ...] | None = None,
        *,
        timeout: float | None = TIMEOUT,
        progress: Watch | None = None,
    ) -> Workflow:
        """Wait until a workflow rests (finished, paused, being edited), or a state.

        ``timeout`` is in seconds, None for ever; ``progress`` is called with `Moment`.
        Raises WorkFailed when a task fails, or the workflow ends in another state
        than the one waited for; StillRunning when the time is up.  An interrupt ends
        the wait only.
        """
        states = states_of(self._connection, SCHEMA, "@state", until) if until else None

        def look() -> Seen[Workflow]:
            seen = self.status(which)
            over = self._is_over(seen, states)
            what = f"workflow {seen.name}"
            return Seen(thing=seen, state=seen.state_label, over=over, what=what)

        patience = Patience(timeout=timeout, progress=progress, clock=self._clock)
        return wait(self._connection, "the workflow", look, patience)

    def _is_over(self, seen: Workflow, states: tuple[str, ...] | None) -> bool:
        if states is None and seen.state in _RESTING and not seen.failed:
            return True
        if states is not None and seen.state in states:
            return True
        if seen.failed and seen.state not in _ON_THE_WAY:
            raise self._failure(seen)
        if states is not None and seen.state in _ENDED:
            raise WorkFailed(
                f"The workflow {seen.name} is '{seen.state_label}', "
                f"not {' or '.join(states)}.",
                hint=_where_to_look(seen),
            )
        return False

    def _failure(self, seen: Workflow) -> WorkFailed:
        lines = self.logs(seen.id, level="error", limit=1)
        cause = lines["message"].iloc[0] if len(lines) else "its logs do not say why"
        return WorkFailed(
            f"The workflow {seen.name} is in error: {cause}",
            hint=_where_to_look(seen),
            state=seen.state,
        )

    def _tell(
        self, which: Which, verb: str, method: str, *args: object, yes: str | None
    ) -> Workflow:
        """Call a method on a workflow that exists, with consent; return what is."""
        row = self._find(which)
        name = row["name"]
        what = f"{verb} the workflow {name}"
        require_consent(self._connection, yes, what)
        with doing(what, f"session.workflow.status('{name}')"):
            self._connection.call(SCHEMA, method, str(row["id"]), *args)
        with looking_after(f"{what} was done"):
            return self.status(int(row["id"]))

    def _seen(self, row: Row) -> Workflow:
        state = str(row["state"])
        return Workflow(
            id=int(row["id"]),
            name=str(row["name"]),
            label=str(row["label"] or ""),
            state=state,
            state_label=state_label(self._connection, SCHEMA, "@state", state),
            failed=bool(row.get("failed")),
            started=row.get("started"),
            last_task=row.get("last_task"),
            next_task=row.get("next_task"),
            home=self,
        )


def _where_to_look(seen: Workflow) -> str:
    name = seen.name
    return f"see session.workflow.logs('{name}'), or %campaign_workflow logs {name}"
