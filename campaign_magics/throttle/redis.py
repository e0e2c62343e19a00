"""The ledger in Redis: one budget for all machines that reach the same server.

Every operation is one run of ``ledger.lua``, which Redis does alone and on its own
clock: sharers need not agree on the time.  A process that is killed leaves nothing half
done; one that is killed while it waits leaves a ticket that is soon passed over.  Every
key expires ten minutes after its last use, or a little later.

Redis 5 or later, Valkey too.  When the server's clock is set back, the ledger's time
goes on from where it was; a leap forward may cost one second with too many calls.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from array import array
from collections import deque
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

from ..clock import Clock
from ..secret import Secret
from . import easing, ledger
from .easing import Ease
from .ledger import Ask, Bucket, Ledger, Permit, Ticket, Wait
from .limits import Limits
from .redis_client import RedisClient, StoreFailed
from .store import View, first_counts
from .usage import COUNTS, Usage

_FORMAT = 1
"""Part of every key: versions that write differently do not share."""

_LEGS = 64
"""Permits that are remembered to tell how far the clocks are apart."""

_MINUTE = 60


class RedisStore:
    """Shared by every process that names the same server and ``instance`` (a URL).

    ``url`` is ``redis://[user[:password]@]host[:port][/database]``, or ``rediss://``
    for TLS; a ``password`` given apart wins.  ``clock`` replaces the server's time, for
    tests.

    Raises InvalidOption for a URL that is none or where the package ``redis`` is
    missing; StoreFailed, here and later, when the server fails.
    """

    shared = True

    def __init__(
        self,
        url: str,
        instance: str,
        *,
        password: Secret | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._client = RedisClient(url, password)
        self._key = key_of(instance)
        self._clock = clock
        self._lock = threading.Lock()
        self._legs: deque[float] = deque(maxlen=_LEGS)
        self._past: dict[int, tuple[Usage, ...]] = {}
        self._script = self._client.script(_law())
        self._run("view")

    def __repr__(self) -> str:
        return f"RedisStore({self._client.name})"

    def ask(self, ask: Ask, clock: Clock) -> Permit | Wait:
        """Give a permit and count the call, or say when to ask again."""
        kind, first, second = self._run(
            "ask",
            api=ask.api,
            kernel=ask.kernel,
            limits=_limits(ask.limits),
            headroom=ask.headroom,
            counts=_counts(first_counts(ask)),
            ticket=ask.ticket,
        )
        if kind == b"wait":
            return Wait(int(first), float(second))
        return Permit(ask.api, float(first), self._here(float(second), clock))

    def leave(self, ticket: int) -> None:
        """Give up a ticket."""
        self._run("leave", ticket=ticket)

    def sent(self, permit: Permit, headroom: float, clock: Clock) -> Permit:
        """Note that the call leaves only now."""
        slot, now = self._run(
            "sent", api=permit.api, slot=permit.slot, headroom=headroom
        )
        return Permit(permit.api, float(slot), self._here(float(now), clock))

    def settle(
        self, permit: Permit, counts: Usage, clock: Clock, *, held_up: float = 0.0
    ) -> None:
        """Note that the call has ended, and add its errors and bytes."""
        self._run(
            "settle",
            api=permit.api,
            slot=permit.slot,
            held_up=held_up,
            kernel=counts.kernel,
            counts=_counts(counts),
        )

    def refuse(
        self,
        permit: Permit,
        kernel: str,
        limits: Limits,
        retry_after: float | None,
        clock: Clock,
    ) -> None:
        """Note a 429: lower the rate and pause, for all sharers."""
        row = Usage(second=0, api=permit.api, kernel=kernel, throttled=1)
        self._run(
            "refuse",
            api=permit.api,
            slot=permit.slot,
            kernel=kernel,
            limits=_limits(limits),
            retry_after=retry_after,
            counts=_counts(row),
        )

    def view(self, seconds: int, clock: Clock) -> View:
        """Return the ledger and the usage of the last ``seconds``."""
        try:
            now, content = _from_reply(*self._run("view"))
            usage = self._usage(now, seconds) if seconds else ()
        except (TypeError, ValueError) as exc:
            raise StoreFailed("its content is no ledger") from exc
        return View(now, content, usage)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _run(self, operation: str, **arguments: object) -> Any:
        given = {name: value for name, value in arguments.items() if value is not None}
        now = "" if self._clock is None else repr(self._clock.monotonic())
        return self._script(self._key, operation, json.dumps(given), now)

    def _here(self, time: float, clock: Clock) -> float:
        """Return a time of the server on this process's clock.

        The quickest of the latest answers tells how far the clocks are apart.  A permit
        that was longer on its way is that much older when it arrives.
        """
        with self._lock:
            self._legs.append(clock.monotonic() - time)
            return time + min(self._legs)

    def _usage(self, now: float, seconds: int) -> tuple[Usage, ...]:
        """Return the rows of ``seconds``; a minute that is over is read once."""
        first, last = int(max(0.0, now - seconds) // _MINUTE), int(now // _MINUTE)
        with self._lock:
            known = {m: rows for m, rows in self._past.items() if m >= first}
        wanted = [m for m in range(first, last + 1) if m not in known]
        found = self._client.hashes([f"{self._key}:usage:{m}" for m in wanted])
        for minute, content in zip(wanted, found, strict=True):
            known[minute] = tuple(_row(*item) for item in content.items())
        with self._lock:
            self._past = {m: rows for m, rows in known.items() if m < last}
        rows = (row for minute in known.values() for row in minute)
        fresh = (row for row in rows if now - seconds < row.second <= now)
        return tuple(sorted(fresh, key=lambda r: (r.second, r.api, r.kernel)))


def key_of(instance: str) -> str:
    """Return the name of an instance's keys; what is in braces decides the shard."""
    host = re.sub(r"[^a-z0-9.]+", "-", instance.lower().partition("://")[2])
    digest = hashlib.sha256(instance.encode()).hexdigest()[:8]
    return f"campaign_magics:{{{host.strip('-')[:60]}-{digest}}}:v{_FORMAT}"


