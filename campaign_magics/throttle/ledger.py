"""Who may send now: the law of the budget, without locks, files or sleeping.

A ledger holds, for the instance and for each API, when its latest calls were sent
(*slots*), and the queue of those who wait (*tickets*).  The rule has two lines:

- a call may go when fewer than N slots lie in the window that ends now (and, once
  calls have had to wait, in a shorter one, which spreads them);
- free slots belong to earlier tickets first.

A ticket never owns a place in time.  It learns when to ask again, and the slots decide
then: a call sent late has pushed its successors by that much, a 429 has lowered N for
those already waiting, and a holder that died is passed over after ``GRACE`` seconds.

The server counts arrivals, not departures.  A slot is therefore the latest moment at
which the call can have arrived: the sending plus the headroom, or the end of the call
where that came earlier.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from .easing import Ease, eased_rate, lower
from .limits import Limits, Window, pace, window

INSTANCE = ""
"""The bucket that every call of the instance shares."""

GRACE = 0.1
"""Seconds that a ticket may oversleep before others go ahead of it."""

_FORGOTTEN = 10.0
"""Seconds overdue after which a ticket's holder is taken for dead."""

_LONGEST_NAP = 1.0
_SHORTEST_NAP = 0.002
_KEPT = 2.0
"""Seconds that a slot is kept at least, to count what came before a refused call."""

_DEFAULT_PAUSE = 1.0
"""Seconds without calls after a 429 that has no Retry-After."""

