"""Which calls go wrong: the orders that stand, and a count for each of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from ...clock import SYSTEM_CLOCK, Clock
from .kinds import Mishap, Order


@dataclass(slots=True)
class _Standing:
    """One order since it was given."""

    order: Order
    since: float
    luck: random.Random
    seen: int = 0
    struck: int = 0

    def strikes(self, api: str, now: float) -> bool:
        """Count a call and decide whether it is hit."""
        target = self.order.target
        if not fnmatchcase(api, target.api) or not self._open(now):
            return False
        place, self.seen = self.seen - target.skip, self.seen + 1
        if place < 0 or (target.calls is not None and place >= target.calls):
            return False
        # One draw a call: the n-th call's fate depends on the seed alone.
        hit = self.luck.random() < target.probability
        self.struck += hit
        return hit

    def _open(self, now: float) -> bool:
        target = self.order.target
        passed = now - self.since
        if target.period is not None:
            passed %= target.period
        windows = target.windows
        return not windows or any(start <= passed < end for start, end in windows)


@dataclass(slots=True)
class Plan:
    """The orders that stand.  Thread-safe; empty, so harmless, at the start."""

    clock: Clock = SYSTEM_CLOCK
    _standing: tuple[_Standing, ...] = ()
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def armed(self) -> bool:
        """Whether any order stands; read without a lock, on every request."""
        return bool(self._standing)

    def arm(self, orders: Iterable[Order]) -> None:
        """Add orders, all at once, to those that stand."""
        with self._lock:
            now = self.clock.monotonic()
            first = len(self._standing)
            added = [
                _Standing(order, now, random.Random(f"{order.target.seed} {number}"))
                for number, order in enumerate(orders, first)
            ]
            self._standing = (*self._standing, *added)

    def clear(self) -> None:
        """Forget every order; calls that already suffer go on suffering."""
        with self._lock:
            self._standing = ()

    def strike(self, api: str | None) -> tuple[Mishap, ...]:
        """Count a call; return what goes wrong with it, in the order it was ordered.

        Nothing goes wrong with None: that is how orders are given and taken back.
        """
        if api is None:
            return ()
        with self._lock:
            now = self.clock.monotonic()
            return tuple(
                standing.order.mishap
                for standing in self._standing
                if standing.strikes(api, now)
            )

    def report(self) -> list[dict[str, Any]]:
        """Return the orders with the calls they saw and the calls they hit."""
        with self._lock:
            return [
                {**s.order.as_json(), "seen": s.seen, "struck": s.struck}
                for s in self._standing
            ]
