"""What a workflow is made of and what it leaves: states, activities, tasks, logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from lxml import etree

from ...xtk.xml import child, local_name, parse_xml
from ..stores.world import World
from .records import MEMO, Row, Table, moment
from .refusals import Impossible

SCHEMA: Final = "xtk:workflow"

ERROR: Final = 1
WARNING: Final = 2
INFO: Final = 4
"""``xtk:workflowLog:logType``."""

OPEN: Final = 0
COMPLETED: Final = 1
CANCELLED: Final = 2
"""``xtk:workflowTask:status``."""

SIGNAL: Final = "signal"
SCHEDULER: Final = "scheduler"
END: Final = "end"


_FIELDS: Final = (
    "@id",
    "@label",
    "@internalName",
    "@state",
    "@isModel",
    "@startDate",
    "@nextProcessingDate",
    MEMO,
)


class State(IntEnum):
    """``xtk:workflow:state`` (protocol.md §8), those that the sandbox goes through."""

    EDITED = 0
    RUNNING = 2
    TESTING = 9
    STARTING = 10
    STARTED = 11
    PAUSING = 12
    PAUSED = 13
    RESUMING = 14
    STOPPING = 15
    RESTARTING = 17
    FINISHED = 20


AT_WORK: Final = frozenset({State.RUNNING, State.TESTING, State.STARTED})
"""States in which tasks run and signals are heard."""


@dataclass(frozen=True, slots=True)
class Activity:
    """One step of a workflow."""

    name: str
    kind: str


def find(world: World, name: str) -> Row:
    """Return a workflow by its id or internal name.  Raises Impossible."""
    table = Table(world, SCHEMA)
    name = name.strip()
    row = None
    if name.isdecimal() and len(name) < 19 and int(name):
        row = table.first(_FIELDS, {"@id": int(name)})
    if row is None and name:
        row = table.first(_FIELDS, {"@internalName": name})
    if row is None:
        raise Impossible(f"There is no workflow '{name}'.")
    return row


def change(world: World, workflow: int, when: float, values: dict[str, Any]) -> None:
    """Change fields of a workflow."""
    known = {"@lastModified": moment(when)}
    Table(world, SCHEMA).update({"@id": workflow}, {**values, **known})


def activities(row: Row) -> Sequence[Activity]:
    """Return the activities of a workflow's XML memo, in the order they stand.

    The sandbox runs them one after the other [assumed]: its workflows keep no
    transitions.
    """
    holder = child(_document(row), "activities")
    return [_activity(e) for e in ([] if holder is None else holder)]


def with_variables(row: Row, variables: etree._Element | None) -> str:
    """Return the XML memo of a workflow with other instance variables."""
    document = _document(row)
    for old in document.findall("variables"):
        document.remove(old)
    if variables is not None:
        new = etree.SubElement(document, "variables")
        for name, value in variables.attrib.items():
            if name not in ("xtkschema",):
                new.set(name, value)
    return etree.tostring(document, encoding="unicode")


def write_log(
    world: World,
    workflow: int,
    when: float,
    message: str,
    *,
    activity: str = "",
    level: int = INFO,
) -> None:
    """Add a line to a workflow's journal; an error marks the workflow."""
    table = Table(world, "xtk:workflowLog")
    (key,) = table.number()
    table.insert(
        {
            "@id": key,
            "@logDate": moment(when),
            "@logType": level,
            "@activity": activity or None,
            "@message": message,
            "@workflow-id": workflow,
        }
    )


def open_task(world: World, workflow: int, activity: str, when: float) -> int:
    """Store the execution of an activity; return its key."""
    table = Table(world, "xtk:workflowTask")
    (key,) = table.number()
    table.insert(
        {
            "@id": key,
            "@activity": activity,
            "@status": OPEN,
            "@creationDate": moment(when),
            "@workflow-id": workflow,
        }
    )
    return key


def open_tasks(world: World, workflow: int) -> list[Row]:
    """Return the tasks of a workflow that run or wait, oldest first."""
    return tasks(world, {"@workflow-id": workflow, "@status": OPEN})


def tasks(world: World, where: dict[str, Any]) -> list[Row]:
    """Return tasks, oldest first."""
    paths = ["@id", "@activity", "@status", "@creationDate"]
    table = Table(world, "xtk:workflowTask")
    rows: list[Row] = table.read(paths, where, "ORDER BY 1").to_pylist()
    return rows


def close_task(world: World, task: int, when: float) -> None:
    """Note that a task is done."""
    values = {"@status": COMPLETED, "@completionDate": moment(when)}
    Table(world, "xtk:workflowTask").update({"@id": task}, values)


def cancel_tasks(world: World, workflow: int, when: float) -> None:
    """End whatever tasks of a workflow run or wait."""
    values = {"@status": CANCELLED, "@completionDate": moment(when)}
    where = {"@workflow-id": workflow, "@status": OPEN}
    Table(world, "xtk:workflowTask").update(where, values)


def _activity(element: etree._Element) -> Activity:
    kind = element.get("type") or local_name(element)
    return Activity(element.get("name") or kind, kind)


def _document(row: Row) -> etree._Element:
    return parse_xml(row[MEMO] or "<workflow/>")
