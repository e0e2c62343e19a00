"""What was sent and what became of it: one SQLite file for each instance.

A batch is noted as ``sent``, safely on disk, before its call leaves; its answer makes
it ``acknowledged``, ``rejected`` or ``split`` (its halves have entries of their own).
One that is still ``sent``, or ``doubtful`` after a lost answer, is read back before
anything is repeated.  Values are never kept: a batch is its hash, a key 8 bytes of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from ..errors import InvalidOption

if TYPE_CHECKING:
    import pandas as pd

State = Literal["pending", "sent", "acknowledged", "rejected", "split", "doubtful"]

_PATIENCE: Final = 30.0
"""Seconds to wait for another process that holds the file."""

_PAUSE: Final = 0.02
"""Seconds between two tries where SQLite does not wait itself."""

_KEPT: Final = 90 * 86_400
"""Seconds that a batch is remembered; commits are listed for ever."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS Job (
  id TEXT PRIMARY KEY, started REAL, ended REAL, schema TEXT, operation TEXT,
  key TEXT, route TEXT, rows INTEGER, landed INTEGER, skipped INTEGER,
  rejected INTEGER, outcome TEXT);
CREATE TABLE IF NOT EXISTS Batch (
  digest TEXT PRIMARY KEY, job TEXT, schema TEXT, start INTEGER, stop INTEGER,
  state TEXT, reason TEXT, refused TEXT, marks BLOB, turn INTEGER,
  created REAL, sent REAL, ended REAL);
CREATE INDEX IF NOT EXISTS BatchJob ON Batch (job);
CREATE INDEX IF NOT EXISTS BatchTurn ON Batch (schema, turn);
"""
_ENTER: Final = """
INSERT INTO Batch (digest, job, schema, start, stop, state, reason, refused, marks,
  turn, created, sent) VALUES (?, ?, ?, ?, ?, 'sent', '', ?, ?,
  (SELECT coalesce(max(turn), 0) + 1 FROM Batch), ?, ?)
ON CONFLICT (digest) DO UPDATE SET job = excluded.job, start = excluded.start,
  stop = excluded.stop, state = 'sent', reason = '', refused = excluded.refused,
  turn = excluded.turn, sent = excluded.sent, ended = NULL
"""
_NOTE: Final = """
INSERT INTO Batch (digest, job, schema, start, stop, state, reason, refused, marks,
  turn, created, ended) VALUES (?, ?, ?, ?, ?, ?, ?, '[]', ?, 0, ?, ?)
ON CONFLICT (digest) DO UPDATE SET job = excluded.job, start = excluded.start,
  stop = excluded.stop, state = excluded.state, reason = excluded.reason,
  ended = excluded.ended
"""
_LATER: Final = """
SELECT turn, marks FROM Batch
WHERE schema = ? AND turn >= ? AND state IN ('sent', 'doubtful', 'acknowledged')
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
    """What identifies a batch: its hash, its place in the data, marks of its keys."""

    digest: str
    start: int
    stop: int
    marks: bytes


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
            self._connection = _opened(path)

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
        last_word = _LastWord(self._all(_LATER, (schema, first)))
        return {
            mark.digest: found[mark.digest]
            for mark in marks
            if mark.digest in found
            if last_word.turn_of(mark.marks) <= found[mark.digest].turn
        }

    def sent(
        self, job: str, schema: str, mark: Mark, refused: Sequence[int] = ()
    ) -> None:
        """Note that a call is about to leave; on disk when this returns."""
        now = time.time()
        place = (mark.digest, job, schema, mark.start, mark.stop)
        self._do(_ENTER, (*place, json.dumps(list(refused)), mark.marks, now, now))

    def sweeping(self, job: str, schema: str, digest: str) -> None:
        """Note a call about to leave that may change any record of a schema."""
        now = time.time()
        self._do(_ENTER, (digest, job, schema, 0, 0, "[]", None, now, now))

    def settle(self, digest: str, state: State, reason: str = "") -> None:
        """Note what became of a call."""
        self._do(
            "UPDATE Batch SET state = ?, reason = ?, ended = ? WHERE digest = ?",
            (state, reason, time.time(), digest),
        )

    def note(
        self, job: str, schema: str, mark: Mark, state: State, reason: str = ""
    ) -> None:
        """Note a batch that is not sent as it is: ``rejected`` or in doubt."""
        now = time.time()
        place = (mark.digest, job, schema, mark.start, mark.stop)
        self._do(_NOTE, (*place, state, reason, mark.marks, now, now))

    def jobs(self) -> pd.DataFrame:
        """Return all commits, the latest first."""
        return self._frame(_JOBS, ())

    def batches(self, job: str) -> pd.DataFrame:
        """Return the batches that a commit was the last to send."""
        return self._frame(_BATCHES, (job,))

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


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Say what to do about a file that cannot be used."""
    try:
        yield
    except (OSError, sqlite3.Error) as exc:
        raise InvalidOption(
            f"The journal {path} cannot be used: {exc}.",
            hint="make its folder writable, or delete it: nothing is then skipped",
        ) from exc


def _opened(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(
        path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        _use_wal(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_TABLES)
    except BaseException:
        connection.close()
        raise
    return connection


def is_busy(error: sqlite3.OperationalError) -> bool:
    """Tell whether somebody else holds the file."""
    return error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch a new file to WAL; SQLite itself does not wait here for other openers."""
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as exc:
            if not is_busy(exc) or time.monotonic() > end:
                raise
            time.sleep(_PAUSE)
        else:
            return


def journal_path(instance: str) -> Path:
    """Return the file of an instance (a URL), in the user's folder for state."""
    import platformdirs

    slug = re.sub(r"[^a-z0-9.]+", "-", instance.lower().partition("://")[2])[:60]
    key = hashlib.sha256(instance.encode()).hexdigest()[:8]
    folder = platformdirs.user_state_path("campaign_magics") / "journals"
    return folder / f"{slug.strip('-')}-{key}.sqlite"


def read_journal(path: Path, read: Callable[[Journal], pd.DataFrame]) -> pd.DataFrame:
    """Open a journal, read a table of it and close it again."""
    with closing(Journal(path)) as journal:
        return read(journal)


class _LastWord:
    """Which batch was the last to write a record; keys are told apart by marks."""

    def __init__(self, rows: Sequence[Any]) -> None:
        known = [row for row in rows if row["marks"] is not None]
        swept = [row["turn"] for row in rows if row["marks"] is None]
        self._swept = max(swept, default=0)
        keys = [np.frombuffer(row["marks"], np.int64) for row in known]
        turns = [np.full(len(k), r["turn"]) for k, r in zip(keys, known, strict=True)]
        self._keys = np.concatenate([np.empty(0, np.int64), *keys])
        self._turns = np.concatenate([np.empty(0, np.int64), *turns])
        order = np.lexsort((self._turns, self._keys))
        self._keys, self._turns = self._keys[order], self._turns[order]

    def turn_of(self, marks: bytes) -> int:
        """Return the last turn in which one of these records was written."""
        wanted = np.frombuffer(marks, np.int64)
        behind = np.searchsorted(self._keys, wanted, side="right")
        known = behind[behind > 0] - 1
        hits = known[np.isin(self._keys[known], wanted)]
        latest = int(self._turns[hits].max()) if hits.size else 0
        return max(self._swept, latest)