_SHORTEST_PAUSE = 0.1
_IDLE = 600.0
"""Seconds without a call after which an API is dropped from the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A wish to send one call."""

    api: str
    limits: Limits
    headroom: float
    ticket: int | None = None
    kernel: str = ""
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to send now; ``slot`` identifies the call in the ledger."""

    api: str
    slot: float


@dataclass(frozen=True, slots=True)
class Wait:
    """Ask again after ``seconds``, with this ticket."""

    ticket: int
    seconds: float


@dataclass(slots=True)
class Ticket:
    """A place in the queue; its holder asks again at ``due``."""

    number: int
    api: str
    due: float


@dataclass(slots=True)
class Bucket:
    """The latest calls under one limit, ascending, and what a 429 did to it."""

    slots: array[float] = field(default_factory=lambda: array("d"))
    ease: Ease | None = None
    blocked_until: float = -math.inf
    pressed_until: float = -math.inf

    def rules(self, limit: float | None, now: float) -> tuple[Window, ...]:
        """Return the windows that apply at ``now``, the widest first.

        None at all is unlimited; a burst is free until calls have had to wait.
        """
        rate = eased_rate(self.ease, limit, now)
        if rate is None:
            return ()
        whole = window(rate)
        return (whole, pace(whole)) if now < self.pressed_until else (whole,)

    def free(self, rules: tuple[Window, ...], now: float) -> float:
        """Return how many calls may be sent now."""
        if now < self.blocked_until:
            return 0
        rooms = (rule.calls - self.count(now - rule.seconds) for rule in rules)
        return max(0, min(rooms, default=math.inf))

    def press(self, rules: tuple[Window, ...], rank: int, now: float) -> None:
        """Note that a call has to wait for the limit itself, not for the pace."""
        if rules and self.free(rules[:1], now) <= rank:
            start = max(now, self.blocked_until)
            self.pressed_until = start + 2 * rules[0].seconds

    def count(self, after: float, until: float = math.inf) -> int:
        """Return how many slots lie in ``(after, until)``."""
        return bisect_left(self.slots, until) - bisect_right(self.slots, after)

    def opens(self, rules: tuple[Window, ...], rank: int, now: float) -> float:
        """Return when the ``rank``-th place from now (0 is the next) comes free."""
        start = max(now, self.blocked_until)
        return max((self._opens(rule, rank, start) for rule in rules), default=start)

    def _opens(self, rule: Window, rank: int, start: float) -> float:
        rounds, place = divmod(rank, rule.calls)
        held = self.slots[bisect_right(self.slots, start - rule.seconds) :]
        index = len(held) - rule.calls + place
        first = start if index < 0 else held[index] + rule.seconds
        return first + rounds * rule.seconds

    def find(self, slot: float) -> int | None:
        """Return the index of a slot."""
        index = bisect_left(self.slots, slot)
        found = index < len(self.slots) and self.slots[index] == slot
        return index if found else None

    def add(self, slot: float, rules: tuple[Window, ...], now: float) -> None:
        """Note a call, and forget those that no window reaches any more."""
        kept = max(_KEPT, *(rule.seconds for rule in rules)) if rules else _KEPT
        del self.slots[: bisect_right(self.slots, now - kept)]
        insort(self.slots, slot)

    def replace(self, old: float, new: float | None) -> None:
        """Move a slot, or take it out; nothing happens if it is gone already."""
        index = self.find(old)
        if index is not None:
            del self.slots[index]
            if new is not None:
                insort(self.slots, new)


@dataclass(slots=True)
class Ledger:
    """The state that all sharers of a budget have in common."""

    tickets: list[Ticket] = field(default_factory=list)
    buckets: dict[str, Bucket] = field(default_factory=dict)
    next_ticket: int = 1
    revision: int = 0
    written: float = -math.inf

    def ask(self, ask: Ask, now: float) -> Permit | Wait:
        """Give a permit, or a ticket and the time to come back."""
        self._tidy(now)
        ahead = Counter(t.api for t in self._live(now) if _before(t, ask.ticket))
        own, instance = self.bucket(ask.api), self.bucket(INSTANCE)
        own_rules = own.rules(ask.limits.of(ask.api), now)
        all_rules = instance.rules(ask.limits.default, now)
        # An earlier ticket that its own API's limit holds back claims nothing here.
        claimed = sum(
            int(min(count, self._free(api, ask.limits, now)))
            for api, count in ahead.items()
        )
        rank = ahead[ask.api]
        if own.free(own_rules, now) > rank and (
            instance.free(all_rules, now) > claimed
        ):
            self.leave(ask.ticket)
            slot = self._free_time(now + ask.headroom, own, instance)
            own.add(slot, own_rules, now)
            instance.add(slot, all_rules, now)
            return Permit(ask.api, slot)
        own.press(own_rules, rank, now)
        instance.press(all_rules, claimed, now)
        opens = max(
            own.opens(own_rules, rank, now), instance.opens(all_rules, claimed, now)
        )
        nap = min(max(opens - now, _SHORTEST_NAP), _LONGEST_NAP)
        return Wait(self._queue(ask, now + nap), nap)

    def leave(self, ticket: int | None) -> None:
        """Give up a place in the queue."""
        self.tickets = [t for t in self.tickets if t.number != ticket]

    def move(self, permit: Permit, slot: float) -> Permit:
        """Correct the time of a call that was sent."""
        for bucket in self._both(permit):
            bucket.replace(permit.slot, slot)
        return Permit(permit.api, slot)

    def refuse(
        self, permit: Permit, limits: Limits, retry_after: float | None, now: float
    ) -> None:
        """Note a 429: the server did not count this call, and is to be left alone."""
        pause = _DEFAULT_PAUSE if retry_after is None else retry_after
        until = now + max(_SHORTEST_PAUSE, pause)
        name = self._tightest(permit, limits, now)
        accepted = self._accepted(name, permit)
        for bucket in self._both(permit):
            bucket.replace(permit.slot, None)
        bucket = self.bucket(name)
        bucket.blocked_until = max(bucket.blocked_until, until)
        bucket.ease = lower(
            bucket.ease,
            limits.of(name),
            accepted=accepted,
            sent=permit.slot,
            now=now,
            since=until,
        )

    def bucket(self, name: str) -> Bucket:
        """Return the bucket of an API, or of the instance."""
        return self.buckets.setdefault(name, Bucket())

    def waiting(self, now: float) -> Counter[str]:
        """Return how many wait, by API."""
        return Counter(ticket.api for ticket in self._live(now))

    def _live(self, now: float) -> Iterable[Ticket]:
        return (t for t in self.tickets if t.due + GRACE >= now)

    def _free(self, api: str, limits: Limits, now: float) -> float:
        bucket = self.bucket(api)
        return bucket.free(bucket.rules(limits.of(api), now), now)

    def _both(self, permit: Permit) -> tuple[Bucket, Bucket]:
        return self.bucket(permit.api), self.bucket(INSTANCE)

    def _accepted(self, name: str, permit: Permit) -> int:
        return self.bucket(name).count(permit.slot - 1.0, permit.slot)

    def _tightest(self, permit: Permit, limits: Limits, now: float) -> str:
        """Guess which limit the server meant: the one that was used the most."""

        def used(name: str) -> tuple[float, bool]:
            rate = eased_rate(self.bucket(name).ease, limits.of(name), now)
            share = self._accepted(name, permit) / rate if rate else 0.0
            return share, rate is not None

        return max((permit.api, INSTANCE), key=used)

    def _free_time(self, slot: float, *buckets: Bucket) -> float:
        """A slot's time is its name: make it unique."""
        while any(bucket.find(slot) is not None for bucket in buckets):
            slot += 1e-6
        return slot

    def _queue(self, ask: Ask, due: float) -> int:
        number = self.next_ticket if ask.ticket is None else ask.ticket
        self.next_ticket = max(self.next_ticket, number + 1)
        known = next((t for t in self.tickets if t.number == number), None)
        if known is None:
            ticket = Ticket(number, ask.api, due)
            insort(self.tickets, ticket, key=lambda t: t.number)
        else:
            known.due = due
        return number

    def _tidy(self, now: float) -> None:
        """Drop the tickets of the dead, and APIs that nobody calls any more.

        A monotonic clock that went back is another boot's: nothing here holds then.
        """
        if now < self.written - 1.0:
            self.tickets, self.buckets = [], {}
        self.written = now
        self.tickets = [t for t in self.tickets if t.due + _FORGOTTEN >= now]
        for name, bucket in list(self.buckets.items()):
            if bucket.slots and bucket.slots[-1] < now - _IDLE:
                del self.buckets[name]


def _before(ticket: Ticket, number: int | None) -> bool:
    return number is None or ticket.number < number
