"""Calls that change something: what is said when nobody knows whether they did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..errors import AnswerLost, CampaignError, SoapFault
from ..session import Interrupted
from ..soap.faults import HINTS


@contextmanager
def unseen(what: str, check: str) -> Iterator[None]:
    """Say of a call whose end nobody saw that it may have been done, and how to look.

    ``what`` begins a sentence (``Starting the workflow WKF1``); ``check`` is what
    shows how the thing stands.
    """
    hint = f"it may have been done all the same: see {check} before you repeat it"
    try:
        yield
    except AnswerLost as lost:
        lost.hint = hint
        raise
    except KeyboardInterrupt:
        raise Interrupted(f"{what} was interrupted.", hint=hint) from None


@contextmanager
def doing(what: str, check: str) -> Iterator[None]:
    """As ``unseen``; a refusal names ``check``, which is code, too."""
    try:
        with unseen(what, check):
            yield
    except SoapFault as fault:
        advise(fault, f"see how it stands: {check}")
        raise


@contextmanager
def looking_after(done: str) -> Iterator[None]:
    """Say of a look that fails what was done before it.

    ``done`` is a sentence without its end: ``Starting the workflow WKF1 was done``.
    """
    try:
        yield
    except CampaignError as error:
        say_more(error, f"{done}, only the look at it failed")
        raise
    except KeyboardInterrupt:
        hint = "only the look at it was interrupted"
        raise Interrupted(f"{done}.", hint=hint) from None


def say_more(error: CampaignError, hint: str) -> None:
    """Add to the hint of an error."""
    error.hint = "; ".join(filter(None, (error.hint, hint)))


def advise(fault: SoapFault, hint: str) -> None:
    """Give a fault a hint, unless its code has one of its own."""
    if fault.facts.get("server_code") not in HINTS:
        fault.hint = hint
