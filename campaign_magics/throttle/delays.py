"""Learns from the answers how long calls may be held up on their way to the server.

A lost packet or a busy machine delays a call by more than the headroom allows for.
The answer then comes late by as much, which is known in time: the place in the window
that the call gives free is a second away.  Where answers vary in any case, nothing can
be told from one that is late; nothing is assumed then, and the headroom is larger.

A machine that has more to do than it can also wakes those late who wait for their turn.
While it does, every late answer counts: keeping the limit goes before using it up.
"""

from __future__ import annotations

import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from statistics import median

HEADROOM = 0.016
"""Seconds that the way of a call to the server may vary without breaking the limit.

It costs 1.6 % of the budget, less where the server answers sooner than that."""

STEADY_HEADROOM = 0.012
"""The same where answers come evenly, so that a call held up for longer shows."""

_REMEMBERED = 128
_FEWEST = 4
_FEW = 0.125
"""Share of late answers among those remembered up to which being late means something.

Calls under way together are held up together: a second of 4 threads and one hiccup must
not look like a server that varies."""

_LONGEST = 0.25
"""Seconds that a call is thought to be held up at most: a packet sent again."""

_AFFORDED = 0.005
"""Mean seconds by which places in the window are kept longer: 0.5 % of the budget."""

_NAPS = 32
_BUSY = 0.003
"""Mean seconds of oversleeping above which the machine is busy."""


@dataclass(slots=True)
class _Answers:
    """The latest answers of one API: how long they took, what was added for it."""

    took: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    added: deque[float] = field(default_factory=lambda: deque(maxlen=_REMEMBERED))
    steady: bool = False


class Delays:
    """How long the latest calls of each API took; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: defaultdict[str, _Answers] = defaultdict(_Answers)
        self._overslept: deque[float] = deque(maxlen=_NAPS)

    def overslept(self, seconds: float) -> None:
        """Note by how much somebody who waited woke up late."""
        with self._lock:
            self._overslept.append(seconds)

    def headroom(self, api: str) -> float:
        """Return the seconds to allow for the way of the next call."""
        with self._lock:
            return STEADY_HEADROOM if self._answers[api].steady else HEADROOM

    def held_up(self, api: str, seconds: float) -> float:
        """Note that a call took so long; return by how much it was probably held up."""
        with self._lock:
            answers = self._answers[api]
            delay = _delay(answers, seconds, busy=self._busy())
            answers.took.append(seconds)
            answers.added.append(delay)
            return delay

    def _busy(self) -> bool:
        naps = self._overslept
        return len(naps) >= _FEWEST and sum(naps) > _BUSY * len(naps)


def _delay(answers: _Answers, seconds: float, *, busy: bool) -> float:
    known = len(answers.took)
    if known < _FEWEST:
        return 0.0
    usual = median(answers.took)
    late = sum(took - usual > STEADY_HEADROOM for took in answers.took)
    few = late <= max(1.0, _FEW * known)
    answers.steady = few and not busy and known >= _REMEMBERED // 4
    excess = seconds - usual
    if excess <= STEADY_HEADROOM or not (few or busy):
        return 0.0
    delay = min(excess, _LONGEST)
    left = _AFFORDED * _REMEMBERED - sum(answers.added)
    return delay if busy or delay <= left else 0.0
