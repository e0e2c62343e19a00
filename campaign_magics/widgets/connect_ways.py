"""What the connection box is handed, and what it does with a filled-in form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import NoCredentials
from ..profiles import Found, Profile
from ..profiles.credentials import REQUIRED, SecretName, origins
from ..secret import Secret
from ..session import Connection

Secrets = Mapping[SecretName, Secret]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """The doors of the rooms above and below; tests hand in their own.

    ``connect`` logs on and returns the connection, ``taken`` receives one that is to
    be used from now on.  ``save_profile`` returns the file that it wrote.  ``ready``
    are places that need no form, by name.  All raise CampaignError.
    """

    connect: Callable[[Profile, Secrets], Connection]
    taken: Callable[[Connection], None]
    save_profile: Callable[[Profile], Path]
    remember: Callable[[Profile, SecretName, Secret], None]
    ready: Mapping[str, Callable[[], Connection]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A form, filled in: where to, as whom, and what to keep.

    ``secrets`` are those that were typed; the others are looked for where
    ``profiles.credentials`` does, the prompt excepted: nobody could answer it.
    """

    profile: Profile
    secrets: Secrets
    remember: bool = False
    save: bool = False


def typed_profile(
    address: str, user: str, *, name: str = "", production: bool = False
) -> Profile:
    """Return the profile of an address and an operator.

    Raises InvalidOption as Profile does, NoCredentials without an operator.
    """
    if not user.strip():
        raise NoCredentials("No operator is given.", hint="type who to log on as")
    url = address.strip()
    return Profile(
        name=name.strip() or urlsplit(url).netloc or url,
        url=url,
        user=user.strip(),
        production=production,
    )


def open_wish(wish: Wish, ways: Ways) -> Connection:
    """Log on as a form says.  Raises what ``connect`` does; nobody is asked."""
    wanted = REQUIRED[wish.profile.auth]
    found = origins(wish.profile)
    typed = [name for name in wanted if name in wish.secrets]
    # All come from one place, so one that is typed wants the others typed as well.
    missing = [n for n in wanted if n not in typed and (typed or found[n] == "prompt")]
    if missing:
        words = " and ".join(name.replace("_", " ") for name in missing)
        raise NoCredentials(f"No {words} is given.", hint="type it into the box")
    return ways.connect(wish.profile, wish.secrets)


def keep(wish: Wish, ways: Ways) -> Iterator[str]:
    """Save what the form asks for, the profile first; give a line for each thing kept.

    Raises what ``save_profile`` and ``remember`` do; what was kept before stays.
    """
    if wish.save:
        path = ways.save_profile(wish.profile)
        yield f"profile '{wish.profile.name}' saved in {path}"
    if wish.remember:
        for name, secret in wish.secrets.items():
            ways.remember(wish.profile, name, secret)
            words = name.replace("_", " ")
            yield f"{words} kept in the key store of this computer"


def sources_words(profile: Profile) -> str:
    """Return where secrets come from that are not typed; empty for nowhere."""
    known = {n: where for n, where in origins(profile).items() if where != "prompt"}
    if not known:
        return ""
    told = ", ".join(f"{n.replace('_', ' ')}: {where}" for n, where in known.items())
    return f"May stay empty ({told})."


def profile_names(found: Found) -> list[str]:
    """Return the profiles of a file, the preferred one first."""
    return sorted(found.profiles, key=lambda name: name != found.preferred)
