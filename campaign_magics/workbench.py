"""`Session`: the one object users hold; a connection and all one can do over it."""

from __future__ import annotations

from .session import Connection


class Session(Connection):
    """A connection to one instance with everything this package can do there."""
