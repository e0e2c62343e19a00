"""Operators have a row in xtk:operator, so that records can name who changed them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from .auth import Operator

if TYPE_CHECKING:
    from .stores.world import World

_FIND = "SELECT iOperatorId, sLabel FROM XtkOperator WHERE sName = ?"


def enlist(
    world: World, login: str, *, label: str = "", rights: Iterable[str] = ()
) -> Operator:
    """Return the operator of that name with these rights, added if there is none.

    A row that exists gives id and, unless told, label: ``analyst`` is seeded.
    """
    number, known = _row(world, login) or (_add(world, login, label), "")
    return Operator(
        login=login, label=label or known, id=number, rights=frozenset(rights)
    )


def _row(world: World, login: str) -> tuple[int, str] | None:
    for batch in world.databases.run("local", _FIND, [login]):
        for row in batch.to_pylist():
            return int(row["iOperatorId"]), str(row["sLabel"] or "")
    return None


def _add(world: World, login: str, label: str) -> int:
    from .data.draft import to_table

    schema = world.schema("xtk:operator")
    number = world.sequences.take(schema.sequence, 1).start
    now = datetime.fromtimestamp(world.clock.now(), UTC).replace(tzinfo=None)
    values = {
        "@id": number,
        "@name": login,
        "@label": label or login,
        "@locale": "en",
        "@timezone": world.timezone,
        "@created": now,
        "@lastModified": now,
    }
    world.databases.load(schema, to_table(schema, values, 1))
    return number
