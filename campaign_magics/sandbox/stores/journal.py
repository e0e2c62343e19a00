"""What waits in staging: the documents to be applied to the cloud, in order.

A staging table shows rows; the journal beside it keeps what was asked for, so that a
partial update, a deletion or a key other than the internal one reach the cloud as they
were meant.  Each batch is marked here, applied there together with its mark, then
removed here: after a crash at any moment the mark in the cloud tells whether it was
applied.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .databases import Databases

_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS SandboxStaged (iId INTEGER PRIMARY KEY AUTOINCREMENT,"
    " sSchema TEXT NOT NULL, sKey TEXT NOT NULL, sDocument TEXT NOT NULL,"
    " sAuthor TEXT NOT NULL, sBatch TEXT, sError TEXT)"
)
_MARKS: Final = "CREATE TABLE IF NOT EXISTS SandboxMoved (sBatch VARCHAR)"
_ADD: Final = (
    "INSERT INTO SandboxStaged (sSchema, sKey, sDocument, sAuthor) VALUES (?, ?, ?, ?)"
)
_MARK: Final = (
    "UPDATE SandboxStaged SET sBatch = ? WHERE iId IN (SELECT value FROM json_each(?))"
)
_COLUMNS: Final = "SELECT iId, sKey, sDocument, sAuthor FROM SandboxStaged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document that waits; ``key`` is its row's in the staging table.

    ``document`` is XML, ``author`` and ``author_id`` the operator who sent it.
    """

    key: tuple[Any, ...]
    document: str
    author: str
    author_id: int
    id: int = 0


class Journal:
    """The documents that wait, by the schema they are for; safe from any thread."""

    def __init__(self, databases: Databases) -> None:
        self._databases = databases
        databases.local.execute(_TABLE)
        databases.cloud.execute(_MARKS)

    def add(self, schema_id: str, entries: Iterable[Entry]) -> None:
        """Let documents wait, in the caller's transaction if there is one."""
        with self._databases.local.transaction() as connection:
            rows = [
                (
                    schema_id,
                    json.dumps(entry.key),
                    entry.document,
                    json.dumps([entry.author, entry.author_id]),
                )
                for entry in entries
            ]
            connection.executemany(_ADD, rows)

    def schema_ids(self) -> list[str]:
        """Return the schemas that documents wait for."""
        return self._texts("SELECT DISTINCT sSchema FROM SandboxStaged ORDER BY 1")

    def batches(self, schema_id: str) -> list[str]:
        """Return the batches that were begun and, after a crash, not ended."""
        sql = (
            "SELECT DISTINCT sBatch FROM SandboxStaged"
            " WHERE sSchema = ? AND sBatch IS NOT NULL"
        )
        return self._texts(sql, schema_id)

    def waiting(self, schema_id: str, after: int, count: int) -> list[Entry]:
        """Return the next documents behind number ``after``, in order."""
        return self._read(
            f"{_COLUMNS} WHERE sSchema = ? AND sBatch IS NULL AND iId > ?"
            " ORDER BY iId LIMIT ?",
            [schema_id, after, count],
        )

    def begin(self, entries: Sequence[Entry]) -> str:
        """Make a batch of entries and return its mark."""
        batch = str(uuid.uuid4())
        ids = json.dumps([entry.id for entry in entries])
        self._databases.local.execute(_MARK, [batch, ids])
        return batch

    def entries(self, batch: str) -> list[Entry]:
        """Return what a batch holds."""
        return self._read(f"{_COLUMNS} WHERE sBatch = ? ORDER BY iId", [batch])

    def mark_applied(self, batch: str) -> None:
        """Note in the cloud, in the caller's transaction, that a batch was applied."""
        self._databases.cloud.execute("DELETE FROM SandboxMoved")
        self._databases.cloud.execute("INSERT INTO SandboxMoved VALUES (?)", [batch])

    def was_applied(self, batch: str) -> bool:
        """Tell whether the cloud has a batch."""
        sql = "SELECT sBatch FROM SandboxMoved WHERE sBatch = ?"
        found = self._databases.cloud.run(sql, [batch])
        return any(part.num_rows for part in found)

    def end(self, batch: str) -> None:
        """Forget an applied batch."""
        self._databases.local.execute(
            "DELETE FROM SandboxStaged WHERE sBatch = ?", [batch]
        )

    def give_back(self, batch: str, error: str | None = None) -> None:
        """Let the entries of a batch that was not applied wait again."""
        self._databases.local.execute(
            "UPDATE SandboxStaged SET sBatch = NULL, sError = ? WHERE sBatch = ?",
            [error, batch],
        )

    def clear(self) -> None:
        """Forget everything that waits."""
        self._databases.local.execute("DELETE FROM SandboxStaged")

    def _texts(self, sql: str, *params: str) -> list[str]:
        batches = self._databases.local.run(sql, params)
        return [str(v) for batch in batches for v in batch.column(0).to_pylist()]

    def _read(self, sql: str, params: list[Any]) -> list[Entry]:
        return [
            Entry(
                id=row["iId"],
                key=tuple(json.loads(row["sKey"])),
                document=row["sDocument"],
                author=json.loads(row["sAuthor"])[0],
                author_id=json.loads(row["sAuthor"])[1],
            )
            for batch in self._databases.local.run(sql, params)
            for row in batch.to_pylist()
        ]
