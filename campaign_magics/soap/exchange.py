"""Watching the wire: frozen facts of each call, already free of secrets."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One SOAP call as it happened, retries included.

    ``seconds`` were spent with the server, ``waited`` for the budget and between
    tries; ``status`` is the last HTTP status, None when no answer came; ``error``
    names the exception that ended the call.
    """

    method: str
    seconds: float
    waited: float
    status: int | None
    request_bytes: int
    response_bytes: int
    retries: int
    request_id: str
    error: str = ""


Watcher = Callable[[Exchange], object]


class Watchers:
    """Who is told of each call; any thread may add, remove and tell."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watchers: tuple[Watcher, ...] = ()

    @contextmanager
    def watching(self, watcher: Watcher) -> Iterator[None]:
        """Tell ``watcher`` of every call made inside the with-block."""
        with self._lock:
            self._watchers = (*self._watchers, watcher)
        try:
            yield
        finally:
            with self._lock:
                rest = list(self._watchers)
                rest.remove(watcher)
                self._watchers = tuple(rest)

    def tell(self, exchange: Exchange) -> None:
        """Tell everyone; a watcher's mistake must not cost the caller the answer."""
        _log.debug("%s", exchange)
        for watcher in self._watchers:
            try:
                watcher(exchange)
            except Exception:
                _log.exception("a trace callback failed")
