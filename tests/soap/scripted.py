"""A real HTTP server that answers what a test tells it to, and remembers the calls."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PASSWORD = "canary-Pa55 & <word>"
SESSION = "___4f2c58e1-2144-4eb6-b4d0-59947661be01"
SECURITY = "@p9Zq-canary-security-token=="

_ENVELOPE = (
    "<?xml version='1.0'?><SOAP-ENV:Envelope"
    " xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    " xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'>"
    "<SOAP-ENV:Body>{body}</SOAP-ENV:Body></SOAP-ENV:Envelope>"
)


def response(method: str, content: str = "", urn: str = "xtk:session") -> bytes:
    """Return a whole answer of ``method``, as wire/*.txt show them."""
    body = f"<{method}Response xmlns='urn:{urn}'>{content}</{method}Response>"
    return _ENVELOPE.format(body=body).encode()


def fault(text: str, detail: str = "") -> bytes:
    """Return a whole SOAP fault."""
    return _ENVELOPE.format(
        body="<SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode>"
        f"<faultstring xsi:type='xsd:string'>{text}</faultstring>"
        f"<detail xsi:type='xsd:string'>{detail}</detail></SOAP-ENV:Fault>"
    ).encode()


def logon_response(session: str = SESSION, security: str = SECURITY) -> bytes:
    """Return the answer of Logon with these tokens."""
    return response(
        "Logon",
        f"<pstrSessionToken xsi:type='xsd:string'>{session}</pstrSessionToken>"
        "<pSessionInfo xsi:type='ns:Element'><sessionInfo>"
        "<serverInfo buildNumber='9219' instanceName='prod' majNumber='6'"
        " minNumber='7' servicePack='0'/><userInfo login='admin' loginId='1059'"
        " timezone='Europe/Paris'/></sessionInfo></pSessionInfo>"
        f"<pstrSecurityToken xsi:type='xsd:string'>{security}</pstrSecurityToken>",
    )


@dataclass(frozen=True)
class Heard:
    """One request as it arrived."""

    action: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Says:
    """One answer to give; ``hang_up`` closes the connection instead."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    hang_up: bool = False
    announce: int | None = None
    """Content-Length to claim, if not the body's own."""


EXPIRED = Says(b"XSV-350008 Session has expired or is invalid.", status=403)


class _Httpd(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class Server:
    """Answers by action name from queues; the last answer of a queue repeats."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self._scripts: dict[str, list[Says]] = {"Logon": [Says(logon_response())]}
        self._lock = threading.Lock()
        self.before: Callable[[Heard], Says | None] = lambda heard: None
        self._httpd = _Httpd(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._httpd.server_port}"
        self._thread = threading.Thread(
            target=self._httpd.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def says(self, method: str, *answers: bytes | Says) -> None:
        """Queue the answers to ``method``."""
        self._scripts[method] = [a if isinstance(a, Says) else Says(a) for a in answers]

    def count(self, method: str) -> int:
        """Return how often ``method`` was called."""
        return sum(h.action.endswith(f"#{method}") for h in self.heard)

    def close(self) -> None:
        self._httpd.shutdown()
        self._thread.join()
        self._httpd.server_close()

    def answer(self, heard: Heard) -> Says:
        with self._lock:
            self.heard.append(heard)
        if (special := self.before(heard)) is not None:
            return special
        with self._lock:
            method = heard.action.rpartition("#")[2]
            script = self._scripts.get(method) or [Says(response(method))]
            return script.pop(0) if len(script) > 1 else script[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                heard = Heard(
                    self.headers.get("SOAPAction", ""), dict(self.headers), body
                )
                says = server.answer(heard)
                if says.hang_up:
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                with suppress(ConnectionError):
                    self._reply(says)

            def _reply(self, says: Says) -> None:
                self.send_response(says.status)
                length = len(says.body) if says.announce is None else says.announce
                self.send_header("Content-Length", str(length))
                for name, value in says.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(says.body)
                self.close_connection = says.announce is not None

            def log_message(self, *args: Any) -> None:
                pass

        return Handler


@contextmanager
def served(httpd: ThreadingHTTPServer) -> Iterator[int]:
    """Serve until the block ends; yield the port."""
    thread = threading.Thread(
        target=httpd.serve_forever, kwargs={"poll_interval": 0.01}
    )
    thread.start()
    try:
        yield httpd.server_port
    finally:
        httpd.shutdown()
        thread.join()
        httpd.server_close()


@contextmanager
def token_endpoint(*answers: Says) -> Iterator[tuple[str, list[bytes]]]:
    """Yield the address of a token endpoint, and the bodies it was sent.

    The answers are given in turn; the last one repeats.
    """
    asked: list[bytes] = []
    script = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.rfile.read(int(self.headers["Content-Length"])))
            says = script.pop(0) if len(script) > 1 else script[0]
            self.send_response(says.status)
            for name, value in says.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(says.body)))
            self.end_headers()
            self.wfile.write(says.body)

        def log_message(self, *args: Any) -> None:
            pass

    with served(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}/ims/token/v3", asked
