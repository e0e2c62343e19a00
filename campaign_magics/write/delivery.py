"""One batch to the server: looked at, noted, sent, and noted again."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..errors import (
    AccessDenied,
    AnswerLost,
    CampaignError,
    NotConnected,
    SessionExpired,
    SoapFault,
    Throttled,
    Unreachable,
    UserError,
)
from ..session import Connection
from ..throttle import WaitCancelled
from .batches import Batch, key_marks
from .compare import Comparison, Existing
from .journal import Entry, Journal, Mark, State
from .route import SESSION, Parcel

_TRIES: Final = 3
"""Times a batch is sent whose answer gets lost each time."""

NOT_APPLIED: Final = (
    AccessDenied,
    NotConnected,
    SessionExpired,
    Throttled,
    Unreachable,
    UserError,
    WaitCancelled,
)
"""What tells that a call was not executed; an unreachable server was sent nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What became of a batch.

    Either ``landed`` rows are there now and ``skipped`` ones were before, ``refused``
    rows (from the batch's start) have keys of other records; or ``fault`` refuses it
    whole; or it ``was_split`` by an earlier commit; or ``failure`` ends the commit.
    ``in_doubt`` tells that rows of it may be there.
    """

    landed: int = 0
    skipped: int = 0
    refused: tuple[int, ...] = ()
    fault: SoapFault | None = None
    was_split: bool = False
    failure: BaseException | None = None
    in_doubt: bool = False

    @property
    def is_whole(self) -> bool:
        """True when every row is accounted for."""
        return not (self.fault or self.was_split or self.failure)


class Delivery:
    """Delivers batches of one commit, from any thread.

    ``force`` makes it forget earlier commits; ``cancel`` ends waits for the budget.
    """

    def __init__(
        self,
        connection: Connection,
        comparison: Comparison,
        journal: Journal,
        job: str,
        *,
        force: bool,
        cancel: threading.Event,
    ) -> None:
        self._connection = connection
        self._comparison = comparison
        self._parcel = comparison.parcel
        self._journal = journal
        self._job = job
        self._force = force
        self._cancel = cancel

    def deliver(self, batch: Batch, *, doubt: bool) -> Delivered:
        """Send a batch, after reading back what an earlier call may have written."""
        forget = self._force and not doubt  # but this commit's own
        entry = None if forget else self._journal.find(batch.digest)
        if entry is not None and entry.state == "split":
            return Delivered(was_split=True)
        found = Existing()
        if entry is not None and entry.is_in_doubt:
            doubt, found = True, Existing(others=entry.refused)
        try:
            if not doubt:
                found = self._comparison.existing(batch, range(len(batch)))
            return self._send(batch, found, doubt)
        except BaseException as failure:
            return Delivered(failure=failure, in_doubt=doubt)

    def again(self, batch: Batch, entry: Entry) -> Delivered:
        """Return what became of a batch that landed before.

        Rows that were left out of it are sent if the records in their way are gone.
        """
        left_out = entry.refused
        made = tuple(at for at in range(len(batch)) if at not in {*left_out})
        if not left_out:
            return Delivered(skipped=len(made))
        try:
            there = self._comparison.existing(batch, left_out)
            found = Existing(made=(*made, *there.made), others=there.others)
            return self._send(batch, found, doubt=False)
        except BaseException as failure:
            return Delivered(failure=failure)

    def mark(self, batch: Batch) -> Mark:
        """Return what the journal knows a batch by."""
        return mark_of(self._parcel, batch)

    def _send(self, batch: Batch, found: Existing, doubt: bool) -> Delivered:
        known = {*found.made, *found.others}
        rows = [at for at in range(len(batch)) if at not in known]
        mark = self.mark(batch)
        for _ in range(_TRIES):
            there = self._comparison.there(batch.rows) if doubt else frozenset[int]()
            todo = [at for at in rows if batch.start + at not in there]
            if not todo:
                return self._landed(mark, rows, found)
            if self._cancel.is_set():  # what is not noted yet is not begun
                raise WaitCancelled
            schema = self._parcel.route.schema
            self._journal.sent(self._job, schema, mark, found.others)
            try:
                self._call(batch, todo)
            except AnswerLost as lost:
                doubt, failure = True, lost
                if (broken := self._settle(mark, "doubtful")) is not None:
                    return Delivered(failure=broken, in_doubt=True)
            except SoapFault as fault:
                return Delivered(fault=fault, in_doubt=doubt)
            except BaseException as error:
                doubt = doubt or not isinstance(error, NOT_APPLIED)
                self._settle(mark, "doubtful" if doubt else "pending")
                return Delivered(failure=error, in_doubt=doubt)
            else:
                return self._landed(mark, rows, found)
        return Delivered(failure=failure, in_doubt=True)

    def _landed(self, mark: Mark, rows: Sequence[int], found: Existing) -> Delivered:
        failure = None
        if rows:
            failure = self._settle(mark, "acknowledged")
        else:
            schema = self._parcel.route.schema
            state: State = "acknowledged" if found.made else "rejected"
            reason = "exists" if found.others else ""
            self._journal.note(self._job, schema, mark, state, reason, found.others)
        return Delivered(
            landed=len(rows),
            skipped=len(found.made),
            refused=found.others,
            failure=failure,
        )

    def _settle(self, mark: Mark, state: State) -> CampaignError | None:
        """Note what became of a call; return what keeps the journal from it.

        The call stays ``sent`` there, and is read back before it is repeated.
        """
        try:
            self._journal.settle(mark.digest, state)
        except CampaignError as broken:
            return broken
        return None

    def _call(self, batch: Batch, rows: Sequence[int]) -> None:
        texts = self._parcel.sent.documents(batch.start, batch.stop)
        if len(rows) < len(texts):
            texts = [texts[at] for at in rows]
        document = self._parcel.document(texts)
        method = self._parcel.route.method
        self._connection.call(SESSION, method, document, cancel=self._cancel)


def mark_of(parcel: Parcel, batch: Batch) -> Mark:
    """Return what the journal knows a batch by."""
    keys = parcel.asked.keys(batch.start, batch.stop)
    return Mark(
        digest=batch.digest,
        start=batch.start,
        stop=batch.stop,
        marks=key_marks(keys),
        prints=batch.prints,
    )
