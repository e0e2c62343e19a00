"""What a query cell asks for: its query, its parameters, and options that agree."""

from __future__ import annotations

import argparse
import re
from dataclasses import replace
from keyword import iskeyword
from typing import Any

from ..errors import InvalidOption
from .arguments import named_values

PICKER = "picker"
"""The variable that ``%campaign_pick`` fills."""

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
    check_name(options.out)
    for one, other in _TOGETHER:
        if getattr(options, one) and getattr(options, other):
            raise InvalidOption(
                f"{_option(one)} and {_option(other)} contradict each other.",
                hint="give one of them",
            )


def check_name(out: str | None) -> None:
    """Raise InvalidOption unless ``--out`` names a variable, or is left out."""
    if out is not None and (not _IDENTIFIER.match(out) or iskeyword(out)):
        raise InvalidOption(
            f"--out {out} is not a variable's name.", hint="--out recipients"
        )


def body(
    word: str | None,
    cell: str | None,
    names: dict[str, Any],
    source: str | None = None,
    *,
    limited: bool = False,
) -> Any:
    """Return the query: the cell's body, the quoted text, or a variable's value.

    ``source`` names the variable, as ``--from`` does; one that holds a schema picker
    stands for the query that was picked.  ``limited`` says that an option tells how
    many rows are wanted: it goes before a picker's limit, which nobody need have set.
    """
    if source is not None:
        if word is not None or (cell or "").strip():
            raise InvalidOption(
                f"The query is taken from '{source}', and another one is given.",
                hint="leave out --from, or the other query",
            )
        return _value(source, names, limited)
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
    return _value(word, names, limited)


def _value(name: str, names: dict[str, Any], limited: bool) -> Any:
    if name not in names:
        hint = "assign the query to it first"
        if name == PICKER:
            hint = "run %campaign_pick first"
        raise InvalidOption(f"There is no variable '{name}'.", hint=hint)
    value = names[name]
    if not is_picker(value):
        return value
    query = value.query
    return replace(query, line_count=None) if limited else query


def is_picker(value: object) -> bool:
    """Tell whether a value is a schema picker, without importing widgets for it."""
    kind = type(value)
    return (kind.__module__, kind.__qualname__) == (
        "campaign_magics.widgets.picker.view",
        "Picker",
    )


def given(pairs: list[str]) -> dict[str, object]:
    """Read ``--param`` values: Python literals as such, everything else as text."""
    return named_values(pairs, "--param language=fr")


def _option(name: str) -> str:
    return {"shape": "--as"}.get(name, f"--{name.replace('_', '-')}")
