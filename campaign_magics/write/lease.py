"""One commit at a time to a schema: the next one waits, whatever kernel it is in.

Two commits of the same rows would else look for records before the other has made
them, and the journal could not tell which of two wrote a record last.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .journal_file import is_busy, told
from .stopping import nothing_sent

_LOOK: Final = 0.2
"""Seconds between looks: a wait of SQLite's own cannot be interrupted."""


class Lease:
    """The right to commit to one schema; it ends with its process at the latest.

    SQLite's lock on an empty file beside the ``journal``: it works alike on every
    system, between threads as between processes.
    """

    def __init__(self, journal: Path, schema: str) -> None:
        name = f"{journal.stem}.{schema.replace(':', '-')}.lock"
        self._path = journal.with_name(name)
        with told(self._path):
            self._connection = sqlite3.connect(
                self._path,
                timeout=_LOOK,
                isolation_level=None,
                check_same_thread=False,
            )

    def take(self, waiting: Callable[[], object]) -> None:
        """Wait until no other commit has it; ``waiting`` is called at each look.

        Raises InvalidOption when the file cannot be used, Interrupted.
        """
        try:
            with nothing_sent():
                while not self._taken():
                    waiting()
        except BaseException:
            self.give_back()
            raise

    def give_back(self) -> None:
        """Let the next commit begin."""
        self._connection.close()

    def _taken(self) -> bool:
        with told(self._path):
            try:
                self._connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as exc:
                if not is_busy(exc):
                    raise
                return False
        return True
