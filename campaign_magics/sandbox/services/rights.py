"""Who may change things: an operator without any right may only read."""

from __future__ import annotations

from ..faults import method_failed
from ..instance import Call


def check_write(call: Call) -> None:
    """Refuse a call that changes something to an operator who may only read.

    Campaign grants writing by folder; here one right of any name gives it [assumed].
    Raises Fault (XTK-170019, protocol.md §12).
    """
    if call.session is None or not call.session.operator.rights:
        raise method_failed(
            call.urn,
            call.method.name,
            "XTK-170019 Access denied: you only have the right to read.",
        )
