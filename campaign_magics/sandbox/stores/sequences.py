"""Counters that number new records (XtkNewId and others): never the same twice."""

from __future__ import annotations

from typing import Final

from .local import LocalStore

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS SandboxSequence"
    " (sName TEXT PRIMARY KEY, lNext INTEGER NOT NULL)"
)
_TAKE: Final = (
    "INSERT INTO SandboxSequence (sName, lNext) VALUES (?, ?)"
    " ON CONFLICT (sName) DO UPDATE SET lNext = lNext + ? RETURNING lNext"
)
_RAISE: Final = (
    "INSERT INTO SandboxSequence (sName, lNext) VALUES (?, ?)"
    " ON CONFLICT (sName) DO UPDATE SET lNext = max(lNext, excluded.lNext)"
)


class Sequences:
    """Numbers by sequence name, kept in the local database; ids start at 1001."""

    FIRST: Final = 1001

    def __init__(self, local: LocalStore) -> None:
        self._local = local
        local.execute(_TABLE)

    def take(self, name: str, count: int) -> range:
        """Return the next ``count`` numbers; nobody else gets them."""
        with self._local.transaction() as connection:
            first = [name, self.FIRST + count, count]
            (after,) = connection.execute(_TAKE, first).fetchone()
        return range(after - count, after)

    def start_at(self, name: str, number: int) -> None:
        """Make the next number at least this one."""
        self._local.execute(_RAISE, [name, number])

    def clear(self) -> None:
        """Forget every number given out."""
        self._local.execute("DELETE FROM SandboxSequence")
