"""Puts the connection box together: it is handed the doors that it may not import."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ..profiles import find_profiles, remember, save_profile
from ..widgets.connect import ConnectBox
from ..widgets.connect_ways import Ways


def make_box(
    open_: Callable[[Any, dict[str, Any]], Any], taken: Callable[[Any], None]
) -> ConnectBox:
    """Return a box that opens sessions with ``open_`` and hands them to ``taken``.

    A profile is saved beside those that were found, else in the user's own file.
    """
    found = find_profiles()
    ways = Ways(
        connect=lambda profile, secrets: open_(
            profile, {str(name): secret for name, secret in secrets.items()}
        ),
        taken=taken,
        save_profile=lambda profile: save_profile(profile, found.path),
        remember=remember,
        ready={"sandbox": partial(open_, "sandbox", {})},
    )
    return ConnectBox(found, ways)
