"""How much is seeded, and when it happened: the numbers every seed shares."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from .draw import Draw, Ints, Times, later, midnight

FIRST_ID: Final = 1001
"""First seeded key; ids up to 1000 are reserved (protocol.md §4.2)."""

CHUNK_ROWS: Final = 50_000
_FULL_LOGS: Final = 100_000
_YEARS: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """What makes one seed: the same three values give the same rows."""

    rows: int
    seed: int
    as_of: date

    def draw(self, *labels: str | int) -> Draw:
        """Return random columns of their own for this purpose."""
        return Draw(self.seed, *labels)

    @property
    def now(self) -> np.datetime64:
        """The moment the data is seen from; nothing happened later."""
        return midnight(self.as_of)

    @property
    def logs_per_recipient(self) -> float:
        """Delivery logs per recipient: 10, but 1 above 100,000 recipients."""
        return 10.0 if self.rows <= _FULL_LOGS else 1.0

    def ago(self, days: float) -> np.datetime64:
        """Return the moment this many days before ``now``."""
        return self.now - np.timedelta64(int(days * 86_400_000), "ms")

    def chunks(self) -> Iterator[Chunk]:
        """Yield the recipients in chunks, so that memory stays bounded."""
        for number, start in enumerate(range(0, self.rows, CHUNK_ROWS)):
            stop = min(start + CHUNK_ROWS, self.rows)
            yield Chunk(number=number, indexes=np.arange(start, stop), sizes=self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some recipients: their running numbers, from 0."""

    number: int
    indexes: Ints
    sizes: Sizes

    def __len__(self) -> int:
        return len(self.indexes)

    @property
    def ids(self) -> Ints:
        """The recipients' ids."""
        return self.indexes + FIRST_ID

    def created(self) -> Times:
        """Return when each was created: in the order of ids, more of late."""
        draw = self.sizes.draw("created", self.number)
        place = (self.indexes + draw.random.random(len(self))) / self.sizes.rows
        first = self.sizes.ago(365 * _YEARS)
        span = (self.sizes.now - first).astype(np.int64)
        return later(np.full(len(self), first), place**0.7 * span)
