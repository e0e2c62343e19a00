"""The one way to the server: budget, time-outs, repetition, trace, redaction.

A `zeep.Transport` whose ``post`` never logs an envelope: stock zeep writes them whole
to its DEBUG log, the Logon password included.  One ``requests.Session`` pools the
connections of all threads.  A call runs on the caller's thread, so that an interrupt
ends it at once; its connection is then dropped, the others stay usable.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, field
from io import BytesIO
from typing import NamedTuple, NoReturn

import requests
import zeep

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import (
    AnswerLost,
    BadAnswer,
    CallTimeout,
    CampaignError,
    InvalidOption,
    NotConnected,
    Throttled,
)
from ..secret import Secret
from ..throttle import Budget, Turn, WaitCancelled
from .exchange import Exchange, Watcher, Watchers
from .foreign import our_errors
from .network import AGENT, Network, host_of, http_session
from .redact import redact
from .retry import PASSING, TOO_MANY, Backoff, Timeouts, retry_after

_PIECE = 1 << 18
_LATE = 0.005
"""Seconds after its permit that a call counts as sent late."""

_MAX_ANSWER = 2 << 30
"""Bytes of one answer, decompressed; beyond it a compression bomb is likelier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One call, ready to send; ``action`` is its SOAPAction and budget name.

    ``check`` is given status and body of the answer and raises if it is none;
    ``hurry`` bounds the wait for the budget, in seconds.
    """

    action: str
    message: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    repeatable: bool = False
    check: Callable[[int, bytes], None] | None = None
    cancel: threading.Event | None = None
    hurry: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    exchange: Exchange


@dataclass(slots=True)
class _Tally:
    """What a call has cost so far."""

    seconds: float = 0.0
    waited: float = 0.0
    paused: float = 0.0
    refused_at: float | None = None
    status: int | None = None
    sent: int = 0
    received: int = 0
    tries: int = 0

    @property
    def spent(self) -> float:
        """Seconds that count against the total time-out."""
        return self.seconds + self.paused


class _HttpAnswer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Body(BytesIO):
    """A request's body that knows whether it has left.

    The server cannot act on a call before its body arrives: what was not read from
    here was not executed.  The first read is also when the budget's slot is due, if
    making the connection took a while.
    """

    def __init__(self, message: bytes, turn: Turn, clock: Clock) -> None:
        super().__init__(message)
        self.started = False
        self._turn = turn
        self._clock = clock
        self._permitted = clock.monotonic()

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes for the socket."""
        if not self.started:
            self.started = True
            if self._clock.monotonic() - self._permitted > _LATE:
                self._turn.sent()
        return super().read(size)


