"""Log off when Python ends (a kernel restart included), if nobody did before.

Nothing happens when a session is merely forgotten: the garbage collector may run
anywhere, inside a lock that a logoff would need.
"""

from __future__ import annotations

import atexit
import os
import weakref
from functools import partial
from typing import Protocol


class Closable(Protocol):
    """What can be closed, more than once."""

    def close(self) -> None:
        """Let go."""


class Goodbye:
    """Closes its owner at exit, without keeping it alive until then."""

    def __init__(self, owner: Closable) -> None:
        self._at_exit = partial(_close, weakref.ref(owner), os.getpid())
        atexit.register(self._at_exit)
        forgotten = weakref.finalize(owner, atexit.unregister, self._at_exit)
        forgotten.atexit = False

    def said(self) -> None:
        """Take note that the owner is closed."""
        atexit.unregister(self._at_exit)


def _close(owner: weakref.ref[Closable], process: int) -> None:
    found = owner()
    # A fork that ends must not log its parent off.
    if found is not None and os.getpid() == process:
        found.close()
