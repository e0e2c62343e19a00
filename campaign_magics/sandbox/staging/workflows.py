"""The two technical workflows of replication, their states and their journal.

Adobe, "Data replication": ``ffdaReplicateStagingData`` and
``ffdaReplicateReferenceTables`` run every hour; the journal of the first tells how
many records were sent (release notes of v8.1).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ...schemas.model import Schema
from ..data.draft import to_table
from ..stores.ddl import quoted, select
from ..stores.registry import paths_to_sql
from ..stores.world import World
from .move import is_waiting, move

STAGING_DATA: Final = "ffdaReplicateStagingData"
REFERENCE_TABLES: Final = "ffdaReplicateReferenceTables"

HOURLY: Final = 3_600.0

_WORKFLOW: Final = "xtk:workflow"
_LOG: Final = "xtk:workflowLog"
_ACTIVITY: Final = "replicate"
_STARTED: Final = 11
_IDLE, _IN_ERROR = 0, 2
_ERROR, _INFO = 1, 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did: records sent by schema, and what went wrong."""

    records: dict[str, int]
    errors: tuple[str, ...] = ()


def replicate(world: World, *, every: float = HOURLY) -> dict[str, int]:
    """Run both workflows now; return the records sent to the cloud by schema.

    ``every`` is when the next run is due, in seconds.  Staging goes first, so that
    what it wrote to reference tables is copied as well.
    """
    staged = run_staging(world, every=every)
    return {**staged.records, **run_references(world, every=every).records}


def replicate_on_schedule(world: World, *, every: float) -> None:
    """Run the workflows whose time has come, unless an operator stopped them."""
    if _state(world, STAGING_DATA) == _STARTED:
        run_staging(world, every=every)
    if _state(world, REFERENCE_TABLES) == _STARTED:
        run_references(world, every=every)


def replicate_at_once(world: World) -> None:
    """Copy what a call left behind; nothing is logged, for this is no workflow.

    A failure is the sandbox's own and not the caller's.
    """
    try:
        if is_waiting(world):
            move(world)
        if changed := world.databases.changed():
            world.databases.replicate(changed)
    except Exception:
        _log.exception("replication at once failed")


def run_staging(
    world: World, schema_ids: Iterable[str] | None = None, *, every: float = HOURLY
) -> Outcome:
    """Send what is staged, for all schemas or those named, to the cloud."""

    def work() -> Outcome:
        moved = move(world, schema_ids)
        return Outcome(
            records={one.schema_id: one.records for one in moved if one.records},
            errors=tuple(
                f"{one.rejected} record(s) of '{one.schema_id}' cannot be sent to the "
                f"Cloud database: {one.cause}"
                for one in moved
                if one.rejected
            ),
        )

    return _run(world, STAGING_DATA, work, every)


def run_references(world: World, *, every: float = HOURLY) -> Outcome:
    """Copy the reference tables that changed to the cloud."""

    def work() -> Outcome:
        changed = world.databases.changed() - {_WORKFLOW, _LOG}
        return Outcome(records=world.databases.replicate(changed))

    outcome = _run(world, REFERENCE_TABLES, work, every)
    # Last, for they tell of this very run.
    world.databases.replicate(world.databases.changed() & {_WORKFLOW, _LOG})
    return outcome


def _run(world: World, name: str, work: Callable[[], Outcome], every: float) -> Outcome:
    """Run a workflow's task and write its journal.  Raises what the task raises."""
    try:
        outcome = work()
    except Exception as exc:
        _journal(world, name, [(_ERROR, f"{type(exc).__name__}: {exc}")], every)
        raise
    sent = [
        (_INFO, f"{count} record(s) of '{schema_id}' sent to the Cloud database")
        for schema_id, count in outcome.records.items()
    ]
    errors = [(_ERROR, error) for error in outcome.errors]
    nothing = [(_INFO, "No record to send to the Cloud database")]
    _journal(world, name, [*sent, *errors] or nothing, every)
    return outcome


def _journal(
    world: World, name: str, lines: Sequence[tuple[int, str]], every: float
) -> None:
    """Write lines into a workflow's journal and the time into its record."""
    found = _find(world, name)
    if found is None:
        return
    now = datetime.fromtimestamp(world.clock.now(), UTC).replace(tzinfo=None)
    failed = any(level == _ERROR for level, _ in lines)
    schema = world.schema(_LOG)
    with world.databases.transaction():
        ids = world.sequences.take(schema.sequence, len(lines))
        values = {
            "@id": list(ids),
            "@logDate": now,
            "@logType": [level for level, _ in lines],
            "@activity": _ACTIVITY,
            "@message": [text[:1024] for _, text in lines],
            "@workflow-id": found[0],
        }
        world.databases.load(schema, to_table(schema, values, len(lines)))
        changes: dict[str, object] = {
            "@processDate": _text(now),
            "@nextProcessingDate": _text(now + timedelta(seconds=every)),
            "@status": _IN_ERROR if failed else _IDLE,
            "@failed": int(failed),
        }
        _update(world, world.schema(_WORKFLOW), found[0], changes)


def _update(
    world: World, schema: Schema, number: int, changes: dict[str, object]
) -> None:
    names = paths_to_sql(schema, *changes)
    (key,) = paths_to_sql(schema, "@id")
    sets = ", ".join(f"{quoted(name)} = ?" for name in names)
    table = quoted(str(schema.table))
    sql = f"UPDATE {table} SET {sets} WHERE {quoted(key)} = ?"  # noqa: S608 - quoted
    world.databases.execute("local", sql, [*changes.values(), number])


def _state(world: World, name: str) -> int | None:
    found = _find(world, name)
    return None if found is None else found[1]


def _find(world: World, name: str) -> tuple[int, int] | None:
    """Return a workflow's id and state."""
    schema = world.schema(_WORKFLOW)
    columns = paths_to_sql(schema, "@id", "@state", "@internalName")
    sql = f"{select(str(schema.table), columns[:2])} WHERE {quoted(columns[2])} = ?"
    for batch in world.databases.run("local", sql, [name]):
        for row in batch.to_pylist():
            number, state = row.values()
            return int(number), int(state)
    return None


def _text(when: datetime) -> str:
    return when.isoformat(" ", "milliseconds")
