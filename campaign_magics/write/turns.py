"""Which batch was the last to write a record or a row; both are known by hashes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Hashes = np.ndarray[Any, np.dtype[np.int64]]
Found = np.ndarray[Any, np.dtype[np.int64]]


class Turns:
    """The last turn in which each of many hashes of 8 bytes occurs."""

    def __init__(self, parts: Iterable[tuple[int, Hashes]]) -> None:
        known = list(parts)
        self._hashes = np.concatenate([np.empty(0, np.int64), *(h for _, h in known)])
        turns = [np.full(len(hashes), turn, np.int64) for turn, hashes in known]
        self._turns = np.concatenate([np.empty(0, np.int64), *turns])
        order = np.lexsort((self._turns, self._hashes))
        self._hashes, self._turns = self._hashes[order], self._turns[order]

    def of(self, wanted: Hashes) -> Found:
        """Return the last turn of each of these hashes, 0 for one that is unknown."""
        found = np.zeros(len(wanted), np.int64)
        if len(self._hashes):
            behind = np.searchsorted(self._hashes, wanted, side="right")
            last = np.maximum(behind - 1, 0)
            hit = (behind > 0) & (self._hashes[last] == wanted)
            found[hit] = self._turns[last[hit]]
        return found


def hashes(data: bytes) -> Hashes:
    """Return hashes that were kept as bytes."""
    return np.frombuffer(data, np.int64)
