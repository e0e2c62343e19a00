"""What was sent and what became of it: one SQLite file for each instance.

A batch is noted as ``sent``, safely on disk, before its call leaves; its answer makes
it ``acknowledged``, ``rejected`` or ``split`` (its halves have entries of their own).
One that is still ``sent``, or ``doubtful`` after a lost answer, is read back before
anything is repeated.  Values are never kept: a batch is its hash, a key and a row to be
inserted are 8 bytes of one.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from ..errors import InvalidOption
from .journal_file import opened, told
from .turns import Found, Hashes, Turns, hashes

if TYPE_CHECKING:
    import pandas as pd

State = Literal["pending", "sent", "acknowledged", "rejected", "split", "doubtful"]

Values = tuple[object, ...]

_KEPT: Final = 90 * 86_400
"""Seconds that a batch is remembered; commits are listed for ever."""

_ENTER: Final = """
INSERT INTO Batch (digest, job, schema, start, stop, refused, marks, prints, state,
  reason, turn, created, sent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'sent', '',
  (SELECT coalesce(max(turn), 0) + 1 FROM Batch), ?, ?)
ON CONFLICT (digest) DO UPDATE SET job = excluded.job, start = excluded.start,
  stop = excluded.stop, state = 'sent', reason = '', refused = excluded.refused,
  turn = excluded.turn, sent = excluded.sent, ended = NULL
"""
_NOTE: Final = """
INSERT INTO Batch (digest, job, schema, start, stop, refused, marks, prints, state,
  reason, turn, created, ended) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
  (SELECT coalesce(max(turn), 0) + 1 FROM Batch), ?, ?)
ON CONFLICT (digest) DO UPDATE SET job = excluded.job, start = excluded.start,
  stop = excluded.stop, state = excluded.state, reason = excluded.reason,
  refused = excluded.refused, turn = excluded.turn, ended = excluded.ended
"""
_LATER: Final = """
SELECT turn, refused, marks FROM Batch
WHERE schema = ? AND turn >= ? AND state IN ('sent', 'doubtful', 'acknowledged')
"""
_MADE: Final = """
SELECT turn, refused, prints FROM Batch
WHERE schema = ? AND prints <> x'' AND state IN ('sent', 'doubtful', 'acknowledged')
"""
_KILLED: Final = """
UPDATE Job SET outcome = 'killed' WHERE schema = ? AND outcome = 'running'
"""
_FORGET: Final = "DELETE FROM Batch WHERE coalesce(ended, sent, created) < ?"
_JOBS: Final = """
SELECT j.started, j.schema, j.operation, j.key, j.route, j.rows, j.landed, j.skipped,
  j.rejected, coalesce(sum(b.state IN ('sent', 'doubtful')), 0) AS in_doubt,
  j.outcome, j.id AS job
