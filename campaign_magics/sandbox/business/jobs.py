"""Jobs: methods that run in the background, their journal and progress (§8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..data.draw import Draw
from ..stores.agenda import Task
from ..stores.world import World
from .pace import TICK
from .records import Row, Table, moment, seconds

EDITED: Final = 0
RUNNING: Final = 2
CANCELLING: Final = 3
CANCELLED: Final = 4
FINISHED: Final = 5
FAILED: Final = 6
PAUSING: Final = 7
PAUSED: Final = 8

ERROR: Final = 0
WARNING: Final = 1
INFO: Final = 2
"""Levels of a job's journal; 0 and 2 are those of recorded answers."""

FAILURE_CODE: Final = 16384
"""``iRc`` of a line that ended a job, as recorded with DLV-490009."""

_WHOLE: Final = 100
_FIELDS: Final = (
    "@id",
    "@pid",
    "@status",
    "@schema",
    "@methodName",
    "@entityId",
    "@hasWarning",
    "@current",
    "@max",
    "@startDate",
    "@endDate",
    "result",
)
_LINE: Final = ("@id", "@iRc", "@logDate", "@logType", "@message", "@object")


def open_job(
    world: World, schema: str, method: str, entity: int, when: float, lasting: float
) -> int:
    """Store a job that runs from ``when`` for ``lasting`` seconds; return its key."""
    table = Table(world, "xtk:job")
    (key,) = table.number()
    (unique,) = Draw(world.stamp.seed, "xtk:job", key).uuids(1).to_pylist()
    table.insert(
        {
            "@id": key,
            "@pid": f"{key}/{schema}@@{unique}",
            "@status": RUNNING,
            "@schema": schema,
            "@methodName": method,
            "@entityId": entity,
            "@max": _WHOLE,
            "@startDate": moment(when),
            "@endDate": moment(when + lasting),
            "@created": moment(when),
            "@lastModified": moment(when),
        }
    )
    return key


def write_log(
    world: World,
    job: int,
    when: float,
    message: str,
    *,
    level: int = INFO,
    code: int = 0,
) -> None:
    """Add a line to a job's journal; a warning or an error marks the job."""
    table = Table(world, "xtk:jobLog")
    (key,) = table.number()
    table.insert(
        {
            "@id": key,
            "@logDate": moment(when),
            "@logType": level,
            "@iRc": code,
            "@message": message,
            "@job-id": job,
        }
    )
    if level != INFO:
        Table(world, "xtk:job").update({"@id": job}, {"@hasWarning": True})


def finish(world: World, job: int, when: float, result: str = "") -> None:
    """End a job well."""
    values = {"@status": FINISHED, "@current": _WHOLE, "result": result}
    _end(world, job, when, values)


def fail(world: World, job: int, when: float, message: str) -> None:
    """End a job with an error, which its journal tells."""
    write_log(world, job, when, message, level=ERROR, code=FAILURE_CODE)
    _end(world, job, when, {"@status": FAILED})


def find(world: World, pid: str) -> Row | None:
    """Return a job by the identifier its caller holds, None when unknown."""
    return Table(world, "xtk:job").first(_FIELDS, {"@pid": pid})


def error_of(world: World, job: int) -> str:
    """Return what made a job fail, ``""`` when it did not."""
    where = {"@job-id": job, "@logType": ERROR}
    row = Table(world, "xtk:jobLog").first(["@message"], where)
    return str(row["@message"]) if row else ""


def identifier(world: World, job: int) -> str:
    """Return what callers call a job: ``4210/nms:delivery@@…``."""
    row = Table(world, "xtk:job").first(["@pid"], {"@id": job})
    return str(row["@pid"]) if row else ""


def lines(world: World, job: int, after: int, most: int) -> Sequence[Row]:
    """Return the oldest lines of a journal that follow line ``after``."""
    table = Table(world, "xtk:jobLog")
    more = (
        f"AND {table.name('@id')} > {int(after)} ORDER BY 1 LIMIT {max(0, int(most))}"
    )
    rows: list[Row] = table.read(_LINE, {"@job-id": job}, more).to_pylist()
    return rows


def progress(job: Row, now: float) -> tuple[int, int]:
    """Return how far a job is: by the time elapsed while it runs."""
    current, whole = int(job["@current"]), int(job["@max"])
    start, end = seconds(job["@startDate"]), seconds(job["@endDate"])
    if job["@status"] != RUNNING or start is None or end is None or end <= start:
        return current, whole
    share = (now - start) / (end - start)
    return min(max(int(share * whole), 0), whole - 1), whole


def ask_to_end(world: World, job: int, *, pause: bool) -> None:
    """Ask a running job to stop, or to pause; it does so a moment later."""
    now = world.clock.now()
    status, task = (PAUSING, "job.paused") if pause else (CANCELLING, "job.cancelled")
    Table(world, "xtk:job").update({"@id": job}, {"@status": status})
    world.agenda.add(now + TICK, task, job)


def cancelled(world: World, task: Task) -> None:
    """Note that a job has been cancelled."""
    write_log(world, task.subject, task.due, "The job was cancelled.", level=WARNING)
    _end(world, task.subject, task.due, {"@status": CANCELLED})


def paused(world: World, task: Task) -> None:
    """Note that a job has been paused."""
    write_log(world, task.subject, task.due, "The job was paused.")
    _end(world, task.subject, task.due, {"@status": PAUSED})


def _end(world: World, job: int, when: float, values: Row) -> None:
    ended = {"@endDate": moment(when), "@lastModified": moment(when)}
    Table(world, "xtk:job").update({"@id": job}, {**values, **ended})
