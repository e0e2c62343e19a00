"""Counters that number internal names: ``DM1006`` (xtk:counter, protocol.md §11)."""

from __future__ import annotations

from datetime import UTC, datetime

from ..stores.world import World
from .unit import Unit, working
from .values import stored_value


def next_value(unit: Unit, name: str) -> int:
    """Add one to a counter and return its value; an unknown one starts at 1."""
    shape = unit.shape("xtk:counter")
    unit.need(shape, ["@value"])
    row = unit.find(shape, ("@name",), (name,))
    now = datetime.fromtimestamp(unit.world.clock.now(), UTC)
    modified = shape.schema.field_by_path["@lastModified"]
    when = stored_value(shape.schema, modified, now, shape.database)
    value = 1 if row is None else int(unit.value(row, "@value") or 0) + 1
    news = {"@value": value, "@lastModified": when}
    if row is not None:
        unit.change(row, news)
        return value
    number = unit.number(shape.schema.sequence)
    unit.add(
        shape, {**shape.empties, **news, "@id": number, "@name": name, "@label": name}
    )
    return value


def increase_counter(world: World, name: str) -> int:
    """Add one to a counter for good; return its value (xtk:counter#IncreaseValue)."""
    unit = Unit(world)
    with working(unit, unit.shape("xtk:counter")):
        return next_value(unit, name)
