"""The sandbox process: from a command line to a served instance, and its end.

Light to import: a signal that comes while the heavy parts load still stops it cleanly.
"""

from __future__ import annotations

import errno
import logging
import os
import select
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING

from ..errors import CampaignError, InvalidOption
from ..secret import Secret
from .command import Options, read_options
from .schedule import Every

if TYPE_CHECKING:
    from .listener import Listener
    from .stores.world import World

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_log = logging.getLogger(__name__)


class _Stop:
    """SIGTERM and SIGINT: an exception in the main thread, and a note that it came."""

    def __init__(self) -> None:
        self.asked = False

    @contextmanager
    def on_signals(self) -> Iterator[None]:
        """Stop on a signal while the block lasts; only a main thread can."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def check(self) -> None:
        """Raise now, should the exception have been lost on its way."""
        if self.asked:
            raise SystemExit(0)

    def ignore_signals(self) -> None:
        """Let the clean-up run to its end, which is near."""
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_IGN)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        raise SystemExit(0)


def run_sandbox(argv: Sequence[str]) -> int:
    """Serve until stopped; return 0, or 2 after two lines about a bad option."""
    stop = _Stop()
    try:
        with stop.on_signals():
            serve(read_options(argv), stop)
    except CampaignError as exc:
        if not stop.asked:
            sys.stderr.write("\n".join(exc.render()) + "\n")
            return 2
    except BaseException:
        # DuckDB, interrupted by a signal, raises an error of its own instead.
        if not stop.asked:
            raise
    return 0


def serve(options: Options, stop: _Stop) -> None:
    """Build the instance, print ``ready URL``, serve until a signal or stdin's end.

    Raises InvalidOption when the address, a folder or a schema cannot be had.
    """
    if options.follow_stdin:
        threading.Thread(target=_follow_stdin, daemon=True).start()
    _check_address(options.host, options.port)
    world = _build_world(options)
    listener, new_password = _assemble(options, world)
    replication = _replication(options, world)
    try:
        listener.prepare()
        if options.replicate_every:
            replication.start()
        stop.check()
        _announce(options, listener, new_password)
        listener.serve()
    finally:
        stop.ignore_signals()
        replication.stop()
        _shut(listener, world)


def _replication(options: Options, world: World) -> Every:
    """Return the technical workflows' clockwork, which is yet to be started."""
    from .staging.workflows import replicate_on_schedule

    seconds = options.replicate_every
    work = partial(replicate_on_schedule, world, every=seconds)
    return Every(seconds, work, world.clock)


def _build_world(options: Options) -> World:
    from .persist.redo import catch_up
    from .stores.world import build_world

    world = build_world(
        rows=options.rows,
        seed=options.seed,
        data=options.data,
        schemas=options.schemas,
    )
    catch_up(world.databases)
    return world


def _assemble(options: Options, world: World) -> tuple[Listener, Secret | None]:
    """Put the application on a listener; also return a password made up here."""
    from .app import App
    from .auth import ADMIN, Authority, generate_password
    from .files import Files
    from .instance import Instance, Settings
    from .listener import Listener
    from .operators import enlist
    from .quota import Quota

    authority = Authority(
        session_seconds=options.session_seconds,
        session_token_only=options.session_token_only,
        allow_user_password=options.allow_user_password,
    )
    instance = Instance(
        world=world,
        authority=authority,
        quota=Quota(tps=options.tps or None, per_api=dict(options.api_tps)),
        files=Files(options.data / "files" if options.data else None),
        settings=Settings(
            fault_status=options.fault_status,
            replicate_every=options.replicate_every,
        ),
    )
    password = options.password or generate_password()
    admin = enlist(world, options.user, rights=[ADMIN])
    authority.add_operator(admin, password)
    for more in options.operators:
        operator = enlist(world, more.login, rights=more.rights)
        authority.add_operator(operator, more.password or password)
    app = App(instance, control_token=options.control)
    listener = Listener(options.host, options.port, app)
    return listener, None if options.password else password


def _announce(options: Options, listener: Listener, made_up: Secret | None) -> None:
    """Tell the address on stdout, after a generated password on stderr."""
    if made_up is not None:
        sys.stderr.write(f"password of {options.user}: {made_up.reveal()}\n")
        sys.stderr.flush()
    sys.stdout.write(f"ready {listener.url}\n")
    sys.stdout.flush()


def _shut(listener: Listener, world: World) -> None:
    """Stop serving and close the databases, within a few seconds whatever happens."""
    finished = listener.finish()
    closing = threading.Thread(target=world.close, daemon=True)
    closing.start()
    closing.join(timeout=2)
    if closing.is_alive() or not finished:
        # A worker is deep in a query: the interpreter would wait for it at exit.
        sys.stdout.flush()
        os._exit(0)


def _check_address(host: str, port: int) -> None:
    """Fail before the rows are made, not after."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            if os.name == "posix":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen(1)
    except OSError as exc:
        if exc.errno == errno.EADDRINUSE:
            raise InvalidOption(
                f"Port {port} of {host} is in use.",
                hint="name another --port, or 0 for any free one",
            ) from exc
        raise InvalidOption(
            f"Cannot serve on {host} port {port}: {exc.strerror}.",
            hint="--host 127.0.0.1 --port 0 always works",
        ) from exc


def _follow_stdin() -> None:
    """Stop this process when the parent has gone.

    Its end of the pipe closes with it, kill -9 included; a fork of it may hold the
    pipe open, so the parent's number is watched as well.
    """
    parent = os.getppid()
    fd = sys.stdin.fileno()
    while os.getppid() == parent:
        # select() takes no pipes on Windows; there the read itself waits.
        waits = os.name != "posix" or select.select([fd], [], [], 1.0)[0]
        if waits and not os.read(fd, 4096):
            break
    os.kill(os.getpid(), signal.SIGTERM)
