"""Which store a budget uses, and where its file lies.

``sqlite`` (the default) is one file per instance and boot in the user's cache folder,
``memory`` is this process alone, ``sqlite:/path/file`` is a file of the user's choice,
``redis://host:6379/0`` (``rediss://``: TLS) is a server that many machines share.  Its
password comes from the environment, as ``CAMPAIGN_REDIS_PASSWORD``.

A store that cannot be used, at the start or later, is replaced with one BudgetNotShared
warning, and the notebook works on.  A file gives way to memory, for good: the limit is
then this kernel's own.  Redis gives way to the machine's file, and is tried again every
30 seconds.  What is wrong in the profile (no such address, no package ``redis``) is an
error instead.
"""

from __future__ import annotations

import hashlib
import os
import re
import time
from pathlib import Path

from ..errors import InvalidOption
from ..secret import Secret
from .redis import RedisStore
from .redis_client import PASSWORD_VARIABLE, shown
from .safe import SafeStore
from .sqlite import SQLiteStore
from .store import MemoryStore, Store

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_FORMAT = 1
"""Part of the file's name: versions that write differently do not share."""

_OLD = 30 * 86_400


_AGAIN = 30.0
"""Seconds until Redis is tried again."""


def open_store(spec: str, instance: str) -> Store:
    """Return the store that a profile's ``budget_store`` names; see the module.

    Raises InvalidOption for a name that is none, and where Redis is named without the
    package ``redis``.
    """
    kind, _, place = spec.partition(":")
    if kind == "memory" and not place:
        return MemoryStore()
    if kind == "sqlite":
        path = Path(place).expanduser() if place else budget_path(instance)
        return _file(path)
    if kind in ("redis", "rediss"):
        return _server(spec, instance)
    raise InvalidOption(
        f"The budget store '{kind}' is not known.",
        hint="use sqlite, sqlite:/path/to/file, memory or redis://host:6379/0",
    )


def _file(path: Path) -> Store:
    return SafeStore(
        lambda: SQLiteStore(path),
        MemoryStore,
        lambda exc: (
            f"The budget is not shared with other kernels: {path}: {exc}."
            " Delete the file or make its folder writable, then connect again."
        ),
    )


def _server(url: str, instance: str) -> Store:
    name, password = shown(url), Secret(os.environ.get(PASSWORD_VARIABLE, ""))
    return SafeStore(
        lambda: RedisStore(url, instance, password=password),
        lambda: _file(budget_path(instance)),
        lambda exc: (
            f"The budget is not shared with other machines: {name}: {exc}."
            f" This one goes on with a file, and tries again every {_AGAIN:.0f} s."
            f" See to the server, its address, or {PASSWORD_VARIABLE}."
        ),
        again=_AGAIN,
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
