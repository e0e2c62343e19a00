"""Notices calls that were held up on their way to the server.

A lost packet or a busy machine delays a call by more than the headroom allows for.
The answer then comes late by as much, which is known in time: the place in the window
that the call gives free is a second away.  Where answers vary in any case, nothing can
be told from one that is late, and nothing is assumed.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from statistics import median

_REMEMBERED = 32
_FEWEST = 4
_FEW = 2
"""Late answers among those remembered up to which being late means something."""

_LONGEST = 0.25
"""Seconds that a call is thought to be held up at most: a packet sent again."""


class Delays:
    """How long the latest calls of each API took; safe for threads."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._lock = threading.Lock()
        self._took: defaultdict[str, deque[float]] = defaultdict(
            lambda: deque(maxlen=_REMEMBERED)
        )

    def held_up(self, api: str, seconds: float) -> float:
        """Note that a call took so long; return by how much it was probably held up."""
        with self._lock:
            took = self._took[api]
            before = sorted(took)
            took.append(seconds)
        if len(before) < _FEWEST:
            return 0.0
        usual = median(before)
        late = sum(other - usual > self._tolerance for other in before)
        excess = seconds - usual
        if excess <= self._tolerance or late > _FEW:
            return 0.0
        return min(excess, _LONGEST)
