"""Send malformed requests to a server and collect what it should not have answered."""

from __future__ import annotations

import http.client
import socket
import struct
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from sandbox.server.malformed import ROUTER, Sent, malformed

SECONDS = 30
"""More than any answer may take."""


@dataclass
class Outcome:
    """What came of a run: answers by kind and status, and everything wrong."""

    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    slowest: float = 0.0
    slowest_seed: str = ""

    def add(self, other: Outcome) -> None:
        self.statuses += other.statuses
        self.wrong += other.wrong
        if other.slowest > self.slowest:
            self.slowest, self.slowest_seed = other.slowest, other.slowest_seed


class Sender:
    """One connection, opened anew when the server closed it; ``tokens`` go along."""

    def __init__(self, port: int, tokens: dict[str, str]) -> None:
        self._port = port
        self._tokens = tokens
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)

    def run(self, seeds: Iterable[str]) -> Outcome:
        """Send the request of every seed."""
        outcome = Outcome()
        for seed in seeds:
            sent = malformed(seed)
            started = time.perf_counter()
            try:
                status, body = self._raw(sent) if sent.raw else self._http(sent)
            except (OSError, http.client.HTTPException) as exc:
                outcome.wrong.append(f"{seed} {sent}: {exc!r}")
                continue
            seconds = time.perf_counter() - started
            if seconds > outcome.slowest:
                outcome.slowest, outcome.slowest_seed = seconds, seed
            outcome.statuses[sent.kind, status] += 1
            if reason := _wrong(sent, status, body):
                outcome.wrong.append(f"{seed} {sent}: {reason} {body[:300]!r}")
        self._line.close()
        return outcome

    def _http(self, sent: Sent) -> tuple[int, bytes]:
        headers = {**self._tokens, **sent.headers}
        for last in (False, True):
            try:
                self._line.request(sent.verb, sent.path, sent.body, headers)
                answer = self._line.getresponse()
                return answer.status, answer.read()
            except (ConnectionError, http.client.BadStatusLine):
                # The server may close a connection between two requests.
                self._line.close()
                if last:
                    raise
        raise AssertionError

    def _raw(self, sent: Sent) -> tuple[int, bytes]:
        """Send bytes, say that no more will come, read to the end; 0: no answer."""
        with socket.create_connection(("127.0.0.1", self._port), SECONDS) as line:
            # Closing with RST keeps 100,000 ports from waiting for stray packets.
            line.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            answer = bytearray()
            try:
                line.sendall(sent.raw)
                line.shutdown(socket.SHUT_WR)
            except TimeoutError:
                raise
            except OSError:
                pass  # refused before it was read to the end
            with suppress(ConnectionError):
                while piece := line.recv(65_536):
                    answer += piece
        status = answer[9:12]
        return int(status) if status.isdigit() else 0, bytes(answer)


def _wrong(sent: Sent, status: int, body: bytes) -> str:
    """Say what is wrong with an answer, nothing when it may be given."""
    if status >= 500:
        return f"HTTP {status}"
    if b"SBX-100000" in body:
        return "the sandbox itself failed"
    whole = body.rstrip().endswith(b"</SOAP-ENV:Envelope>")
    if sent.path == ROUTER and not sent.raw and status == 200 and not whole:
        return "the envelope has no end"
    return ""
