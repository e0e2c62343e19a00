"""What changed since a client looked: GetModifiedEntities (protocol.md §7)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from lxml import etree

from ...errors import InvalidValue
from ...query.model import Condition, QueryDef, SelectNode
from ...xtk.text import from_text, literal_text
from ...xtk.types import DATETIME
from ...xtk.xml import children, local_name, parse_xml
from ..engine import execute
from ..stores.world import World

_KINDS: Final = {"schema": "xtk:schema", "srcSchema": "xtk:srcSchema"}
"""Kinds of entities that the sandbox keeps; the request names others in vain."""

_MOST: Final = 100_000
_SHOWN: Final = ("@namespace", "@name", "@md5", "@lastModified")


def modified_entities(world: World, asked: etree._Element | None) -> bytes:
    """Return ``<cache>``: the schemas changed since ``lastModified`` of the request.

    A client that names no time, or another build, is told to empty its cache.
    """
    since = _since(asked)
    # Whoever defines a schema is a writer: none is missed between two answers.
    with world.databases.transaction():
        now = datetime.fromtimestamp(world.clock.now(), UTC)
        answer = etree.Element("cache", buildNumber=world.build, time=_text(now))
        if asked is None or since is None or asked.get("buildNumber") != world.build:
            answer.set("emptyCache", "true")
            return etree.tostring(answer, encoding="utf-8")
        for kind in {local_name(child): child for child in children(asked)}:
            if kind in _KINDS:
                _add(world, answer, _KINDS[kind], since)
    return etree.tostring(answer, encoding="utf-8")


def _add(world: World, answer: etree._Element, schema: str, since: datetime) -> None:
    query = QueryDef(
        schema=schema,
        select=tuple(SelectNode(expr=path) for path in _SHOWN),
        where=(Condition(expr=f"@lastModified >= {literal_text(DATETIME, since)}"),),
        line_count=_MOST,
    )
    for row in parse_xml(b"".join(execute(query, world))):
        name = f"{row.get('namespace')}:{row.get('name')}"
        etree.SubElement(
            answer,
            "entityCache",
            pk=f"{schema}|{name}",
            schema=schema,
            md5=str(row.get("md5") or ""),
            lastModified=str(row.get("lastModified") or ""),
        )


def _since(asked: etree._Element | None) -> datetime | None:
    text = "" if asked is None else asked.get("lastModified") or ""
    try:
        value = from_text(DATETIME, text)
    except InvalidValue:
        return None
    return value if isinstance(value, datetime) else None


def _text(when: datetime) -> str:
    stamp = when.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{stamp}Z"
