"""The system's key store.  Any back end may be missing, locked or broken."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from ..errors import InvalidOption
from ..secret import Secret
from .profile import Profile

if TYPE_CHECKING:
    from .credentials import SecretName

_log = logging.getLogger(__name__)


def service(profile: Profile) -> str:
    """Return the service under which the key store keeps an instance's secrets.

    It holds the address: a profile that points elsewhere does not get them.
    """
    return f"campaign_magics {profile.url}"


def account(profile: Profile, name: SecretName) -> str:
    """Return the account: the operator, the client id, or the secret's own name."""
    owner = {"password": profile.user, "client_secret": profile.client_id}.get(name)
    return owner or name


def recall(profile: Profile, name: SecretName) -> Secret | None:
    """Return a stored secret, or None; a broken key store has none."""
    try:
        import keyring

        text = keyring.get_password(service(profile), account(profile, name))
    except Exception as exc:
        # Back ends raise what they like: D-Bus, Windows and plug-in errors alike.
        _log.debug("keyring gave nothing: %s", type(exc).__name__)
        return None
    return Secret(text) if text else None


def remember(profile: Profile, name: SecretName, secret: Secret) -> None:
    """Store a secret.  Raises InvalidOption when there is no working key store."""
    try:
        import keyring

        keyring.set_password(service(profile), account(profile, name), secret.reveal())
    except Exception as exc:
        raise InvalidOption(
            f"The key store refused to keep it ({type(exc).__name__}).",
            hint=f"set CAMPAIGN_{name.upper()} in the environment instead; "
            "`keyring diagnose` tells more",
        ) from None


def forget(profile: Profile, name: SecretName) -> None:
    """Remove a stored secret; it is no error if there is none."""
    try:
        import keyring

        keyring.delete_password(service(profile), account(profile, name))
    except Exception as exc:
        _log.debug("keyring forgot nothing: %s", type(exc).__name__)
