"""The commit: batches go out, those that are refused are bisected to the bad rows."""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from statistics import median
from typing import Final

from ..errors import CampaignError, SoapFault
from ..session.crew import Crew
from ..session.walk import pages_in_flight
from .batches import Batch, halves
from .delivery import Delivered, Delivery, mark_of
from .journal import Entry, Journal, Mark
from .result import Refusal, exists, refusal_of
from .route import Parcel

_LOOK: Final = 0.2
"""Seconds between looks: Windows cannot interrupt a wait without an end."""

_FAREWELL: Final = 5.0
"""Seconds that calls under way have, once another one has ended the commit."""

_MOST_AT_ONCE: Final = 6
_FIRST_AT_ONCE: Final = 2

_SAME: Final = 8
"""Rows refused for one reason, and none taken, after which no more are tried."""

_SAME_IN_ORDER: Final = 50
"""The same for rows that keep their order: those at the end are not tried before."""

_SUSPECT: Final = 3
"""Batches refused at the start, and none taken, after which their rows come first."""

_PARTICULARS: Final = re.compile(r"'[^']*'|\(.*?\)|\d+")
"""What differs between two refusals for one reason: values, names, numbers."""


@dataclass(slots=True)
class Task:
    """A batch to deliver; ``doubt``: an earlier call may have written rows of it.

    ``twin`` is the other half of a batch that was refused with ``fault``: if this half
    lands, the other one must be bad and is not sent whole.
    """

    batch: Batch
    doubt: bool = False
    twin: Batch | None = None
    fault: SoapFault | None = None
    from_end: bool = False


@dataclass(slots=True)
class Tallied:
    """Rows of a commit by what became of them, while it runs."""

    landed: int = 0
    skipped: int = 0
    refusals: list[Refusal] = field(default_factory=list)
    failure: BaseException | None = None
    in_doubt: bool = False

    @property
    def done(self) -> int:
        """Rows that are accounted for."""
        return self.landed + self.skipped + len(self.refusals)


