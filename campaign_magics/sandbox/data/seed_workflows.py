"""Workflows in many states, and what they wrote in their journal."""

from __future__ import annotations

from typing import Any, Final
from xml.sax.saxutils import quoteattr

import numpy as np

from .draft import Values
from .draw import DAY
from .seed_reference import ADMIN_ID, folder_ids
from .sizes import FIRST_ID, Sizes
from .vocabulary import rows

EDITED: Final = 0
STARTED: Final = 11
_LOGS_EACH: Final = 40
_ERROR, _INFO = 1, 4


def workflow_rows(sizes: Sizes) -> tuple[Values, int]:
    """Return the workflows: technical ones first, then marketing's."""
    table = rows("workflows")
    count = len(table)
    states = np.array([int(row["state"]) for row in table])
    technical = np.array([row["builtIn"] == "1" for row in table])
    ran = states != EDITED
    never = np.datetime64("NaT", "ms")
    created = sizes.ago(400) + np.arange(count) * np.timedelta64(11 * DAY, "ms")
    started = created + np.timedelta64(DAY, "ms")
    last = np.full(count, sizes.ago(1 / 24))
    hour = np.timedelta64(1, "h")
    values: dict[str, Any] = {
        "@id": np.arange(count) + FIRST_ID,
        "@internalName": [row["name"] for row in table],
        "@label": [row["label"] for row in table],
        "@state": states,
        "@status": [2 if row["failed"] == "1" else 0 for row in table],
        "@failed": [row["failed"] == "1" for row in table],
        "@production": technical,
        "@builtIn": technical,
        "@schema": "nms:recipient",
        "@startDate": np.where(ran, started, never),
        "@processDate": np.where(ran, last, never),
        "@nextProcessingDate": np.where(states == STARTED, last + 2 * hour, never),
        "@created": created,
        "@lastModified": np.where(ran, last, created),
        "@createdBy-id": ADMIN_ID,
        "@modifiedBy-id": ADMIN_ID,
        "@folder-id": folder_ids("xtkWorkflow")[technical.astype(np.int64)],
        "": [_memo(row["activities"]) for row in table],
    }
    return values, count


def workflow_logs(sizes: Sizes) -> tuple[Values, int]:
    """Return the journal: forty lines of every workflow that ran, hour by hour."""
    table = rows("workflows")
    ran = np.array([int(row["state"]) != EDITED for row in table])
    owner = np.repeat(np.flatnonzero(ran), _LOGS_EACH)
    line = np.tile(np.arange(_LOGS_EACH), int(ran.sum()))
    broken = np.array([row["failed"] == "1" for row in table])[owner]
    failed = broken & (line == _LOGS_EACH - 1)
    places = [row["activities"].split(";") for row in table]
    steps = [places[o][n % len(places[o])] for o, n in zip(owner, line, strict=True)]
    names = [step.partition(":")[2] for step in steps]
    hours = (_LOGS_EACH - line) * 3_600_000
    values: dict[str, Any] = {
        "@id": np.arange(len(owner)) + FIRST_ID,
        "@logDate": sizes.ago(0) - hours.astype("timedelta64[ms]"),
        "@logType": np.where(failed, _ERROR, _INFO),
        "@activity": names,
        "@message": [
            "The 'enrichment' activity failed: unknown field '@loyalty'"
            if bad
            else f"Task '{name}' finished"
            for name, bad in zip(names, failed, strict=True)
        ],
        "@workflow-id": owner + FIRST_ID,
    }
    return values, len(owner)


def _memo(activities: str) -> str:
    steps = [step.partition(":") for step in activities.split(";")]
    inner = "".join(
        f"<activity name={quoteattr(name)} type={quoteattr(kind)}"
        f" label={quoteattr(name.capitalize())}/>"
        for kind, _, name in steps
    )
    return f"<workflow><activities>{inner}</activities></workflow>"