class CampaignTransport(zeep.Transport):
    """Sends calls to one instance, from any thread.

    ``secrets`` returns what must never appear in a text, ``identity`` the headers of
    the current session for calls made through zeep itself; `SoapClient` sets both.
    ``backoff`` and ``clock`` are arguments so that tests do not wait.
    """

    def __init__(
        self,
        url: str,
        budget: Budget,
        *,
        network: Network | None = None,
        timeouts: Timeouts | None = None,
        backoff: Backoff | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        network = network or Network()
        super().__init__(  # type: ignore[no-untyped-call]  # zeep has no types
            session=http_session(network, url)
        )
        self.session.adapters.pop("file://")  # zeep's; no file is ever loaded
        self.session.headers["User-Agent"] = AGENT  # zeep put its own
        self.url = f"{url.rstrip('/')}/nl/jsp/soaprouter.jsp"
        self.host = host_of(url)
        self.secrets: Callable[[], Iterable[Secret]] = tuple
        self.identity: Callable[[], Mapping[str, str]] = dict
        self.watchers = Watchers()
        self._verify = network.ca_bundle or True
        self._proxies = network.proxies
        self._budget = budget
        self._timeouts = timeouts or Timeouts()
        self._backoff = backoff or Backoff()
        self._clock = clock
        self._closed = threading.Event()

    def redact(self, text: str) -> str:
        """Mask secrets, and what looks like one, in a text of the server."""
        return redact(text, self.secrets())

    def trace(self, watcher: Watcher) -> AbstractContextManager[None]:
        """Tell ``watcher`` of every call made inside the with-block."""
        return self.watchers.watching(watcher)

    def close(self) -> None:
        """Close all connections; calls that wait for the budget give up."""
        self._closed.set()
        self.session.close()

    def send(self, call: Outgoing) -> Reply:
        """Send one call, again where that is safe, and return the last answer.

        Statuses other than 429 come back as they are.  Raises Throttled, Unreachable,
        CallTimeout, BadAnswer (broken off), or AnswerLost when a call that must not
        be repeated was sent and got no answer.
        """
        tally = _Tally()
        request_id = uuid.uuid4().hex
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": call.action,
            "X-Query-Source": AGENT,
            "x-request-id": request_id,
            **call.headers,
        }
        error = ""
        try:
            answer = self._deliver(call, headers, tally)
            if call.check is not None:
                call.check(answer.status, answer.body)
        except WaitCancelled as failure:
            error = type(failure).__name__
            if self._closed.is_set():
                raise closed() from failure
            raise
        except BaseException as failure:
            error = type(failure).__name__
            if isinstance(failure, CampaignError):
                failure.facts.update(
                    method=call.action,
                    request_id=request_id,
                    seconds=round(tally.seconds, 3),
                    status=tally.status,
                )
            raise
        finally:
            exchange = Exchange(
                method=call.action,
                seconds=tally.seconds,
                waited=tally.waited + tally.paused,
                status=tally.status,
                request_bytes=tally.sent,
                response_bytes=tally.received,
                retries=max(0, tally.tries - 1),
                request_id=request_id,
                error=error,
            )
            self.watchers.tell(exchange)
        return Reply(
            status=answer.status,
            headers=answer.headers,
            body=answer.body,
            exchange=exchange,
        )

    def post(
        self, address: str, message: bytes, headers: Mapping[str, str]
    ) -> requests.Response:
        """Serve zeep's own calls; they are sent once, and nothing is logged."""
        action = headers.get("SOAPAction", "").strip('"')
        reply = self.send(
            Outgoing(action=action, message=message, headers=self.identity())
        )
        response = requests.Response()
        response.status_code = reply.status
        response.headers.update(reply.headers)
        response.raw = BytesIO(reply.body)
        return response

    def load(self, url: str) -> NoReturn:
        """Refuse: WSDL is made from schemas, nothing is downloaded or opened."""
        raise InvalidOption(
            f"{url!r} is not loaded: services are made from schemas",
            hint="use session.call(schema, method, …)",
        )

    def _deliver(
        self, call: Outgoing, headers: Mapping[str, str], tally: _Tally
    ) -> _HttpAnswer:
        """Try until there is an answer to hand out, or no sense in another try."""
        while True:
            try:
                answer = self._attempt(call, headers, tally)
            except CampaignError as failure:
                self._survive(failure, call, tally)
                continue
            wish = self._retry_after(answer)
            if answer.status == TOO_MANY:
                self._patience(wish or 0.0, tally)
            elif (
                answer.status in PASSING
                and call.repeatable
                and self._may_pause(wish, tally)
            ):
                self._pause(wish, call, tally)
            else:
                return answer

    def _retry_after(self, answer: _HttpAnswer) -> float | None:
        return retry_after(answer.headers.get("Retry-After"), self._clock.now())

    def _attempt(
        self, call: Outgoing, headers: Mapping[str, str], tally: _Tally
    ) -> _HttpAnswer:
        """Take a turn of the budget and send once."""
        cancel = call.cancel or self._closed
        with self._budget.turn(call.action, cancel=cancel, timeout=call.hurry) as turn:
            tally.waited += turn.waited
            tally.tries += 1
            tally.sent += len(call.message)
            tally.status = None
            started = self._clock.monotonic()
            body = _Body(call.message, turn, self._clock)
            try:
                with our_errors(self.host):
                    answer = self._exchange(body, headers, tally)
            except CampaignError as failure:
                failure.facts["sent"] = body.started
                raise
            finally:
                tally.seconds += self._clock.monotonic() - started
            tally.status = answer.status
            tally.received += len(answer.body)
            if answer.status == TOO_MANY:
                turn.throttled(self._retry_after(answer))
            else:
                turn.finish(status=answer.status, bytes=len(answer.body))
        return answer

    def _exchange(
        self, body: _Body, headers: Mapping[str, str], tally: _Tally
    ) -> _HttpAnswer:
        """Send and read; an exception on the way drops the connection."""
        limits = self._timeouts
        left = max(0.001, limits.total - tally.spent)
        with closing(
            self.session.post(
                self.url,
                data=body,
                headers=headers,
                timeout=(min(limits.connect, left), min(limits.read, left)),
                verify=self._verify,
                proxies=self._proxies,
                allow_redirects=False,  # a password is not carried to another host
                stream=True,
            )
        ) as response:
            content = self._read(response, self._clock.monotonic() + left)
            return _HttpAnswer(response.status_code, response.headers, content)

    def _read(self, response: requests.Response, deadline: float) -> bytes:
        """Read a body piece by piece, so that a dripping server meets the deadline."""
        pieces: list[bytes] = []
        size = 0
        while piece := response.raw.read1(_PIECE, decode_content=True):
            pieces.append(piece)
            size += len(piece)
            if size > _MAX_ANSWER:
                raise BadAnswer(
                    f"the answer of {self.host} is larger than {_MAX_ANSWER >> 30} GB",
                    hint="ask for fewer rows at a time",
                )
            if self._clock.monotonic() > deadline:
                raise CallTimeout(
                    f"the answer of {self.host} did not end in time",
                    hint="ask for fewer rows, or raise `total` in the timeouts",
                )
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _survive(self, failure: CampaignError, call: Outgoing, tally: _Tally) -> None:
        """Return after a pause if the call may be sent again, else raise."""
        sent = failure.facts.pop("sent", False)
        transient = failure.facts.pop("transient", False)
        safe = call.repeatable or not sent
        if transient and safe and self._may_pause(None, tally):
            self._pause(None, call, tally)
        elif safe:
            raise failure
        else:
            raise lost(call.action, failure.message) from failure

    def _may_pause(self, wish: float | None, tally: _Tally) -> bool:
        left = self._timeouts.total - tally.spent
        return tally.tries <= self._backoff.retries and (wish or 0.0) < left

    def _pause(self, wish: float | None, call: Outgoing, tally: _Tally) -> None:
        seconds = max(wish or 0.0, self._backoff.pause(tally.tries - 1))
        tally.paused += seconds
        if self._clock.wait(seconds, call.cancel or self._closed):
            raise WaitCancelled(f"{call.action} was cancelled between two tries")

    def _patience(self, wish: float, tally: _Tally) -> None:
        """Go on after a 429: the budget's next turn waits as long as it must."""
        now = self._clock.monotonic()
        if tally.refused_at is None:
            tally.refused_at = now
        if now - tally.refused_at + wish >= self._timeouts.total:
            raise Throttled(
                f"{self.host} refused with HTTP 429, {tally.tries} times",
                hint="lower `tps` in the profile, or ask who else uses the API",
                retry_after=wish,
            )


def closed() -> NotConnected:
    """Return the error for a call on a session that has been closed."""
    return NotConnected("this session is closed", hint="connect again")


def lost(action: str, cause: str) -> AnswerLost:
    """Return the error for a write of which nobody knows whether it was applied."""
    return AnswerLost(
        f"{action} was sent, and no answer tells whether it was applied ({cause})",
        hint="look at the records it names before you send it again",
    )
