"""Argument parsing for magics: IPython's, with errors that fail the cell properly.

``UsageError`` reaches a notebook as a nameless stderr line and not as an error; ours
is an error output with a code and a hint.  Words are split as a shell does, quotes
removed, but a backslash is a letter: paths of Windows and XTK's escapes stay whole.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from IPython.core.error import UsageError

from ..errors import InvalidOption
from ..options import named_value
from ..xtk.names import did_you_mean

_VARIABLE = re.compile(r"[:$]([^\W\d]\w*)|\{([^\W\d]\w*)\}")


def parse(
    magic: Callable[..., Any], line: str, name: str, *, too_many: str = ""
) -> argparse.Namespace:
    """Parse a magic's line; raises InvalidOption that names the magic to ask.

    ``too_many`` is the hint for words that nothing takes.
    """
    parser: argparse.ArgumentParser = magic.parser  # type: ignore[attr-defined]  # set by magic_arguments
    ask = f"see %{name}?"
    try:
        options, left = parser.parse_known_args(_split(line))
    except UsageError as exc:
        raise InvalidOption(f"{exc}".strip(), hint=ask) from exc
    except ValueError as exc:
        raise InvalidOption(
            f"The line cannot be split: {exc}.", hint="close the quote"
        ) from exc
    for word in left:
        if word.startswith("-"):
            option = word.partition("=")[0]  # its value may be a secret
            near = did_you_mean(option, parser._option_string_actions)
            raise InvalidOption(f"%{name} has no option {option}.", hint=near or ask)
    if left:
        raise InvalidOption(
            f"'{left[0]}' is one word too many for %{name}.", hint=too_many or ask
        )
    return options


def named_values(words: Iterable[str], example: str) -> dict[str, object]:
    """Read words of NAME=VALUE; raises InvalidOption with the example as its hint."""
    try:
        return dict(map(named_value, words))
    except argparse.ArgumentTypeError as exc:
        raise InvalidOption(f"{exc}.", hint=example) from exc


def value_of(word: str, names: Mapping[str, Any]) -> Any:
    """Return the variable for ``:name``, as in a query, or for ``$name``, ``{name}``.

    IPython would paste the last two into the line, where a quote or a space of theirs
    would be taken for syntax; here a whole word is the value itself.  Other words are
    returned as they are.  Raises InvalidOption when there is no such variable.
    """
    found = _VARIABLE.fullmatch(word)
    if found is None:
        return word
    return variable(found[1] or found[2], names)


def variable(name: str, names: Mapping[str, Any], hint: str = "assign it") -> Any:
    """Return the notebook's variable; raises InvalidOption when there is none."""
    if name not in names:
        raise InvalidOption(f"There is no variable '{name}'.", hint=hint)
    return names[name]


def _split(line: str) -> list[str]:
    words = shlex.shlex(line, posix=True)
    words.whitespace_split = True
    words.commenters = ""
    words.escape = ""
    return list(words)
