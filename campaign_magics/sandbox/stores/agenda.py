"""What is still to happen: tasks with a time, kept in the local database.

Nothing runs by itself: whoever asks the world something first lets happen what is
due.  So time may be driven, and a kept folder goes on where it stopped.
"""

from __future__ import annotations

import math
import threading
from dataclasses import dataclass
from typing import Final

from .local import LocalStore

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS SandboxAgenda (iId INTEGER PRIMARY KEY AUTOINCREMENT,"
    " dDue REAL NOT NULL, sKind TEXT NOT NULL, iSubject INTEGER NOT NULL,"
    " sDetail TEXT NOT NULL)"
)
_ADD: Final = (
    "INSERT INTO SandboxAgenda (dDue, sKind, iSubject, sDetail) VALUES (?, ?, ?, ?)"
)
_FIRST: Final = (
    "SELECT iId, dDue, sKind, iSubject, sDetail FROM SandboxAgenda"
    " ORDER BY dDue, iId LIMIT 1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Something to do at ``due`` (seconds since the epoch) to a record.

    ``kind`` names who does it, ``subject`` is the record's id, ``detail`` is the
    doer's own.
    """

    id: int
    due: float
    kind: str
    subject: int
    detail: str = ""


class Agenda:
    """The tasks of one world, in the order of their time; safe from any thread.

    ``at_work`` is held by whoever does what is due.
    """

    def __init__(self, local: LocalStore) -> None:
        self._local = local
        local.execute(_TABLE)
        self._next = -math.inf
        self.at_work = threading.Lock()

    def is_due(self, now: float) -> bool:
        """Tell whether something may be due; costs nothing when nothing is."""
        return self._next <= now

    def add(self, due: float, kind: str, subject: int, detail: str = "") -> None:
        """Put a task on the agenda, in the caller's transaction if there is one."""
        with self._local.transaction() as connection:
            connection.execute(_ADD, [due, kind, subject, detail])
            self._next = min(self._next, due)

    def take(self, now: float) -> Task | None:
        """Remove and return the first task that is due, None when there is none."""
        with self._local.transaction() as connection:
            row = connection.execute(_FIRST).fetchone()
            if row is None or row[1] > now:
                self._next = math.inf if row is None else row[1]
                return None
            connection.execute("DELETE FROM SandboxAgenda WHERE iId = ?", [row[0]])
        found, due, kind, subject, detail = row
        return Task(id=found, due=due, kind=kind, subject=subject, detail=detail)

    def remove(self, task: int) -> None:
        """Take a task off the agenda for good."""
        self._local.execute("DELETE FROM SandboxAgenda WHERE iId = ?", [task])

    def has(self, family: str, subject: int) -> bool:
        """Tell whether a record has a task whose kind begins with ``family.``."""
        sql = "SELECT 1 FROM SandboxAgenda WHERE iSubject = ? AND sKind LIKE ? LIMIT 1"
        with self._local.transaction() as connection:
            found = connection.execute(sql, [subject, f"{family}.%"]).fetchone()
        return found is not None

    def drop(self, family: str, subject: int) -> int:
        """Forget the tasks of a record whose kind begins with ``family.``; how many."""
        sql = "DELETE FROM SandboxAgenda WHERE iSubject = ? AND sKind LIKE ?"
        return self._local.execute(sql, [subject, f"{family}.%"])

    def pull(self, family: str, subject: int, due: float) -> int:
        """Bring the tasks of a record forward to ``due``; return how many."""
        sql = (
            "UPDATE SandboxAgenda SET dDue = min(dDue, ?)"
            " WHERE iSubject = ? AND sKind LIKE ?"
        )
        with self._local.transaction():
            moved = self._local.execute(sql, [due, subject, f"{family}.%"])
            self._next = min(self._next, due)
        return moved

    def clear(self) -> None:
        """Forget everything."""
        self._local.execute("DELETE FROM SandboxAgenda")
