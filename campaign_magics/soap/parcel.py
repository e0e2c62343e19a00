"""What travels: a call on its way out, the answer on its way in, and the tally."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO

from ..throttle import Turn
from .exchange import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One call, ready to send; ``action`` is its SOAPAction and budget name.

    ``check`` is given status and body of the answer and raises if it is none.
    ``hurry`` is for calls of little weight: they are tried once, and both the wait
    for the budget and the answer may take that many seconds.
    """

    action: str
    message: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = False
    check: Callable[[int, bytes], None] | None = None
    cancel: threading.Event | None = None
    hurry: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpAnswer:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The last answer to a call, and what the call cost."""

    answer: HttpAnswer
    exchange: Exchange


@dataclass(slots=True)
class Tally:
    """What a call has cost so far; seconds, bytes, tries."""

    seconds: float = 0.0
    waited: float = 0.0
    paused: float = 0.0
    refused_at: float | None = None
    status: int | None = None
    sent: int = 0
    received: int = 0
    tries: int = 0
    error: str = ""

    @property
    def spent(self) -> float:
        """Seconds that count against the total time-out."""
        return self.seconds + self.paused

    def exchange(self, method: str, request_id: str) -> Exchange:
        """Return the facts for those who watch."""
        return Exchange(
            method=method,
            seconds=self.seconds,
            waited=self.waited + self.paused,
            status=self.status,
            request_bytes=self.sent,
            response_bytes=self.received,
            retries=max(0, self.tries - 1),
            request_id=request_id,
            error=self.error,
        )


class Body(BytesIO):
    """A request's body that knows whether it has left.

    The server cannot act on a call before its body arrives: what was not read from
    here was not executed.  The first read is also when the budget's slot is due, if
    making the connection took a while.
    """

    def __init__(self, message: bytes, turn: Turn) -> None:
        super().__init__(message)
        self.started = False
        self._turn = turn

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes for the socket."""
        if not self.started:
            self.started = True
            self._turn.sent()
        return super().read(size)
