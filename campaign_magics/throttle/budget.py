"""The budget of one instance: wait for a turn, take it, say how it went."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from types import TracebackType

from ..clock import SYSTEM_CLOCK, Clock
from ..errors import Throttled
from .delays import HEADROOM, Delays
from .easing import eased_rate
from .ledger import INSTANCE, Ask, Permit
from .limits import Limits
from .store import MemoryStore, Store, View
from .usage import HISTORY_SECONDS, ApiUsage, Snapshot, Usage, kernel_id, total
from .watch import Watch

_LATE = 0.003
"""Seconds from permit to sending that the headroom takes care of."""

_TRIES = 3
"""How often a call is noted as sent late: noting it takes time as well."""


class WaitCancelled(Exception):
    """The ``cancel`` event was set while a call waited for its turn."""


class Budget:
    """Calls a second to one instance, shared through ``store`` with other kernels.

    ``limits`` are calls a second.  Calls wait in order of arrival; no second, wherever
    it starts, holds more of them than the limit.  A 429 lowers the rate for all
    sharers at once and the limit is back within 30 s of the last one (``easing``).
    """

    def __init__(
        self,
        instance: str,
        limits: Limits | None = None,
        store: Store | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.instance = instance
        self.limits = limits or Limits()
        self._store = store or MemoryStore()
        self._clock = clock
        self._delays = Delays()
        self._watch = Watch(self.revision, self.snapshot, clock)

    def __repr__(self) -> str:
        view = self._store.view(1, self._clock)
        whole = self._usage_of(INSTANCE, view)
        waiting = sum(view.ledger.waiting(view.now).values())
        of = f" of {whole.limit:g} a second" if whole.limit else " a second, no limit"
        name = type(self).__name__
        return f"{name}({self.instance!r}: {whole.used}{of}, {waiting} waiting)"

    def turn(
        self,
        api: str,
        *,
        cancel: threading.Event | None = None,
        timeout: float | None = None,
    ) -> Turn:
        """Return a context manager that waits for a turn to call ``api``.

        Entering it raises WaitCancelled as soon as ``cancel`` is set, and Throttled
        when no turn came within ``timeout`` seconds.  KeyboardInterrupt ends the wait
        too; the place in the queue is given up each time.
        """
        return Turn(self, api, cancel, timeout)

    def snapshot(self, seconds: int = HISTORY_SECONDS) -> Snapshot:
        """Return limits, usage now, and the history of the last ``seconds``."""
        view = self._store.view(seconds, self._clock)
        names = {row.api for row in view.usage} | set(view.ledger.buckets)
        names = (names | set(self.limits.per_api)) - {INSTANCE}
        whole = self._usage_of(INSTANCE, view)
        epoch = self._clock.now() - view.now
        return Snapshot(
            instance=self.instance,
            at=self._clock.now(),
            kernel=kernel_id(),
            shared=self._store.shared,
            limit=whole.limit,
            rate=whole.rate,
            used=whole.used,
            waiting=sum(view.ledger.waiting(view.now).values()),
            blocked=_blocked(view),
            apis=tuple(self._usage_of(api, view) for api in sorted(names)),
            history=tuple(_dated(row, epoch) for row in view.usage),
        )

    def revision(self) -> int:
        """Return a number that is another one after each change, whoever made it.

        Cheaper than a snapshot; calls of the last second fade without a change.
        """
        return self._store.view(0, self._clock).ledger.revision

    def subscribe(self, callback: Callable[[Snapshot], None]) -> Callable[[], None]:
        """Call ``callback`` with a Snapshot after changes, at most 5 times a second.

        Returns the function that ends it.  One daemon thread serves all subscribers
        and is gone with the last; without subscribers there is none.
        """
        return self._watch.subscribe(callback)

    def close(self) -> None:
        """End the subscriptions and release the store."""
        self._watch.close()
        self._store.close()

    def _take(
        self, api: str, cancel: threading.Event | None, timeout: float | None
    ) -> tuple[Permit, float]:
        """Wait for a permit; return it and the seconds waited."""
        start = self._clock.monotonic()
        ticket: int | None = None
        try:
            while True:
                if cancel is not None and cancel.is_set():
                    raise WaitCancelled(f"the wait for {api} was cancelled")
                waited = self._clock.monotonic() - start
                answer = self._store.ask(self._ask(api, ticket, waited), self._clock)
                if isinstance(answer, Permit):
                    return answer, waited if ticket is not None else 0.0
                ticket = answer.ticket
                left = math.inf if timeout is None else timeout - waited
                if left <= 0:
                    raise _too_long(api, waited)
                self._nap(min(answer.seconds, left), cancel)
        except BaseException:
            if ticket is not None:
                self._store.leave(ticket)
            raise

    def _nap(self, seconds: float, cancel: threading.Event | None) -> None:
        asleep = self._clock.monotonic()
        if not self._clock.wait(seconds, cancel):
            self._delays.overslept(self._clock.monotonic() - asleep - seconds)

    def _ask(self, api: str, ticket: int | None, waited: float) -> Ask:
        return Ask(
            api=api,
            limits=self.limits,
            headroom=self._delays.headroom(api),
            ticket=ticket,
            kernel=kernel_id(),
            waited=waited,
        )

    def _usage_of(self, api: str, view: View) -> ApiUsage:
        bucket = view.ledger.bucket(api)
        limit = self.limits.of(api)
        return ApiUsage(
            api=api,
            limit=limit,
            rate=eased_rate(bucket.ease, limit, view.now),
            used=bucket.count(view.now - 1.0 + HEADROOM),
            waiting=view.ledger.waiting(view.now)[api],
            total=total((row for row in view.usage if row.api == api), api=api),
        )


class Turn:
    """One call's leave to be sent; made by ``Budget.turn``.

    ``waited`` is the seconds it took to get it.
    """

    def __init__(
        self,
        budget: Budget,
        api: str,
        cancel: threading.Event | None,
        timeout: float | None,
    ) -> None:
        self.api = api
        self.waited = 0.0
        self._budget = budget
        self._cancel = cancel
        self._timeout = timeout
        self._permit: Permit | None = None

    def __enter__(self) -> Turn:
        taken = self._budget._take(self.api, self._cancel, self._timeout)
        self._permit, self.waited = taken
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish(status=200 if kind is None else 0)

    def sent(self) -> None:
        """Say that the request leaves now, perhaps a TLS handshake after the permit.

        Optional: without it, a call that left late may meet its successor at the
        server, and a 429.  Costs nothing when little time has passed.
        """
        budget = self._budget
        headroom = budget._delays.headroom(self.api)
        for _ in range(_TRIES):
            permit = self._permit
            if permit is None or budget._clock.monotonic() - permit.given <= _LATE:
                return
            self._permit = budget._store.sent(permit, headroom, budget._clock)

    def finish(self, *, status: int = 200, bytes: int = 0) -> None:  # noqa: A002
        """Say how the call ended: its HTTP status (0: no answer) and bytes received.

        The end of the with-block does it where nobody did; only the first word counts.
        """
        if status == 429:
            self.throttled()
        permit, self._permit = self._permit, None
        if permit is not None:
            counts = Usage(
                second=0,
                api=self.api,
                kernel=kernel_id(),
                errors=int(not 0 < status < 400),
                bytes=bytes,
            )
            budget = self._budget
            took = budget._clock.monotonic() - permit.given
            held_up = budget._delays.held_up(self.api, took)
            budget._store.settle(permit, counts, budget._clock, held_up=held_up)

    def throttled(self, retry_after: float | None = None) -> None:
        """Say that the server answered 429, with its Retry-After in seconds.

        Lowers the rate and pauses the calls of all sharers.  The call has to be made
        again in a turn of its own.
        """
        permit, self._permit = self._permit, None
        if permit is not None:
            budget = self._budget
            budget._store.refuse(
                permit, kernel_id(), budget.limits, retry_after, budget._clock
            )


def _too_long(api: str, waited: float) -> Throttled:
    return Throttled(
        f"No turn for {api} came within {waited:.1f} s.",
        hint="other calls use the budget up; wait, or raise the limit in the profile",
        api=api,
        waited=waited,
    )


def _blocked(view: View) -> float:
    ends = [bucket.blocked_until for bucket in view.ledger.buckets.values()]
    return max(0.0, *(end - view.now for end in ends)) if ends else 0.0


def _dated(row: Usage, epoch: float) -> Usage:
    """Return a row whose second counts from the epoch instead of the boot."""
    # Not replace(): there are thousands, and it takes four times as long.
    return Usage(
        second=math.floor(row.second + epoch),
        api=row.api,
        kernel=row.kernel,
        calls=row.calls,
        waits=row.waits,
        waited=row.waited,
        throttled=row.throttled,
        errors=row.errors,
        bytes=row.bytes,
    )
