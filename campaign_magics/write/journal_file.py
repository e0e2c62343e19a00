"""The journal's file: where it is, its tables, how it is opened."""

from __future__ import annotations

import hashlib
import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ..errors import InvalidOption

_PATIENCE: Final = 30.0
"""Seconds to wait for another process that holds the file."""

_PAUSE: Final = 0.02
"""Seconds between two tries where SQLite does not wait itself."""

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS Job (
  id TEXT PRIMARY KEY, started REAL, ended REAL, schema TEXT, operation TEXT,
  key TEXT, route TEXT, rows INTEGER, landed INTEGER, skipped INTEGER,
  rejected INTEGER, outcome TEXT);
CREATE TABLE IF NOT EXISTS Batch (
  digest TEXT PRIMARY KEY, job TEXT, schema TEXT, start INTEGER, stop INTEGER,
  state TEXT, reason TEXT, refused TEXT, marks BLOB, turn INTEGER,
  created REAL, sent REAL, ended REAL, prints BLOB);
CREATE INDEX IF NOT EXISTS BatchJob ON Batch (job);
CREATE INDEX IF NOT EXISTS BatchTurn ON Batch (schema, turn);
"""


def journal_path(instance: str) -> Path:
    """Return the file of an instance (a URL), in the user's folder for state."""
    import platformdirs

    slug = re.sub(r"[^a-z0-9.]+", "-", instance.lower().partition("://")[2])[:60]
    key = hashlib.sha256(instance.encode()).hexdigest()[:8]
    folder = platformdirs.user_state_path("campaign_magics") / "journals"
    return folder / f"{slug.strip('-')}-{key}.sqlite"


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


def opened(path: Path) -> sqlite3.Connection:
    """Open a journal's file, which is made if it is not there yet."""
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
        _add_prints(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _add_prints(connection: sqlite3.Connection) -> None:
    """Add the column that a journal of an earlier version does not have."""

    def lacks() -> bool:
        columns = connection.execute("PRAGMA table_info (Batch)").fetchall()
        return "prints" not in [column["name"] for column in columns]

    if not lacks():
        return
    connection.execute("BEGIN IMMEDIATE")
    if lacks():  # still: another process may have been first
        connection.execute("ALTER TABLE Batch ADD COLUMN prints BLOB")
    connection.execute("COMMIT")


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
