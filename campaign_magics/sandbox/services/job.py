"""xtk:jobInterface: methods in the background, status, journal (protocol.md §8)."""

from __future__ import annotations

from datetime import UTC, datetime

from lxml import etree

from ...xtk.xml import children
from ..business import jobs, tasks
from ..business.clockwork import settle
from ..business.deliveries import SCHEMA
from ..business.pace import TICK
from ..business.records import Row, seconds
from ..business.refusals import Impossible
from ..envelope import attributes, server_time
from ..faults import method_failed
from ..instance import Call, Reply
from .business import author, document, driving, now, refusals, world_of
from .delivery import entity_id
from .rights import check_write


@driving
def execute(call: Call) -> Reply:
    """Run a method of the entity, wait for its end, return the job."""
    return _submit(call, call.schema, call.text(0), entity_id(call), wait=True)


@driving
def submit(call: Call) -> Reply:
    """Start a method of the entity and return the job."""
    return _submit(call, call.schema, call.text(0), entity_id(call), wait=False)


@driving
def submit_soap_call(call: Call) -> Reply:
    """Start a SOAP call, given as a document with its parameters."""
    soap_call = document(call, 0)
    if soap_call is None:
        raise Impossible("The call is missing: it is given as <soapCall …>.")
    schema, method = (str(soap_call.get(n) or "") for n in ("service", "name"))
    schema = schema.rpartition("|")[2] or call.schema
    params = {str(p.get("name")): p for p in children(soap_call, "param")}
    flag = params.get("bStart")
    start = flag is not None and str(flag.get("value") or "").lower() in ("true", "1")
    entity = _entity_of(params.get("this")) or entity_id(call)
    return _submit(call, schema, method, entity, start=start, wait=False)


def get_status(call: Call) -> Reply:
    """Return a job's status, the lines of its journal after one, and its progress."""
    with refusals(call):
        job = _find(call)
    after, most = (v if isinstance(v, int) else 0 for v in call.args[1:3])
    lines = jobs.lines(world_of(call), int(job["@id"]), after, most)
    current, whole = jobs.progress(job, now(call))
    warning = attributes([("warning", "true" if job["@hasWarning"] else "false")])
    state = attributes([("current", str(current)), ("max", str(whole))])
    logs = "".join(map(_line, lines))
    return Reply(
        outputs=(
            int(job["@status"]),
            f"<elemReturnLogs>{logs}</elemReturnLogs>".encode(),
            f"<properties{warning}><progress{state}/></properties>".encode(),
        )
    )


def get_result(call: Call) -> Reply:
    """Return what a finished job answered."""
    with refusals(call):
        job = _find(call)
        if job["@status"] != jobs.FINISHED:
            raise Impossible("The job has no result: it has not finished well.")
    return Reply(outputs=(str(job["result"] or ""),))


def has_warning(call: Call) -> Reply:
    """Tell whether the journal of a job holds a warning or an error."""
    with refusals(call):
        return Reply(outputs=(bool(_find(call)["@hasWarning"]),))


@driving
def cancel(call: Call) -> Reply:
    """Ask a job to stop; one that has ended stays as it is."""
    return _ask_to_end(call, pause=False)


@driving
def pause(call: Call) -> Reply:
    """Ask a job to pause; one that has ended stays as it is."""
    return _ask_to_end(call, pause=True)


def wait_job_cancelled(call: Call) -> Reply:
    """Wait until a job is cancelled, for as many seconds as the caller says.

    A job that still runs then is a fault [assumed].
    """
    check_write(call)
    world = world_of(call)
    limit = call.args[1] if isinstance(call.args[1], int) else 0
    with refusals(call):
        job = _find(call)
        if job["@status"] == jobs.CANCELLING:
            world.clock.wait(min(max(limit, 0), 2 * TICK))
            settle(world)
            job = _find(call)
        if job["@status"] in (jobs.RUNNING, jobs.CANCELLING):
            raise Impossible(f"The job was not cancelled within {limit} second(s).")
    return Reply()


def _submit(
    call: Call,
    schema: str,
    method: str,
    entity: int,
    *,
    wait: bool,
    start: bool = False,
) -> Reply:
    if schema != SCHEMA or method not in tasks.METHODS:
        raise method_failed(
            call.urn,
            call.method.name,
            f"SBX-100001 The sandbox does not run '{schema}#{method}' as a job.",
        )
    world = world_of(call)
    order = tasks.Order(when=now(call), author=author(call).id, start=start, wait=wait)
    job = tasks.submit(world, method, entity, order)
    return Reply(outputs=(jobs.identifier(world, job),))


def _ask_to_end(call: Call, *, pause: bool) -> Reply:
    job = _find(call)
    if job["@status"] == jobs.RUNNING:
        world, entity = world_of(call), int(job["@entityId"])
        tasks.cancel(world, int(job["@id"]), entity, now(call), pause=pause)
    return Reply()


def _find(call: Call) -> Row:
    job = jobs.find(world_of(call), call.text(0))
    if job is None:
        raise Impossible(f"There is no job '{call.text(0)[:200]}'.")
    return job


def _entity_of(param: etree._Element | None) -> int:
    """Return the id of the object a ``<param name="this">`` holds."""
    value = None if param is None else next(iter(param), None)
    text = "" if value is None else str(value.get("id") or "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _line(row: Row) -> str:
    when = datetime.fromtimestamp(seconds(row["@logDate"]) or 0.0, UTC)
    values = [
        ("id", str(row["@id"])),
        ("iRc", str(row["@iRc"])),
        ("logDate", server_time(when)),
        ("logType", str(row["@logType"])),
        ("message", str(row["@message"] or "")),
        ("object", str(row["@object"] or "")),
    ]
    return f"<log{attributes(values)}/>"
