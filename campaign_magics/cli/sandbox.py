"""``campaign-magics sandbox``: serve until stopped."""

from __future__ import annotations

from collections.abc import Sequence

from ..sandbox.server import run_sandbox


def run(argv: Sequence[str]) -> int:
    """Run the server in this process; return its exit code."""
    return run_sandbox(list(argv))
