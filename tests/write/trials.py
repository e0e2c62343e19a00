"""Trials of a commit: killed at a random moment, or among ordered faults."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from write.commits import Workload, check, stored, write

import campaign_magics as cm
from campaign_magics import Sandbox
from campaign_magics.errors import CampaignError
from campaign_magics.front import sandbox_environment

WORKER = Path(__file__).parent / "commits.py"
ROWS = 400
LONGEST = 0.9
"""Seconds that an undisturbed commit takes, about: moments are drawn up to there,
unless `undisturbed` has measured it."""

MOST_RUNS = 12
"""Commits after which a workload must have ended, whatever the faults."""

FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reset", {"moment": "before"}),
    ("reset", {"moment": "during"}),
    ("reset", {"moment": "after"}),
    ("reset", {"moment": "after"}),
    ("truncate", {"keep": 0.3}),
    ("truncate", {"keep": 0.9, "complete": True}),
    ("login_page", {}),
    ("expire", {}),
    ("latency", {"seconds": 0.3}),
    ("status", {"status": 503}),
    ("status", {"status": 429, "retry_after": 0.1}),
)
APIS = ("*#WriteCollection", "*#WriteCollection", "*#ExecuteQuery", "*")


def undisturbed(sandbox: Sandbox) -> float:
    """Return the seconds that a commit takes which nobody kills."""
    with cm.connect(sandbox) as session:
        load = Workload("undisturbed", ROWS)
        write(session, load, before=True)
    begun: list[float] = []

    def wait(process: subprocess.Popen[str]) -> str:
        begun.append(time.perf_counter())
        assert process.stdout is not None
        return process.stdout.readline()

    assert "done" in _run(sandbox, load, wait)
    return time.perf_counter() - begun[0]


def killed(sandbox: Sandbox, load: Workload, moment: float) -> bool:
    """Kill a committing process after some seconds; False when it was done."""

    def kill(process: subprocess.Popen[str]) -> str:
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        return process.stdout.read()

    return "done" not in _run(sandbox, load, kill)


def _run(
    sandbox: Sandbox, load: Workload, act: Callable[[subprocess.Popen[str]], str]
) -> str:
    """Have a process commit; return what ``act`` gets from it once it begins."""
    process = subprocess.Popen(
        [sys.executable, WORKER, load.tag, str(load.rows)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **sandbox_environment(sandbox)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("\n")
        process.stdin.flush()
        return act(process)


def kill_trial(
    sandbox: Sandbox, number: int, luck: random.Random, longest: float = LONGEST
) -> str:
    """Kill a commit up to three times, let it end, check; return what happened."""
    with cm.connect(sandbox) as session:
        load = Workload(f"kill{number}", ROWS)
        write(session, load, before=True)
        story = []
        for _ in range(luck.randint(1, 3)):
            moment = luck.uniform(0, longest)
            cut = killed(sandbox, load, moment)
            there = sum(stored(session, load).values())
            story.append(f"{moment:.2f} s {'killed' if cut else 'done'} ({there})")
            if not cut:
                break
        result = write(session, load)
        check(session, load, result)
        return f"{', '.join(story)}; then {result.landed} landed"


def fault_trial(sandbox: Sandbox, number: int, luck: random.Random) -> str:
    """Commit among up to three orders of faults, again until it ends, and check."""
    with cm.connect(sandbox) as session:
        load = Workload(f"fault{number}", ROWS)
        write(session, load, before=True)
        story = []
        for _ in range(luck.randint(1, 3)):
            kind, words = luck.choice(FAULTS)
            order = {**words, "api": luck.choice(APIS), "skip": luck.randint(0, 12)}
            sandbox.faults(kind, **order, calls=luck.randint(1, 3))
            story.append(f"{kind} {' '.join(map(str, order.values()))}")
        ended = []
        for _ in range(MOST_RUNS):
            try:
                result = write(session, load)
                break
            except CampaignError as error:
                ended.append(type(error).__name__)
        sandbox.faults("off")
        check(session, load, result)
        return f"{'; '.join(story)}: {', '.join(ended) or 'no error'}"
