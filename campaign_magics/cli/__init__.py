"""``campaign-magics``: the command line, one module a command."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from .. import __version__
from ..errors import CampaignError

COMMANDS = {
    "lab": "start a sandbox and JupyterLab on the tutorials",
    "demo": "the same job without a browser: one query, printed",
    "sandbox": "serve a sandbox until stopped",
    "query": "one query, its rows as CSV, JSON lines or Parquet",
    "profiles": "which profiles file counts, and what is in it",
    "doctor": "what is installed, found and reachable; no secret",
}
"""Command → what it does; each is ``run(argv)`` in the module of its name."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code (2: the command line is wrong)."""
    words = list(sys.argv[1:] if argv is None else argv)
    name = words[0] if words else "--help"
    if name in ("-h", "--help"):
        print(_usage())
        return 0 if words else 2
    if name == "--version":
        print(f"campaign-magics {__version__}")
        return 0
    if name not in COMMANDS:
        print(f"campaign-magics: no command '{name}'\n\n{_usage()}", file=sys.stderr)
        return 2
    try:
        code: int = import_module(f".{name}", __name__).run(words[1:])
    except CampaignError as exc:
        print("\n".join(exc.render()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def _usage() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {what}" for name, what in COMMANDS.items()]
    return "\n".join(
        [
            "usage: campaign-magics COMMAND [OPTIONS]   (COMMAND --help tells more)",
            "",
            *lines,
        ]
    )
