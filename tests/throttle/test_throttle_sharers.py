"""Several processes on one budget, in a file and in Redis; one of them is killed."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

SHARER = """
import sys, time
from campaign_magics.throttle import Budget, Limits, open_store
instance = "https://shared.example"
budget = Budget(instance, Limits(float(sys.argv[2])), open_store(sys.argv[1], instance))
print("ready", flush=True)
end = float(sys.stdin.readline())
while time.monotonic() < end:
    with budget.turn("a#B"):
        print(time.monotonic(), flush=True)
"""


@pytest.fixture(params=["sqlite", "redis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a budget store as profiles name it."""
    if request.param == "sqlite":
        return f"sqlite:{tmp_path}/b.sqlite"
    return str(request.getfixturevalue("own_redis").url)


def start_sharers(place: str, limit: float, count: int) -> list[Any]:
    command = [sys.executable, "-c", SHARER, place, str(limit)]
    processes = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"  # type: ignore[union-attr]
    return processes


def run_until(processes: list[Any], end: float) -> None:
    for process in processes:
        process.stdin.write(f"{end}\n")
        process.stdin.flush()


def times_of(process: Any) -> list[float]:
    return [float(line) for line in process.communicate(timeout=30)[0].split()]


def spans_of(times: list[float], limit: int) -> list[float]:
    """Return the seconds that each ``limit`` calls in a row took, up to the next."""
    return [b - a for a, b in zip(times, times[limit:], strict=False)]


def test_four_processes_share_one_limit(place: str) -> None:
    """No second holds more than 40 calls, the budget is used, and each gets its part.

    Parts count after the first burst, which belongs to whoever comes first.  The bench
    measures the share exactly; here a loaded machine is allowed for.
    """
    limit = 40
    processes = start_sharers(place, limit, 4)
    start = time.monotonic()
    run_until(processes, start + 3.0)
    parts = [times_of(process) for process in processes]
    times = sorted(t for part in parts for t in part)
    counts = [sum(t > start + 1 for t in part) for part in parts]
    assert min(spans_of(times, limit)) >= 1.0
    assert len(times) / 3.0 / limit >= 0.9
    assert sum(counts) ** 2 / (4 * sum(c * c for c in counts)) >= 0.98


def test_a_killed_process_frees_its_place(place: str) -> None:
    """kill -9 of one of three that wait: the others have the whole budget.

    The bench measures the share exactly, here too.
    """
    limit = 40
    victim, *others = start_sharers(place, limit, 3)
    start = time.monotonic()
    run_until([victim, *others], start + 3.0)
    time.sleep(0.7)
    victim.kill()
    victim.communicate()
    times = sorted(t for process in others for t in times_of(process))
    spans = spans_of([t for t in times if t > start + 1.5], limit)
    assert min(spans) >= 1.0
    assert sum(spans) / len(spans) <= 1 / 0.9
