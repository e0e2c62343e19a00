"""The errors users meet: one tree, a code, a cause in one line, a hint in the next.

CampaignError                ACM-000
├── UserError                ACM-100  the cell, the profile or an argument is wrong
│   ├── QuerySyntaxError     ACM-101  the text cannot be read
│   ├── UnknownName          ACM-102  no such schema, attribute, link or method
│   ├── InvalidValue         ACM-103  a value does not fit its type or its list
│   ├── SchemaError          ACM-104  a schema's XML is wrong (schemas.errors)
│   ├── UnknownProfile       ACM-110
│   ├── NoCredentials        ACM-111
│   ├── NotConnected         ACM-112
│   └── InvalidOption        ACM-113  a magic or command option is wrong
├── ServerError              ACM-200  the instance said no
│   ├── SoapFault            ACM-201
│   ├── AccessDenied         ACM-202
│   ├── SessionExpired       ACM-203
│   ├── Throttled            ACM-204  HTTP 429
│   ├── NotCampaign          ACM-205  something else answers at this address
│   ├── BadAnswer            ACM-206  truncated, malformed or unexpected XML
│   ├── WorkFailed           ACM-207  a workflow, delivery or job ended badly
│   └── StillRunning         ACM-208  it had not ended when a wait's time was up
├── NetworkError             ACM-300  no answer came
│   ├── Unreachable          ACM-301
│   ├── CallTimeout          ACM-302
│   └── AnswerLost           ACM-303  sent, but nobody knows whether it was applied
└── PartialWrite             ACM-400  some batches landed; .journal says which
"""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Any, ClassVar

Span = tuple[int, int]
"""First character and one past the last, counted in the text that holds them."""


class CampaignError(Exception):
    """Base of every expected error; renders as two lines in a notebook.

    ``hint`` says what to try; ``source`` and ``span`` mark the mistake with a caret;
    ``facts`` holds what is known of the call (method, seconds, server code), never
    a secret.
    """

    code: ClassVar[str] = "ACM-000"
    show_traceback: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        source: str | None = None,
        span: Span | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.source = source
        self.span = span
        self.facts = facts

    def __str__(self) -> str:
        return "\n".join([self.message, *self.caret_lines()])

    def caret_lines(self) -> list[str]:
        """Return the source line at fault and the caret under it, or nothing."""
        if self.source is None or self.span is None:
            return []
        start = min(max(self.span[0], 0), len(self.source))
        first = self.source.rfind("\n", 0, start) + 1
        last = self.source.find("\n", start)
        line = self.source[first : last if last >= 0 else len(self.source)]
        shown, column = _window(line.replace("\t", " "), start - first)
        width = max(1, min(self.span[1] - start, len(shown) - column))
        return [f"    {shown}", f"    {' ' * column}{'^' * width}"]

    def render(self) -> list[str]:
        """Return the lines a notebook or a terminal shows."""
        head = f"{type(self).__name__} [{self.code}] {self.message}"
        tail = [f"  hint: {self.hint}"] if self.hint else []
        return [head, *self.caret_lines(), *tail]

    def _render_traceback_(self) -> list[str]:
        """IPython's hook: the cell still fails, the output stays short."""
        if CampaignError.show_traceback:
            return "".join(traceback.format_exception(self)).splitlines()
        return self.render()

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.message), self.__dict__


def _rebuild(kind: type[CampaignError], message: str) -> CampaignError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    return error


def _window(line: str, column: int, width: int = 96) -> tuple[str, int]:
    """Cut a long line so that the caret stays on screen."""
    if len(line) <= width:
        return line, column
    left = max(0, min(column - width // 2, len(line) - width))
    return line[left : left + width], column - left


class UserError(CampaignError):
    """The cell, the profile or an argument is wrong."""

    code = "ACM-100"


class QuerySyntaxError(UserError):
    """The text cannot be read as a query, an expression or a document."""

    code = "ACM-101"


class UnknownName(UserError):
    """No such schema, attribute, link, function or method."""

    code = "ACM-102"


class InvalidValue(UserError):
    """A value does not fit its type, length or enumeration."""

    code = "ACM-103"


class UnknownProfile(UserError):
    """No profile of that name was found."""

    code = "ACM-110"


class NoCredentials(UserError):
    """No source gave a password or token for this profile."""

    code = "ACM-111"


class NotConnected(UserError):
    """A cell needs a session and there is none."""

    code = "ACM-112"


class InvalidOption(UserError):
    """An option of a magic or a command is wrong."""

    code = "ACM-113"


class ServerError(CampaignError):
    """The instance answered, and said no."""

    code = "ACM-200"


class SoapFault(ServerError):
    """A SOAP fault; ``facts`` has its ``server_code`` and ``detail``."""

    code = "ACM-201"


class AccessDenied(ServerError):
    """Login, password, token, right or network address refused."""

    code = "ACM-202"


class SessionExpired(ServerError):
    """The session token is no longer valid (XSV-350008)."""

    code = "ACM-203"


class Throttled(ServerError):
    """HTTP 429 went on for longer than the client was allowed to wait."""

    code = "ACM-204"


class NotCampaign(ServerError):
    """Something answers at this address, and it is not Campaign's SOAP router."""

    code = "ACM-205"


class BadAnswer(ServerError):
    """The answer is truncated, malformed or not what the method declares."""

    code = "ACM-206"


class WorkFailed(ServerError):
    """A workflow, a delivery or a job that was waited for ended badly."""

    code = "ACM-207"


class StillRunning(ServerError):
    """What was waited for had not ended when the time was up; it goes on."""

    code = "ACM-208"


class NetworkError(CampaignError):
    """No answer came."""

    code = "ACM-300"


class Unreachable(NetworkError):
    """The host cannot be found, refuses, or fails the TLS check."""

    code = "ACM-301"


class CallTimeout(NetworkError):
    """The answer did not come in time."""

    code = "ACM-302"


class AnswerLost(NetworkError):
    """A call that must not be repeated was sent and its answer did not arrive."""

    code = "ACM-303"


class PartialWrite(CampaignError):
    """A commit ended early: some batches landed, and ``journal`` says which.

    ``journal`` is the path of the journal, ``result`` what the commit did so far (a
    ``WriteResult``).  The same write again skips what landed, and reads back what is
    in doubt before it sends anything twice.
    """

    code = "ACM-400"
    journal: Path | None = None
    result: Any = None
