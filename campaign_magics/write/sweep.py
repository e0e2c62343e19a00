"""A deletion by condition: one call, noted before it leaves and looked after."""

from __future__ import annotations

import hashlib
from contextlib import ExitStack, closing, suppress
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Final

import pandas as pd

from ..errors import AnswerLost, CampaignError, InvalidOption, SoapFault
from ..session import Interrupted
from ..session.crew import Crew
from ..session.progress import Watch
from ..session.tally import Tally
from ..throttle import WaitCancelled
from .commit import patience
from .delivery import NOT_APPLIED
from .journal import Job, Journal
from .journal_file import journal_path
from .lease import Lease
from .result import WriteResult
from .route import SESSION
from .show import counted
from .stopping import nothing_sent
from .where import where_of, where_text

if TYPE_CHECKING:
    from .removal import Removal

DELETE: Final = "DeleteCollection"
_TRIES: Final = 3


def sweep(removal: Removal, watch: Watch | None) -> WriteResult:
    """Delete what a condition selects now; return how many records are gone.

    Who is interrupted leaves at once.  The next commit to the schema waits until the
    call has ended all the same: it could else write records that the server is about
    to delete.  Raises as ``Removal.commit`` does, and Interrupted.
    """
    path = journal_path(removal.connection.profile.url)
    with ExitStack() as stack:
        journal = stack.enter_context(closing(Journal(path)))
        lease = Lease(path, removal.schema)
        lease.take(patience(_job(removal, removal.found), watch))
        stack.callback(lease.give_back)
        with nothing_sent():
            before = removal.connection.count(removal.checked.query)
        _check_count(removal, before)
        return _sweep(removal, journal, before, stack, watch)


def _job(removal: Removal, rows: int) -> Job:
    return Job(
        schema=removal.schema,
        operation="delete",
        key="by condition",
        route=DELETE,
        rows=rows,
    )


def _sweep(
    removal: Removal,
    journal: Journal,
    before: int,
    stack: ExitStack,
    watch: Watch | None,
) -> WriteResult:
    """Delete, and close the ``stack`` once no call is under way any more."""
    tally, crew = Tally(), Crew()
    job = journal.begin(_job(removal, before))
    gone, outcome = 0, "interrupted"
    with removal.connection.trace(tally.called):
        working = crew.do(partial(_delete, removal, journal, job, before, crew.cancel))
        try:
            with removal.connection.underway.reporter(watch) as reporter:
                gone = working.result()
                reporter.arrived(gone, before, lambda: removal.tps)
            outcome = "done"
        except KeyboardInterrupt:
            raise _interrupted(removal) from None
        except Exception as failure:
            outcome = type(failure).__name__
            raise
        finally:
            with suppress(CampaignError):  # the entry of the call is what counts
                journal.end(job, outcome, landed=gone, skipped=0, rejected=0)
            crew.stop()
            if not working.done:
                crew.afterwards(stack.pop_all().close)
    return _result(removal, before, gone, tally, job, journal.path)


def _interrupted(removal: Removal) -> Interrupted:
    return Interrupted(
        f"The records of {removal.schema} may be gone, or go still.",
        hint="plan it again: it counts what is left",
    )


def _check_count(removal: Removal, now: int) -> None:
    """Raise InvalidOption when more would be deleted than the plan has shown."""
    if now > removal.found:
        raise InvalidOption(
            f"{counted(now, 'record')} of {removal.schema} match now, "
            f"{removal.found:,} did when this was planned.",
            hint="plan it again, and look; nothing was deleted",
        )


def _delete(
    removal: Removal, journal: Journal, job: str, before: int, cancel: Event
) -> int:
    """Delete, again when an answer is lost and records are left; return the gone."""
    connection, query = removal.connection, removal.checked.query
    digest = hashlib.sha256(f"{job} {where_text(query)}".encode()).hexdigest()
    where = where_of(query)
    lost: AnswerLost | None = None
    for _ in range(_TRIES):
        if cancel.is_set():
            raise WaitCancelled
        journal.sweeping(job, removal.schema, digest)
        try:
            connection.call(
                SESSION, DELETE, removal.schema, where, False, cancel=cancel
            )
            lost = None
        except AnswerLost as error:
            journal.settle(digest, "doubtful")
            lost = error
        except (SoapFault, *NOT_APPLIED):
            if lost is None:
                journal.settle(digest, "rejected")
            raise
        if lost is None:
            journal.settle(digest, "acknowledged")
        after = _left(removal, is_done=lost is None)
        if lost is None or not after:
            break
    else:
        if lost is not None:
            raise lost
    journal.settle(digest, "acknowledged")
    return max(0, before - after)


def _left(removal: Removal, *, is_done: bool) -> int:
    """Count what is left; say of a count that fails what was done before it."""
    try:
        return removal.connection.count(removal.checked.query)
    except CampaignError as error:
        if is_done:
            done = "the deletion was done, only the count after it failed"
            error.hint = "; ".join(filter(None, [error.hint, done]))
        raise


def _result(
    removal: Removal, before: int, gone: int, tally: Tally, job: str, path: Path
) -> WriteResult:
    left = before - gone
    notes = [
        f"{removal.found:,} matched when this was planned"
        if removal.found != before
        else "",
        f"{counted(left, 'record')} still there that match" if left else "",
    ]
    return WriteResult(
        schema=removal.schema,
        operation="delete",
        database=removal.database,
        total=before,
        landed=gone,
        skipped=0,
        rejected=pd.DataFrame(columns=["index", "column", "reason", "code"]),
        unsent=0,
        calls=tally.calls,
        seconds=tally.seconds,
        waited=tally.waited,
        job=job,
        path=path,
        note="; ".join(filter(None, notes)),
    )
