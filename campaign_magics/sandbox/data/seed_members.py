"""Who is in which group, and who subscribed to what, of one chunk of recipients."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from .draft import Values
from .draw import Ints, Times
from .seed_recipients import ORIGINS, Recipients
from .sizes import FIRST_ID
from .vocabulary import rows

UNSUBSCRIPTION: Final = 0
SUBSCRIPTION: Final = 1
_LEFT: Final = 0.15
"""Share of subscriptions that ended; they stay in the history only."""


def memberships(people: Recipients) -> tuple[Values, int]:
    """Return group memberships, each pair once."""
    draw = people.chunk.sizes.draw("nms:rcpGrpRel", people.chunk.number)
    shares = np.array([float(row["share"]) for row in rows("groups")])
    drawn = draw.random.random((len(people.chunk), len(shares))) < shares
    who, group = np.nonzero(drawn)
    values = {"@recipient-id": people.ids[who], "@rcpGroup-id": group + FIRST_ID}
    return values, len(who)


def subscriptions(
    people: Recipients, first_history_id: int
) -> tuple[tuple[Values, int], tuple[Values, int]]:
    """Return current subscriptions, and the history that led to them."""
    draw = people.chunk.sizes.draw("nms:subscription", people.chunk.number)
    now = people.chunk.sizes.now
    shares = np.array([float(row["share"]) for row in rows("services")])
    drawn = draw.random.random((len(people.chunk), len(shares))) < shares
    who, service = np.nonzero(drawn)
    joined = draw.moments(people.created[who], np.full(len(who), now))
    left = draw.chance(_LEFT, len(who))
    gone = draw.moments(joined[left], np.full(int(left.sum()), now))
    stays = ~left
    current: dict[str, Any] = {
        "@recipient-id": people.ids[who[stays]],
        "@service-id": service[stays] + FIRST_ID,
        "@created": joined[stays],
        "@validated": True,
    }
    history = _history(
        np.concatenate([who, who[left]]),
        np.concatenate([service, service[left]]),
        np.concatenate([joined, gone]),
    )
    count = len(history["@date"])
    actions = np.full(count, SUBSCRIPTION)
    actions[len(who) :] = UNSUBSCRIPTION
    events: dict[str, Any] = {
        **history,
        "@id": first_history_id + np.arange(count),
        "@action": actions,
        "@recipient-id": people.ids[history["@recipient-id"]],
        "@origin": pa.array(ORIGINS).take(pa.array(draw.below(len(ORIGINS), count))),
    }
    return (current, int(stays.sum())), (events, count)


def _history(who: Ints, service: Ints, when: Times) -> dict[str, Any]:
    return {"@recipient-id": who, "@service-id": service + FIRST_ID, "@date": when}
