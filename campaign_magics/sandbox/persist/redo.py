"""Two databases, one commit: what the cloud still has to do after a crash.

The local database commits first.  When a call changes both, it commits together with
what the cloud is to do; the cloud commits together with a mark that says it was done.
Whoever writes next, or the server as it starts, finds the first without the second and
does it.  So a call is in both databases or in neither, killed at any moment.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from ..stores.databases import Databases

_TO_DO: Final = (
    "CREATE TABLE IF NOT EXISTS SandboxRedo (sMark TEXT PRIMARY KEY, sSteps TEXT)"
)
_DONE: Final = "CREATE TABLE IF NOT EXISTS SandboxDone (sMark VARCHAR)"

Step = tuple[str, list[Any]]
"""A statement for the cloud, with its values."""


@dataclass(slots=True, kw_only=True)
class Log:
    """What a call has done so far: to the cloud, and whether to the local database."""

    steps: list[Step] = field(default_factory=list)
    is_local: bool = False


def keep(databases: Databases, log: Log) -> None:
    """Keep what the cloud is to do, at the end of a transaction over both databases."""
    if not (log.steps and log.is_local):
        return
    mark = str(uuid.uuid4())
    steps = json.dumps(log.steps, default=_encoded)
    databases.execute("local", _TO_DO)
    databases.execute("local", "INSERT INTO SandboxRedo VALUES (?, ?)", [mark, steps])
    databases.execute("cloud", _DONE)
    databases.execute("cloud", "DELETE FROM SandboxDone")
    databases.execute("cloud", "INSERT INTO SandboxDone VALUES (?)", [mark])


def catch_up(databases: Databases) -> None:
    """Have the cloud do what the local database kept for it; nothing when it has.

    Call it before others read, when a kept folder is opened.
    """
    with databases.transaction():
        databases.execute("local", _TO_DO)
        found = databases.run("local", "SELECT sMark, sSteps FROM SandboxRedo")
        waiting = [row for batch in found for row in batch.to_pylist()]
        if not waiting:
            return
        databases.execute("cloud", _DONE)
        for row in waiting:
            sql = "SELECT sMark FROM SandboxDone WHERE sMark = ?"
            done = databases.run("cloud", sql, [row["sMark"]])
            if not any(batch.num_rows for batch in done):
                for statement, values in json.loads(row["sSteps"], object_hook=_value):
                    databases.execute("cloud", statement, values)
        databases.execute("local", "DELETE FROM SandboxRedo")


def _encoded(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    raise TypeError(type(value).__name__)


def _value(held: dict[str, str]) -> date:
    if "time" in held:
        return datetime.fromisoformat(held["time"])
    return date.fromisoformat(held["date"])
