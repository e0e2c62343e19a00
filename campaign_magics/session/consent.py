"""The second question before anything changes on a production instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import InvalidOption

if TYPE_CHECKING:
    from .connection import Connection


def require_consent(connection: Connection, yes: str | None, what: str) -> None:
    """Pass unless the profile is for production and ``yes`` is not its name.

    ``what`` is the action as a sentence begins: ``"Starting the workflow WKF12"``.
    Nothing has been sent when this raises InvalidOption.
    """
    profile = connection.profile
    if not profile.production or yes == profile.name:
        return
    ask = f"yes={profile.name!r}, or --yes {profile.name} in a magic"
    if yes is None:
        cause = f"{what} changes the production instance '{profile.name}'."
        raise InvalidOption(cause, hint=f"if that is meant, add {ask}")
    cause = f"{what} was agreed to for {yes!r}, and this is '{profile.name}'."
    raise InvalidOption(cause, hint=f"if this instance is meant, say {ask}")
