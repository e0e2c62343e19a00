"""The effective rate after a 429: down at once, then up again with time.

The rate falls to the number of calls that the server did accept in the second before
the refused one; if that is what the rate allows, the call was only early (the way to
the server varies) and nothing falls unless it happens again.  The rate stays down for
``HOLD`` seconds and climbs, slowly first, to reach the limit ``FULL`` seconds after the
refusal.  While the server keeps its lower limit, the climb costs one refused call every
20 seconds or so; when the server lifts it, the full rate is back within 30.  Time does
the restoring: there is nothing to write down for each success, and sharers agree
without talking.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

HOLD = 15.0
"""Seconds without change after a refusal."""

FULL = 28.0
"""Seconds after which the limit applies again."""

LOWEST = 0.1
"""Calls a second that remain however often the server refuses."""

CONSTANTS = {"HOLD": HOLD, "FULL": FULL, "LOWEST": LOWEST}
"""The numbers of this law, for where it runs in another language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ease:
    """A rate lowered by a 429.

    ``level`` is the lowered rate, ``start`` the rate before (None: unlimited),
    ``since`` the monotonic time when calls may go on.
    """

    level: float
    start: float | None
    since: float


def eased_rate(ease: Ease | None, limit: float | None, now: float) -> float | None:
    """Return calls a second at ``now``; None is unlimited.

    Rates between ``level`` and ``limit`` are whole numbers: a fraction more would be
    tried out, and refused, at once.
    """
    if ease is None:
        return limit
    climb = max(0.0, (now - ease.since - HOLD) / (FULL - HOLD))
    top = 2 * ease.level if limit is None else limit
    rate = ease.level + (top - ease.level) * climb**2
    if limit is not None and rate >= limit:
        return limit
    return float(math.floor(rate)) if rate >= 1 else rate


def lower(
    ease: Ease | None,
    limit: float | None,
    *,
    accepted: int,
    sent: float,
    now: float,
    since: float,
) -> Ease:
    """Return the ease after a 429 to a call that was sent at ``sent``.

    ``accepted`` counts the calls before it in the same second that were not refused.
    Calls that were in flight when the first 429 came belong to the same event: they
    make its count exact and do not lower the rate a second time.
    """
    if ease is not None and sent <= ease.since:
        level = min(ease.level, _level(ease.start, accepted))
        return Ease(level=level, start=ease.start, since=max(ease.since, since))
    start = eased_rate(ease, limit, now)
    calm = ease is None or now - ease.since > FULL
    if calm and start is not None and 1 <= start <= accepted + 1:
        return Ease(level=start, start=start, since=since)
    return Ease(level=_level(start, accepted), start=start, since=since)


def _level(start: float | None, accepted: int) -> float:
    """At least half the rate, and at least one whole call less."""
    if start is None:
        return max(1.0, float(accepted))
    highest = max(math.floor(start) - 1, start / 2)
    return max(LOWEST, start / 2, min(accepted, highest))
