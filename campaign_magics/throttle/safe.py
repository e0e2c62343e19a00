"""A store that a notebook survives: when it fails, another one takes its place."""

from __future__ import annotations

import math
import sqlite3
import threading
import warnings
from collections.abc import Callable
from typing import TypeVar

from ..clock import SYSTEM_CLOCK, Clock
from .ledger import Ask, Permit, Wait
from .limits import Limits
from .store import MemoryStore, Store, View
from .usage import Usage

_T = TypeVar("_T")

_FAILURES = (sqlite3.Error, OSError)


class BudgetNotShared(UserWarning):
    """The store that others share failed; this process, or machine, is on its own."""


class SafeStore:
    """The store of ``opener``; that of ``fallback`` while it fails.

    Each time it begins to fail there is one BudgetNotShared warning, worded by
    ``warning``.  ``again`` is the seconds until it is tried anew; what was counted
    meanwhile stays where it was.
    """

    def __init__(
        self,
        opener: Callable[[], Store],
        fallback: Callable[[], Store],
        warning: Callable[[Exception], str],
        *,
        again: float = math.inf,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._opener = opener
        self._fallback = fallback
        self._warning = warning
        self._again = again
        self._clock = clock
        self._lock = threading.Lock()
        self._substitute: Store | None = None
        self._try_at = math.inf
        self._closed = False
        try:
            self._store = opener()
        except _FAILURES as exc:
            self._store = self._replace(exc)

    @property
    def shared(self) -> bool:
        """Whether other processes see this store."""
        return self._store.shared

    def ask(self, ask: Ask, clock: Clock) -> Permit | Wait:
        """Give a permit and count the call, or say when to ask again."""
        return self._try(lambda store: store.ask(ask, clock))

    def leave(self, ticket: int) -> None:
        """Give up a ticket."""
        self._try(lambda store: store.leave(ticket))

    def sent(self, permit: Permit, headroom: float, clock: Clock) -> Permit:
        """Note that the call leaves only now."""
        return self._try(lambda store: store.sent(permit, headroom, clock))

    def settle(
        self, permit: Permit, counts: Usage, clock: Clock, *, held_up: float = 0.0
    ) -> None:
        """Note that the call has ended, and add its errors and bytes."""
        self._try(lambda s: s.settle(permit, counts, clock, held_up=held_up))

    def refuse(
        self,
        permit: Permit,
        kernel: str,
        limits: Limits,
        retry_after: float | None,
        clock: Clock,
    ) -> None:
        """Note a 429: lower the rate and pause."""
        self._try(lambda s: s.refuse(permit, kernel, limits, retry_after, clock))

    def view(self, seconds: int, clock: Clock) -> View:
        """Return the ledger and the usage of the last ``seconds``."""
        return self._try(lambda store: store.view(seconds, clock))

    def close(self) -> None:
        """Release files and connections; calls still under way end in memory."""
        with self._lock:
            self._closed = True
            store, self._store = self._store, MemoryStore()
            substitute, self._substitute = self._substitute, None
        store.close()
        if substitute is not None and substitute is not store:
            substitute.close()

    def _try(self, action: Callable[[Store], _T]) -> _T:
        if self._clock.monotonic() >= self._try_at:
            self._reopen()
        store = self._store
        try:
            return action(store)
        except _FAILURES as exc:
            with self._lock:
                if store is self._substitute:
                    raise
                if self._store is store:
                    self._store = self._replace(exc)
                    store.close()
            return action(self._store)

    def _replace(self, exc: Exception) -> Store:
        """Return the substitute, and say so."""
        warnings.warn(self._warning(exc), BudgetNotShared, stacklevel=5)
        self._try_at = self._clock.monotonic() + self._again
        if self._substitute is None:
            self._substitute = self._fallback()
        return self._substitute

    def _reopen(self) -> None:
        """Try the first store again, on the thread that comes first."""
        with self._lock:
            if self._closed or self._clock.monotonic() < self._try_at:
                return
            self._try_at = self._clock.monotonic() + self._again
        try:
            store = self._opener()
        except _FAILURES:
            return
        self._return_to(store)

    def _return_to(self, store: Store) -> None:
        with self._lock:
            if self._closed:
                store.close()
            else:
                self._store, self._try_at = store, math.inf
