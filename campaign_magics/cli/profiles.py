"""``campaign-magics profiles``: which profiles file counts, and what is in it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ..profiles import find_profiles
from ..profiles.describe import EXAMPLE, as_text, profile_rows, setting_rows
from ..profiles.files import user_file


def run(argv: Sequence[str]) -> int:
    """Print the file that won and its profiles, or the settings a profile may have."""
    parser = argparse.ArgumentParser(
        prog="campaign-magics profiles", description=__doc__.split(": ")[1]
    )
    parser.add_argument(
        "--file", type=Path, help="look at this file instead of searching for one"
    )
    parser.add_argument(
        "--settings", action="store_true", help="explain what a profile may say"
    )
    options = parser.parse_args(argv)
    if options.settings:
        print(as_text(setting_rows()))
        return 0
    found = find_profiles(file=options.file)
    print(as_text(profile_rows(found)))
    if found.path is None:
        print(f"\nAn example to put into {user_file()}:\n\n{EXAMPLE}", end="")
    elif found.preferred is None:
        print('\nThere is no default: name a profile, or add default = "NAME".')
    return 0
