"""`Delivery`: one delivery as it was when it was asked for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from ..session.progress import Watch
from .shown import Facts, Shown
from .waiting import TIMEOUT

if TYPE_CHECKING:
    import pandas as pd

    from .deliveries import Deliveries


_NOT_ANALYSED: Final = frozenset({"edition", "targetPending", "targeting"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Delivery(Shown):
    """A delivery as it was when it was asked for.

    ``state`` and ``channel`` are names of enumerations (``ready``, ``mail``),
    ``state_label`` and ``channel_label`` what the console shows; ``target`` the people
    it is for, ``rejected`` those whom the rules took out, ``to_send`` the messages
    made by the analysis; ``sent`` and ``failed`` count as it goes on.  ``warning`` is
    what ``prepare`` has to say of the analysis.  Its methods are those of
    ``session.delivery``, which return it as it is then.
    """

    id: int
    name: str
    label: str
    channel: str
    channel_label: str
    state: str
    state_label: str
    target: int = 0
    rejected: int = 0
    to_send: int = 0
    processed: int = 0
    sent: int = 0
    failed: int = 0
    started: datetime | None = None
    ended: datetime | None = None
    warning: str = ""
    home: Deliveries = field(repr=False, compare=False)

    @property
    def title(self) -> str:
        """Name and label."""
        return f"Delivery {self.name} · {self.label}"

    @property
    def brief(self) -> str:
        """Name, label and state."""
        return f"{self.title}: {self.state_label}"

    @property
    def progress(self) -> float | None:
        """Messages processed of those to send; None before sending starts."""
        if self.started is None or self.to_send <= 0:
            return None
        return min(1.0, self.processed / self.to_send)

    def facts(self) -> Facts:
        """Return what is worth showing; an analysis that found nobody is."""
        analysed = self.state not in _NOT_ANALYSED
        return [
            ("state", self.state_label),
            ("channel", self.channel_label),
            ("target", self.target if analysed else None),
            ("rejected by the rules", self.rejected or None),
            ("to send", self.to_send if analysed else None),
            ("sent", self.sent or None),
            ("failed", self.failed or None),
            ("sending started", self.started),
            ("sending ended", self.ended),
            ("warning", self.warning),
            ("id", str(self.id)),
        ]

    def refresh(self) -> Delivery:
        """Return it as it is now."""
        return self.home.status(self.id)

    def prepare(
        self,
        *,
        yes: str | None = None,
        timeout: float | None = TIMEOUT,
        progress: Watch | None = None,
    ) -> Delivery:
        """Analyse it and wait for the end of the analysis."""
        return self.home.prepare(self.id, yes=yes, timeout=timeout, progress=progress)

    def start(self, *, yes: str | None = None) -> Delivery:
        """Let its messages leave, or go on after a pause."""
        return self.home.start(self.id, yes=yes)

    def pause(self, *, yes: str | None = None) -> Delivery:
        """Hold its messages."""
        return self.home.pause(self.id, yes=yes)

    def stop(self, *, yes: str | None = None) -> Delivery:
        """End it for good."""
        return self.home.stop(self.id, yes=yes)

    def stats(self) -> pd.DataFrame:
        """Return its counts and rates."""
        return self.home.stats(self.id)

    def logs(
        self,
        *,
        tracking: bool = False,
        status: str | None = None,
        limit: int | None = 200,
    ) -> pd.DataFrame:
        """Return its messages, or with ``tracking`` the reactions to them."""
        return self.home.logs(self.id, tracking=tracking, status=status, limit=limit)

    def wait(
        self,
        until: str | tuple[str, ...] | None = None,
        *,
        timeout: float | None = TIMEOUT,
        progress: Watch | None = None,
    ) -> Delivery:
        """Wait until nothing happens to it any more, or for a state."""
        return self.home.wait(self.id, until, timeout=timeout, progress=progress)
