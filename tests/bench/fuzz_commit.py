"""Commits that are killed or meet faults: is every row there exactly once?

    python tests/bench/fuzz_commit.py [KILLS] [FAULTS] [SEED]

Each trial commits a mixed workload (insert, change, delete, one bad row).  A process
that commits is killed with SIGKILL at a random moment, up to three times in a row;
or calls meet one to three ordered faults (reset before, during and after, truncated
answers, log-on pages, expired sessions, latency, 429 and 503).  The commit is then
run again until it ends.  In the end every record must be there exactly once, the
journal must say so, and the bad row must be reported once.  Ends with 1 otherwise.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from write.commits import Workload, check, stored, write

import campaign_magics as cm
from campaign_magics import Sandbox
from campaign_magics.errors import CampaignError
from campaign_magics.front import sandbox_environment

WORKER = Path(__file__).parent.parent / "write" / "commits.py"
ROWS = 400
LONGEST = 0.9
"""Seconds that an undisturbed commit takes, about: moments are drawn up to there."""

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


def killed(sandbox: Sandbox, load: Workload, moment: float) -> bool:
    """Kill a committing process after some seconds; False when it was done."""
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
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        return "done" not in process.stdout.read()


def kill_trial(sandbox: Sandbox, number: int, luck: random.Random) -> str:
    """Kill a commit up to three times, then let it end."""
    with cm.connect(sandbox) as session:
        load = Workload(f"kill{number}", ROWS)
        write(session, load, before=True)
        story = []
        for _ in range(luck.randint(1, 3)):
            moment = luck.uniform(0, LONGEST)
            cut = killed(sandbox, load, moment)
            there = sum(stored(session, load).values())
            story.append(f"{moment:.2f} s {'killed' if cut else 'done'} ({there})")
            if not cut:
                break
        result = write(session, load)
        check(session, load, result)
        return f"{', '.join(story)}; then {result.landed} landed"


def fault_trial(sandbox: Sandbox, number: int, luck: random.Random) -> str:
    """Commit among faults, again until it ends."""
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
        for _ in range(12):
            try:
                result = write(session, load)
                break
            except CampaignError as error:
                ended.append(type(error).__name__)
        sandbox.faults("off")
        check(session, load, result)
        return f"{'; '.join(story)}: {', '.join(ended) or 'no error'}"


def main(kills: int = 50, faults: int = 50, seed: int = 7) -> int:
    """Run all trials; return how many failed."""
    failed = 0
    with (
        tempfile.TemporaryDirectory() as home,
        Sandbox(tps=60, rows=200, seed=7) as sandbox,
    ):
        for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
            os.environ[name] = home
        trials = [(kill_trial, n) for n in range(kills)]
        trials += [(fault_trial, n) for n in range(faults)]
        for trial, number in trials:
            luck = random.Random(f"{seed} {trial.__name__} {number}")
            try:
                story = trial(sandbox, number, luck)
            except Exception:
                failed += 1
                story = traceback.format_exc()
                sandbox.faults("off")
            print(f"{trial.__name__} {number}: {story}", flush=True)
    print(f"{len(trials)} trials, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main(*map(int, sys.argv[1:]))))
