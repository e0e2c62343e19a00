"""A password field that keeps nothing for a notebook, a log or a page to find."""

from __future__ import annotations

import logging
from typing import Any

import ipywidgets as widgets

from ..secret import Secret

_GIVEN = "given, not shown"
_COMM_LOG = logging.getLogger("Comm")  # comm logs messages whole, at DEBUG


class _Hush(logging.Filter):
    """Keeps one comm's messages out of the log."""

    def __init__(self, comm_id: str) -> None:
        super().__init__()
        self._comm_id = comm_id

    def filter(self, record: logging.LogRecord) -> bool:
        return not (isinstance(record.args, tuple) and self._comm_id in record.args)


class SecretField(widgets.Password):  # type: ignore[misc]  # untyped base
    """What is typed becomes a `Secret` as soon as the field is left, or not at all.

    The trait that front ends and saved notebooks see never holds it: it is taken out
    of the message before the trait is set, echoed to nobody, and the page is told at
    once to empty the field, whose placeholder then says that it was given.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(continuous_update=False, **settings)
        self.secret: Secret | None = None
        self._hush = _Hush(self.comm.comm_id)
        _COMM_LOG.addFilter(self._hush)

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """Take what the front end sends; its ``value`` goes no further."""
        rest = {name: value for name, value in sync_data.items() if name != "value"}
        if rest:
            super().set_state(rest)
        if "value" in sync_data:
            self._take(str(sync_data["value"]))

    def forget(self) -> None:
        """Keep it no longer; the field is as new."""
        self.secret = None
        self.placeholder = ""

    def close(self) -> None:
        """Forget, and leave the page."""
        self.forget()
        _COMM_LOG.removeFilter(self._hush)
        super().close()

    def _take(self, typed: str) -> None:
        if typed:
            self.secret = Secret(typed)
            self.placeholder = _GIVEN
        self.send_state("value")
