"""xtk:counter: numbers that only grow (protocol.md §7)."""

from __future__ import annotations

from ..business.refusals import Impossible
from ..instance import Call, Reply
from ..persist.counters import increase_counter
from .business import changing, world_of


@changing
def increase_value(call: Call) -> Reply:
    """Add one to a counter and return it."""
    name = call.text(0).strip()
    if not name:
        raise Impossible("The name of the counter is missing.")
    return Reply(outputs=(increase_counter(world_of(call), name),))
