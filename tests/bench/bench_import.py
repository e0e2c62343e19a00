"""What ``%load_ext campaign_magics`` costs on top of IPython: at most 100 ms.

    python tests/bench/bench_import.py

Python's own ``-X importtime`` adds up what loading the extension imports, in a fresh
process, the best of five; the five dearest modules are named.
"""

from __future__ import annotations

import re
import subprocess
import sys

CODE = (
    "import IPython.core.interactiveshell, IPython.core.magic_arguments, sys;"
    "print('MARK', file=sys.stderr); import campaign_magics.magics"
)
LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \| +(\S+)")


def measure() -> dict[str, int]:
    """Return microseconds by module, of what was not there before."""
    errors = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", CODE],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    found = LINE.findall(errors.partition("MARK")[2])
    return {module: int(own) for own, module in found}


def main() -> int:
    best = min((measure() for _ in range(5)), key=lambda cost: sum(cost.values()))
    total = sum(best.values()) / 1000
    for module, own in sorted(best.items(), key=lambda pair: -pair[1])[:5]:
        print(f"{own / 1000:8.1f} ms  {module}")
    print(f"{total:8.1f} ms  %load_ext campaign_magics, of 100 ms")
    return 0 if total < 100 else 1


if __name__ == "__main__":
    sys.exit(main())
