"""`Session`: the one object users hold; a connection and all one can do over it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from .session import Connection

if TYPE_CHECKING:
    from .api import Deliveries, Jobs, Subscriptions, Workflows
    from .widgets.meter import Meter
    from .widgets.picker import Picker


class Session(Connection):
    """A connection to one instance with everything this package can do there."""

    @cached_property
    def delivery(self) -> Deliveries:
        """The deliveries: submit, prepare, start, pause, stop, wait, stats, logs."""
        from .api import Deliveries

        return Deliveries(self)

    @cached_property
    def workflow(self) -> Workflows:
        """The workflows: start, pause, stop, kill, signal, wait, logs."""
        from .api import Workflows

        return Workflows(self)

    @cached_property
    def subscription(self) -> Subscriptions:
        """The information services: subscribe, unsubscribe, list, history."""
        from .api import Subscriptions

        return Subscriptions(self)

    @cached_property
    def jobs(self) -> Jobs:
        """Methods in the background: submit, status, result, cancel, wait."""
        from .api import Jobs

        return Jobs(self)

    def meter(self) -> Meter:
        """Return a live meter of calls a second; show it as a cell's last line.

        It shows the use of the limit by all kernels, and moves while cells run, until
        its Close button, its ``close()`` or this session's leaves a summary.
        """
        from .widgets.meter import Meter

        return Meter(self)

    def pick(self, schema: str | None = None) -> Picker:
        """Return the schema picker; show it as a cell's last line.

        Its ``query`` is what was picked, ``run()`` its rows; ``schema`` is opened at
        once.  Raises UnknownName for a schema that does not exist.
        """
        from .widgets.picker import Picker

        return Picker(self, schema)
