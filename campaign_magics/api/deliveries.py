"""``session.delivery``: from a template to the last message, and what came of it.

The methods are in protocol.md §8.  Of Start, Pause and Stop no document shows the call:
that they are methods of a delivery, for which its id will do, is assumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from lxml import etree

from ..errors import (
    AnswerLost,
    BadAnswer,
    CampaignError,
    StillRunning,
    UnknownName,
    WorkFailed,
)
from ..session import Interrupted
from ..session.consent import require_consent
from ..session.progress import Watch
from .content import Content, Targets, fragment, read_targets
from .delivery import Delivery
from .delivery_logs import COUNTS, log_query, stats_query
from .documents import reference
from .doing import doing, looking_after
from .jobs import Jobs
from .records import Kind, Row, find, free_name, state_label, states_of
from .room import Room
from .waiting import TIMEOUT, Patience, Seen, wait

if TYPE_CHECKING:
    import pandas as pd

SCHEMA: Final = "nms:delivery"

_LISTED: Final = {
    "id": "@id",
    "name": "@internalName",
    "label": "@label",
    "channel": "@messageType",
    "state": "@state",
    "to_send": "properties/@toDeliver",
    "started": "scheduling/@broadStartDate",
    "modified": "@lastModified",
    "folder": "[folder/@label]",
}
_KIND: Final = Kind(
    schema=SCHEMA,
    noun="delivery",
    columns={
        "id": "@id",
        "channel": "@messageType",
        **COUNTS,
        "started": "scheduling/@broadStartDate",
        "ended": "scheduling/@broadEndDate",
    },
    where=("@isModel = 0",),
)
_TEMPLATE: Final = Kind(
    schema=SCHEMA,
    noun="delivery template",
    columns={"id": "@id", "name": "@internalName", "label": "@label"},
    where=("@isModel = 1",),
)

_FAILED: Final = frozenset({"messageFailed", "failed"})
_ENDED: Final = frozenset({"finished", "stopped", "deleted", *_FAILED})
_RESTING: Final = frozenset(
    {"edition", "targetReady", "messageReady", "ready", "paused", *_ENDED}
)
"""States that last until somebody does something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """A delivery to be made: of which template, under which name, with what."""

    template: str
    name: str
    content: etree._Element


