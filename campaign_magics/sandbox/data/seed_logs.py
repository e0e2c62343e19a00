"""Delivery and tracking logs of a chunk of recipients: each delivery's funnel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from .draft import Values
from .draw import Draw, Ints, Times, later
from .plan import CLICK_URLS, OPEN_URL, URLS, Plan, Tally, sending_times
from .seed_recipients import Recipients
from .sizes import CHUNK_ROWS, FIRST_ID
from .vocabulary import rows

IGNORED: Final = 0
SENT: Final = 1
FAILED: Final = 2
PENDING: Final = 6
_HOUR: Final = 3_600_000
_HARD: Final = "2"

_AGENTS: Final = pa.array(
    [
        None,
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Firefox/128.0",
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148",
        "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) Safari/604.1",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """The delivery logs of a chunk; ``who``, ``what`` index recipient and delivery."""

    values: Values
    ids: pa.Array
    who: Ints
    what: Ints
    status: Ints
    sent_at: Times

    def __len__(self) -> int:
        return len(self.who)


def broad_logs(people: Recipients, plan: Plan, tally: Tally) -> Messages:
    """Return the messages to a chunk of recipients, and add them to the tally.

    Who is on a denylist is ignored; a few messages fail with a reason; a delivery
    still running has some pending.
    """
    chunk = people.chunk
    draw = chunk.sizes.draw("nms:broadLogRcp", chunk.number)
    who, what = _targets(people, plan, draw)
    count = len(who)
    status = _statuses(people, plan, draw, who, what)
    sent_at = sending_times(plan, what, draw.random.random(count))
    sent_at = np.where(status == IGNORED, plan.start[what], sent_at)
    message = _messages(draw, status)
    ids = draw.uuids(count)
    codes = pa.array(["A", "B", None]).take(pa.array((who + what) % 3))
    values: dict[str, Any] = {
        "@id": ids,
        "@address": pc.if_else(
            pa.array(plan.sms[what]), people.mobile.take(who), people.email.take(who)
        ),
        "@status": status,
        "@eventDate": sent_at,
        "@lastModified": sent_at,
        "@attempts": np.select(
            [status == IGNORED, status == FAILED], [0, 1 + draw.below(3, count)], 1
        ),
        "@segmentCode": codes,
        "@publicId": chunk.number * CHUNK_ROWS * len(plan) + np.arange(count) + 1,
        "@delivery-id": plan.ids[what],
        "@recipient-id": people.ids[who],
        "@msg-id": np.where(message >= 0, message + FIRST_ID, 0),
    }
    _count(tally, status, message, what)
    return Messages(
        values=values, ids=ids, who=who, what=what, status=status, sent_at=sent_at
    )


def bounce_rows(tally: Tally) -> tuple[Values, int]:
    """Return the messages that mail servers answered, with how often they did."""
    table = rows("bounces")
    counts = [int(tally[f"bounce {n}"].sum()) for n in range(len(table))]
    values: dict[str, Any] = {
        "@id": np.arange(len(table)) + FIRST_ID,
        "@text": [row["text"] for row in table],
        "@failureReason": [int(row["reason"]) for row in table],
        "@failureType": [int(row["type"]) for row in table],
        "@count": counts,
    }
    return values, len(table)


def tracking_logs(
    people: Recipients, plan: Plan, messages: Messages, tally: Tally
) -> tuple[Values, int]:
    """Return opens and clicks of the messages that arrived, and tally them.

    An open follows its message, a click its first open; nothing happens after now.
    """
    chunk = people.chunk
    draw = chunk.sizes.draw("nms:trackingLogRcp", chunk.number)
    now = chunk.sizes.now
    able = np.flatnonzero((messages.status == SENT) & ~plan.sms[messages.what])
    liking = people.engagement.to_numpy()[messages.who[able]]
    keen = (
        draw.random.random(len(able)) < plan.open_rate[messages.what[able]] * 2 * liking
    )
    opened = able[keen]
    first = later(
        messages.sent_at[opened],
        60_000 + draw.random.exponential(6 * _HOUR, len(opened)),
    )
    opened, first = opened[first < now], first[first < now]
    again, again_at = _repeat(draw, opened, first, 0.6, 24 * _HOUR)
    keen = draw.chance(0.28, len(opened))
    click_at = later(
        first[keen], 5_000 + draw.random.exponential(_HOUR / 6, int(keen.sum()))
    )
    clicked, clicked_at = _repeat(draw, opened[keen], click_at, 0.4, _HOUR, own=True)
    log = np.concatenate([opened, again, clicked])
    when = np.concatenate([first, again_at, clicked_at])
    page = np.concatenate(
        [np.full(len(opened) + len(again), -1), _pages(draw, len(clicked))]
    )
    log, when, page = log[when < now], when[when < now], page[when < now]
    _count_tracking(tally, messages, log, page)
    what = messages.what[log]
    device = messages.who[log] % 3 + 1
    values: dict[str, Any] = {
        "@id": draw.uuids(len(log)),
        "@logDate": when,
        "@deviceType": device,
        "@userAgent": _AGENTS.take(pa.array(device)),
        "@url-id": np.where(page < 0, OPEN_URL, plan.first_url(what) + page),
        "@delivery-id": plan.ids[what],
        "@recipient-id": people.ids[messages.who[log]],
        "@broadLog-id": messages.ids.take(pa.array(log)),
    }
    return values, len(log)


def url_rows(plan: Plan) -> tuple[Values, int]:
    """Return the tracked URLs: the open, then six of each e-mail delivery."""
    mails = np.flatnonzero(~plan.sms)
    owner = np.repeat(mails, URLS)
    page = np.tile(np.arange(URLS), len(mails))
    labels = [
        *(f"Article {n + 1}" for n in range(CLICK_URLS)),
        "Opt-out",
        "Mirror page",
    ]
    kinds = np.array([1] * CLICK_URLS + [3, 6])
    ids = plan.first_url(owner) + page
    made = np.concatenate([plan.start[:1], plan.start[owner]])
    values: dict[str, Any] = {
        "@id": np.concatenate([[OPEN_URL], ids]),
        "@label": ["Open", *(labels[p] for p in page)],
        "@type": np.concatenate([[2], kinds[page]]),
        "@category": [None, *("article" if p < CLICK_URLS else None for p in page)],
        "@tagId": ["open", *(f"tag{n}" for n in ids)],
        "@created": made,
        "@lastModified": made,
        "sourceURL": [
            None,
            *(
                f"https://www.example.com/d/{d}?page={p}&utm=mail"
                for d, p in zip(plan.ids[owner], page, strict=True)
            ),
        ],
        "@delivery-id": np.concatenate([[0], plan.ids[owner]]),
    }
    return values, len(ids) + 1


def _targets(people: Recipients, plan: Plan, draw: Draw) -> tuple[Ints, Ints]:
    """Choose who gets what: known then, with an address for the channel."""
    reach = people.chunk.sizes.logs_per_recipient / len(plan) / 0.81
    drawn = draw.random.random((len(people.chunk), len(plan))) < reach
    known = people.created[:, None] < plan.start[None, :]
    by_mail = pc.is_valid(people.email).to_numpy(zero_copy_only=False)
    by_sms = pc.is_valid(people.mobile).to_numpy(zero_copy_only=False)
    able = np.where(plan.sms[None, :], by_sms[:, None], by_mail[:, None])
    who, what = np.nonzero(drawn & known & able)
    return who.astype(np.int64), what.astype(np.int64)


def _statuses(
    people: Recipients, plan: Plan, draw: Draw, who: Ints, what: Ints
) -> Ints:
    count = len(who)
    status = np.full(count, SENT)
    status[draw.chance(0.035, count)] = FAILED
    status[plan.running[what] & draw.chance(0.3, count)] = PENDING
    status[people.blocked[who]] = IGNORED
    return status


def _messages(draw: Draw, status: Ints) -> Ints:
    """Return the index of each message's answer, -1 where there is none."""
    weights = [float(row["weight"]) for row in rows("bounces")]
    drawn = draw.weighted(weights, len(status))
    return np.select([status == FAILED, status == IGNORED], [drawn, 0], -1)


