"""Profiles for people: which file won, what is in it, what a profile may say."""

from __future__ import annotations

from dataclasses import fields

from .files import Found
from .profile import MEANINGS, SETTINGS, Profile

Row = tuple[str, str]
"""A name, and what there is to say about it."""

EXAMPLE = """\
[prod]
url = "https://acme.campaign.adobe.com"
user = "me"
tps = 10
production = true
"""


def profile_rows(found: Found) -> list[Row]:
    """Return the file that won, then a row for each profile; the default says so.

    Without a file, the places that were looked at.
    """
    if found.path is None:
        places = " or ".join(str(path) for path in found.searched)
        return [("file", f"none; looked for {places}")]
    rows = [("file", str(found.path))]
    for name, profile in found.profiles.items():
        mark = " (default)" if name == found.preferred else ""
        rows.append((f"{name}{mark}", summary(profile)))
    return rows


def summary(profile: Profile) -> str:
    """Return one line: address, operator, speed, and what sets the profile apart."""
    who = profile.client_id if profile.auth == "ims" else profile.user
    apis = ", ".join(f"{api} {tps:g}" for api, tps in profile.tps_per_api.items())
    parts = [
        profile.url,
        f"as {who}" if who else "",
        f"auth {profile.auth}" if profile.auth != "password" else "",
        "TPS learned" if profile.tps is None else f"TPS {profile.tps:g}",
        apis,
        f"proxy {profile.proxy}" if profile.proxy else "",
        f"budget {profile.budget_store}" if profile.budget_store != "sqlite" else "",
        "production" if profile.production else "",
    ]
    return " · ".join(part for part in parts if part)


def setting_rows() -> list[Row]:
    """Return each setting of a profile with its meaning and its default."""
    defaults = {f.name: f.default for f in fields(Profile)}
    return [(name, f"{MEANINGS[name]}{_default(defaults[name])}") for name in SETTINGS]


def as_text(rows: list[Row]) -> str:
    """Return rows as lined-up text."""
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {text}".rstrip() for name, text in rows)


def _default(value: object) -> str:
    if isinstance(value, bool):
        return f" [{str(value).lower()}]"
    return f" [{value}]" if isinstance(value, int | float | str) else ""
