"""Sending recipients one by one, a few at a time, so that no turn is left unused."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import Final

from ..errors import AnswerLost, CampaignError, InvalidValue, SoapFault
from ..session.crew import Crew, Job
from ..session.progress import Reporter
from ..throttle.budget import WaitCancelled
from .enrolment import Ledger, Outcome
from .people import Person

Send = Callable[[Person, Event], object]

_IN_FLIGHT: Final = 6
"""Calls under way at once: answers take longer than turns."""

_SAME: Final = 20
"""So many refusals for one reason, and no success, mean that all will be refused."""


@dataclass(slots=True)
class _Refusals:
    """Refusals since the beginning, while nothing has been taken."""

    cause: str = ""
    count: int = 0
    hopeful: bool = False

    def add(self, fault: SoapFault) -> None:
        """Count a refusal; raise it when all rows seem to meet it."""
        if fault.message != self.cause:
            self.cause, self.count = fault.message, 0
        self.count += 1
        if not self.hopeful and self.count >= _SAME:
            fault.hint = f"the first {_SAME} rows were all refused so; {fault.hint}"
            raise fault


class Enrolling:
    """Sends the rows of a ledger and takes down what becomes of each.

    ``calls`` and ``seconds`` are what it cost.
    """

    def __init__(
        self, ledger: Ledger, send: Send, rate: Callable[[], float | None]
    ) -> None:
        self._ledger = ledger
        self._send = send
        self._rate = rate
        self._refusals = _Refusals()
        self.calls = 0
        self.seconds = 0.0

    def run(self, rows: list[tuple[int, Person]], reporter: Reporter) -> None:
        """Send the rows.

        Refused rows are taken down and the rest goes on.  An interrupt and an error
        that the next row would meet too (no right, no network) end it at once: what
        is under way then is in doubt.
        """
        crew, started = Crew(), time.monotonic()
        pending: deque[tuple[int, Job[object]]] = deque()
        try:
            for row, person in rows:
                if len(pending) == _IN_FLIGHT:
                    self._settle(*pending[0])
                    pending.popleft()
                    reporter.arrived(1, len(rows), self._rate)
                pending.append((row, crew.do(self._work(person, crew.cancel))))
                self.calls += 1
            while pending:
                self._settle(*pending[0])
                pending.popleft()
                reporter.arrived(1, len(rows), self._rate)
        except BaseException:
            crew.stop()
            for row, job in pending:
                self._leave(row, job)
            raise
        finally:
            crew.stop()
            self.seconds = time.monotonic() - started

    def _work(self, person: Person, cancel: Event) -> Callable[[], object]:
        return lambda: self._send(person, cancel)

    def _settle(self, row: int, job: Job[object]) -> None:
        """Take down what became of a row; raise what stops the others too."""
        try:
            job.result()
        except AnswerLost as lost:
            self._ledger.note(row, Outcome.IN_DOUBT, lost.message)
        except (SoapFault, InvalidValue) as refused:
            self._ledger.note(row, Outcome.REJECTED, refused.message)
            if isinstance(refused, SoapFault):
                self._refusals.add(refused)
        else:
            self._ledger.note(row, Outcome.DONE)
            self._refusals.hopeful = True

    def _leave(self, row: int, job: Job[object]) -> None:
        """Take down what is known of a row that nobody waits for any more."""
        if not job.done:
            self._ledger.note(row, Outcome.IN_DOUBT, "it was under way when this ended")
            return
        try:
            self._settle(row, job)
        except WaitCancelled:
            self.calls -= 1
        except CampaignError as error:
            self._ledger.note(row, Outcome.NOT_SENT, error.message)