def _law() -> str:
    """Return the script, with the constants of the Python it repeats."""
    constants: Mapping[str, float] = {**ledger.CONSTANTS, **easing.CONSTANTS}
    head = [f"local {name} = {value!r}\n" for name, value in constants.items()]
    body = files(__package__).joinpath("ledger.lua").read_text(encoding="utf-8")
    return "".join(head) + body


def _limits(limits: Limits) -> dict[str, object]:
    given: dict[str, object] = {"per_api": dict(limits.per_api)}
    return given if limits.default is None else {**given, "default": limits.default}


def _counts(row: Usage) -> list[float]:
    return [getattr(row, name) for name in COUNTS]


def _row(field: bytes, sums: bytes) -> Usage:
    second, kernel, api = field.decode().split(" ", 2)
    calls, waits, waited, throttled, errors, size = map(float, sums.split())
    return Usage(
        second=int(second),
        api=api,
        kernel=kernel,
        calls=int(calls),
        waits=int(waits),
        waited=waited,
        throttled=int(throttled),
        errors=int(errors),
        bytes=int(size),
    )


def _from_reply(
    head: Sequence[bytes],
    tickets: Sequence[tuple[bytes, bytes, bytes]],
    buckets: Sequence[Sequence[bytes]],
) -> tuple[float, Ledger]:
    now, next_ticket, revision, written = head
    queue = [Ticket(int(n), api.decode(), float(due)) for n, api, due in tickets]
    content = Ledger(
        tickets=queue,
        buckets={row[0].decode(): _bucket(*row[1:]) for row in buckets},
        next_ticket=int(next_ticket),
        revision=int(revision),
        written=float(written),
    )
    return float(now), content


def _bucket(
    blocked: bytes,
    pressed: bytes,
    paced: bytes,
    level: bytes,
    start: bytes,
    since: bytes,
    slots: bytes,
) -> Bucket:
    ease = None
    if level:
        before = float(start) if start else None
        ease = Ease(level=float(level), start=before, since=float(since))
    return Bucket(
        slots=array("d", map(float, slots.split())),
        ease=ease,
        blocked_until=float(blocked),
        pressed_until=float(pressed),
        paced_to=float(paced),
    )
