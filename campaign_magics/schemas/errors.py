"""What is wrong with a schema document, and where in it."""

from __future__ import annotations

from ..errors import UserError


class SchemaError(UserError):
    """A schema document cannot be read, or contradicts itself or its neighbours.

    ``where`` names the place as a path: ``nms:recipient, recipient/location/@city``.
    """

    code = "ACM-104"

    def __init__(self, message: str, *, where: str = "", hint: str = "") -> None:
        text = f"{where}: {message}" if where else message
        super().__init__(text, hint=hint, where=where)
        self.where = where
