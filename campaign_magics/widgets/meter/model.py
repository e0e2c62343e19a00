"""What a meter shows, without saying how: a budget's last minute in numbers and words.

The widget, its static twin and ``%campaign_meter --text`` are made from this alone.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable
from dataclasses import dataclass

from ...session.progress import Progress, duration
from ...throttle import Snapshot

SECONDS = 60
"""How far back the chart goes; the totals of an API go back as far as the history."""

_BARS = " ▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Second:
    """Calls that one second saw: this kernel's, other kernels', and 429s of all."""

    own: int = 0
    others: int = 0
    refused: int = 0

    @property
    def calls(self) -> int:
        """Calls sent in it, whoever sent them."""
        return self.own + self.others


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiLine:
    """One API: calls in the last second, its limit and rate; totals of ten minutes."""

    api: str
    used: int
    limit: float | None
    rate: float | None
    waiting: int
    calls: int
    refused: int
    errors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeterView:
    """One look at a budget and at the work that spends it.

    ``used`` are the calls of the last second, ``waiting`` those in line, ``blocked``
    the whole seconds until calls go on after a 429; ``rate`` is what applies while it
    is ``eased``.  ``seconds`` are the last minute, the latest last; ``waited`` is the
    seconds that calls waited in it, added up.  ``at`` is since the epoch.
    """

    instance: str
    at: float
    shared: bool
    limit: float | None
    rate: float | None
    eased: bool
    used: int
    waiting: int
    blocked: int
    waited: float
    seconds: tuple[Second, ...]
    apis: tuple[ApiLine, ...]
    works: tuple[Progress, ...] = ()

    @property
    def own(self) -> int:
        """Calls of this kernel in the last minute."""
        return sum(second.own for second in self.seconds)

    @property
    def others(self) -> int:
        """Calls of other kernels in the last minute."""
        return sum(second.others for second in self.seconds)

    @property
    def refused(self) -> int:
        """HTTP 429 in the last minute."""
        return sum(second.refused for second in self.seconds)

    @property
    def busiest(self) -> int:
        """Calls in the busiest second of the last minute, by the clock on the wall."""
        return max(second.calls for second in self.seconds)

    @property
    def top(self) -> float:
        """Calls a second at full height: the limit, or what went above it."""
        return max(self.limit or 0.0, self.busiest, 1.0)

    @property
    def moves(self) -> bool:
        """True while the next look may differ though no further call is made."""
        return bool(self.used or self.waiting or self.blocked or self.works)


def look(snapshot: Snapshot, works: Iterable[Progress] = ()) -> MeterView:
    """Return what there is to see in a snapshot of a budget."""
    now = math.floor(snapshot.at)
    counts = {second: [0, 0, 0] for second in range(now - SECONDS + 1, now + 1)}
    waited = 0.0
    for usage in snapshot.history:
        if usage.second in counts:
            count = counts[usage.second]
            count[0 if usage.kernel == snapshot.kernel else 1] += usage.calls
            count[2] += usage.throttled
            waited += usage.waited
    return MeterView(
        instance=snapshot.instance,
        at=snapshot.at,
        shared=snapshot.shared,
        limit=snapshot.limit,
        rate=snapshot.rate,
        eased=snapshot.eased,
        used=snapshot.used,
        waiting=snapshot.waiting,
        blocked=math.ceil(snapshot.blocked),
        waited=waited,
        seconds=tuple(Second(*count) for count in counts.values()),
        apis=tuple(
            ApiLine(
                api=one.api,
                used=one.used,
                limit=one.limit,
                rate=one.rate,
                waiting=one.waiting,
                calls=one.total.calls,
                refused=one.total.throttled,
                errors=one.total.errors,
            )
            for one in snapshot.apis
        ),
        works=tuple(works),
    )


def usage_words(view: MeterView) -> str:
    """Return calls in the last second against the limit: ``7 of 10 a second``."""
    if view.limit is None:
        return f"{view.used} a second, no limit"
    return f"{view.used} of {view.limit:g} a second"


def state_words(view: MeterView) -> str:
    """Return what keeps calls back: a lowered rate, a pause, those in line."""
    eased = view.eased and view.rate is not None
    parts = [
        f"eased to {view.rate:g} a second after HTTP 429" if eased else "",
        f"paused for {view.blocked} s" if view.blocked else "",
        f"{view.waiting} waiting",
    ]
    return " · ".join(part for part in parts if part)


def minute_words(view: MeterView) -> str:
    """Return the last minute in one sentence part."""
    calls = "call" if view.own == 1 else "calls"
    others = f"{view.others:,} by other kernels" if view.shared else "others not seen"
    return f"{view.own:,} {calls} here, {others}, {view.refused:,} refused (429)"


def clock_words(at: float) -> str:
    """Return a time since the epoch as the clock on the wall shows it."""
    return time.strftime("%H:%M:%S", time.localtime(at))


def rows(view: MeterView) -> list[tuple[str, str]]:
    """Return name and text of each fact: now, last minute, every API."""
    found = [
        ("now", f"{usage_words(view)}, {state_words(view)}"),
        ("last minute", minute_words(view)),
        ("", _chart(view)),
        ("waited", duration(view.waited)),
    ]
    found += [("running", str(work)) for work in view.works]
    return found + [(api.api, _api_words(api)) for api in view.apis]


def as_text(view: MeterView) -> str:
    """Return the rows as lined-up text."""
    found = rows(view)
    width = max(len(name) for name, _ in found)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in found)


def _api_words(api: ApiLine) -> str:
    limit = "" if api.limit is None else f" of {api.limit:g}"
    calls = "call" if api.calls == 1 else "calls"
    return (
        f"{api.used}{limit} a second, {api.calls:,} {calls}, "
        f"{api.refused} refused, {api.errors} errors"
    )


def _chart(view: MeterView) -> str:
    """Draw one bar a second."""
    steps = len(_BARS) - 1
    return "".join(
        _BARS[math.ceil(second.calls / view.top * steps)] for second in view.seconds
    )