def _count(tally: Tally, status: Ints, message: Ints, what: Ints) -> None:
    tally.add("target", what)
    for name, value in (("ignored", IGNORED), ("sent", SENT), ("failed", FAILED)):
        tally.add(name, what[status == value])
    for number, row in enumerate(rows("bounces")):
        hits = what[message == number]
        tally.add(f"bounce {number}", hits)
        if row["type"] == _HARD:
            tally.add("hard", hits)


def _repeat(
    draw: Draw, logs: Ints, when: Times, more: float, gap: float, *, own: bool = False
) -> tuple[Ints, Times]:
    """Return further events of the same logs (``own``: the first ones as well)."""
    times = draw.random.poisson(more, len(logs)) + own
    again = np.repeat(logs, times)
    delay = draw.random.exponential(gap, len(again))
    if own:
        delay[np.cumsum(times) - times] = 0
    return again, later(np.repeat(when, times), delay)


def _pages(draw: Draw, count: int) -> Ints:
    """Return which of a delivery's URLs was clicked."""
    return draw.weighted((40.0, 25.0, 15.0, 10.0, 3.0, 7.0), count)


def _count_tracking(tally: Tally, messages: Messages, log: Ints, page: Ints) -> None:
    article = (page >= 0) & (page < CLICK_URLS)
    named = {
        "opens": log[page < 0],
        "opened": np.unique(log[page < 0]),
        "clicks": log[article],
        "clicked": np.unique(log[article]),
        "optOuts": np.unique(log[page == CLICK_URLS]),
        "mirrors": log[page == CLICK_URLS + 1],
    }
    for name, logs in named.items():
        tally.add(name, messages.what[logs])
