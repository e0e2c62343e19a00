"""Commands that run beside a test."""

from __future__ import annotations

import subprocess


def said_until(process: subprocess.Popen[str], words: str) -> str:
    """Read what a command prints, up to the line with these words; return all of it."""
    assert process.stdout is not None
    said = ""
    while words not in said:
        line = process.stdout.readline()
        assert line, f"it ended early: {said}"
        said += line
    return said
