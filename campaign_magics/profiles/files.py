"""Profiles come from the first of these files that exists:

1. the file that is asked for (``file=``, ``--profiles``);
2. the one that $CAMPAIGN_PROFILES names;
3. ``profiles.toml`` in the working folder;
4. ``profiles.toml`` in the user's configuration folder (``~/.config/campaign_magics``
   on Linux, ``~/Library/Application Support/campaign_magics`` on macOS,
   ``%LOCALAPPDATA%\\campaign_magics`` on Windows).

No secret is ever read from them.  A file is a table for each profile::

    default = "prod"

    [prod]
    url = "https://acme.campaign.adobe.com"
    user = "me"
    tps = 10
    production = true

    [prod.tps_per_api]
    "xtk:queryDef#ExecuteQuery" = 5
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ..errors import InvalidOption, UnknownProfile
from .address import is_url, normalise_url
from .profile import Profile, check_setting, closest_hint

FILE_VARIABLE = "CAMPAIGN_PROFILES"
FILE_NAME = "profiles.toml"

_DEFAULT = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The profiles of the file that won; ``path`` is None when there is no file."""

    path: Path | None
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    default: str | None = None
    searched: tuple[Path, ...] = ()

    @property
    def preferred(self) -> str | None:
        """The profile that ``connect()`` takes: the default, or the only one."""
        return self.default or _only(self)


def user_file() -> Path:
    """Return the user's own profiles file, whether it exists or not."""
    import platformdirs  # here: floors 0 to 2 load with the standard library alone

    return platformdirs.user_config_path("campaign_magics") / FILE_NAME


