"""``connect()``: the one door, which alone knows both the client and the sandbox."""

from __future__ import annotations

import os
import threading
from typing import Any

from .errors import InvalidOption, NotConnected
from .profiles import Profile, load_profile
from .sandbox.command import CONTROL_VARIABLE
from .sandbox.driver import Driver
from .sandbox.process import Sandbox
from .secret import Secret
from .session import open_as
from .workbench import Session

_URL, _USER, _PASSWORD, _TPS = (
    f"CAMPAIGN_SANDBOX_{word}" for word in ("URL", "USER", "PASSWORD", "TPS")
)
_lock = threading.Lock()
_kept: list[tuple[dict[str, Any], Sandbox]] = []
"""The sandbox that ``connect("sandbox")`` started, and what it was made of; it lives
as long as the kernel."""


def connect(
    what: str | Profile | Sandbox | None = None,
    *,
    password: str | Secret | None = None,
    session_token: str | Secret | None = None,
    security_token: str | Secret | None = None,
    bearer_token: str | Secret | None = None,
    client_secret: str | Secret | None = None,
    **overrides: Any,
) -> Session:
    """Return a Session; its first call logs on, or ``session.log_on()`` before.

    ``what`` is a profile name, a URL, a Profile, a Sandbox, ``"sandbox"`` (starts one
    and keeps it for this kernel) or None for the default profile.  ``overrides`` are
    fields of Profile (``user="me"``, ``tps=5``); for a sandbox also ``rows`` and
    ``seed``.  Secrets that are not given come from environment, keyring or prompt.

    Raises UnknownProfile, NoCredentials, InvalidOption; the first call AccessDenied,
    Unreachable, NotCampaign.
    """
    if what == "sandbox":
        return _to_sandbox(overrides)
    if isinstance(what, Sandbox):
        return _open(sandbox_environment(what), overrides)
    if not isinstance(what, str | Profile | None):
        raise InvalidOption(
            f"connect() takes no value of type {type(what).__name__}.",
            hint='give a profile\'s name, an address, or "sandbox"',
        )
    profile = what if isinstance(what, Profile) else load_profile(what)
    if overrides:
        profile = profile.with_overrides(**overrides)
    return open_as(
        Session,
        profile,
        password=_secret(password),
        session_token=_secret(session_token),
        security_token=_secret(security_token),
        bearer_token=_secret(bearer_token),
        client_secret=_secret(client_secret),
    )


def sandbox_environment(sandbox: Sandbox) -> dict[str, str]:
    """Return the variables that let another process ``connect("sandbox")`` to it."""
    return {
        _URL: sandbox.url,
        _USER: sandbox.user,
        _PASSWORD: sandbox.password.reveal(),
        _TPS: str(sandbox.tps),
        **sandbox.control_environment(),
    }


def sandbox_driver() -> Driver:
    """Return the commands to the sandbox that ``connect("sandbox")`` leads to.

    Raises NotConnected when there is none, or it is not ours to drive.
    """
    if kept := _running():
        return kept.control
    token = os.environ.get(CONTROL_VARIABLE)
    if os.environ.get(_URL) and token:
        return Driver(os.environ[_URL], Secret(token))
    raise NotConnected(
        "There is no sandbox to drive.", hint="run %campaign_connect sandbox"
    )


def _to_sandbox(overrides: dict[str, Any]) -> Session:
    """Use the kernel's own sandbox, else the one that the lab announced.

    ``rows`` or ``seed`` ask for a sandbox of their own, which replaces the kernel's.
    """
    made_of: dict[str, Any] = {
        name: overrides.pop(name) for name in ("rows", "seed") if name in overrides
    }
    if not made_of and (kept := _running()):
        return _open(sandbox_environment(kept), overrides)
    if not made_of and os.environ.get(_URL):
        return _open(dict(os.environ), overrides)
    if "tps" in overrides:
        made_of["tps"] = overrides["tps"]
    return _open(sandbox_environment(_kernel_sandbox(made_of)), overrides)


def _running() -> Sandbox | None:
    """Return the kernel's sandbox if there is one and it has not ended."""
    with _lock:
        return _kept[0][1] if _kept and _kept[0][1].running else None


def _kernel_sandbox(made_of: dict[str, Any]) -> Sandbox:
    """Return the kernel's sandbox; other options replace it by another one."""
    with _lock:
        if _kept and (not _kept[0][1].running or made_of != _kept[0][0]):
            _kept.pop()[1].stop()
        if not _kept:
            _kept.append((made_of, Sandbox(**made_of).start()))
        return _kept[0][1]


def _open(environment: dict[str, str], overrides: dict[str, Any]) -> Session:
    profile = Profile(
        name="sandbox",
        url=environment[_URL],
        user=environment[_USER],
        tps=float(environment[_TPS]) or None,
    )
    if overrides:
        profile = profile.with_overrides(**overrides)
    return open_as(Session, profile, password=Secret(environment[_PASSWORD]))


def _secret(given: str | Secret | None) -> Secret | None:
    return Secret(given) if isinstance(given, str) else given
