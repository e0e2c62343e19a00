"""Which store a budget uses, and where its file lies.

``sqlite`` (the default) is one file per instance and boot in the user's cache folder,
``memory`` is this process alone, ``sqlite:/path/file`` is a file of the user's choice.
A file that cannot be used, at the start or later, is replaced by memory with one
BudgetNotShared warning: a notebook works on, but its limit is then its own.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
import threading
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..clock import Clock
from ..errors import InvalidOption
from .ledger import Ask, Permit, Wait
from .limits import Limits
from .sqlite import SQLiteStore
from .store import MemoryStore, Store, View
from .usage import Usage

_T = TypeVar("_T")

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FORMAT = 1
"""Part of the file's name: versions that write differently do not share."""

_OLD = 30 * 86_400


class BudgetNotShared(UserWarning):
    """The store that kernels share failed; this process limits itself alone."""


def open_store(spec: str, instance: str) -> Store:
    """Return the store that a profile's ``budget_store`` names; see the module.

    Raises InvalidOption for a name that is none.
    """
    kind, _, place = spec.partition(":")
    if kind == "memory" and not place:
        return MemoryStore()
    if kind == "sqlite":
        path = Path(place).expanduser() if place else budget_path(instance)
        return SafeStore(lambda: SQLiteStore(path), str(path))
    raise InvalidOption(
        f"The budget store '{spec}' is not known.",
        hint="use sqlite, sqlite:/path/to/file or memory",
    )


def budget_path(instance: str) -> Path:
    """Return the file of an instance (a URL) for the time until the next reboot."""
    import platformdirs  # here: floors 0 to 2 load with the standard library alone

    folder = platformdirs.user_cache_path("campaign_magics") / "budgets"
    _sweep(folder)
    slug = re.sub(r"[^a-z0-9.]+", "-", instance.lower().partition("://")[2])[:60]
    key = hashlib.sha256(instance.encode()).hexdigest()[:8]
    return folder / f"{slug.strip('-')}-{key}-{_boot()}-v{_FORMAT}.sqlite"


def _boot() -> str:
    """Name this boot of this machine; constant where the system does not tell."""
    try:
        return _BOOT_ID.read_text().replace("-", "")[:8]
    except OSError:
        return "boot"


def _sweep(folder: Path) -> None:
    """Remove files of instances and boots long gone."""
    for path in folder.glob("*.sqlite*"):
        try:
            if path.stat().st_mtime < time.time() - _OLD:
                path.unlink()
        except OSError:
            continue  # another kernel sweeps too


class SafeStore:
    """A store that falls back to memory, once and for good, when it fails."""

    def __init__(self, opener: Callable[[], Store], name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._store: Store = MemoryStore()
        try:
            self._store = opener()
        except (sqlite3.Error, OSError) as exc:
            self._warn(exc)

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
        """Release the file; calls that are still under way end in memory."""
        with self._lock:
            store, self._store = self._store, MemoryStore()
        store.close()

    def _try(self, action: Callable[[Store], _T]) -> _T:
        store = self._store
        try:
            return action(store)
        except (sqlite3.Error, OSError) as exc:
            if not store.shared:
                raise
            with self._lock:
                if self._store is store:
                    self._store = MemoryStore()
                    self._warn(exc)
            return action(self._store)

    def _warn(self, exc: Exception) -> None:
        warnings.warn(
            f"the TPS budget is not shared with other kernels: {self._name}: {exc}."
            " Delete the file or make its folder writable, then reconnect.",
            BudgetNotShared,
            stacklevel=4,
        )
