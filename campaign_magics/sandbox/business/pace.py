"""How long things take here: quick enough for a lesson, slow enough to watch.

Nobody documents Campaign's durations, which depend on the machine: all assumed.
"""

from __future__ import annotations

from typing import Final

TICK: Final = 0.5
"""Seconds that a request to start, pause, stop or cancel takes to be heard."""

STEP: Final = 1.0
"""Seconds of each step of an analysis, and of each task of a workflow."""

BATCHES: Final = 10
"""A delivery sends its messages in at most this many steps."""

MESSAGES_PER_SECOND: Final = 2_000
LONGEST_SENDING: Final = 60.0

REACTION: Final = 120.0
"""Mean seconds from a message to its first open; clicks follow an open sooner."""

TRACKING: Final = 15.0
LONGEST_TRACKING: Final = 240.0
"""Seconds to the first collection of opens and clicks; each gap doubles the last."""

LAST_REACTION: Final = 1_800.0
"""Seconds after which nobody reacts any more."""

SCHEDULE: Final = 3_600.0
"""Seconds between two runs of a workflow with a scheduler."""


def sending_step(messages: int) -> float:
    """Return the seconds between two batches of a delivery of this size."""
    whole = min(max(messages / MESSAGES_PER_SECOND, 1.0), LONGEST_SENDING)
    return whole / BATCHES
