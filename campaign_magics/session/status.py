"""What a session knows of itself, without asking the server."""

from __future__ import annotations

from dataclasses import dataclass

from ..throttle import Snapshot
from .facts import tps


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One look at a session; holds no secret.

    ``age`` is the seconds since the last logon, None before the first call.
    ``instance``, ``version`` and ``build`` are empty where the logon does not tell.
    """

    profile: str
    url: str
    operator: str
    production: bool
    age: float | None
    instance: str
    version: str
    build: str
    budget: Snapshot
    cache: str

    def __str__(self) -> str:
        return "\n".join(f"{name:<9} {value}" for name, value in self.rows())

    def line(self) -> str:
        """Return one line: which instance, as whom, how fast."""
        limit = self.budget.limit
        parts = [
            f"{self.profile} ({self.url})",
            f"as {self.operator}" if self.operator else "",
            f"build {self.build}" if self.build else "",
            "no TPS limit" if limit is None else f"{limit:g} calls a second",
        ]
        return " · ".join(part for part in parts if part)

    def rows(self) -> list[tuple[str, str]]:
        """Return name and text of each fact worth showing."""
        server = " ".join(
            part
            for part in (
                self.instance,
                self.version,
                f"build {self.build}" if self.build else "",
            )
            if part
        )
        rows = [
            ("profile", f"{self.profile}{' (production)' if self.production else ''}"),
            ("url", self.url),
            ("operator", self.operator),
            ("session", "not logged on yet" if self.age is None else _age(self.age)),
            ("server", server),
            ("budget", f"{tps(self.budget)}, {self.budget.waiting} waiting"),
            ("cache", self.cache),
        ]
        return [(name, value) for name, value in rows if value]


def _age(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 1:
        return "logged on just now"
    hours, minutes = divmod(minutes, 60)
    return f"logged on {f'{hours} h ' if hours else ''}{minutes} min ago"
