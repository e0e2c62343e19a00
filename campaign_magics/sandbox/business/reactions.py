"""What recipients do with their messages: opens and clicks, as time goes by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..data.draw import Draw, Floats, Ints, Times, later
from ..data.plan import OPEN_URL
from ..stores.agenda import Task
from ..stores.world import World
from . import counts
from .deliveries import SCHEMA, State, change
from .pace import LAST_REACTION, LONGEST_TRACKING, REACTION, TRACKING
from .records import Table, moment
from .targets import CHANNELS

_OPENS: Final = 0.4
_OPENS_AGAIN: Final = 0.35
_CLICKS: Final = 0.28
_CLICKS_AGAIN: Final = 0.2
_PAGES: Final = {counts.CLICK: 0.9, counts.OPT_OUT: 0.03, counts.MIRROR: 0.07}
"""Share of the clicks that each type of link gets."""

_UNDER_WAY: Final = frozenset({State.PENDING, State.STARTED})
_FAMILY: Final = "tracking"


@dataclass(frozen=True, slots=True)
class _Hits:
    """Things that happened: to which message, when, and the URL."""

    message: Ints
    when: Times
    url: Ints


def follow(world: World, delivery: int, when: float) -> None:
    """Begin to collect reactions to a delivery, unless that goes on already."""
    row = Table(world, SCHEMA).first(["@messageType"], {"@id": delivery})
    channel = CHANNELS.get(row["@messageType"]) if row else None
    tracked = channel is not None and channel.tracked
    if tracked and not world.agenda.has(_FAMILY, delivery):
        world.agenda.add(when + TRACKING, "tracking.collect", delivery, str(when))


def collect(world: World, task: Task) -> None:
    """Write the reactions since the last collection, and look again later.

    They follow from the seed, the delivery and its messages, not from when they are
    asked for.
    """
    delivery, last = task.subject, float(task.detail)
    paths = ["@id", "@publicId", "@recipient-id", "@eventDate"]
    where = {"@delivery-id": delivery, "@status": counts.SENT}
    sent = Table(world, counts.BROAD_LOG).read(paths, where, "ORDER BY 2, 1")
    row = Table(world, SCHEMA).first(["@state"], {"@id": delivery})
    if row is None:
        return
    if len(sent):
        hits = _hits(world, delivery, sent)
        since, until = moment(last), moment(task.due)
        chosen = np.flatnonzero(
            (hits.when > np.datetime64(since)) & (hits.when <= np.datetime64(until))
        )
        if len(chosen):
            _forget(world, delivery, since)
            _write(world, delivery, sent, hits, chosen, task.due)
            found = counts.tracking(world, delivery)
            change(world, delivery, task.due, found, row["@state"])
    if row["@state"] in _UNDER_WAY or _may_react(sent, task.due):
        due = task.due + min(2 * (task.due - last), LONGEST_TRACKING)
        world.agenda.add(due, "tracking.collect", delivery, str(task.due))


def _may_react(sent: pa.Table, now: float) -> bool:
    dates = sent.column("@eventDate").to_numpy()
    return bool(len(dates)) and bool(
        dates.max() > np.datetime64(moment(now - LAST_REACTION))
    )


def _hits(world: World, delivery: int, sent: pa.Table) -> _Hits:
    """Return every reaction there will ever be to these messages.

    Each column has a source of chance of its own, so that a message's fate does not
    change when more messages follow it.
    """
    count = len(sent)

    def chances(what: str) -> Floats:
        return Draw(world.stamp.seed, what, delivery).random.random(count)

    def delays(what: str, mean: float) -> Floats:
        draw = Draw(world.stamp.seed, what, delivery)
        return (1.0 + draw.random.exponential(mean, count)) * 1000

    left = sent.column("@eventDate").to_numpy().astype("datetime64[ms]")
    opens = chances("opens") < _OPENS
    clicks = opens & (chances("clicks") < _CLICKS)
    again = opens & (chances("opens again") < _OPENS_AGAIN)
    more = clicks & (chances("clicks again") < _CLICKS_AGAIN)
    opened = later(left, delays("open", REACTION))
    clicked = later(opened, delays("click", REACTION / 6))
    reopened = later(opened, delays("open again", REACTION * 2))
    reclicked = later(clicked, delays("click again", REACTION / 2))
    page = _urls(world, delivery, chances("page"))
    other = _urls(world, delivery, chances("other page"))
    parts = [
        (opens, opened, np.full(count, OPEN_URL)),
        (again, reopened, np.full(count, OPEN_URL)),
        (clicks, clicked, page),
        (more, reclicked, other),
    ]
    last = left + np.timedelta64(int(LAST_REACTION * 1000), "ms")
    kept = [(np.flatnonzero(mask & (at <= last)), at, url) for mask, at, url in parts]
    return _Hits(
        np.concatenate([who for who, _, _ in kept]),
        np.concatenate([at[who] for who, at, _ in kept]),
        np.concatenate([url[who] for who, _, url in kept]),
    )


def _urls(world: World, delivery: int, chances: npt.NDArray[Any]) -> Ints:
    """Choose a tracked URL for each click."""
    table = Table(world, counts.TRACKED_URL)
    found = table.read(["@id", "@type"], {"@delivery-id": delivery}, "ORDER BY 1")
    kinds = found.column("@type").to_pylist()
    if not kinds:
        return np.zeros(len(chances), dtype=np.int64)
    weights = np.array([_PAGES.get(kind, 0.0) / kinds.count(kind) for kind in kinds])
    steps = np.cumsum(weights)
    which = np.searchsorted(steps, chances * steps[-1], side="right")
    ids = found.column("@id").to_numpy()
    chosen: Ints = ids[np.minimum(which, len(ids) - 1)]
    return chosen


def _forget(world: World, delivery: int, since: datetime) -> None:
    """Delete what a collection wrote that a crash interrupted."""
    table = Table(world, counts.TRACKING_LOG)
    after = f"AND {table.name('@logDate')} > TIMESTAMP '{since.isoformat(sep=' ')}'"
    table.delete({"@delivery-id": delivery}, after)


def _write(
    world: World, delivery: int, sent: pa.Table, hits: _Hits, chosen: Ints, when: float
) -> None:
    messages = pa.array(hits.message[chosen])
    count = len(chosen)
    draw = Draw(world.stamp.seed, "tracking", delivery, int(when * 1000))
    who = sent.column("@recipient-id").take(messages)
    values: dict[str, Any] = {
        "@id": draw.uuids(count),
        "@logDate": hits.when[chosen],
        "@deviceType": who.to_numpy() % 3 + 1,
        "@url-id": hits.url[chosen],
        "@delivery-id": delivery,
        "@recipient-id": who,
        "@broadLog-id": sent.column("@id").take(messages),
    }
    Table(world, counts.TRACKING_LOG).insert(values, count)
