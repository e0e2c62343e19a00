"""Which instance, as whom: profiles without secrets, and credentials."""

from .address import normalise_url
from .credentials import Credentials, Sources, credentials
from .files import Found, find_profiles, load_profile, save_profile, user_file
from .keys import forget, remember
from .profile import AUTH_KINDS, MEANINGS, SETTINGS, AuthKind, Profile

__all__ = [
    "AUTH_KINDS",
    "MEANINGS",
    "SETTINGS",
    "AuthKind",
    "Credentials",
    "Found",
    "Profile",
    "Sources",
    "credentials",
    "find_profiles",
    "forget",
    "load_profile",
    "normalise_url",
    "remember",
    "save_profile",
    "user_file",
]
