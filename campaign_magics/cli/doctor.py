"""``campaign-magics doctor``: what is installed, found and reachable; no secret."""

from __future__ import annotations

import argparse
import platform
import re
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path
from typing import Literal, NamedTuple

from platformdirs import user_cache_path

from .. import __version__
from ..errors import CampaignError
from ..profiles import Profile, find_profiles, load_profile
from ..profiles.credentials import origins
from ..profiles.describe import profile_rows

_PACKAGE = "campaign-magics"
_OPTIONAL = ("jupyterlab", "redis", "polars")
_PATIENCE = 10.0
"""Seconds for the instance to answer."""


class Finding(NamedTuple):
    """One thing looked at; ``fail`` makes the command exit with 1."""

    verdict: Literal["ok", "note", "fail"]
    name: str
    text: str


def run(argv: Sequence[str]) -> int:
    """Print the findings; 1 when one of them is a failure."""
    parser = argparse.ArgumentParser(
        prog="campaign-magics doctor", description=__doc__.split(": ")[1]
    )
    parser.add_argument(
        "profile", nargs="?", help="profile name or URL (default: the default profile)"
    )
    failed = False
    for finding in _findings(parser.parse_args(argv).profile):
        print(f"{finding.verdict:<5} {finding.name:<11} {finding.text}", flush=True)
        failed = failed or finding.verdict == "fail"
    return 1 if failed else 0


def _findings(what: str | None) -> Iterator[Finding]:
    yield from _installed()
    yield _key_store()
    yield _cache()
    profile = None
    try:
        found = find_profiles()
        (_, place), *rows = profile_rows(found)
        yield Finding("ok" if found.path else "note", "profiles", place)
        for name, text in rows:
            yield Finding("ok", "profile", f"{name}: {text}")
        if what is not None or found.preferred is not None:
            profile = load_profile(what)
    except CampaignError as error:
        yield _failure("profiles", error)
    if profile is not None:
        yield from _instance(profile)


def _installed() -> Iterator[Finding]:
    """Look for what the package requires, and for what it may use."""
    python = f"{platform.python_version()} on {platform.system()}"
    yield Finding("ok", "package", f"{_PACKAGE} {__version__}, Python {python}")
    needed = [line for line in metadata.requires(_PACKAGE) or () if "extra" not in line]
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in needed]
    versions = {name: _version(name) for name in names}
    if absent := [name for name, version in versions.items() if not version]:
        yield Finding("fail", "libraries", f"missing: {', '.join(absent)}")
    there = [f"{name} {version}" for name, version in versions.items() if version]
    yield Finding("ok", "libraries", ", ".join(there))
    extra = [f"{name} {_version(name) or 'not installed'}" for name in _OPTIONAL]
    yield Finding("note", "optional", ", ".join(extra))


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _key_store() -> Finding:
    """Name the system's key store.  Back ends raise what they like."""
    try:
        import keyring
        from keyring.backends.fail import Keyring as NoKeyring

        store = keyring.get_keyring()
        if isinstance(store, NoKeyring):
            text = "none: passwords come from the environment or a prompt"
            return Finding("note", "keyring", text)
        return Finding("ok", "keyring", type(store).__module__)
    except Exception as error:
        return Finding("note", "keyring", f"does not work ({type(error).__name__})")


def _cache() -> Finding:
    """Measure the cache folder, and write to it."""
    folder = user_cache_path("campaign_magics")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        parts = [_size(folder, name) for name in ("schemas", "budgets")]
    except OSError as error:
        return Finding("fail", "cache", f"{folder}: {error.strerror}")
    return Finding("ok", "cache", f"{folder} ({', '.join(parts)})")


def _size(folder: Path, name: str) -> str:
    files = [file for file in (folder / name).rglob("*") if file.is_file()]
    size = sum(file.stat().st_size for file in files)
    return f"{name} {len(files)} files, {size / 1e6:.1f} MB"


def _instance(profile: Profile) -> Iterator[Finding]:
    """Ask the instance who it is, without logging on."""
    for name, origin in origins(profile).items():
        verdict: Literal["ok", "note"] = "note" if origin == "prompt" else "ok"
        yield Finding(verdict, "secret", f"{name} from {origin}")
    yield _reach(profile)
    yield _budget(profile)


def _reach(profile: Profile) -> Finding:
    from ..session.connect import network_of
    from ..soap.logon import page_facts
    from ..soap.network import Pool
    from ..soap.retry import Timeouts

    patience = Timeouts(connect=_PATIENCE, read=_PATIENCE, total=_PATIENCE)
    pool = Pool(profile.url, network_of(profile), patience)
    try:
        answer = pool.exchange("GET", f"{profile.url}/r/test")
    except CampaignError as error:
        return _failure("instance", error)
    finally:
        pool.close()
    facts = page_facts(answer.body) if answer.status == 200 else {}
    if not facts.get("buildNumber"):
        text = f"{profile.url} answers, but not as Campaign (HTTP {answer.status})"
        return Finding("fail", "instance", text)
    known = f"{facts['instanceName']} {facts['version']} build {facts['buildNumber']}"
    return Finding("ok", "instance", f"{profile.url} is {known}")


def _budget(profile: Profile) -> Finding:
    from ..throttle import open_store

    place = profile.budget_store
    try:
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            store = open_store(place, profile.url)
    except CampaignError as error:
        return _failure("budget", error)
    shared = store.shared
    store.close()
    if told:
        return Finding("fail", "budget", str(told[0].message))
    if shared:
        return Finding("ok", "budget", f"shared through {place}")
    return Finding("note", "budget", "this kernel's alone, as the profile says")


def _failure(name: str, error: CampaignError) -> Finding:
    hint = f" ({error.hint})" if error.hint else ""
    return Finding("fail", name, f"{error.message}{hint}")
