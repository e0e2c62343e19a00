"""What is wrong with a schema document, and where in it."""

from __future__ import annotations

from ..errors import UserError


class SchemaError(UserError):
    """A schema document cannot be read, or contradicts itself or its neighbours.

    ``where`` names the place as a path: ``nms:recipient, recipient/location/@city``.
    ``message`` is a clause without capital or full stop; the place comes before it.
    """

    code = "ACM-104"

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        text = f"{where}: {message}" if where else message[:1].upper() + message[1:]
        super().__init__(f"{text}.", hint=hint, where=where)
        self.where = where
