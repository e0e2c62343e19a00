"""Commits that are killed or meet faults: is every row there exactly once?

    python tests/bench/fuzz_commit.py [KILLS] [FAULTS] [SEED]

Each trial commits a mixed workload (insert, change, delete, one bad row).  A process
that commits is killed with SIGKILL at a random moment, up to three times in a row;
or calls meet one to three orders of faults (reset before, during and after, truncated
answers, log-on pages, expired sessions, latency, 429 and 503).  The commit is then
run again until it ends.  In the end every record must be there exactly once, the
journal must say so, and the bad row must be reported once.  Ends with 1 otherwise.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import traceback
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from write.trials import fault_trial, kill_trial, undisturbed

from campaign_magics import Sandbox


def main(kills: int = 50, faults: int = 50, seed: int = 7) -> int:
    """Run all trials; return how many failed."""
    failed = 0
    with (
        tempfile.TemporaryDirectory() as home,
        Sandbox(tps=60, rows=200, seed=7) as sandbox,
    ):
        for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
            os.environ[name] = home
        longest = undisturbed(sandbox)
        print(f"an undisturbed commit takes {longest:.2f} s", flush=True)
        kill = partial(kill_trial, longest=longest)
        trials = [("kill", kill, n) for n in range(kills)]
        trials += [("fault", partial(fault_trial), n) for n in range(faults)]
        for name, trial, number in trials:
            luck = random.Random(f"{seed} {name} {number}")
            try:
                story = trial(sandbox, number, luck)
            except Exception:
                failed += 1
                story = traceback.format_exc()
                sandbox.faults("off")
            print(f"{name} {number}: {story}", flush=True)
    print(f"{len(trials)} trials, {failed} failed")
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main(*map(int, sys.argv[1:]))))
