"""What a query cell asks for: its query, its parameters, and options that agree."""

from __future__ import annotations

import argparse
import re
from typing import Any

from ..errors import InvalidOption
from .arguments import named_values

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")

_TOGETHER = (
    ("all", "limit"),
    ("dry_run", "count"),
    ("dry_run", "show_code"),
    ("count", "show_code"),
    ("to", "shape"),
    ("resume", "dry_run"),
    ("resume", "count"),
    ("resume", "show_code"),
)
"""Options that contradict each other."""


def check(options: argparse.Namespace) -> None:
    """Raise InvalidOption for options that make no sense, alone or together."""
    if options.out is not None and not _IDENTIFIER.match(options.out):
        raise InvalidOption(
            f"--out {options.out} is not a variable's name.",
            hint="--out recipients",
        )
    for one, other in _TOGETHER:
        if getattr(options, one) and getattr(options, other):
            raise InvalidOption(
                f"{_option(one)} and {_option(other)} contradict each other.",
                hint="give one of them",
            )


def body(
    word: str | None, cell: str | None, names: dict[str, Any]
) -> str | dict[str, Any]:
    """Return the query: the cell's body, the quoted text, or a variable's value."""
    if cell is not None:
        if word is not None:
            raise InvalidOption(
                f"'{word}' stands on the magic's line; the query goes below it.",
                hint="options on the first line, the query on the next",
            )
        return cell
    if word is None:
        raise InvalidOption(
            "There is no query.",
            hint='df = %campaign_query "SELECT …" or %%campaign_query',
        )
    if not _IDENTIFIER.match(word):
        return word
    if word not in names:
        raise InvalidOption(
            f"There is no variable '{word}'.", hint="assign the query to it first"
        )
    value: str | dict[str, Any] = names[word]
    return value


def given(pairs: list[str]) -> dict[str, object]:
    """Read ``--param`` values: Python literals as such, everything else as text."""
    return named_values(pairs, "--param language=fr")


def _option(name: str) -> str:
    return {"shape": "--as"}.get(name, f"--{name.replace('_', '-')}")