FROM Job j LEFT JOIN Batch b ON b.job = j.id GROUP BY j.id ORDER BY j.started DESC
"""
_BATCHES: Final = """
SELECT start, stop, state, reason, refused, sent, ended, digest FROM Batch
WHERE job = ? ORDER BY start, stop DESC
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What identifies a batch: its hash, its place in the data, marks of its keys.

    ``prints`` are hashes of its rows, where some are to be inserted.
    """

    digest: str
    start: int
    stop: int
    marks: bytes
    prints: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the journal knows of a batch.

    ``refused`` are rows, counted from its start, that were left out of the call
    because a record had their key already.
    """

    state: State
    refused: tuple[int, ...]
    turn: int

    @property
    def is_in_doubt(self) -> bool:
        """True when nobody knows whether the call was applied."""
        return self.state in ("sent", "doubtful")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One commit, as the journal introduces it."""

    schema: str
    operation: str
    key: str
    route: str
    rows: int


class Journal:
    """The journal of one instance; any thread and any process may write to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with told(path):
            self._connection = opened(path)

    def close(self) -> None:
        """Close the file; what comes later is lost, so all work must have ended."""
        with self._lock:
            self._connection.close()

    def begin(self, job: Job) -> str:
        """Note that a commit begins; return its id.

        One at a time works on a schema: any other that has no end was killed.
        """
        name = uuid.uuid4().hex[:12]
        self._do(_KILLED, (job.schema,))
        self._do(_FORGET, (time.time() - _KEPT,))
        values = (job.schema, job.operation, job.key, job.route, job.rows)
        self._do(
            "INSERT INTO Job VALUES (?, ?, NULL, ?, ?, ?, ?, ?, 0, 0, 0, 'running')",
            (name, time.time(), *values),
        )
        return name

    def end(
        self, job: str, outcome: str, *, landed: int, skipped: int, rejected: int
    ) -> None:
        """Note how a commit ended: ``done`` or the name of what stopped it."""
        self._do(
            "UPDATE Job SET ended = ?, outcome = ?, landed = ?, skipped = ?, "
            "rejected = ? WHERE id = ?",
            (time.time(), outcome, landed, skipped, rejected, job),
        )

    def find(self, digest: str) -> Entry | None:
        """Return what is known of a batch, None when it was never sent."""
        row = self._one("SELECT * FROM Batch WHERE digest = ?", (digest,))
        if row is None:
            return None
        return Entry(
            state=row["state"],
            refused=tuple(json.loads(row["refused"])),
            turn=row["turn"],
        )

    def is_split(self, digest: str) -> bool:
        """Tell whether a batch was refused and went on in two parts."""
        entry = self.find(digest)
        return entry is not None and entry.state == "split"

    def landed(self, schema: str, marks: Sequence[Mark]) -> dict[str, Entry]:
        """Return the entries of batches that landed and are still the last word.

        A later batch that wrote a record of one leaves it out: it is no longer true
        that its values are there.
        """
        entries = {mark.digest: self.find(mark.digest) for mark in marks}
        found = {d: e for d, e in entries.items() if e and e.state == "acknowledged"}
        if not found:
            return {}
        first = min(entry.turn for entry in found.values())
        last_word = self._last_word(schema, first)
        return {
            mark.digest: found[mark.digest]
            for mark in marks
            if mark.digest in found
            if max(last_word(mark.marks), default=0) <= found[mark.digest].turn
        }

    def made(self, schema: str, marks: Sequence[Mark]) -> set[int]:
        """Return the rows of these batches that a commit has inserted, or may have.

        They are counted as ``Mark.start`` is.  Batches are told apart by all their
        rows: this finds the rows again when others were added to the data or taken
        out.  A row whose record was written later is left out.
        """
        printed = [mark for mark in marks if mark.prints]
        if not printed:
            return set()
        batches = self._all(_MADE, (schema,))
        made = Turns((one["turn"], _sent_of(one, "prints")) for one in batches)
        last_word = self._last_word(schema, 0)
        found: set[int] = set()
        for mark in printed:
            turns = made.of(hashes(mark.prints))
            own = (turns > 0) & (last_word(mark.marks) <= turns)
            found.update((np.flatnonzero(own) + mark.start).tolist())
        return found

    def sent(
        self, job: str, schema: str, mark: Mark, refused: Sequence[int] = ()
    ) -> None:
        """Note that a call is about to leave; on disk when this returns."""
        now = time.time()
        self._do(_ENTER, (*_place(job, schema, mark, refused), now, now))

    def sweeping(self, job: str, schema: str, digest: str) -> None:
        """Note a call about to leave that may change any record of a schema."""
        now = time.time()
        place = (digest, job, schema, 0, 0, "[]", None, b"")
        self._do(_ENTER, (*place, now, now))

    def settle(self, digest: str, state: State, reason: str = "") -> None:
        """Note what became of a call."""
        self._do(
            "UPDATE Batch SET state = ?, reason = ?, ended = ? WHERE digest = ?",
            (state, reason, time.time(), digest),
        )

    def note(
        self,
        job: str,
        schema: str,
        mark: Mark,
        state: State,
        reason: str = "",
        refused: Sequence[int] = (),
    ) -> None:
        """Note a batch that is not sent as it is: ``rejected``, in doubt, or there."""
        now = time.time()
        place = _place(job, schema, mark, refused)
        self._do(_NOTE, (*place, state, reason, now, now))

    def jobs(self) -> pd.DataFrame:
        """Return all commits, the latest first."""
        return self._frame(_JOBS, ())

    def batches(self, job: str) -> pd.DataFrame:
        """Return the batches that a commit was the last to send.

        Raises InvalidOption for an id that no commit has.
        """
        if self._one("SELECT 1 FROM Job WHERE id = ?", (job,)) is None:
            raise InvalidOption(
                f"The journal has no commit {job!r}.",
                hint="their ids are in the column job: session.journal()",
            )
        return self._frame(_BATCHES, (job,))

    def _last_word(self, schema: str, first: int) -> Callable[[bytes], Found]:
        """Return what tells the last turn, from ``first`` on, that wrote each key."""
        rows = self._all(_LATER, (schema, first))
        swept = max((row["turn"] for row in rows if row["marks"] is None), default=0)
        marked = [row for row in rows if row["marks"] is not None]
        turns = Turns((row["turn"], _sent_of(row, "marks")) for row in marked)

        def last_word(marks: bytes) -> Found:
            return np.maximum(turns.of(hashes(marks)), swept)

        return last_word

    def _do(self, sql: str, values: Sequence[object]) -> None:
        with self._lock, told(self.path):
            self._connection.execute(sql, values)

    def _one(self, sql: str, values: Sequence[object]) -> Any:
        with self._lock, told(self.path):
            return self._connection.execute(sql, values).fetchone()

    def _all(self, sql: str, values: Sequence[object]) -> list[Any]:
        with self._lock, told(self.path):
            return self._connection.execute(sql, values).fetchall()

    def _frame(self, sql: str, values: Sequence[object]) -> pd.DataFrame:
        import pandas as pd

        with self._lock, told(self.path):
            cursor = self._connection.execute(sql, values)
            names = [column[0] for column in cursor.description]
            rows = [tuple(row) for row in cursor.fetchall()]
        frame = pd.DataFrame(rows, columns=names)
        for name in {"started", "sent", "ended"} & {*names}:
            frame[name] = pd.to_datetime(frame[name], unit="s", utc=True).dt.floor("ms")
        return frame


def _place(job: str, schema: str, mark: Mark, refused: Sequence[int]) -> Values:
    """Return the first values of an entry."""
    place = (mark.digest, job, schema, mark.start, mark.stop)
    return (*place, json.dumps(list(refused)), mark.marks, mark.prints)


def _sent_of(row: Any, name: str) -> Hashes:
    """Return the hashes of an entry's rows, but of those that were left out."""
    return np.delete(hashes(row[name]), json.loads(row["refused"]))


def read_journal(path: Path, read: Callable[[Journal], pd.DataFrame]) -> pd.DataFrame:
    """Open a journal, read a table of it and close it again."""
    with closing(Journal(path)) as journal:
        return read(journal)
