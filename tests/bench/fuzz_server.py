"""100,000 malformed requests over sockets: no crash, no hang, no 5xx, bounded memory.

Run: ``python tests/bench/fuzz_server.py [--requests N] [--seed S] [--workers W]``.
Exits with 1 and the seeds of the requests when anything was answered as it should not;
``--only SEED`` shows one request again.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from sandbox.server.caller import Caller
from sandbox.server.hostile import Outcome, Sender
from sandbox.server.malformed import malformed

from campaign_magics import Sandbox
from campaign_magics.sandbox.driver import Driver

MEMORY_MB = 300
"""How much a server may grow by, its databases included."""

_CHUNK = 500


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", default="7")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--only", help="a seed: print its request and end")
    options = parser.parse_args()
    if options.only:
        sent = malformed(options.only)
        print(sent, sent.body.decode(errors="replace"), sent.raw, sep="\n")
        return 0
    with Sandbox(tps=0, rows=200) as sandbox:
        process = psutil.Process(sandbox._process.pid)
        return _report(*_attack(sandbox, process, options), process, sandbox)


def _attack(
    sandbox: Sandbox, process: psutil.Process, options: argparse.Namespace
) -> tuple[Outcome, float, int]:
    tokens = _tokens(sandbox)
    port = urlsplit(sandbox.url).port or 0
    total, started = Outcome(), time.perf_counter()

    def chunk(first: int) -> Outcome:
        seeds = (f"{options.seed}-{n}" for n in range(first, first + _CHUNK))
        return Sender(port, tokens).run(seeds)

    warm = 0
    with ThreadPoolExecutor(options.workers) as pool:
        chunks = range(0, options.requests, _CHUNK)
        for done, outcome in enumerate(pool.map(chunk, chunks), 1):
            total.add(outcome)
            if done == max(1, len(chunks) // 10):
                warm = process.memory_info().rss
            if done % 20 == 0:
                rss = process.memory_info().rss / 2**20
                rate = done * _CHUNK / (time.perf_counter() - started)
                print(f"{done * _CHUNK:7} sent, {rate:.0f}/s, {rss:.0f} MB", flush=True)
    return total, time.perf_counter() - started, warm


def _tokens(sandbox: Sandbox) -> dict[str, str]:
    caller = Caller(urlsplit(sandbox.url).port or 0)
    assert caller.log_on(sandbox.user, sandbox.password.reveal()).status == 200
    caller.close()
    return caller.tokens


def _report(
    total: Outcome, seconds: float, warm: int, process: psutil.Process, sandbox: Sandbox
) -> int:
    count = sum(total.statuses.values())
    grown = (process.memory_info().rss - warm) / 2**20
    print(f"{count} answered in {seconds:.0f} s ({count / seconds:.0f}/s)")
    for (kind, status), number in sorted(total.statuses.items()):
        print(f"  {kind:9} {status or 'closed'}: {number}")
    print(f"slowest answer {total.slowest:.2f} s (seed {total.slowest_seed})")
    print(f"memory grew by {grown:.0f} MB after the first tenth (bound {MEMORY_MB})")
    for line in total.wrong[:50]:
        print("WRONG", line)
    alive = process.is_running() and _still_serves(sandbox)
    print(
        f"{len(total.wrong)} wrong answers; server {'serves' if alive else 'IS DEAD'}"
    )
    return int(bool(total.wrong) or not alive or grown > MEMORY_MB)


def _still_serves(sandbox: Sandbox) -> bool:
    assert isinstance(sandbox.control, Driver)
    return bool(_tokens(sandbox)) and "calls" in sandbox.stats()


if __name__ == "__main__":
    sys.exit(main())
