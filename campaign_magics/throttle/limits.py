"""What the limits are, and the sliding window that each one means."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..errors import InvalidOption


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls a second: ``default`` for all calls together, ``per_api`` for single APIs.

    An API is named as its SOAPAction: ``"xtk:queryDef#ExecuteQuery"``.  None means no
    limit until the server refuses a call.  Raises InvalidOption unless every limit is
    a number above 0.
    """

    default: float | None = None
    per_api: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        named = {"tps": self.default, **self.per_api}
        for name, limit in named.items():
            if limit is not None and not 0 < limit < math.inf:
                raise InvalidOption(
                    f"The limit {name} = {limit} is not a number above 0.",
                    hint="give calls a second, for example 10 or 0.5",
                )

    def of(self, api: str) -> float | None:
        """Return the limit of one API, or of the instance for ``""``."""
        return self.per_api.get(api) if api else self.default


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``calls`` in any ``seconds``, wherever they start."""

    calls: int
    seconds: float


def window(rate: float) -> Window:
    """Return the window of a rate: whole calls, so 2.5 a second is 2 in 0.8 s."""
    calls = max(1, math.floor(rate))
    return Window(calls, calls / rate)