class Sending:
    """Sends all batches of one commit; ``run`` yields as rows are accounted for."""

    def __init__(
        self,
        parcel: Parcel,
        batches: Sequence[Batch],
        landed: Mapping[str, Entry],
        journal: Journal,
        job: str,
        *,
        force: bool,
    ) -> None:
        self.tallied = Tallied()
        self._parcel = parcel
        self._fresh = deque(Task(batch) for batch in batches)
        self._known = dict(landed)
        self._journal = journal
        self._job = job
        self._force = force
        self._parts: deque[Task] = deque()
        self._done: SimpleQueue[tuple[Task, Delivered]] = SimpleQueue()
        self._crew = Crew()
        self._flying = 0
        self._faulted = 0
        self._at_once = _FIRST_AT_ONCE
        self._in_line = is_in_line(parcel)
        self._is_ordered = is_ordered(parcel)

    @property
    def cancel(self) -> threading.Event:
        """Ends waits for the budget when it is set."""
        return self._crew.cancel

    def run(self, delivery: Delivery) -> Iterator[int]:
        """Send everything; yield the rows that are newly accounted for.

        An expected error ends it, and is then in ``tallied.failure``.
        """
        try:
            while self._start(delivery):
                before = self.tallied.done
                self._take(*self._next_done())
                yield self.tallied.done - before
                if self.tallied.failure is not None:
                    break
        finally:
            self._crew.stop()
        if self.tallied.failure is not None:
            self._say_farewell()

    def pace(self, seconds: Sequence[float], rate: float | None) -> None:
        """Have as many calls at once as use up the rate; calls took ``seconds``."""
        if self._in_line or not seconds:
            return
        wanted = pages_in_flight(median(seconds), rate)
        self._at_once = max(_FIRST_AT_ONCE, min(wanted, _MOST_AT_ONCE))

    def afterwards(self, work: Callable[[], object]) -> None:
        """Do ``work`` at once, or when the calls still under way have ended."""
        if self._flying:
            self._crew.afterwards(work)
        else:
            work()

    def _start(self, delivery: Delivery) -> bool:
        """Have enough batches on their way; False when nothing is left."""
        most = 1 if self._in_line else self._at_once
        while self._flying < most and (task := self._next()) is not None:
            self._flying += 1
            self._crew.do(partial(self._deliver, delivery, task))
        return self._flying > 0

    def _deliver(self, delivery: Delivery, task: Task) -> None:
        known = self._known.get(task.batch.digest)
        if known is not None:
            outcome = delivery.again(task.batch, known)
        else:
            outcome = delivery.deliver(task.batch, doubt=task.doubt)
        self._done.put((task, outcome))

    def _next(self) -> Task | None:
        """Whole batches come first, unless all of them are refused.

        Parts are taken from both ends in turn: what is bad in the first rows alone
        does not look as if it were bad everywhere.  Rows that may be linked to earlier
        ones keep their order.
        """
        suspect = self._faulted >= _SUSPECT and self.tallied.landed == 0
        parts_first = suspect or self._is_ordered
        if self._fresh and not (parts_first and self._parts):
            return self._fresh.popleft()
        if not self._parts:
            return None
        from_end = not self._is_ordered and len(self.tallied.refusals) % 2 == 1
        task = self._parts.pop() if from_end else self._parts.popleft()
        task.from_end = from_end
        return task

    def _next_done(self) -> tuple[Task, Delivered]:
        while True:
            try:
                task, outcome = self._done.get(timeout=_LOOK)
            except Empty:
                continue
            self._flying -= 1
            return task, outcome

    def _take(self, task: Task, outcome: Delivered) -> None:
        """Count what became of a batch, and put back what is left of it."""
        tallied, rows = self.tallied, self._parcel.asked
        tallied.landed += outcome.landed
        tallied.skipped += outcome.skipped
        tallied.refusals += [
            exists(task.batch.start + at, rows) for at in outcome.refused
        ]
        if outcome.failure is not None:
            tallied.in_doubt |= outcome.in_doubt
            tallied.failure = tallied.failure or outcome.failure
            return
        if task.twin is not None:
            if outcome.is_whole and not outcome.skipped and task.fault is not None:
                self._condemn(task, task.twin, task.fault)
            else:
                self._put_back(task, Task(task.twin, doubt=task.doubt))
        if outcome.fault is not None:
            self._faulted += 1
            self._refused(task, task.batch, outcome.fault, doubt=outcome.in_doubt)
        elif outcome.was_split:
            self._split(task, task.batch, None, doubt=False)

    def _refused(
        self, task: Task, batch: Batch, fault: SoapFault, *, doubt: bool
    ) -> None:
        """A batch was sent and refused: its one row is bad, or it is divided."""
        code = _code(fault)
        if len(batch) > 1:
            self._split(task, batch, fault, doubt=doubt)
            self._journal.settle(batch.digest, "split", code)
            return
        self._journal.settle(batch.digest, "rejected", code)
        self._reject(batch.start, fault)

    def _condemn(self, task: Task, batch: Batch, fault: SoapFault) -> None:
        """A batch is known to be refused: the other half of it all has landed."""
        mark, code = mark_of(self._parcel, batch), _code(fault)
        state = "split" if len(batch) > 1 else "rejected"
        schema = self._parcel.route.schema
        if state == "rejected":
            self._journal.note(self._job, schema, mark, "rejected", code)
            self._reject(batch.start, fault)
        else:
            self._split(task, batch, fault, doubt=task.doubt)
            self._journal.note(self._job, schema, mark, "split", code)

    def _reject(self, row: int, fault: SoapFault) -> None:
        self.tallied.refusals.append(refusal_of(row, fault, self._parcel.asked))
        if self._is_hopeless():
            self.tallied.failure = hopeless(fault, len(self.tallied.refusals))

    def _is_hopeless(self) -> bool:
        refusals = self.tallied.refusals
        left = self._fresh or self._parts or self._flying
        enough = _SAME_IN_ORDER if self._is_ordered else _SAME
        if not left or self.tallied.landed or len(refusals) < enough:
            return False
        return len({_PARTICULARS.sub("", one.reason) for one in refusals}) == 1

    def _split(
        self, task: Task, batch: Batch, fault: SoapFault | None, *, doubt: bool
    ) -> None:
        """Put the halves of a batch back, the second to follow the first."""
        first, second = halves(self._parcel, batch)
        marks = [mark_of(self._parcel, half) for half in (first, second)]
        schema = self._parcel.route.schema
        if doubt:
            self._note_doubt(batch, marks)
        if not self._force:
            self._known |= self._journal.landed(schema, marks)
        half = Task(first, doubt=doubt, twin=second, fault=fault)
        self._put_back(task, half)

    def _note_doubt(self, batch: Batch, parts: Sequence[Mark]) -> None:
        """Note parts of a batch that may have been applied.

        What was left out of it had the key of another record: that it is there does
        not mean that this commit has made it.
        """
        entry = self._journal.find(batch.digest)
        refused = () if entry is None else entry.refused
        for part in parts:
            rows = range(part.start - batch.start, part.stop - batch.start)
            inside = [at - rows.start for at in refused if at in rows]
            self._journal.note(
                self._job,
                self._parcel.route.schema,
                part,
                "doubtful",
                refused=inside,
            )

    def _put_back(self, task: Task, part: Task) -> None:
        if task.from_end:
            self._parts.append(part)
        else:
            self._parts.appendleft(part)

    def _say_farewell(self) -> None:
        """Count what the calls under way still bring; those in line give up."""
        ends = threading.Event()
        timer = threading.Timer(_FAREWELL, ends.set)
        timer.daemon = True
        timer.start()
        while self._flying and not ends.is_set():
            try:
                _, outcome = self._done.get(timeout=_LOOK)
            except Empty:
                continue
            self._flying -= 1
            self.tallied.landed += outcome.landed
            self.tallied.skipped += outcome.skipped
            self.tallied.in_doubt |= outcome.in_doubt
        timer.cancel()
        self.tallied.in_doubt |= self._flying > 0


def is_in_line(parcel: Parcel) -> bool:
    """Tell whether batches must go one after the other.

    Rows that make linked records, or are linked to each other, may need what an
    earlier batch has made, or make it twice; so may lists and documents.
    """
    layout = parcel.asked.layout
    root = layout.root
    if layout.unread:
        return True
    return any(
        link.operation != "none" or link.schema.id == root.schema.id
        for link in root.links
    )


def is_ordered(parcel: Parcel) -> bool:
    """Tell whether rows may be linked to rows before them, as folders to parents."""
    layout = parcel.asked.layout
    root = layout.root
    is_document = layout.element.markup is not None  # whose links are its own affair
    return is_document or any(link.schema.id == root.schema.id for link in root.links)


def _code(fault: SoapFault) -> str:
    return str(fault.facts.get("server_code", ""))


def hopeless(fault: SoapFault, alone: int) -> CampaignError:
    """Return the error that ends a commit of which every row is refused."""
    return SoapFault(
        f"Every row tried was refused, {alone} of them alone: {fault.message}",
        hint="nothing was written; correct the rows or the rights, and run it again",
        **fault.facts,
    )
