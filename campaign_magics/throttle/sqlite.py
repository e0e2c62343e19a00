"""The ledger in a SQLite file: one budget for all kernels of this machine.

Times in the file are monotonic, hence the same for every process and untouched by
steps of the wall clock.  They mean nothing after a reboot: ``places.budget_path`` puts
the boot into the file's name, and a ledger written in the future is started afresh.
Durability is not wanted (``synchronous=OFF``): the content is worth ten minutes.  A
process that is killed inside a transaction leaves the state before it; one that is
killed while it waits leaves a ticket that is soon passed over.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..clock import Clock
from .easing import Ease
from .ledger import Bucket, Ledger, Ticket
from .store import LedgerStore, View
from .usage import COUNTS, HISTORY_SECONDS, Usage

_T = TypeVar("_T")

_PATIENCE = 10.0
"""Seconds to wait for the file while others write."""

_RETRY = 0.0005
_BUSY = frozenset({"SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"})

_TABLES = """
CREATE TABLE IF NOT EXISTS ledger (
    id INTEGER PRIMARY KEY CHECK (id = 1), header TEXT NOT NULL, slots BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS usage (
    second INTEGER, api TEXT, kernel TEXT, calls INTEGER, waits INTEGER, waited REAL,
    throttled INTEGER, errors INTEGER, bytes INTEGER,
    PRIMARY KEY (second, api, kernel)
) WITHOUT ROWID;
"""
_LOAD = "SELECT header, slots FROM ledger WHERE id = 1"
_SAVE = "INSERT OR REPLACE INTO ledger VALUES (1, ?, ?)"
_ADD = """
INSERT INTO usage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    calls = calls + excluded.calls, waits = waits + excluded.waits,
    waited = waited + excluded.waited, throttled = throttled + excluded.throttled,
    errors = errors + excluded.errors, bytes = bytes + excluded.bytes
"""
_SWEEP = "DELETE FROM usage WHERE second NOT BETWEEN ? AND ?"
_HISTORY = """
SELECT * FROM usage WHERE second > ? AND second <= ? ORDER BY second, api, kernel
"""


@dataclass(slots=True)
class _Open:
    """A connection and the lock of the threads that share it."""

    pid: int
    connection: sqlite3.Connection
    lock: threading.Lock
    swept: int = 0


class SQLiteStore(LedgerStore):
    """Shared by every process that opens the same file; raises sqlite3.Error, OSError.

    ``path``'s folder is created, readable by the user alone.  Local disks only:
    SQLite's shared memory does not work across a network.
    """

    shared = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened = self._open()

    def _open(self) -> _Open:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        connection = sqlite3.connect(
            self.path, timeout=0.0, isolation_level=None, check_same_thread=False
        )
        try:
            _patiently(lambda: _prepare(connection))
        except BaseException:
            connection.close()
            raise
        return _Open(os.getpid(), connection, threading.Lock())

    def _here(self) -> _Open:
        """Return this process's connection: SQLite's must not cross a fork."""
        if self._opened.pid != os.getpid():
            self._opened = self._open()
        return self._opened

    @contextmanager
    def _transaction(self) -> Iterator[Ledger]:
        here = self._here()
        with here.lock:
            _begin(here.connection, "BEGIN IMMEDIATE")
            try:
                ledger = _load(here.connection)
                ledger.revision += 1
                yield ledger
                here.connection.execute(_SAVE, _to_row(ledger))
                here.connection.execute("COMMIT")
            except BaseException:
                here.connection.rollback()
                raise

    def _add(self, row: Usage) -> None:
        here = self._opened
        counts = (getattr(row, name) for name in COUNTS)
        here.connection.execute(_ADD, (row.second, row.api, row.kernel, *counts))
        if row.second > here.swept + 60:
            here.swept = row.second
            here.connection.execute(_SWEEP, (row.second - HISTORY_SECONDS, row.second))

    def view(self, seconds: int, clock: Clock) -> View:
        """Return the ledger and the usage of the last ``seconds``."""
        here = self._here()
        with here.lock:
            _begin(here.connection, "BEGIN")
            try:
                ledger = _load(here.connection)
                now = clock.monotonic()
                rows = here.connection.execute(
                    _HISTORY, (now - seconds, now)
                ).fetchall()
            finally:
                here.connection.rollback()
        return View(now, ledger, tuple(_usage(row) for row in rows))

    def close(self) -> None:
        """Close the file; the last one to close it tidies up SQLite's side files."""
        if self._opened.pid == os.getpid():
            with self._opened.lock:
                self._opened.connection.close()


def _prepare(connection: sqlite3.Connection) -> None:
    for pragma in (
        "journal_mode = WAL",
        "synchronous = OFF",
        "wal_autocheckpoint = 200",
    ):
        connection.execute(f"PRAGMA {pragma}")
    connection.executescript(_TABLES)


def _begin(connection: sqlite3.Connection, how: str) -> None:
    if connection.in_transaction:  # an interrupt cut the last one short
        connection.rollback()
    _patiently(lambda: connection.execute(how))


def _patiently(action: Callable[[], _T]) -> _T:
    """Repeat while others hold the file.

    SQLite's own time-out leaves cases out, and soon sleeps for 25 ms where a
    transaction takes a tenth of one.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return action()
        except sqlite3.OperationalError as exc:
            name = getattr(exc, "sqlite_errorname", "")
            if not name.startswith(tuple(_BUSY)) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY)


def _load(connection: sqlite3.Connection) -> Ledger:
    row = connection.execute(_LOAD).fetchone()
    try:
        return Ledger() if row is None else _from_row(*row)
    except (TypeError, ValueError) as exc:
        raise sqlite3.DatabaseError("its content is no ledger") from exc


def _to_row(ledger: Ledger) -> tuple[str, bytes]:
    buckets = [
        (
            name,
            len(bucket.slots),
            bucket.blocked_until,
            bucket.pressed_until,
            bucket.paced_to,
            bucket.ease and (bucket.ease.level, bucket.ease.start, bucket.ease.since),
        )
        for name, bucket in ledger.buckets.items()
    ]
    tickets = [(t.number, t.api, t.due) for t in ledger.tickets]
    head = (ledger.revision, ledger.next_ticket, ledger.written)
    header = json.dumps((*head, tickets, buckets))
    slots = b"".join(bucket.slots.tobytes() for bucket in ledger.buckets.values())
    return header, slots


def _from_row(header: str, slots: bytes) -> Ledger:
    revision, next_ticket, written, tickets, buckets = json.loads(header)
    times = array("d", slots)
    ledger = Ledger(
        tickets=[Ticket(*ticket) for ticket in tickets],
        next_ticket=next_ticket,
        revision=revision,
        written=written,
    )
    start = 0
    for name, count, blocked_until, pressed_until, paced_to, ease in buckets:
        ledger.buckets[name] = Bucket(
            slots=times[start : start + count],
            ease=ease and Ease(level=ease[0], start=ease[1], since=ease[2]),
            blocked_until=blocked_until,
            pressed_until=pressed_until,
            paced_to=paced_to,
        )
        start += count
    return ledger


def _usage(row: tuple[int, str, str, int, int, float, int, int, int]) -> Usage:
    second, api, kernel, calls, waits, waited, throttled, errors, size = row
    return Usage(
        second=second,
        api=api,
        kernel=kernel,
        calls=calls,
        waits=waits,
        waited=waited,
        throttled=throttled,
        errors=errors,
        bytes=size,
    )
