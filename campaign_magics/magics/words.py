"""What may stand in a command's places, as far as it is known without a call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from .commands import COMMANDS

_ROOMS: Final = {
    "WORKFLOW": "workflow",
    "DELIVERY": "delivery",
    "TEMPLATE": "delivery",
    "SERVICE": "subscription",
}
_STATES: Final = {
    "campaign_workflow": {
        "STATE": ("xtk:workflow", "@state"),
        "--until": ("xtk:workflow", "@state"),
        "--level": ("xtk:workflowLog", "@logType"),
    },
    "campaign_delivery": {
        "STATE": ("nms:delivery", "@state"),
        "--until": ("nms:delivery", "@state"),
        "--status": ("nms:broadLogRcp", "@status"),
    },
}
"""Places and options that take a name of an enumeration: its schema and field."""
_THINGS: Final = {"WORKFLOW", "DELIVERY", "JOB", "ENTITY"}


def known_words(
    magic: str, before: Iterable[str], session: Any, names: Mapping[str, Any]
) -> list[str]:
    """Return the words that may follow those before: names met, states, variables.

    Nothing is asked of the server.  ``session`` is None without a connection.
    """
    name, *words = before
    command = COMMANDS[magic].get(name)
    if command is None or not command.places:
        return []
    states = _STATES.get(magic, {})
    if words and words[-1] in states:
        return _names(session, *states[words[-1]])
    given = sum(not word.startswith("-") for word in words)
    if given >= len(command.places) and command.most is not None:
        return []
    place = command.places[min(given, len(command.places) - 1)].strip("[]")
    found = _met(session, place) if session is not None else []
    if place in states:
        found = _names(session, *states[place])
    return found + sorted(_variables(place, names))


def _met(session: Any, place: str) -> list[str]:
    """Return names that a room has seen; one that was never used has seen none."""
    room = vars(session).get(_ROOMS.get(place, ""))
    return sorted(room.met) if room is not None else []


def _names(session: Any, schema: str, path: str) -> list[str]:
    known = None if session is None else session.schemas.cached(schema)
    field = None if known is None else known.field_by_path.get(path)
    values = field.enum.values if field is not None and field.enum is not None else ()
    return [value.name for value in values]


def _variables(place: str, names: Mapping[str, Any]) -> list[str]:
    """Return the notebook's variables that hold what is meant."""
    fits = _fitting(place)
    return [
        name
        for name, value in names.items()
        if fits is not None and not name.startswith("_") and fits(value)
    ]


def holds_rows(value: object) -> bool:
    """Tell whether a variable may be meant where rows are wanted."""
    return isinstance(value, list) or hasattr(value, "columns")


def _fitting(place: str) -> Callable[[Any], bool] | None:
    if place == "ROWS":
        return holds_rows
    if place not in _THINGS:
        return None
    kinds = {place.title()} if place != "ENTITY" else {"Delivery", "Workflow"}
    return lambda value: (
        type(value).__name__ in kinds
        and type(value).__module__.startswith("campaign_magics.api.")
    )
