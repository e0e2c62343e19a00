"""A value that has no text to print, and texts that do not print themselves."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """A password or token: ``reveal()`` is the only way to its text.

    Comparison is by identity and pickling is refused, so that a secret reaches no
    log, repr, cache or other process by accident.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; called where a request is built, nowhere else."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"

    def __format__(self, spec: str) -> str:
        return "***"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not stored or sent")


class Veiled(str):
    """The plain text of a secret on its way into a request; its repr is masked.

    Tracebacks with local variables, debuggers and pytest show reprs: of arguments, of
    header dictionaries, of frames deep in other libraries.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class Sealed(bytes):
    """A whole request, which may hold a secret; its repr is its size."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"
