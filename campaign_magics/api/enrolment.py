"""What became of a list of recipients: row by row, and in one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from ..session.progress import duration
from .people import People, Person
from .shown import Facts, Shown

if TYPE_CHECKING:
    import pandas as pd


class Outcome(StrEnum):
    """What became of a row."""

    DONE = "done"
    UNKNOWN = "unknown"
    REPEATED = "repeated"
    REJECTED = "rejected"
    IN_DOUBT = "in doubt"
    NOT_SENT = "not sent"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Enrolment(Shown):
    """What became of each recipient that was to be subscribed or unsubscribed.

    ``frame`` has the index of the data, the columns that were read, ``outcome`` and
    ``reason``.  Outcomes: *done*; *unknown* (no recipient has this key, or only one
    that was staged since the last replication); *repeated* (the key stood in a row
    before); *rejected* (the reason says why); *in doubt* (sent, the answer did not
    come); *not sent* (it ended before).
    """

    service: str
    action: str
    frame: pd.DataFrame = field(repr=False)
    calls: int
    seconds: float

    @property
    def title(self) -> str:
        """What was done to how many."""
        where = f" · {self.service}" if self.service else ""
        return f"{self.done:,} of {len(self.frame):,} {self.action}{where}"

    @property
    def done(self) -> int:
        """Rows that the server took."""
        return self._count(Outcome.DONE)

    @property
    def rejected(self) -> pd.DataFrame:
        """The rows that were not done, each with its reason; repeated ones left out."""
        return self.frame[~self._are(Outcome.DONE, Outcome.REPEATED)]

    @property
    def rest(self) -> pd.DataFrame:
        """The rows in doubt or not sent: given again, they complete the list."""
        return self.frame[self._are(Outcome.IN_DOUBT, Outcome.NOT_SENT)]

    def facts(self) -> Facts:
        """Return the count of each outcome, the first reasons, and the cost."""
        counts = [
            (str(one), self._count(one)) for one in Outcome if one != Outcome.DONE
        ]
        told = self.frame[self._are(Outcome.REJECTED, Outcome.IN_DOUBT)]
        reasons = [
            (f"row {index}", reason) for index, reason in told["reason"].head(3).items()
        ]
        return [
            *((name, count) for name, count in counts if count),
            *reasons,
            ("calls", self.calls),
            ("took", duration(self.seconds)),
        ]

    def _count(self, outcome: Outcome) -> int:
        return int(self._are(outcome).sum())

    def _are(self, *outcomes: Outcome) -> pd.Series[bool]:
        return self.frame["outcome"].isin([str(one) for one in outcomes])


class Ledger:
    """Takes down what becomes of each row while they are sent."""

    def __init__(self, people: People) -> None:
        self.people = people
        self._outcomes = [Outcome.NOT_SENT] * len(people.persons)
        self._reasons = [""] * len(people.persons)

    def note(self, row: int, outcome: Outcome, reason: str = "") -> None:
        """Say what became of a row, by its place."""
        self._outcomes[row] = outcome
        self._reasons[row] = reason

    def outcome(self, row: int) -> Outcome:
        """Return what is known of a row."""
        return self._outcomes[row]

    def sendable(self) -> list[tuple[int, Person]]:
        """Return the rows to send; problems and repeated keys are taken down."""
        first: dict[tuple[str, ...], Person] = {}
        found = []
        for row, person in enumerate(self.people.persons):
            if person.document is None:
                self.note(row, Outcome.REJECTED, person.problem)
                continue
            before = first.setdefault(person.key, person)
            if before is person:
                found.append((row, person))
            else:
                self.note(row, Outcome.REPEATED, f"the same key as row {before.index}")
        return found

    def frame(self) -> pd.DataFrame:
        """Return the rows with outcome and reason."""
        import pandas as pd

        frame = self.people.data.copy()
        frame["outcome"] = pd.Categorical(
            [str(one) for one in self._outcomes], [str(one) for one in Outcome]
        )
        frame["reason"] = pd.array(self._reasons, dtype="string")
        frame.attrs = {}
        return frame
