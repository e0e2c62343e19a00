"""Asks for a secret without showing it, or says at once that nobody can answer."""

from __future__ import annotations

import getpass
import warnings


class CannotAsk(Exception):
    """There is no terminal and no front end: papermill, nbconvert, cron."""


def ask(prompt: str) -> str:
    """Return what was typed, unseen.  Raises CannotAsk.

    A kernel replaces ``getpass.getpass`` while a cell runs; where the front end takes
    no input it raises StdinNotImplementedError, a NotImplementedError.
    """
    with warnings.catch_warnings():
        # Rather not ask than show the password on the screen.
        warnings.simplefilter("error", getpass.GetPassWarning)
        try:
            return getpass.getpass(prompt)
        except (NotImplementedError, EOFError, OSError, getpass.GetPassWarning) as exc:
            raise CannotAsk(type(exc).__name__) from None
