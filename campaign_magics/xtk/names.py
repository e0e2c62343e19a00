"""Names as Campaign writes them, and the nearest one to a misspelt word."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from ..errors import UnknownName

_SCHEMA = re.compile(r"([^\W\d][\w-]*):([^\W\d][\w.-]*)")
_LONGEST = 80
"""A word longer than any name: comparing it with every candidate is wasted time."""


def split_schema(text: str) -> tuple[str, str]:
    """Split ``"nms:recipient"`` into its namespace and name.

    Raises ``UnknownName`` when the text is not of that form.
    """
    if found := _SCHEMA.fullmatch(text):
        return found[1], found[2]
    shown = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    raise UnknownName(
        f"{shown!r} is not the name of a schema.",
        hint="write namespace:name, as in nms:recipient",
    )


def closest(word: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate most like ``word``, or None when none is near.

    Case and a leading ``@`` do not count: ``lastname`` finds ``@lastName``.
    """
    if len(word) > _LONGEST:
        return None
    by_key: dict[str, str] = {}
    for candidate in candidates:
        by_key.setdefault(_key(candidate), candidate)
    near = get_close_matches(_key(word), by_key, n=1, cutoff=0.6)
    return by_key[near[0]] if near else None


def did_you_mean(word: str, candidates: Iterable[str]) -> str:
    """Return the hint ``did you mean …?``, or nothing when no candidate is near."""
    near = closest(word, candidates)
    return f"did you mean {near}?" if near else ""


def _key(name: str) -> str:
    return name.removeprefix("@").casefold()
