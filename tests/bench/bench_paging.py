"""A million recipients from the sandbox at 10 TPS: time, budget, memory.

    python tests/bench/bench_paging.py [ROWS] [TPS]

Client CPU goes with bytes: here four columns, 5,000 rows a page.

Reads every row once with ``query(limit=None)`` (what ``--all`` does) and once with
``to_parquet`` (``--to``), each in a process of its own, and prints client CPU against
the wall clock, the share of the limit that was used and the 429s as the *server*
counts them, what the server took for page 100 against page 1 (medians of the pages
around them), and resident memory at 100,000 rows and at the end.  Ends with 1 when a
target is missed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import psutil

from campaign_magics import Sandbox, connect
from campaign_magics.front import sandbox_driver, sandbox_environment
from campaign_magics.session import Progress
from campaign_magics.soap.exchange import Exchange

QUERY = "SELECT id, email, lastName, gender FROM nms:recipient"
EARLY = 100_000
AROUND = 5
TARGETS: dict[str, tuple[str, float]] = {
    "client CPU / wall": ("<=", 0.15),
    "budget used": (">=", 0.98),
    "refused with 429": ("<=", 0),
    "page 100 / page 1": ("<=", 1.2),
    "MB grown from 100k rows": ("<=", 100),
}

AIMED = {"client CPU / wall": "--all", "MB grown from 100k rows": "--to"}
"""What only one of the two is measured against: a frame of all rows grows."""


def measured(work: Callable[[Callable[[Progress], None]], int]) -> dict[str, Any]:
    """Run a reading; return its rows, seconds, CPU and memory."""
    process = psutil.Process()
    sizes: list[tuple[int, int]] = []

    def watch(progress: Progress) -> None:
        sizes.append((progress.rows, process.memory_info().rss))

    cpu, begun = sum(process.cpu_times()[:2]), time.perf_counter()
    rows = work(watch)
    seconds = time.perf_counter() - begun
    busy = sum(process.cpu_times()[:2]) - cpu
    early = [rss for rows, rss in sizes if rows >= EARLY] or [0]
    return {
        "rows": rows,
        "seconds": seconds,
        "cpu": busy / seconds,
        "early": early[0] / 2**20,
        "most": max(early) / 2**20,
    }


def child(kind: str, folder: str) -> None:
    """Read everything, in a process that does nothing else."""
    calls: list[Exchange] = []
    with connect("sandbox") as session:
        session.query(QUERY, limit=1)  # logon, schema and imports are not measured
        time.sleep(1.1)

        def read(watch: Callable[[Progress], None]) -> int:
            if kind == "--all":
                return len(session.query(QUERY, limit=None, progress=watch))
            return session.to_parquet(QUERY, folder, progress=watch).rows

        driver = sandbox_driver()
        driver.stats(clear=True)
        with session.trace(calls.append):
            found = measured(read)
        found["counted"] = driver.stats()
    pages = [one.seconds for one in calls if one.response_bytes > 100_000]
    found["pages"] = pages
    print(json.dumps(found))


def run(sandbox: Sandbox, kind: str, folder: Path) -> dict[str, float]:
    """Let a process read everything, and ask the server what it saw."""
    command = [sys.executable, __file__, "--child", kind, str(folder)]
    environment = {**os.environ, **sandbox_environment(sandbox)}
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    found = json.loads(done.stdout.splitlines()[-1])
    pages = found["pages"]
    late = pages[100 - AROUND : 100 + AROUND] or pages[-AROUND:]
    rows, seconds = found["rows"], found["seconds"]
    print(f"{kind}: {rows:,} rows in {seconds:.1f} s, {rows / seconds:,.0f} rows/s")
    return {
        "client CPU / wall": found["cpu"],
        "budget used": found["counted"]["used"],
        "refused with 429": found["counted"]["throttled"],
        "page 100 / page 1": median(late) / median(pages[: 2 * AROUND]),
        "MB grown from 100k rows": found["most"] - found["early"],
    }


def main() -> int:
    """Measure, print, and judge."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    tps = float(sys.argv[2]) if len(sys.argv) > 2 else 10.0
    missed = False
    with Sandbox(tps=tps, rows=rows) as sandbox, tempfile.TemporaryDirectory() as to:
        for kind in ("--all", "--to"):
            for name, value in run(sandbox, kind, Path(to, "rows")).items():
                sign, target = TARGETS[name]
                aimed = kind == AIMED.get(name, kind)
                good = value <= target if sign == "<=" else value >= target
                missed |= aimed and not good
                aim = (
                    f"{sign} {target:g}" if aimed else f"(aimed at with {AIMED[name]})"
                )
                print(f"  {name:24} {value:9.3f}  {aim}")
    return int(missed)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(*sys.argv[2:])
    else:
        sys.exit(main())
