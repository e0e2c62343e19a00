"""What is to be done to a list of recipients, and how its result is put."""

from __future__ import annotations

from dataclasses import dataclass

from ..session.gather import explained
from .enrolling import Enrolling
from .enrolment import Enrolment, Ledger, Outcome
from .people import Names

_NOBODY = "no recipient has this key"
_NOT_YET = "no recipient has this key, unless one was staged since the last replication"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Subscribe to services, or with ``ending`` unsubscribe; no service: denylist."""

    services: tuple[str, ...]
    key: Names
    ending: bool = False
    create: bool = False
    profile: Names = ()

    @property
    def action(self) -> str:
        """What has been done to who is done."""
        if not self.services:
            return "put on the denylist"
        return "unsubscribed" if self.ending else "subscribed"

    def sentence(self, count: int) -> str:
        """Return the beginning of what consent is asked for."""
        people = f"{count:,} recipient{'s' * (count != 1)}"
        if not self.services:
            return f"Putting {people} on the denylist"
        names = ", ".join(self.services)
        if self.ending:
            return f"Unsubscribing {people} from {names}"
        return f"Subscribing {people} to {names}"

    def result(
        self, ledger: Ledger, unknown: set[int], sending: Enrolling, *, staged: bool
    ) -> Enrolment:
        """Return what became of the rows; what reached nobody is not done."""
        for row in unknown:
            if not staged or ledger.outcome(row) == Outcome.DONE:
                ledger.note(row, Outcome.UNKNOWN, _NOT_YET if staged else _NOBODY)
        return Enrolment(
            service=", ".join(self.services),
            action=self.action,
            frame=ledger.frame(),
            calls=sending.calls,
            seconds=sending.seconds,
        )


def cut_short(failure: BaseException, result: Enrolment) -> BaseException:
    """Return the error to raise when not all rows were sent: it says what was done."""
    said = f"{result.title} before it ended"
    hint = (
        "session.subscription.last tells row by row; give its .rest to go on, or all "
        "again: who is done stays so"
    )
    failure = explained(failure, said, hint)
    facts = getattr(failure, "facts", None)
    if facts is not None:
        facts["kept"] = result.done
    return failure
