"""What is wrong with an expression, and where."""

from __future__ import annotations

from typing import Literal

from ..errors import QuerySyntaxError, Span

ExpressionFault = Literal["syntax", "function", "arity", "operand", "path"]


class ExpressionError(QuerySyntaxError):
    """An XTK expression cannot be read; ``source`` and ``span`` are always set.

    ``kind`` tells the server's error codes apart (protocol.md §12): ``function``
    (unknown) and ``arity`` are XTK-170006, ``path`` is XTK-170036, ``operand`` (an
    operator lacks one) is XTK-170037; ``syntax`` is all the rest.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: ExpressionFault,
        source: str,
        span: Span,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint, source=source, span=span)
        self.kind: ExpressionFault = kind
