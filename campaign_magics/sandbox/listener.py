"""The socket side: cheroot, taught when a request arrived and how to stop at once."""

# mypy: disable-error-code="no-untyped-call"
# cheroot ships stubs without types.

from __future__ import annotations

import logging
import os
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cheroot import server, wsgi

from .chunked import ChunkedBody
from .mishaps.spoil import RESET
from .web import ARRIVED

WORKERS = 32
"""Requests handled at a time; more of them wait in a queue."""

_IDLE_SECONDS = 300
"""How long a silent connection is kept, and how long a stalled reader may stall."""

_MOST_IDLE = 1_000
_HEADER_BYTES = 64 * 1024
_DROP = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
"""SO_LINGER: on, for 0 seconds."""

_LENGTH = re.compile(rb"\d{1,18}")
_log = logging.getLogger(__name__)


class _Headers(server.HeaderReader):
    """Reads headers; cheroot stumbles when the first one continues nothing."""

    def __call__(self, rfile: Any, hdict: Any = None) -> Any:
        """Read all headers.  Raises ValueError, which the caller answers with 400."""
        try:
            return super().__call__(rfile, hdict)
        except UnboundLocalError as exc:
            raise ValueError("The first header begins with white space.") from exc


class _Request(server.HTTPRequest):
    header_reader = _Headers()

    def read_request_headers(self) -> bool:
        """Refuse lengths that Python would take and HTTP does not (``-5``, ``1_0``)."""
        if not super().read_request_headers():
            return False
        length = self.inheaders.get(b"Content-Length")
        if length is not None and not _LENGTH.fullmatch(length):
            self.simple_response("400 Bad Request", "Malformed Content-Length.")
            return False
        return True

    def simple_response(self, status: str, msg: str = "") -> None:
        """Blame the caller for HTTP that is not understood (cheroot: 501, 505).

        Clients take a 5xx for a failure that may pass, and ask again.
        """
        foreign = status.startswith(("501", "505"))
        super().simple_response("400 Bad Request" if foreign else status, msg or status)

    def send_headers(self) -> None:
        """Close the connection when the application's headers say so."""
        if (b"Connection", b"close") in self.outheaders:
            self.close_connection = True
        super().send_headers()


class _Connection(server.HTTPConnection):
    RequestHandlerClass = _Request
    arrived: float | None = None
    ends_in_reset = False

    def reset(self) -> None:
        """Let the connection end in a TCP RST: closing drops whatever is not sent."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DROP)
        self.ends_in_reset = True

    def _close_kernel_socket(self) -> None:
        """Leave out the FIN where a RST is to be seen."""
        if not self.ends_in_reset:
            super()._close_kernel_socket()  # type: ignore[misc]  # not in the stubs

    def communicate(self) -> bool:
        """Handle one request, known to the server while it lasts."""
        with self.server.busy(self):
            kept: bool = super().communicate()
            return kept


class _Gateway(wsgi.Gateway_10):
    def get_environ(self) -> Any:
        """Add the time of arrival; read chunked bodies with a reader of ours."""
        environ: Any = super().get_environ()
        environ[ARRIVED] = self.req.conn.arrived
        environ[RESET] = self.req.conn.reset
        if self.req.chunked_read:
            self.req.rfile = ChunkedBody(self.req.conn.rfile)
            environ["wsgi.input"] = self.req.rfile
        return environ


class Listener(wsgi.Server):
    """An HTTP/1.1 server for one application on one address."""

    ConnectionClass = _Connection
    max_request_header_size = _HEADER_BYTES

    def __init__(self, host: str, port: int, app: Any) -> None:
        super().__init__(
            (host, port),
            app,
            numthreads=WORKERS,
            server_name="campaign_magics sandbox",
            request_queue_size=256,
            timeout=_IDLE_SECONDS,
            shutdown_timeout=1,
        )
        self.gateway = _Gateway
        self.keep_alive_conn_limit = _MOST_IDLE
        self._busy: set[_Connection] = set()
        self._busy_lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address to call, once the server is prepared."""
        host, port = self.bind_addr
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def process_conn(self, conn: _Connection) -> None:
        """Hand a connection to a worker once it has something to say.

        cheroot gives a new connection to a worker at once, which then waits for the
        first byte: idle connections would hold every worker.  Here it waits with the
        idle ones, and the moment it turns readable is when its request arrived.
        """
        if conn.arrived is None:
            conn.arrived = 0.0
            self.put_conn(conn)
        else:
            conn.arrived = time.monotonic()
            super().process_conn(conn)

    @contextmanager
    def busy(self, conn: _Connection) -> Iterator[None]:
        """Count the connection as being served while the block lasts."""
        with self._busy_lock:
            self._busy.add(conn)
        try:
            yield
        finally:
            with self._busy_lock:
                self._busy.discard(conn)

    def finish(self, grace: float = 0.5, limit: float = 2.0) -> bool:
        """Stop: requests under way get ``grace`` seconds, then lose their sockets.

        Returns False when a worker was still computing after ``limit`` seconds.
        """
        deadline = time.monotonic() + grace
        while self._busy and time.monotonic() < deadline:
            time.sleep(0.01)
        with self._busy_lock:
            for conn in self._busy:
                with suppress(OSError):
                    conn.socket.shutdown(socket.SHUT_RDWR)
        stopping = threading.Thread(target=self.stop, daemon=True)
        stopping.start()
        stopping.join(limit)
        return not stopping.is_alive()

    def error_log(
        self, msg: str = "", level: int = logging.INFO, traceback: bool = False
    ) -> None:
        """Log through ``logging``; cheroot would write to stderr."""
        _log.log(level, "%s", msg, exc_info=traceback)
