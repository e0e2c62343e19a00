"""The server in this process, on a socket of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.server.caller import Caller

from campaign_magics.sandbox.app import App
from campaign_magics.sandbox.auth import Authority, Operator
from campaign_magics.sandbox.instance import Instance
from campaign_magics.sandbox.listener import Listener
from campaign_magics.sandbox.quota import Quota
from campaign_magics.sandbox.stores.world import World
from campaign_magics.secret import Secret

ADMIN = Operator(login="admin", label="Administrator", id=1059)
CONTROL = "control me"
"""The control token of every server that is served here."""


@dataclass(frozen=True)
class Served:
    """A running server, and its inside."""

    listener: Listener
    instance: Instance

    @property
    def port(self) -> int:
        return int(self.listener.bind_addr[1])

    def caller(self) -> Caller:
        return Caller(self.port)


@contextmanager
def listening(app: App) -> Iterator[Listener]:
    """Serve until the block ends; every call must have been answered by then."""
    listener = Listener("127.0.0.1", 0, app)
    listener.expiration_interval = 0.01  # how long stopping may take
    listener.prepare()
    thread = threading.Thread(target=listener.serve)
    thread.start()
    yield listener
    assert listener.finish()
    thread.join()


@contextmanager
def serving(world: World) -> Iterator[Served]:
    """Serve a world with sessions, limits and counts that are nobody else's."""
    authority = Authority()
    authority.add_operator(ADMIN, Secret("admin"))
    instance = Instance(world=world, authority=authority, quota=Quota())
    with listening(App(instance, control_token=Secret(CONTROL))) as listener:
        yield Served(listener, instance)