def find_profiles(
    start: Path | None = None,
    *,
    file: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Found:
    """Return the profiles of the first file found; the module has the order.

    ``start`` is the working folder.  Raises InvalidOption for a file that was named and
    does not exist, or whose content is wrong.
    """
    environ = os.environ if environ is None else environ
    named = file or environ.get(FILE_VARIABLE)
    if named:
        path = Path(named).expanduser()
        if not path.is_file():
            raise InvalidOption(
                f"The profiles file {path} does not exist.",
                hint=f"correct the path, or unset {FILE_VARIABLE}",
            )
        return read_profiles(path)
    places = ((start or Path.cwd()) / FILE_NAME, user_file())
    for path in places:
        if path.is_file():
            return read_profiles(path)
    return Found(path=None, searched=places)


def load_profile(
    what: str | None = None,
    *,
    start: Path | None = None,
    file: Path | str | None = None,
    environ: Mapping[str, str] | None = None,
) -> Profile:
    """Return the profile of that name, or one made of an address.

    None is the file's ``default``, or its only profile.  Raises UnknownProfile, and
    InvalidOption as ``find_profiles`` does.
    """
    if what is not None and is_url(what):
        url = normalise_url(what)
        return Profile(name=urlsplit(url).netloc, url=url)
    found = find_profiles(start, file=file, environ=environ)
    name = what or found.preferred
    if name is None:
        raise UnknownProfile("There is no default profile.", hint=_known(found))
    if name not in found.profiles:
        raise UnknownProfile(
            f"No profile is named '{name}'.", hint=_unknown_hint(name, found)
        )
    return found.profiles[name]


def read_profiles(path: Path) -> Found:
    """Return the profiles of one file.  Raises InvalidOption with the line at fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (OSError, UnicodeDecodeError) as exc:
        raise InvalidOption(f"{path} cannot be read: {exc}.") from exc
    except tomllib.TOMLDecodeError as exc:
        # Its lines are not shown: one of them may hold a password.
        raise InvalidOption(
            f"{path} is not TOML: {exc}.", hint="quote texts; one [name] per profile"
        ) from None
    default = content.get(_DEFAULT)
    if isinstance(default, dict):  # a profile of that name is the default
        default = _DEFAULT
    elif default is not None:
        del content[_DEFAULT]
    profiles = {name: _profile(path, text, name, t) for name, t in content.items()}
    if default is not None and default not in profiles:
        raise InvalidOption(
            f"{path}{_line(text, '', _DEFAULT)}: default = {default!r} is no profile.",
            hint=closest_hint(str(default), tuple(profiles)),
        )
    return Found(path=path, profiles=profiles, default=default, searched=(path,))


def save_profile(profile: Profile, path: Path | None = None) -> Path:
    """Add a profile to a file (the user's own by default) and return its path.

    Text and comments that are there stay.  Raises InvalidOption when the name is
    taken, and leaves the file as it was.
    """
    path = path or user_file()
    known = read_profiles(path).profiles if path.is_file() else {}
    if profile.name in known:
        raise InvalidOption(
            f"{path} has a profile '{profile.name}' already.",
            hint="choose another name, or edit the file",
        )
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as stream:
        stream.write(_to_toml(profile))
    return path


def _profile(path: Path, text: str, name: str, table: object) -> Profile:
    if not isinstance(table, dict):
        where = f"{path}{_line(text, '', name)}: "
        check_setting(name, where)
        raise InvalidOption(
            f"{where}'{name}' stands outside of a profile.",
            hint="put it under a line such as [prod]",
        )
    for key in table:
        check_setting(key, f"{path}{_line(text, name, key)}: ")
    if "url" not in table:
        raise InvalidOption(
            f"{path}{_line(text, name, None)}: profile '{name}' has no url.",
            hint='add url = "https://…"',
        )
    try:
        return Profile(**{**table, "name": name})
    except InvalidOption as exc:
        key = exc.message.partition(" ")[0]
        where = f"{path}{_line(text, name, key if key in table else 'url')}"
        raise InvalidOption(f"{where}: {exc.message}", hint=exc.hint) from None


def _line(text: str, table: str, key: str | None) -> str:
    """Return `` line N`` of a key in a table, of the table itself for None."""
    header = re.compile(r"\s*\[\s*([^\]]*?)\s*\]")
    here, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if match := header.match(line):
            here = match[1].replace('"', "").replace("'", "")
            first = first or (number if here.split(".")[0] == table else 0)
            if key is not None and here == f"{table}.{key}":
                return f" line {number}"
        written = re.split(r"\s*[=.]", line.strip(), maxsplit=1)[0].strip("\"'")
        if here == table and key is not None and written == key and "=" in line:
            return f" line {number}"
    return f" line {first}" if first else ""


def _only(found: Found) -> str | None:
    return next(iter(found.profiles)) if len(found.profiles) == 1 else None


def _known(found: Found) -> str:
    if found.path is None:
        places = " or ".join(str(path) for path in found.searched)
        return f"write {places}, connect to https://…, or to 'sandbox'"
    return f"{found.path} has {', '.join(sorted(found.profiles)) or 'none'}"


def _unknown_hint(name: str, found: Found) -> str:
    guess = closest_hint(name, (*found.profiles, "sandbox"))
    if guess:
        return f"{guess} {_known(found)}"
    if "." in name:
        return f"for an address write https://{name}; {_known(found)}"
    return _known(found)


def _to_toml(profile: Profile) -> str:
    """Return the table of a profile: what differs from the defaults."""
    plain: dict[str, Any] = {
        f.name: getattr(profile, f.name)
        for f in fields(profile)
        if f.name not in ("name", "tps_per_api")
        and getattr(profile, f.name) != f.default
    }
    lines = [f"[{_quoted(profile.name)}]"]
    lines += [f"{key} = {_quoted(value)}" for key, value in plain.items()]
    if profile.tps_per_api:
        lines.append(f"[{_quoted(profile.name)}.tps_per_api]")
        lines += [f"{_quoted(api)} = {n}" for api, n in profile.tps_per_api.items()]
    return "\n" + "\n".join(lines) + "\n"


def _quoted(value: object) -> str:
    """JSON's numbers, booleans and texts are TOML's too, all but one character."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
