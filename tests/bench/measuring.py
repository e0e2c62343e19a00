"""What benchmarks share: a process of its own for a measurement, and the verdict.

A benchmark is run as a script, so its folder is where it looks for this module.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def resident(name: str) -> int:
    """Read a size from the kernel's status of this process, in bytes."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(x.split()[1]) * 1024 for x in lines if x.startswith(name + ":"))


def in_own_process(script: str, *arguments: str) -> list[float]:
    """Run a script for one measurement; return the numbers it prints."""
    command = [sys.executable, script, "--measure", *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(word) for word in done.stdout.split()]


def report(label: str, ratio: float, target: str) -> bool:
    """Print one line; tell whether the target is met."""
    sign, limit = target.split()
    met = ratio <= float(limit) if sign == "≤" else ratio >= float(limit)
    print(f"{label:<44}{ratio:>7.2f}   target {target}   {'met' if met else 'MISSED'}")
    return met
