"""Real-time events of transactional messaging: taken in, queued, sent (§8)."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final

from lxml import etree

from ...errors import CampaignError
from ...schemas.model import Schema
from ...xtk.text import from_text
from ...xtk.xml import child
from ..stores.agenda import Task
from ..stores.world import World
from .pace import STEP
from .records import MEMO, Table, moment, seconds
from .refusals import Impossible

SCHEMA: Final = "nms:rtEvent"

_CELL: Final = 1
"""The execution cell, high byte of the ids: that of Adobe's example."""

_PENDING, _QUEUED, _SENT = 0, 1, 2
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_BY_MAIL: Final = 0


def push(world: World, event: etree._Element, now: float) -> int:
    """Store an event and return its public id.  Raises Impossible."""
    table = Table(world, SCHEMA)
    values = _values(table.schema, event)
    if not values.get("@type"):
        raise Impossible("An event needs its type (@type).")
    context = child(event, "ctx")
    if context is None:
        raise Impossible("An event needs its context (<ctx>).")
    _check_address(values)
    (key,) = table.number()
    memo = etree.Element("rtEvent")
    memo.append(deepcopy(context))
    upkeep = {"@created": moment(now), "@lastModified": moment(now)}
    kept = {MEMO: etree.tostring(memo, encoding="unicode", with_tail=False)}
    table.insert({**values, **upkeep, **kept, "@id": key, "@status": _PENDING})
    due = max(now, seconds(values.get("@scheduled")) or now) + STEP
    world.agenda.add(due, "event.queued", key)
    return _CELL << 56 | key


def queued(world: World, task: Task) -> None:
    """Note that an event has a message that waits to leave."""
    _change(world, task, _QUEUED)
    world.agenda.add(task.due + STEP, "event.sent", task.subject)


def sent(world: World, task: Task) -> None:
    """Note that an event's message has left."""
    _change(world, task, _SENT)


def _change(world: World, task: Task, status: int) -> None:
    values = {"@status": status, "@lastModified": moment(task.due)}
    Table(world, SCHEMA).update({"@id": task.subject}, values)


def _values(schema: Schema, event: etree._Element) -> dict[str, Any]:
    """Read the attributes that the schema has; the others belong to nobody here."""
    values: dict[str, Any] = {}
    for name, text in ((str(k), str(v)) for k, v in event.attrib.items()):
        field = schema.field_by_path.get(f"@{name}")
        if field is None or field.expr is not None or field.path in _OWN:
            continue
        try:
            value = from_text(field.type, text)
        except CampaignError as exc:
            raise Impossible(f"@{name}: {exc.message}") from exc
        if isinstance(value, datetime):
            value = value.astimezone(UTC).replace(tzinfo=None)
        values[field.path] = value
    return values


_OWN: Final = frozenset({"@id", "@status", "@created", "@lastModified"})
"""What the server gives, whatever the event says."""


def _check_address(values: dict[str, Any]) -> None:
    """Adobe, "Event description": the format of the e-mail address is verified."""
    email = str(values.get("@email") or "")
    by_mail = int(values.get("@wishedChannel") or _BY_MAIL) == _BY_MAIL
    if (email or by_mail) and not _EMAIL.fullmatch(email):
        raise Impossible("The e-mail address of the event is missing or not one.")
