"""How exactly the shared budget is kept, judged by arrivals at a server.

    python tests/bench/bench_budget.py [--seconds 10] [--only NAME] [--first]

A judge process stamps each call as it arrives on a socket and refuses what is over the
limit in a sliding second.  Worker processes share a budget through SQLite, or through a
redis-server of this bench; each call holds its turn for the 20 ms that a server might
take.  Printed for each case: the most calls in any second, the share of the limit that
was used, Jain's index of fairness over the processes (1 is equal), the calls that were
refused, and what of this misses its target.

Where other programs keep all processors busy, arrivals are late by tens of milliseconds
and the figures are the scheduler's.  ``--first`` (Linux, root) runs the bench ahead of
them in real time, as if the machine were its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import selectors
import socket
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from throttle.redis_server import RedisServer

from campaign_magics.throttle import Budget, Limits, open_store

SERVICE_SECONDS = 0.02
API = "xtk:queryDef#ExecuteQuery"
_WORKER = struct.Struct("B")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One run; ``kill_at`` and ``halve`` are shares of its seconds."""

    name: str
    store: str
    limit: int
    processes: int
    threads: int
    seconds: float
    kill_at: float | None = None
    halve: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the judge saw; arrivals are (monotonic time, process, accepted)."""

    start: float
    arrivals: list[tuple[float, int, bool]]

    def accepted(self, after: float = 0.0, until: float = 1e9) -> list[float]:
        """Return the times of accepted calls, in seconds from the start."""
        return [
            t - self.start
            for t, _, ok in self.arrivals
            if ok and after <= t - self.start < until
        ]

    @property
    def refused(self) -> int:
        """Count the 429s."""
        return sum(not ok for _, _, ok in self.arrivals)

    def most_in_a_second(self) -> int:
        """Return the most calls, refused ones too, in any second."""
        times = [t for t, _, _ in self.arrivals]
        first = most = 0
        for last, now in enumerate(times):
            while times[first] <= now - 1.0:
                first += 1
            most = max(most, last - first + 1)
        return most

    def jain(self, processes: Sequence[int]) -> float:
        """Return the fairness over processes, after the first burst."""
        counts = [
            sum(who == p and t > self.start + 1.0 for t, who, _ in self.arrivals)
            for p in processes
        ]
        return sum(counts) ** 2 / (len(counts) * sum(c * c for c in counts))


def judge(limit: int, halve: tuple[float, float] | None, pipe: Connection) -> None:
    """Serve until told to stop, then send all arrivals."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=256)
    pipe.send(listener.getsockname()[1])
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(pipe, selectors.EVENT_READ)
    arrivals: list[tuple[float, int, bool]] = []
    recent: list[float] = []
    while True:
        for key, _ in selector.select():
            if key.fileobj is pipe:
                pipe.send(arrivals)
                return
            if key.fileobj is listener:
                client, _ = listener.accept()
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(client, selectors.EVENT_READ)
                continue
            now, client = time.monotonic(), key.fileobj
            data = client.recv(1)  # type: ignore[union-attr]
            if not data:
                selector.unregister(client)
                client.close()  # type: ignore[union-attr]
                continue
            low = halve is not None and halve[0] <= now < halve[1]
            recent = [t for t in recent if t > now - 1.0]
            ok = len(recent) < (limit // 2 if low else limit)
            if ok:
                recent.append(now)
            arrivals.append((now, data[0], ok))
            client.sendall(b"1" if ok else b"0")  # type: ignore[union-attr]


def work(number: int, case: Case, place: str, port: int, start: float) -> None:
    """Call as fast as the budget allows, in several threads."""
    budget = Budget("https://bench", Limits(case.limit), open_store(place, ""))

    def loop() -> None:
        with socket.create_connection(("127.0.0.1", port)) as server:
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            time.sleep(max(0.0, start - time.monotonic()))
            while time.monotonic() < start + case.seconds:
                with budget.turn(API, timeout=case.seconds + 5) as turn:
                    turn.sent()
                    server.sendall(_WORKER.pack(number))
                    answer = server.recv(1)
                    if answer == b"0":
                        turn.throttled(1)
                    else:
                        time.sleep(SERVICE_SECONDS)

    threads = [threading.Thread(target=loop) for _ in range(case.threads)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    budget.close()


def run(case: Case) -> Verdict:
    """Start judge and workers, kill one if the case says so, and collect."""
    spawn: Any = multiprocessing.get_context("spawn")
    start = time.monotonic() + 3.0  # until all processes have started
    halve = case.halve and (
        start + case.halve[0] * case.seconds,
        start + case.halve[1] * case.seconds,
    )
    pipe, far_end = spawn.Pipe()
    server = spawn.Process(target=judge, args=(case.limit, halve, far_end))
    server.start()
    port = pipe.recv()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = f"sqlite:{folder}/budget.sqlite"
        if case.store == "redis":
            place = stack.enter_context(RedisServer(Path(folder))).url
        workers = [
            spawn.Process(target=work, args=(n, case, place, port, start))
            for n in range(case.processes)
        ]
        for worker in workers:
            worker.start()
        if case.kill_at is not None:
            time.sleep(start + case.kill_at * case.seconds - time.monotonic())
            workers[0].kill()
        for worker in workers:
            worker.join()
        pipe.send(None)
        arrivals = pipe.recv()
        server.join()
    return Verdict(start=start, arrivals=arrivals)


def report(case: Case, verdict: Verdict) -> str:
    """Return one line."""
    settled = 1.0
    if case.kill_at is not None:
        settled = case.kill_at * case.seconds
    if case.halve is not None:
        settled = case.halve[1] * case.seconds + 30
    times = verdict.accepted(settled, case.seconds)
    spans = [b - a for a, b in zip(times, times[case.limit :], strict=False)]
    used = len(spans) / sum(spans)
    alive = range(1 if case.kill_at is not None else 0, case.processes)
    most, jain = verdict.most_in_a_second(), verdict.jain(list(alive))
    share = verdict.refused / len(verdict.arrivals)
    misses = {
        "over": most > case.limit,
        "429": share >= 0.02 if case.halve else verdict.refused > 0,
        "used": used < (0.95 if case.kill_at is not None else 0.98),
        "unfair": jain < 0.98,
    }
    return (
        f"{case.name:24} {case.store:6} limit {case.limit:3}  most in 1 s {most:3}"
        f"  used {used:6.1%}  Jain {jain:.3f}  429s {verdict.refused} ({share:.1%})"
        f"  {' '.join(name for name, missed in misses.items() if missed) or 'good'}"
    )


def cases(seconds: float) -> list[Case]:
    """Return what is measured."""
    found = [
        Case(
            name=f"{n} process{'es' * (n > 1)}",
            store=store,
            limit=limit,
            processes=n,
            threads=32 // n if limit > 100 else 8 // n,
            seconds=seconds,
        )
        for limit in (5, 10, 50, 500)
        for n, store in ((1, "sqlite"), (4, "sqlite"), (4, "redis"))
    ]
    for store in ("sqlite", "redis"):
        found += [
            Case(name="kill -9 of one of 4", store=store, limit=50, processes=4,
                 threads=2, seconds=seconds, kill_at=0.4),
            Case(name="limit halved for 20 s", store=store, limit=20, processes=4,
                 threads=2, seconds=80.0, halve=(0.25, 0.5)),
        ]  # fmt: skip
    return found


def main() -> None:
    """Run the cases and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--limit", type=int, help="cases of this limit")
    parser.add_argument("--first", action="store_true", help="ahead of other programs")
    options = parser.parse_args()
    if options.first:  # the processes that are started inherit it
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    for case in cases(options.seconds):
        named = options.only in f"{case.name} {case.store}"
        if named and options.limit in (None, case.limit):
            sys.stdout.write(report(case, run(case)) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
