"""How fast the sandbox writes, and whether every row is there exactly once.

    python tests/bench/bench_writes.py [--rows 100000] [--clients 8] [--calls 500]

Over the wire: batches of 1,000 recipients by WriteCollection with ``_key="@email"``,
new ones, then the same again; then clients, each a process, that mix single writes with
reads of what they wrote.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

sys.path.append(str(Path(__file__).parents[1]))

from sandbox.server.caller import Caller

from campaign_magics import Sandbox

PERSIST = "xtk:persist|xtk:session"
BATCH = 1_000
FIELDS = (
    'firstName="Ann{0}" lastName="O&apos;Neil{0}" birthDate="1980-01-15" gender="2"'
    ' mobilePhone="+33 6 {0}" blackListEmail="false" account="{1}"'
)


def logged_on(port: int, password: str) -> Caller:
    """A client with a session."""
    client = Caller(port)
    client.log_on("admin", password)
    return client


def batch(first: int, turn: int) -> str:
    """A collection of recipients; ``turn`` is a value that changes."""
    rows = "".join(
        f'<recipient _key="@email" email="b{n}@bench.test" {FIELDS.format(n, turn)}>'
        f'<location city="Paris" zipCode="{n % 99999:05}"/></recipient>'
        for n in range(first, first + BATCH)
    )
    return (
        f'<recipient-collection xtkschema="nms:recipient">{rows}</recipient-collection>'
    )


def count(client: Caller, pattern: str) -> int:
    """How many recipients have such an address."""
    answer = client.call(
        "xtk:queryDef",
        "ExecuteQuery",
        '<queryDef schema="nms:recipient" operation="count"><where>'
        f"<condition expr=\"@email LIKE '{pattern}'\"/></where></queryDef>",
    )
    return int(answer.payload().get("count"))


def load(client: Caller, rows: int, turn: int) -> list[float]:
    """Write all batches; the seconds of each."""
    seconds = []
    for first in range(0, rows, BATCH):
        document = batch(first, turn)
        start = time.perf_counter()
        answer = client.call(PERSIST, "WriteCollection", document)
        seconds.append(time.perf_counter() - start)
        assert answer.status == 200, answer.text
        assert answer.fault is None, answer.fault
    return seconds


def mixed(port: int, password: str, number: int, calls: int) -> list[tuple[str, float]]:
    """One client's calls: write a record of its own, a shared one, read its own."""
    client = logged_on(port, password)
    took = []
    for turn in range(calls):
        own = f"m{number}-{turn // 3}@mix.test"
        kind = ("write", "shared", "read")[turn % 3]
        email = own if kind != "shared" else f"shared{turn}@mix.test"
        start = time.perf_counter()
        if kind == "read":
            assert count(client, own) == 1, own
        else:
            document = (
                f'<recipient xtkschema="nms:recipient" _key="@email" email="{email}"/>'
            )
            answer = client.call(PERSIST, "Write", document)
            assert answer.status == 200, answer.text
            assert answer.fault is None, answer.fault
        took.append((kind, time.perf_counter() - start))
    client.close()
    return took


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--calls", type=int, default=500)
    options = parser.parse_args()
    with Sandbox(tps=0, rows=1_000) as server:
        port, password = urlsplit(server.url).port or 0, server.password.reveal()
        client = logged_on(port, password)
        for turn, what in enumerate(("inserted", "updated")):
            seconds = load(client, options.rows, turn)
            print(
                f"{options.rows} rows {what} by {BATCH}: {sum(seconds):.1f} s, "
                f"{options.rows / sum(seconds):,.0f} rows/s, a batch "
                f"{statistics.median(seconds):.3f} s (at most {max(seconds):.3f} s)"
            )
            assert count(client, "b%@bench.test") == options.rows
        with multiprocessing.get_context("spawn").Pool(options.clients) as pool:
            given = [(port, password, n, options.calls) for n in range(options.clients)]
            start = time.perf_counter()
            took = [one for part in pool.starmap(mixed, given) for one in part]
            elapsed = time.perf_counter() - start
        print(
            f"{options.clients} clients x {options.calls} mixed calls: "
            f"{len(took) / elapsed:,.0f} calls/s, "
            f"{sum(s for _, s in took) / len(took) * 1000:.1f} ms a call"
        )
        for kind in ("write", "shared", "read"):
            times = sorted(s for k, s in took if k == kind)
            p99 = times[int(len(times) * 0.99)]
            print(f"  {kind:6} median {times[len(times) // 2]:.3f} s, p99 {p99:.3f} s")
        shared = len(range(1, options.calls, 3))
        own = len(range(0, options.calls, 3)) * options.clients
        found = count(client, "%@mix.test")
        print(f"  rows {found}, expected {shared + own}")
        assert found == shared + own


if __name__ == "__main__":
    main()
