"""The deliveries of the seed: what was sent when, and how well it did."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from xml.sax.saxutils import escape

import numpy as np

from .draft import Values
from .draw import Bools, Floats, Ints, Times, later
from .seed_reference import ADMIN_ID, folder_ids
from .sizes import FIRST_ID, Sizes
from .vocabulary import rows

OPEN_URL: Final = 1
"""Opens are the tracked URL with key 1 (Adobe's page "Indicator calculation")."""

CLICK_URLS: Final = 4
URLS: Final = CLICK_URLS + 2
"""Tracked URLs of an e-mail delivery: the clicks, then opt-out and mirror page."""

_HOUR: Final = 3_600_000
_SENDING: Final = 2 * _HOUR
_MAPPING_ID: Final = FIRST_ID


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The sent deliveries, oldest first; every array has one value for each."""

    ids: Ints
    start: Times
    sms: Bools
    running: Bools
    open_rate: Floats

    def __len__(self) -> int:
        return len(self.ids)

    def first_url(self, delivery: Ints) -> Ints:
        """Return the id of the first tracked URL of these deliveries."""
        return FIRST_ID + delivery * URLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What the logs add up to, one count per delivery (``bounces``: per message)."""

    size: int
    counts: dict[str, Ints] = field(default_factory=dict)

    def add(self, name: str, which: Ints) -> None:
        """Count one more for each delivery named."""
        known = self.counts.get(name, np.zeros(self.size, dtype=np.int64))
        self.counts[name] = known + np.bincount(which, minlength=self.size)

    def __getitem__(self, name: str) -> Ints:
        return self.counts.get(name, np.zeros(self.size, dtype=np.int64))


def plan(sizes: Sizes) -> Plan:
    """Return what was sent: two deliveries a month up to three hours ago."""
    table = rows("deliveries")
    sent = [index for index, row in enumerate(table) if row["kind"] == "sent"]
    count = len(sent)
    draw = sizes.draw("deliveries")
    days = np.arange(count)[::-1] * 15.2 + np.where(
        np.arange(count) < count - 1, 0.6, 0
    )
    morning = np.where(np.arange(count) < count - 1, draw.below(5 * _HOUR, count), 0)
    base = np.full(count, sizes.ago(0.125))
    return Plan(
        ids=np.array(sent) + FIRST_ID,
        start=later(base, -(days * 24 * _HOUR) + morning),
        sms=np.array([table[index]["channel"] == "1" for index in sent]),
        running=np.array([table[index]["state"] == "55" for index in sent]),
        open_rate=0.25 + 0.35 * draw.random.random(count),
    )


def sending_times(plan: Plan, delivery: Ints, chances: Floats) -> Times:
    """Return when messages left: within two hours, most of them early."""
    return later(plan.start[delivery], chances**2 * _SENDING)


def delivery_rows(sizes: Sizes, plan: Plan, tally: Tally) -> tuple[Values, int]:
    """Return all deliveries and templates, counters as the logs add up."""
    table = rows("deliveries")
    count = len(table)
    sent = plan.ids - FIRST_ID
    start = np.full(count, np.datetime64("NaT"), dtype="datetime64[ms]")
    start[sent] = plan.start
    made = np.where(np.isnat(start), sizes.ago(420), start - np.timedelta64(36, "h"))
    values: dict[str, Any] = {
        "@id": np.arange(count) + FIRST_ID,
        "@internalName": _names(table),
        "@label": [row["label"] for row in table],
        "@deliveryCode": [f"D{n:04}" if n >= 4 else None for n in range(count)],
        "@nature": [_nature(row) for row in table],
        "@messageType": [int(row["channel"]) for row in table],
        "@deliveryMode": 1,
        "@state": [int(row["state"]) for row in table],
        "@isModel": [row["kind"] == "model" for row in table],
        "@builtIn": [row["kind"] == "model" for row in table],
        "@created": made,
        "@lastModified": np.where(np.isnat(start), made, start),
        "@createdBy-id": ADMIN_ID,
        "@modifiedBy-id": ADMIN_ID,
        "@folder-id": int(folder_ids("nmsDeliveryModel")[0]),
        "@folderProcess-id": folder_ids("nmsDelivery")[np.arange(count) % 3],
        "@mapping-id": _MAPPING_ID,
        "": [_memo(row) for row in table],
        **_schedule(start, plan, sent),
        **_counters(count, sent, tally),
    }
    return values, count


def _names(table: list[dict[str, str]]) -> list[str]:
    models = ["mail", "sms", "paper", "newsletter"]
    return [
        models[n] if row["kind"] == "model" else f"DM{n - len(models) + 1}"
        for n, row in enumerate(table)
    ]


def _nature(row: Mapping[str, str]) -> str | None:
    if row["kind"] == "model":
        return None
    return "newsletter" if "Newsletter" in row["label"] else "promotion"


def _memo(row: Mapping[str, str]) -> str:
    """Return the XML fields of a delivery as its memo holds them."""
    sender = (
        "<senderAddress>news@mail.example</senderAddress>"
        "<senderName>Café &amp; Co</senderName>"
    )
    subject = f"<subject>{escape(row['subject'])}</subject>" if row["subject"] else ""
    text = f"<text><source>{escape(row['label'])}</source></text>"
    return (
        f'<delivery><mailParameters needMirrorPage="1">{sender}{subject}'
        f"</mailParameters><content>{text}</content></delivery>"
    )


def _schedule(start: Times, plan: Plan, sent: Ints) -> dict[str, Any]:
    ended = start + np.timedelta64(_SENDING, "ms")
    ended[sent[plan.running]] = np.datetime64("NaT")
    return {
        "scheduling/@contactDate": start,
        "scheduling/@startDate": start - np.timedelta64(_HOUR, "ms"),
        "scheduling/@broadStartDate": start,
        "scheduling/@broadEndDate": ended,
        "scheduling/@validityDate": start + np.timedelta64(5, "D"),
        "scheduling/@webValidityDate": start + np.timedelta64(60, "D"),
        "validation/@validationDate": start - np.timedelta64(_HOUR // 2, "ms"),
    }


def _counters(count: int, sent: Ints, tally: Tally) -> dict[str, Any]:
    """Spread the tally over all deliveries (protocol: the fields of nms:delivery)."""
    to_deliver = tally["target"] - tally["ignored"]
    found = {
        "properties/@totalTarget": tally["target"],
        "properties/@toDeliver": to_deliver,
        "properties/@reject": tally["ignored"],
        "indicators/@processed": tally["sent"] + tally["failed"],
        "indicators/@success": tally["sent"],
        "indicators/@error": tally["failed"],
        "indicators/@newQuarantine": tally["hard"],
        "indicators/@recipientOpen": tally["opened"],
        "indicators/@totalRecipientOpen": tally["opens"],
        "indicators/@recipientClick": tally["clicked"],
        "indicators/@personClick": tally["clicked"],
        "indicators/@totalRecipientClick": tally["clicks"],
        "indicators/@optOut": tally["optOuts"],
        "indicators/@mirrorPage": tally["mirrors"],
    }
    spread = {}
    for path, counts in found.items():
        column = np.zeros(count, dtype=np.int64)
        column[sent] = counts
        spread[path] = column
    return spread
