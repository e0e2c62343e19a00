"""Who may send now: the law of the budget, without locks, files or sleeping.

A ledger holds, for the instance and for each API, when its latest calls were sent
(*slots*), and the queue of those who wait (*tickets*).  The rule has two lines:

- a call may go when fewer than N slots lie in the window that ends now;
- free slots belong to earlier tickets first.

A burst up to the limit goes out at once.  While more calls are wanted than allowed they
are spread nearly evenly: otherwise the burst would come back every second, which is
hard on the server, and unfair, since whichever process is quickest takes most of it.

A ticket never owns a place in time.  It learns when to ask again, and the slots decide
then: a call sent late has pushed its successors by that much, a 429 has lowered N for
those already waiting, and a holder that died is passed over after ``GRACE`` seconds.

The server counts arrivals, not departures.  A slot is therefore the latest moment at
which the call can have arrived: the sending plus the headroom, or the end of the call
where that came earlier.
"""

from __future__ import annotations

import math
import sys
from array import array
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from .easing import Ease, eased_rate, lower
from .limits import Limits, Window, window

INSTANCE = ""
"""The bucket that every call of the instance shares."""

GRACE = 0.1
"""Seconds that a ticket may oversleep before others go ahead of it."""

_FORGOTTEN = 10.0
"""Seconds overdue after which a ticket's holder is taken for dead."""

_LONGEST_NAP = 1.0
_SHORTEST_NAP = 0.002
_KEPT = 0.25
"""Seconds that a slot outlives its window, to count what came before a refused call."""

_DEFAULT_PAUSE = 1.0
"""Seconds without calls after a 429 that has no Retry-After."""

_SHORTEST_PAUSE = 0.1
_IDLE = 600.0
"""Seconds without a call after which an API is dropped from the ledger."""


_PACE = 0.95
"""Spread calls keep this share of the even distance between them."""

_CATCH_UP = 0.05
"""Seconds by which the pace may be behind, and is made up for."""

CONSTANTS = {
    "GRACE": GRACE,
    "FORGOTTEN": _FORGOTTEN,
    "LONGEST_NAP": _LONGEST_NAP,
    "SHORTEST_NAP": _SHORTEST_NAP,
    "KEPT": _KEPT,
    "DEFAULT_PAUSE": _DEFAULT_PAUSE,
    "SHORTEST_PAUSE": _SHORTEST_PAUSE,
    "IDLE": _IDLE,
    "PACE": _PACE,
    "CATCH_UP": _CATCH_UP,
}
"""The numbers of the law, for where it runs in another language."""


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
    """Leave to send now; ``slot`` identifies the call in the ledger.

    ``given`` is when it was given, on the clock of the process that asked.
    """

    api: str
    slot: float
    given: float


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
    paced_to: float = -math.inf

    def window(self, limit: float | None, now: float) -> Window | None:
        """Return the window that applies at ``now``; None is unlimited."""
        rate = eased_rate(self.ease, limit, now)
        return None if rate is None else window(rate)

    def free(self, within: Window | None, now: float) -> int:
        """Return how many calls may be sent now."""
        if now < self.blocked_until:
            return 0
        if within is None:
            return sys.maxsize
        room = within.calls - self.count(now - within.seconds)
        if now < self.pressed_until:
            room = min(room, math.floor((now - self._turn(now)) / _gap(within)) + 1)
        return max(0, room)

    def press(self, within: Window | None, rank: int, now: float) -> None:
        """Note that a call has to wait for the limit itself, not for the pace."""
        if within is not None and within.calls - rank <= self.count(
            now - within.seconds
        ):
            start = max(now, self.blocked_until)
            self.pressed_until = start + 2 * within.seconds

    def _turn(self, now: float) -> float:
        """Return when the pace lets the next call go; never long before ``now``."""
        return max(self.paced_to, now) - _CATCH_UP

    def count(self, after: float, until: float = math.inf) -> int:
        """Return how many slots lie in ``(after, until)``."""
        return bisect_left(self.slots, until) - bisect_right(self.slots, after)

    def opens(self, within: Window | None, rank: int, now: float) -> float:
        """Return when the ``rank``-th place from now (0 is the next) comes free."""
        start = max(now, self.blocked_until)
        if within is None:
            return start
        rounds, place = divmod(rank, within.calls)
        held = self.slots[bisect_right(self.slots, start - within.seconds) :]
        index = len(held) - within.calls + place
        first = start if index < 0 else held[index] + within.seconds
        opens = first + rounds * within.seconds
        if start < self.pressed_until:
            opens = max(opens, self._turn(start) + rank * _gap(within))
        return opens

    def find(self, slot: float) -> int | None:
        """Return the index of a slot."""
        index = bisect_left(self.slots, slot)
        found = index < len(self.slots) and self.slots[index] == slot
        return index if found else None

    def add(self, slot: float, within: Window | None, now: float) -> None:
        """Note a call, and forget those that no window reaches any more."""
        reach = 1.0
        if within is not None:
            reach = max(reach, within.seconds)
            self.paced_to = max(self.paced_to, now) + _gap(within)
        del self.slots[: bisect_right(self.slots, now - reach - _KEPT)]
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
        own_window = own.window(ask.limits.of(ask.api), now)
        all_window = instance.window(ask.limits.default, now)
        # An earlier ticket that its own API's limit holds back claims nothing here.
        claimed = sum(
            min(count, self._free(api, ask.limits, now)) for api, count in ahead.items()
        )
        rank = ahead[ask.api]
        if own.free(own_window, now) > rank and (
            instance.free(all_window, now) > claimed
        ):
            self.leave(ask.ticket)
            slot = self._free_time(now + ask.headroom, own, instance)
            own.add(slot, own_window, now)
            instance.add(slot, all_window, now)
            return Permit(ask.api, slot, now)
        own.press(own_window, rank, now)
        instance.press(all_window, claimed, now)
        opens = max(
            own.opens(own_window, rank, now), instance.opens(all_window, claimed, now)
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
        return replace(permit, slot=slot)

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

    def _free(self, api: str, limits: Limits, now: float) -> int:
        bucket = self.bucket(api)
        return bucket.free(bucket.window(limits.of(api), now), now)

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
            used = max(bucket.slots[-1:], default=math.inf)
            if max(used, bucket.blocked_until) < now - _IDLE:
                del self.buckets[name]


def _gap(within: Window) -> float:
    return _PACE * within.seconds / within.calls


def _before(ticket: Ticket, number: int | None) -> bool:
    return number is None or ticket.number < number