class Deliveries(Room[Delivery]):
    """The deliveries of an instance.

    A delivery is named by its id or its internal name.  Whatever changes one returns
    it as it is then; on a production instance it wants ``yes=`` with the profile's
    name.  Raises UnknownName (with the nearest name), InvalidOption (no consent) and
    the server's refusals, SoapFault or AccessDenied.  ``met`` are the internal names
    seen so far.

    ``list`` has id, name, label, channel, state, to_send, started, modified, folder.
    """

    _kind = _KIND
    _listed = _LISTED
    _thing = Delivery

    def create(
        self,
        template: str,
        *,
        content: Content = None,
        targets: Targets = None,
        label: str | None = None,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        yes: str | None = None,
    ) -> Delivery:
        """Make a delivery from a template without preparing it (CreateFromModel).

        Arguments as for ``submit``.
        """
        order = self._order(template, content, targets, label, name, params)
        require_consent(
            self._connection, yes, f"Making a delivery from {order.template}"
        )
        try:
            made = self._connection.call(
                SCHEMA, "CreateFromModel", order.template, order.content
            )
        except AnswerLost as lost:
            lost.hint = "it saves nothing yet: it is safe to do it again"
            raise
        if not isinstance(made, etree._Element):
            raise BadAnswer("CreateFromModel answered no delivery.", hint="try again")
        made.set("xtkschema", SCHEMA)
        return self._send(order, "xtk:session", "Write", made)

    def submit(
        self,
        template: str,
        *,
        content: Content = None,
        targets: Targets = None,
        label: str | None = None,
        name: str | None = None,
        params: Mapping[str, Any] | None = None,
        yes: str | None = None,
    ) -> Delivery:
        """Make a delivery from a template and send it (SubmitDelivery).

        ``template`` is an internal name or id.  ``content`` overrides it: a
        ``<delivery>`` fragment, or a mapping with ``subject``, ``html``, ``text``,
        ``sms``, ``from_name``, ``from_address``, ``reply_to``.  ``targets`` is a
        condition on recipients with ``params`` for its ``:names``, a query, or rows
        with ``id`` or ``email``; left out, the template's.  ``name`` is the internal
        name, made up when left out.

        The analysis goes on when this returns: ``wait()`` for its end.  Raises also
        InvalidValue when the name is taken, and AnswerLost only when the delivery is
        not there although the call was sent.
        """
        order = self._order(template, content, targets, label, name, params)
        require_consent(
            self._connection, yes, f"Sending a delivery from {order.template}"
        )
        return self._send(
            order, SCHEMA, "SubmitDelivery", order.template, order.content
        )

    def prepare(
        self,
        which: Which,
        *,
        yes: str | None = None,
        timeout: float | None = TIMEOUT,
        progress: Watch | None = None,
    ) -> Delivery:
        """Analyse a delivery as a job, wait for its end and return the delivery.

        Raises WorkFailed with the cause when the analysis fails, StillRunning when
        it lasts longer than ``timeout`` seconds; an interrupt ends the wait only.
        """
        row, what, check = self._allowed(which, "Preparing", yes)
        jobs = Jobs(self._connection, clock=self._clock)
        with doing(what, check):
            job = jobs.submit(SCHEMA, "Prepare", int(row["id"]), yes=yes)
        try:
            job = job.wait(timeout=timeout, progress=progress)
        except (StillRunning, Interrupted) as early:
            # Preparing it again, as one may for a wait, would begin a second analysis.
            end = f"session.delivery.wait('{row['name']}')"
            early.hint = f"the analysis goes on; see its end with {end}"
            raise
        with looking_after(f"{what} was done"):
            return replace(self.status(int(row["id"])), warning=job.warned)

    def start(self, which: Which, *, yes: str | None = None) -> Delivery:
        """Let the messages of a prepared delivery leave, or go on after a pause."""
        return self._tell(which, "Starting", "Start", yes)

    def pause(self, which: Which, *, yes: str | None = None) -> Delivery:
        """Hold a delivery that is being sent; ``start`` lets it go on."""
        return self._tell(which, "Pausing", "Pause", yes)

    def stop(self, which: Which, *, yes: str | None = None) -> Delivery:
        """End a delivery for good: what has not left never will."""
        return self._tell(which, "Stopping", "Stop", yes)

    def stats(self, *which: Which) -> pd.DataFrame:
        """Return counts and rates, a row a delivery; the last 200 for no argument.

        Columns: name, label (string), state (a category); Int64 counts: target,
        rejected, to_send, processed, sent, failed as of a `Delivery`, quarantined
        (addresses), opened and clicked (recipients who did), unsubscribed; Float64
        percentages: success_rate, open_rate, click_rate, reactivity (who clicked, of
        those who opened).
        """
        rows = [self._find(one) for one in which]
        query = stats_query(
            self._connection.schemas[SCHEMA], [int(row["id"]) for row in rows]
        )
        return self._connection.query(query, limit=max(200, len(rows)))

    def logs(
        self,
        which: Which,
        *,
        tracking: bool = False,
        status: str | None = None,
        limit: int | None = 200,
    ) -> pd.DataFrame:
        """Return the messages of a delivery, or with ``tracking`` opens and clicks.

        Columns: date (UTC), status (a category), address, email (string),
        recipient_id (Int64), message, reason (what went wrong, a category), log_id;
        of tracking, the newest first: date, type (a category), link, email,
        recipient_id, device.  Rows given as ``targets`` stand for their ``email``.

        ``status`` is one of them (``sent``, ``failed``, ``ignored``, …).  The tables
        are those of the delivery's target mapping, else nms:broadLogRcp and
        nms:trackingLogRcp.
        """
        row = self._find(which)
        query = log_query(
            self._connection, int(row["id"]), tracking=tracking, status=status
        )
        params = {"delivery": row["id"], "status": status}
        return self._connection.query(query, params, limit=limit)

    def wait(
        self,
        which: Which,
        until: str | tuple[str, ...] | None = None,
        *,
        timeout: float | None = TIMEOUT,
        progress: Watch | None = None,
    ) -> Delivery:
        """Wait until nothing happens to a delivery any more, or for a state.

        ``timeout`` is in seconds, None for ever; ``progress`` is called with
        `Moment`.  Raises WorkFailed when it fails, or ends in another state than the
        one waited for; StillRunning when the time is up.  An interrupt ends the wait
        only.
        """
        states = states_of(self._connection, SCHEMA, "@state", until) if until else None

        def look() -> Seen[Delivery]:
            seen = self.status(which)
            over = _is_over(seen, states)
            return Seen(
                thing=seen,
                state=seen.state_label,
                over=over,
                what=f"delivery {seen.name}",
                done=seen.processed,
                total=seen.to_send if seen.started else None,
            )

        patience = Patience(timeout=timeout, progress=progress, clock=self._clock)
        return wait(self._connection, "the delivery", look, patience)

    def _order(
        self,
        template: str,
        content: Content,
        targets: Targets,
        label: str | None,
        name: str | None,
        params: Mapping[str, Any] | None,
    ) -> _Order:
        """Check everything that can be checked before anything is sent."""
        found = find(self._connection, _TEMPLATE, template)
        if name is None:
            known = f"CM{uuid4().hex[:12]}"
        else:
            known = free_name(self._connection, _KIND, name)
        attributes = {"internalName": known}
        if label is not None:
            attributes["label"] = label
        whom = read_targets(self._connection, targets, params)
        return _Order(
            template=str(found["name"]),
            name=known,
            content=fragment(content, whom, attributes),
        )

    def _send(self, order: _Order, schema: str, method: str, *args: object) -> Delivery:
        """Call what makes a delivery and return it, made without an answer or with."""
        what = f"Making the delivery {order.name}"
        try:
            with doing(what, f"session.delivery.status('{order.name}')"):
                self._connection.call(schema, method, *args)
        except AnswerLost as lost:
            return self._after_all(order.name, lost)
        return self._made(order.name)

    def _made(self, name: str) -> Delivery:
        try:
            with looking_after(f"The server took the delivery {name}"):
                return self.status(name)
        except UnknownName as exc:
            raise BadAnswer(
                f"The server took the delivery, and has none of the name '{name}'.",
                hint="look for it with session.delivery.list(limit=None)",
            ) from exc

    def _after_all(self, name: str, lost: AnswerLost) -> Delivery:
        """Return the delivery whose answer was lost, if it was made all the same."""
        try:
            return self.status(name)
        except UnknownName:
            lost.hint = f"there is no delivery '{name}' so far; {lost.hint}"
            raise lost from None
        except CampaignError:
            raise lost from None

    def _allowed(
        self, which: Which, verb: str, yes: str | None
    ) -> tuple[Row, str, str]:
        """Return a delivery, what is done to it, and the code that shows it."""
        row = self._find(which)
        name = row["name"]
        what = f"{verb} the delivery {name}"
        require_consent(self._connection, yes, what)
        return row, what, f"session.delivery.status('{name}')"

    def _tell(self, which: Which, verb: str, method: str, yes: str | None) -> Delivery:
        row, what, check = self._allowed(which, verb, yes)
        number = int(row["id"])
        with doing(what, check):
            self._connection.call(SCHEMA, method, entity=reference(SCHEMA, number))
        with looking_after(f"{what} was done"):
            return self.status(number)

    def _seen(self, row: Row) -> Delivery:
        state, channel = str(row["state"]), str(row.get("channel") or "")

        def count(name: str) -> int:
            return int(row.get(name) or 0)

        return Delivery(
            id=int(row["id"]),
            name=str(row["name"]),
            label=str(row["label"] or ""),
            channel=channel,
            channel_label=state_label(
                self._connection, SCHEMA, "@messageType", channel
            ),
            state=state,
            state_label=state_label(self._connection, SCHEMA, "@state", state),
            target=count("target"),
            rejected=count("rejected"),
            to_send=count("to_send"),
            processed=count("processed"),
            sent=count("sent"),
            failed=count("failed"),
            started=row.get("started"),
            ended=row.get("ended"),
            home=self,
        )


Which = int | str | Delivery
"""A delivery by id, by internal name, or as an object."""


def _is_over(seen: Delivery, states: tuple[str, ...] | None) -> bool:
    if states is not None and seen.state in states:
        return True
    wanted = "" if states is None else f", not {' or '.join(states)}"
    if seen.state in _FAILED or (states is not None and seen.state in _ENDED):
        raise WorkFailed(
            f"The delivery {seen.name} is '{seen.state_label}'{wanted}.",
            hint="see its journal in the console, and session.delivery.logs()",
            state=seen.state,
        )
    return states is None and seen.state in _RESTING
