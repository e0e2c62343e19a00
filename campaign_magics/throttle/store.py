"""Where sharers keep the ledger: what every store can do, and the one in memory."""

from __future__ import annotations

import math
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..clock import Clock
from .ledger import Ask, Ledger, Permit, Wait
from .limits import Limits
from .usage import HISTORY_SECONDS, Usage, add


@dataclass(frozen=True, slots=True)
class View:
    """A store's content at monotonic time ``now``; the ledger is a copy."""

    now: float
    ledger: Ledger
    usage: tuple[Usage, ...]


class Store(Protocol):
    """One ledger and its history, shared by everyone who uses the same store.

    Every method is atomic.  A store may live elsewhere (a server, a file): it takes
    the time from the clock it is handed, or keeps its own, and hands out times only
    inside a Permit, which it gets back unchanged; ``Permit.given`` alone is a time of
    the clock it is handed.
    """

    @property
    def shared(self) -> bool:
        """Whether other processes see this store."""

    def ask(self, ask: Ask, clock: Clock) -> Permit | Wait:
        """Give a permit and count the call, or say when to ask again."""

    def leave(self, ticket: int) -> None:
        """Give up a ticket."""

    def sent(self, permit: Permit, headroom: float, clock: Clock) -> Permit:
        """Note that the call leaves only now."""

    def settle(
        self, permit: Permit, counts: Usage, clock: Clock, *, held_up: float = 0.0
    ) -> None:
        """Note that the call has ended, and add its errors and bytes.

        ``held_up`` is the seconds by which it probably arrived late.
        """

    def refuse(
        self,
        permit: Permit,
        kernel: str,
        limits: Limits,
        retry_after: float | None,
        clock: Clock,
    ) -> None:
        """Note a 429: lower the rate and pause, for all sharers."""

    def view(self, seconds: int, clock: Clock) -> View:
        """Return the ledger and the usage of the last ``seconds``."""

    def close(self) -> None:
        """Release files and connections."""


class LedgerStore(ABC):
    """A store that loads the ledger, lets it decide, and writes it back."""

    shared = False

    @abstractmethod
    def _transaction(self) -> AbstractContextManager[Ledger]:
        """Yield the ledger, alone; what is done to it holds unless an error leaves."""

    @abstractmethod
    def _add(self, row: Usage) -> None:
        """Add counts to the history; called inside a transaction."""

    @abstractmethod
    def view(self, seconds: int, clock: Clock) -> View:
        """Return the ledger and the usage of the last ``seconds``."""

    @abstractmethod
    def close(self) -> None:
        """Release files and connections."""

    def ask(self, ask: Ask, clock: Clock) -> Permit | Wait:
        """Give a permit and count the call, or say when to ask again."""
        with self._transaction() as ledger:
            now = clock.monotonic()  # inside: the order of permits is that of times
            answer = ledger.ask(ask, now)
            if isinstance(answer, Permit):
                self._add(counts_at(first_counts(ask), now))
            return answer

    def leave(self, ticket: int) -> None:
        """Give up a ticket."""
        with self._transaction() as ledger:
            ledger.leave(ticket)

    def sent(self, permit: Permit, headroom: float, clock: Clock) -> Permit:
        """Note that the call leaves only now."""
        with self._transaction() as ledger:
            now = clock.monotonic()
            moved = ledger.move(permit, max(now + headroom, permit.slot))
            return replace(moved, given=now)

    def settle(
        self, permit: Permit, counts: Usage, clock: Clock, *, held_up: float = 0.0
    ) -> None:
        """Note that the call has ended, and add its errors and bytes."""
        with self._transaction() as ledger:
            now = clock.monotonic()
            # An ended call has arrived: its slot can be no later than now.
            ledger.move(permit, min(permit.slot + held_up, now))
            self._add(counts_at(counts, now))

    def refuse(
        self,
        permit: Permit,
        kernel: str,
        limits: Limits,
        retry_after: float | None,
        clock: Clock,
    ) -> None:
        """Note a 429: lower the rate and pause, for all sharers."""
        with self._transaction() as ledger:
            now = clock.monotonic()
            ledger.refuse(permit, limits, retry_after, now)
            row = Usage(second=0, api=permit.api, kernel=kernel, throttled=1)
            self._add(counts_at(row, now))


def first_counts(ask: Ask) -> Usage:
    """Return what is counted when a call gets its permit."""
    waits = ask.ticket is not None
    return Usage(
        second=0,
        api=ask.api,
        kernel=ask.kernel,
        calls=1,
        waits=int(waits),
        waited=ask.waited if waits else 0.0,
    )


def counts_at(row: Usage, now: float) -> Usage:
    """Return the counts dated to the second of ``now``."""
    return add(Usage(second=math.floor(now), api=row.api, kernel=row.kernel), row)


@dataclass(slots=True)
class _History:
    """Usage rows by second, API and kernel."""

    rows: dict[tuple[int, str, str], Usage] = field(default_factory=dict)
    swept: int = 0

    def add(self, row: Usage) -> None:
        key = (row.second, row.api, row.kernel)
        self.rows[key] = add(self.rows[key], row) if key in self.rows else row
        if row.second > self.swept + 60:
            self.swept, oldest = row.second, row.second - HISTORY_SECONDS
            self.rows = {k: v for k, v in self.rows.items() if k[0] >= oldest}

    def since(self, second: float) -> tuple[Usage, ...]:
        return tuple(row for key, row in sorted(self.rows.items()) if key[0] > second)


class MemoryStore(LedgerStore):
    """Shared by the threads of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ledger = Ledger()
        self._history = _History()

    @contextmanager
    def _transaction(self) -> Iterator[Ledger]:
        with self._lock:
            self._ledger.revision += 1
            yield self._ledger

    def _add(self, row: Usage) -> None:
        self._history.add(row)

    def view(self, seconds: int, clock: Clock) -> View:
        """Return the ledger and the usage of the last ``seconds``."""
        with self._lock:
            now = clock.monotonic()
            return View(now, deepcopy(self._ledger), self._history.since(now - seconds))

    def close(self) -> None:
        """Nothing to release."""
