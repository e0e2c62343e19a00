"""``Sandbox``: a server in a process of its own, gone with the block or the kernel."""

from __future__ import annotations

import atexit
import json
import os
import queue
import secrets
import site
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from operator import index
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from ..errors import CampaignError, InvalidOption, NetworkError
from ..secret import Secret
from .auth import generate_password
from .command import CONTROL_VARIABLE
from .driver import Driver

_ROOT = Path(__file__).resolve().parents[2]
_START_SECONDS = 60.0
_ROWS_PER_SECOND = 5_000
"""Far slower than rows are made: what a start-up may take grows with the rows."""

_STOP_SECONDS = 5.0


class Sandbox:
    """A Campaign-compatible server on 127.0.0.1, with its data, in another process.

    ``tps`` is calls a second (0: no limit), ``rows`` recipients, ``seed`` makes the
    same rows again, ``data`` keeps the databases in a folder, ``schemas`` is a folder
    with more of them, ``operators`` are further logins with the same password, by name
    with their rights: ``{"analyst": ()}`` may only read.  Use it as a with-block, or
    call ``start`` and ``stop``; it also ends when this process does, killed or not.
    """

    def __init__(
        self,
        *,
        tps: float = 10,
        rows: int = 1_000,
        seed: int = 7,
        user: str = "admin",
        port: int = 0,
        operators: Mapping[str, Iterable[str]] | None = None,
        data: str | Path | None = None,
        schemas: str | Path | None = None,
        replicate_every: float = 3_600,
        session_seconds: float = 86_400,
    ) -> None:
        try:
            self.tps, self.rows = float(tps), index(rows)
        except (TypeError, ValueError):
            raise InvalidOption(
                f"tps={tps!r}, rows={rows!r}: both must be numbers.",
                hint="Sandbox(tps=10, rows=1_000)",
            ) from None
        self.user = user
        self.password = generate_password()
        self._control = Secret(secrets.token_urlsafe(24))
        self._options: dict[str, object] = {
            "--tps": self.tps,
            "--rows": rows,
            "--seed": seed,
            "--user": user,
            "--port": port,
            "--data": data,
            "--schemas": schemas,
            "--replicate-every": replicate_every,
            "--session-seconds": session_seconds,
        }
        self._operators = [
            f"{name}:{','.join(rights)}" for name, rights in (operators or {}).items()
        ]
        self._url: str | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._errors: IO[bytes] | None = None

    def __repr__(self) -> str:
        where = self._url if self.running else "stopped"
        return f"Sandbox({where}, tps={self.tps:g}, rows={self.rows})"

    def __enter__(self) -> Sandbox:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """The server's address.  Raises NetworkError when it is not running."""
        if self._url is None or not self.running:
            raise NetworkError(
                "The sandbox is not running.",
                hint="call its start(), or use a with-block",
            )
        return self._url

    @property
    def running(self) -> bool:
        """True between ``start`` and the end of the server's process."""
        return self._process is not None and self._process.poll() is None

    @property
    def control(self) -> Driver:
        """Commands to the server: stats, throttle, expire, replicate, reset, …"""
        return Driver(self.url, self._control)

    def control_environment(self) -> dict[str, str]:
        """Return the variable that lets a process of ours drive this sandbox."""
        return {CONTROL_VARIABLE: self._control.reveal()}

    def start(self) -> Sandbox:
        """Start the server and wait until it serves; nothing when it already does.

        Raises InvalidOption for a bad option, NetworkError when it does not come up.
        """
        if self.running:
            return self
        errors = self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # closed in stop
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and module
            self._command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
            # A group of its own: a notebook's interrupt is not meant for the server.
            start_new_session=True,
        )
        self._owner = os.getpid()
        atexit.register(self.stop)
        try:
            self._hand_over_secrets(self._process)
            self._url = self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server; nothing when it has stopped already."""
        process, self._process, self._url = self._process, None, None
        if process is None or os.getpid() != self._owner:
            return  # a fork of the owner must not take its server away
        atexit.unregister(self.stop)
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, self._errors):
            if stream is not None:
                _close(stream)

    def stats(self, *, clear: bool = False) -> dict[str, Any]:
        """Return what the server counted; ``clear`` starts anew."""
        return self.control.stats(clear=clear)

    def throttle(
        self, tps: float | None, apis: Mapping[str, float] | None = None
    ) -> None:
        """Set the limits of the running server."""
        self.control.throttle(tps, apis)

    def expire(self, user: str | None = None) -> int:
        """End all sessions, or one operator's; return how many there were."""
        return self.control.expire(user)

    def replicate(self) -> dict[str, int]:
        """Send staged rows and changed reference tables to the cloud database now.

        Returns how many records were sent, by schema.
        """
        return self.control.replicate()

    def reset(self) -> None:
        """Make all rows as they were at the start."""
        self.control.reset()

    def faults(self, kind: str | None = None, /, **order: Any) -> list[dict[str, Any]]:
        """Make calls go wrong: ``faults("status", status=503, calls=2)``.

        See ``Driver.faults`` for the kinds and their words; ``faults()`` lists the
        orders that stand, ``faults("off")`` takes them back.
        """
        return self.control.faults(kind, **order)

    def _command(self) -> list[str]:
        given = {name: v for name, v in self._options.items() if v is not None}
        words = [f"{name}={value}" for name, value in given.items()]
        # -P: a notebook's folder may hold a queue.py or a random.py.
        module = ["-P", "-m", __package__, "--follow-stdin"]
        more = [f"--operator={operator}" for operator in self._operators]
        return [sys.executable, *module, *words, *more]

    def _hand_over_secrets(self, process: subprocess.Popen[bytes]) -> None:
        words = {
            "password": self.password.reveal(),
            "control": self._control.reveal(),
        }
        if process.stdin is not None:
            # A child that ended at once is explained when its ready line is missed.
            with suppress(OSError):
                process.stdin.write(json.dumps(words).encode() + b"\n")
                process.stdin.flush()

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> str:
        lines: queue.Queue[bytes] = queue.Queue()
        output = process.stdout
        if output is not None:
            reader = threading.Thread(
                target=lambda: lines.put(output.readline()), daemon=True
            )
            reader.start()
        seconds = _START_SECONDS + self.rows / _ROWS_PER_SECOND
        try:
            word, _, url = lines.get(timeout=seconds).decode().strip().partition(" ")
        except queue.Empty:
            raise NetworkError(
                f"The sandbox did not start within {seconds:.0f} seconds.",
                hint="fewer rows start sooner",
            ) from None
        if word != "ready":
            raise self._failure(process)
        return url

    def _failure(self, process: subprocess.Popen[bytes]) -> CampaignError:
        """Say why there was no ready line, in the server's own words."""
        code = process.wait(_STOP_SECONDS)
        said = self._said()
        if code == 2 and said:
            message = said[0].partition("] ")[2] or said[0]
            hint = said[1].removeprefix("  hint: ") if len(said) > 1 else ""
            return InvalidOption(message, hint=hint)
        return NetworkError(
            f"The sandbox ended while starting (exit code {code}).",
            hint=said[-1] if said else "it said nothing",
            stderr="\n".join(said),
        )

    def _said(self) -> list[str]:
        if self._errors is None:
            return []
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace").strip().splitlines()


def _environment() -> dict[str, str]:
    """Let the child find this package, wherever this process found it."""
    places = {
        Path(p).resolve() for p in [*site.getsitepackages(), site.getusersitepackages()]
    }
    if _ROOT in places:
        return dict(os.environ)
    path = [os.environ.get("PYTHONPATH", ""), str(_ROOT)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, path))}


def _close(stream: IO[bytes]) -> None:
    with suppress(OSError):  # a pipe whose reader has gone cannot be flushed
        stream.close()
