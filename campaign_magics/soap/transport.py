"""The one way to the server: budget, repetition, trace, redaction.

A `zeep.Transport` whose ``post`` never logs an envelope: stock zeep writes them whole
to its DEBUG log, the Logon password included.  A call runs on the caller's thread, so
that an interrupt ends it at once; its connection is then dropped, the others stay
usable.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from io import BytesIO
from typing import NoReturn

import requests
import zeep

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import (
    AnswerLost,
    CampaignError,
    InvalidOption,
    NotConnected,
    Throttled,
)
from ..secret import Secret
from ..throttle import Budget, WaitCancelled
from .exchange import Watcher, Watchers
from .network import AGENT, Network, Pool
from .parcel import Body, HttpAnswer, Outgoing, Reply, Tally
from .redact import redact
from .retry import PASSING, TOO_MANY, Backoff, Timeouts, retry_after


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
        self._timeouts = timeouts or Timeouts()
        self.pool = Pool(url, network or Network(), self._timeouts)
        super().__init__(session=self.pool.session)  # type: ignore[no-untyped-call]
        self.session.adapters.pop("file://")  # zeep's; no file is ever loaded
        self.session.headers["User-Agent"] = AGENT  # zeep put its own
        self._base = url.rstrip("/")
        self.url = f"{self._base}/nl/jsp/soaprouter.jsp"
        self.host = self.pool.host
        self.clock = clock
        self.secrets: Callable[[], Iterable[Secret]] = tuple
        self.identity: Callable[[], Mapping[str, str]] = dict
        self._watchers = Watchers()
        self._budget = budget
        self._backoff = backoff or Backoff()
        self._closed = threading.Event()

    def redact(self, text: str) -> str:
        """Mask secrets, and what looks like one, in a text of the server."""
        return redact(text, self.secrets())

    def trace(self, watcher: Watcher) -> AbstractContextManager[None]:
        """Tell ``watcher`` of every call made inside the with-block."""
        return self._watchers.watching(watcher)

    def close(self) -> None:
        """Close all connections; calls that wait for the budget give up."""
        self._closed.set()
        self.pool.close()

    def send(self, call: Outgoing) -> Reply:
        """Send one call, again where that is safe, and return the last answer.

        Statuses other than 429 come back as they are, unless ``call.check`` raises.
        Raises Throttled, Unreachable, CallTimeout, BadAnswer (broken off),
        NotConnected (closed), or AnswerLost when a call that must not be repeated was
        sent and got no answer.
        """
        tally = Tally()
        request_id = uuid.uuid4().hex
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": call.action,
            "X-Query-Source": AGENT,
            "x-request-id": request_id,
            **call.headers,
        }
        try:
            answer = self._deliver(call, headers, tally)
            if call.check is not None:
                call.check(answer.status, answer.body)
        except BaseException as failure:
            tally.error = type(failure).__name__
            if isinstance(failure, CampaignError):
                failure.facts.update(
                    method=call.action,
                    request_id=request_id,
                    seconds=round(tally.seconds, 3),
                    status=tally.status,
                )
            elif isinstance(failure, WaitCancelled) and self._closed.is_set():
                raise closed() from failure
            raise
        finally:
            exchange = tally.exchange(call.action, request_id)
            self._watchers.tell(exchange)
        return Reply(answer=answer, exchange=exchange)

    def post(
        self, address: str, message: bytes, headers: Mapping[str, str]
    ) -> requests.Response:
        """Serve zeep's own calls; they are sent once, and nothing is logged."""
        action = headers.get("SOAPAction", "").strip('"')
        answer = self.send(
            Outgoing(action=action, message=message, headers=self.identity())
        ).answer
        response = requests.Response()
        response.status_code = answer.status
        response.headers.update(answer.headers)
        response.raw = BytesIO(answer.body)
        return response

    def page(self, path: str) -> bytes:
        """Return an anonymous page of the instance; no SOAP, hence no budget."""
        answer = self.pool.exchange("GET", f"{self._base}{path}")
        return answer.body if answer.status == 200 else b""

    def load(self, url: str) -> NoReturn:
        """Refuse: WSDL is made from schemas, nothing is downloaded or opened."""
        raise InvalidOption(
            f"{url!r} is not loaded: services are made from schemas.",
            hint="use session.call(schema, method, …)",
        )

    def _deliver(
        self, call: Outgoing, headers: dict[str, str], tally: Tally
    ) -> HttpAnswer:
        """Try until there is an answer to hand out, or no sense in another try."""
        while True:
            try:
                answer = self._attempt(call, headers, tally)
            except CampaignError as failure:
                self._survive(failure, call, tally)
                continue
            wish = self._retry_after(answer)
            passing = answer.status in PASSING and call.repeatable
            if answer.status == TOO_MANY and call.hurry is None:
                self._endure(wish or 0.0, tally)
            elif passing and self._may_pause(wish, call, tally):
                self._pause(wish, call, tally)
            else:
                return answer

    def _attempt(
        self, call: Outgoing, headers: dict[str, str], tally: Tally
    ) -> HttpAnswer:
        """Take a turn of the budget and send once."""
        cancel = call.cancel or self._closed
        with self._budget.turn(call.action, cancel=cancel, timeout=call.hurry) as turn:
            tally.waited += turn.waited
            tally.tries += 1
            tally.sent += len(call.message)
            tally.status = None
            started = self.clock.monotonic()
            body = Body(call.message, turn)
            left = self._timeouts.total - tally.spent
            left = left if call.hurry is None else min(left, call.hurry)
            try:
                answer = self.pool.exchange(
                    "POST", self.url, body=body, headers=headers, left=left
                )
            except CampaignError as failure:
                failure.facts["sent"] = body.started
                raise
            finally:
                tally.seconds += self.clock.monotonic() - started
            tally.status = answer.status
            tally.received += len(answer.body)
            if answer.status == TOO_MANY:
                turn.throttled(self._retry_after(answer))
            else:
                turn.finish(status=answer.status, bytes=len(answer.body))
        return answer

    def _retry_after(self, answer: HttpAnswer) -> float | None:
        return retry_after(answer.headers.get("Retry-After"), self.clock.now())

    def _survive(self, failure: CampaignError, call: Outgoing, tally: Tally) -> None:
        """Return after a pause if the call may be sent again, else raise."""
        sent = failure.facts.pop("sent", False)
        transient = failure.facts.pop("transient", False)
        safe = call.repeatable or not sent
        if transient and safe and self._may_pause(None, call, tally):
            self._pause(None, call, tally)
        elif safe:
            raise failure
        else:
            raise lost(call.action, failure.message) from failure

    def _may_pause(self, wish: float | None, call: Outgoing, tally: Tally) -> bool:
        if call.hurry is not None or tally.tries > self._backoff.retries:
            return False
        return (wish or 0.0) < self._timeouts.total - tally.spent

    def _pause(self, wish: float | None, call: Outgoing, tally: Tally) -> None:
        seconds = max(wish or 0.0, self._backoff.pause(tally.tries - 1))
        tally.paused += seconds
        if self.clock.wait(seconds, call.cancel or self._closed):
            raise WaitCancelled(f"{call.action} was cancelled between two tries")

    def _endure(self, wish: float, tally: Tally) -> None:
        """Go on after a 429: the budget's next turn waits as long as it must."""
        now = self.clock.monotonic()
        if tally.refused_at is None:
            tally.refused_at = now
        if now - tally.refused_at + wish >= self._timeouts.total:
            raise Throttled(
                f"{self.host} refused with HTTP 429, {tally.tries} times.",
                hint="lower `tps` in the profile, or ask who else uses the API",
                retry_after=wish,
            )


def closed() -> NotConnected:
    """Return the error for a call on a session that has been closed."""
    return NotConnected("This session is closed.", hint="connect again")


def lost(action: str, cause: str) -> AnswerLost:
    """Return the error for a write of which nobody knows whether it was applied."""
    return AnswerLost(
        f"{action} was sent, and no answer tells whether it was applied. {cause}",
        hint="read back the records it names before you send it again",
    )
