"""From a plan to its result: the journal opened, all batches sent, the outcome told."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import CampaignError, PartialWrite
from ..session import Connection, Interrupted
from ..session.progress import Progress, Watch
from ..session.tally import Tally
from ..soap.exchange import Exchange
from ..throttle import WaitCancelled
from .batches import Batch, halves
from .compare import Comparison
from .delivery import Delivery, mark_of
from .journal import Entry, Job, Journal
from .lease import Lease
from .result import WriteResult, rejected_frame
from .route import Parcel
from .sending import Sending, Tallied
from .show import counted

AGAIN: Final = (
    "run it again: what landed is skipped, what is in doubt is read back first"
)
_RECENT: Final = 20
"""Calls whose duration decides how many are under way at once."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is to be committed: rows in batches, and the journal that knows them.

    ``fresh`` rows are sent whatever the journal says of them.
    """

    connection: Connection
    parcel: Parcel
    batches: tuple[Batch, ...]
    path: Path
    fresh: bool = False

    @property
    def job(self) -> Job:
        """How the journal introduces it."""
        rows = self.parcel.asked
        return Job(
            schema=rows.schema.id,
            operation=rows.operation,
            key=", ".join(rows.key),
            route=str(self.parcel.route.method),
            rows=len(rows),
        )

    def landed(
        self, journal: Journal, batches: Sequence[Batch] | None = None
    ) -> dict[str, Entry]:
        """Return the batches that landed before and are still the last word.

        ``batches`` are all of them unless given.
        """
        chosen = self.batches if batches is None else batches
        marks = [mark_of(self.parcel, batch) for batch in chosen]
        return journal.landed(self.parcel.route.schema, marks)

    def made(self, journal: Journal) -> set[int]:
        """Return the rows to be inserted that an earlier commit has made, or may have.

        The data has changed since, or their batches' answers were lost.
        """
        marks = [mark_of(self.parcel, one) for one in self.batches if one.prints]
        return journal.made(self.parcel.route.schema, marks)

    def known(self, journal: Journal) -> Iterator[tuple[Batch, Entry | None]]:
        """Yield the batches, in parts where they were divided, with the entries of
        those that landed before.
        """
        landed = self.landed(journal)
        waiting = deque(self.batches)
        while waiting:
            batch = waiting.popleft()
            entry = landed.get(batch.digest)
            if entry is None and journal.is_split(batch.digest):
                parts = halves(self.parcel, batch)
                landed |= self.landed(journal, parts)
                waiting.extendleft(reversed(parts))
            else:
                yield batch, entry


class Watched:
    """Counts the calls of a commit, and what they take."""

    def __init__(self, method: str) -> None:
        self.tally = Tally()
        self._method = method
        self.seconds: list[float] = []

    def __call__(self, exchange: Exchange) -> None:
        """Take note of one call."""
        self.tally.called(exchange)
        if exchange.method.endswith(f"#{self._method}"):
            self.seconds.append(exchange.seconds)
            del self.seconds[:-_RECENT]


def commit(order: Order, *, watch: Watch | None, force: bool) -> WriteResult:
    """Send what is not there yet, and return what became of every row.

    Raises the error that ended it when nothing landed, PartialWrite when something
    did, Interrupted; the journal is right in each case.
    """
    with ExitStack() as stack:
        journal = stack.enter_context(closing(Journal(order.path)))
        lease = Lease(order.path, order.job.schema)
        lease.take(patience(order.job, watch))
        stack.callback(lease.give_back)
        return _commit(order, journal, stack, watch, force=force)


def _commit(
    order: Order,
    journal: Journal,
    stack: ExitStack,
    watch: Watch | None,
    *,
    force: bool,
) -> WriteResult:
    """Send, and close the ``stack`` once no call is under way any more."""
    known = {} if force else order.landed(journal)
    made = set() if force else order.made(journal)
    job = journal.begin(order.job)
    sending = Sending(order.parcel, order.batches, known, journal, job, force=force)
    delivery = Delivery(
        order.connection,
        Comparison(order.connection, order.parcel, made),
        journal,
        job,
        force=force,
        cancel=sending.cancel,
    )
    watched = Watched(order.parcel.route.method)
    outcome = "interrupted"
    try:
        with order.connection.trace(watched):
            _run(order, sending, delivery, watched, watch)
        failure = sending.tallied.failure
        outcome = "done" if failure is None else type(failure).__name__
    except KeyboardInterrupt:
        raise _interrupted(_result(order, sending.tallied, watched, job)) from None
    finally:
        _end(journal, job, outcome, sending.tallied)
        sending.afterwards(stack.pop_all().close)
    result = _result(order, sending.tallied, watched, job)
    if failure is not None:
        raise _explained(failure, sending.tallied, result)
    return result


def _run(
    order: Order,
    sending: Sending,
    delivery: Delivery,
    watched: Watched,
    watch: Watch | None,
) -> None:
    total = len(order.parcel)
    method = order.parcel.route.method

    def rate() -> float | None:
        return rate_of(order.connection, method)

    with order.connection.underway.reporter(watch) as reporter:
        for rows in sending.run(delivery):
            waited = watched.tally.waited
            reporter.arrived(rows, total, rate, waited=waited)
            sending.pace(watched.seconds, rate())


def rate_of(connection: Connection, method: str) -> float | None:
    """Return the calls a second that a method may make now, None for no limit."""
    seen = connection.budget.snapshot(0)
    apis = [api.rate for api in seen.apis if api.api.endswith(f"#{method}")]
    known = [rate for rate in (seen.rate, *apis) if rate is not None]
    return min(known, default=None)


def _end(journal: Journal, job: str, outcome: str, tallied: Tallied) -> None:
    with suppress(CampaignError):  # the batches are what counts, they are noted
        journal.end(
            job,
            outcome,
            landed=tallied.landed,
            skipped=tallied.skipped,
            rejected=len(tallied.refusals),
        )


def patience(job: Job, watch: Watch | None) -> Callable[[], None]:
    """Return what tells, at each call, that a commit waits for another one."""
    begun = time.monotonic()

    def tell() -> None:
        if watch is None:
            return
        progress = Progress(
            rows=0,
            total=job.rows,
            seconds=time.monotonic() - begun,
            speed=0.0,
            left=None,
            tps=None,
            note=f"another commit to {job.schema} goes first",
        )
        with suppress(Exception):  # a line that cannot be drawn must not cost rows
            watch(progress)

    return tell


def _result(order: Order, tallied: Tallied, watched: Watched, job: str) -> WriteResult:
    rows, route = order.parcel.asked, order.parcel.route
    note = ""
    if route.staging and tallied.landed:
        note = f"the rows wait in {route.staging} until they are replicated"
    return WriteResult(
        schema=rows.schema.id,
        operation=rows.operation,
        database=route.database,
        total=rows.total,
        landed=tallied.landed,
        skipped=tallied.skipped,
        rejected=rejected_frame(tallied.refusals, rows),
        unsent=rows.total - len(rows),
        calls=watched.tally.calls,
        seconds=watched.tally.seconds,
        waited=watched.tally.waited,
        job=job,
        path=order.path,
        note=note,
    )


def _explained(
    failure: BaseException, tallied: Tallied, result: WriteResult
) -> BaseException:
    """Return what ended a commit; PartialWrite once something may have landed."""
    if not isinstance(failure, CampaignError | WaitCancelled):
        return failure
    if isinstance(failure, CampaignError) and not (tallied.landed or tallied.in_doubt):
        failure.hint = "; ".join(filter(None, [failure.hint, "nothing was written"]))
        return failure
    cause = failure.message if isinstance(failure, CampaignError) else "It was stopped."
    doubt = "; some are in doubt" if tallied.in_doubt else ""
    error = PartialWrite(
        f"{_done(result)}{doubt}, then it ended: {cause}", hint=AGAIN, job=result.job
    )
    error.result, error.journal = result, result.path
    error.__cause__ = failure
    return error


def _interrupted(result: WriteResult) -> Interrupted:
    stopped = Interrupted(f"{_done(result)}; calls under way are in doubt.", hint=AGAIN)
    stopped.facts |= {"result": result, "journal": result.path}
    return stopped


def _done(result: WriteResult) -> str:
    there = result.landed + result.skipped
    return f"{there:,} of {counted(result.total, 'row')} landed"
