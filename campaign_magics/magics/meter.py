"""The budget in words: what the meter shows where no widget runs."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..throttle import Snapshot

_BARS = " ▁▂▃▄▅▆▇█"
_SECONDS = 60


def meter_rows(snapshot: Snapshot) -> list[tuple[str, str]]:
    """Return name and text of each fact: now, last minute, every API."""
    limit = "no limit" if snapshot.limit is None else f"of {snapshot.limit:g}"
    eased = f", eased to {snapshot.rate:g}" if snapshot.eased and snapshot.rate else ""
    recent = [u for u in snapshot.history if u.second > snapshot.at - _SECONDS]
    own = sum(u.calls for u in recent if u.kernel == snapshot.kernel)
    others = sum(u.calls for u in recent) - own
    rows = [
        ("now", f"{snapshot.used} {limit} a second{eased}, {snapshot.waiting} waiting"),
        ("last minute", f"{own} calls here, {others} by other kernels"),
        ("", _chart(snapshot)),
        ("refused (429)", str(sum(u.throttled for u in recent))),
        ("waited", f"{sum(u.waited for u in recent):.1f} s"),
    ]
    rows += [
        (
            api.api,
            f"{api.used} a second, {api.total.calls} calls, "
            f"{api.total.throttled} refused, {api.total.errors} errors",
        )
        for api in snapshot.apis
    ]
    return rows


def meter_text(snapshot: Snapshot) -> str:
    """Return the rows as aligned text."""
    rows = meter_rows(snapshot)
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in rows)


def _chart(snapshot: Snapshot) -> str:
    """Draw one bar a second; full height is the limit, or the busiest second."""
    calls: Counter[int] = Counter()
    for usage in snapshot.history:
        calls[usage.second] += usage.calls
    now = int(snapshot.at)
    counts = [calls[second] for second in range(now - _SECONDS + 1, now + 1)]
    top = snapshot.limit or max(counts) or 1
    steps = len(_BARS) - 1
    heights = (math.ceil(count / top * steps) for count in counts)
    return "".join(_BARS[min(steps, height)] for height in heights)
