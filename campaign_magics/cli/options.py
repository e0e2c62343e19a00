"""Options that several commands share."""

from __future__ import annotations

import argparse

from ..options import positive_int, positive_number

DEFAULT_TPS = 10.0
DEFAULT_ROWS = 1_000


def add_sandbox_options(parser: argparse.ArgumentParser) -> None:
    """Add what shapes the sandbox that a command starts."""
    parser.add_argument(
        "--tps",
        type=positive_number,
        default=DEFAULT_TPS,
        help="calls a second that the sandbox allows (default %(default)g)",
    )
    parser.add_argument(
        "--rows",
        type=positive_int,
        default=DEFAULT_ROWS,
        help="recipients in the sandbox (default %(default)s)",
    )


def non_default_options(options: argparse.Namespace) -> str:
    """Return the sandbox options as ``%campaign_connect`` takes them."""
    text = ""
    if options.tps != DEFAULT_TPS:
        text += f" --tps {options.tps:g}"
    if options.rows != DEFAULT_ROWS:
        text += f" --rows {options.rows}"
    return text
