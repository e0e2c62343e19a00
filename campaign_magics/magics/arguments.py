"""Argument parsing for magics: IPython's, with errors that fail the cell properly.

``UsageError`` reaches a notebook as a nameless stderr line, and papermill takes the
cell for a success of sorts; ours is an error output with a code and a hint.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from IPython.core.error import UsageError
from IPython.core.magic_arguments import parse_argstring

from ..errors import InvalidOption


def parse(magic: Callable[..., Any], line: str, name: str) -> argparse.Namespace:
    """Parse a magic's line; raises InvalidOption that names the magic to ask."""
    try:
        options: argparse.Namespace = parse_argstring(magic, line)
    except UsageError as exc:
        raise InvalidOption(f"{exc}".strip(), hint=f"see %{name}?") from exc
    except ValueError as exc:  # shlex: a quote that is not closed
        raise InvalidOption(
            f"The line cannot be split: {exc}.", hint="close the quote"
        ) from exc
    return options
