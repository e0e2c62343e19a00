"""8 clients x 500 mixed reads and writes, checked row by row, beside moto's DynamoDB.

    python tests/bench/bench_server.py [--clients 8] [--calls 500] [--moto PATH]

Each client is a process with one keep-alive connection and no library of ours.  Four
of ten calls insert or update a record of the client's own, one a record that all
clients share, one takes the next number of a counter, four read what the client wrote;
on moto PutItem, UpdateItem and GetItem do the same.  Afterwards every row must be there
once, with its last value, and every number of the counter must have been given once.

moto is not a dependency: ``pip install 'moto[server]'`` anywhere and name its
``moto_server``, or that column is left out.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import shutil
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

sys.path.insert(0, str(Path(__file__).parents[1]))

from sandbox.server.caller import Caller

from campaign_magics import Sandbox

SHARED = 20
"""Records that all clients write."""


@dataclass
class Took:
    """One client's calls: kind and seconds of each, and what the counter gave."""

    calls: list[tuple[str, float]] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    last: dict[str, str] = field(default_factory=dict)


class Campaign:
    """The sandbox, spoken to in plain SOAP."""

    def __init__(self, port: int, password: str) -> None:
        self._caller = Caller(port)
        assert self._caller.log_on("admin", password).status == 200

    def write(self, key: str, value: str) -> None:
        document = (
            f'<recipient xtkschema="nms:recipient" _key="@email" email="{key}" '
            f'lastName="{value}"/>'
        )
        answer = self._caller.call("xtk:persist|xtk:session", "Write", document)
        assert answer.status == 200, answer.text
        assert answer.fault is None, answer.fault

    def read(self, key: str) -> str:
        query = (
            '<queryDef schema="nms:recipient" operation="get"><select>'
            '<node expr="@lastName"/></select><where>'
            f"<condition expr=\"@email = '{key}'\"/></where></queryDef>"
        )
        answer = self._caller.call("xtk:queryDef", "ExecuteQuery", query)
        assert answer.status == 200, answer.text
        assert answer.fault is None, answer.fault
        return answer.payload().get("lastName") or ""

    def increase(self) -> int:
        answer = self._caller.call("xtk:counter", "IncreaseValue", "bench")
        assert answer.status == 200, answer.text
        return int(answer.output("plValue"))

    def everything(self) -> Iterator[tuple[str, str]]:
        query = (
            '<queryDef schema="nms:recipient" operation="select" lineCount="1000000">'
            '<select><node expr="@email"/><node expr="@lastName"/></select><where>'
            "<condition expr=\"@email LIKE '%@bench.test'\"/></where></queryDef>"
        )
        rows = self._caller.call("xtk:queryDef", "ExecuteQuery", query).payload()
        return ((row.get("email"), row.get("lastName") or "") for row in rows)


class Moto:
    """DynamoDB as moto serves it, spoken to in plain JSON."""

    TABLE = "bench"

    def __init__(self, port: int, password: str = "") -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, action: str, **what: object) -> dict[str, object]:
        scope = "AKIA/20260101/us-east-1/dynamodb/aws4_request"
        headers = {
            "X-Amz-Target": f"DynamoDB_20120810.{action}",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, Signature=0",
        }
        body = json.dumps({"TableName": self.TABLE, **what})
        self._line.request("POST", "/", body, headers)
        answer = self._line.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        return json.loads(text)

    def create(self) -> None:
        self.ask(
            "CreateTable",
            KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def write(self, key: str, value: str) -> None:
        self.ask("PutItem", Item={"k": {"S": key}, "v": {"S": value}})

    def read(self, key: str) -> str:
        answer = self.ask("GetItem", Key={"k": {"S": key}}, ConsistentRead=True)
        return str(answer["Item"]["v"]["S"])  # type: ignore[index]

    def increase(self) -> int:
        answer = self.ask(
            "UpdateItem",
            Key={"k": {"S": "counter"}},
            UpdateExpression="ADD n :one",
            ExpressionAttributeValues={":one": {"N": "1"}},
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["n"]["N"])  # type: ignore[index]

    def everything(self) -> Iterator[tuple[str, str]]:
        start: dict[str, object] = {}
        while True:
            answer = self.ask("Scan", **start)
            for item in answer["Items"]:  # type: ignore[attr-defined]
                if "v" in item:
                    yield item["k"]["S"], item["v"]["S"]
            if "LastEvaluatedKey" not in answer:
                return
            start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def client(kind: type[Campaign | Moto], port: int, password: str, me: int, calls: int):
    """One client's work, in a process of its own."""
    server, took, written = kind(port, password), Took(), []
    for turn in range(calls):
        step = turn % 10
        own = f"c{me}-{turn // 20 * 10 + step // 2}@bench.test"
        started = time.perf_counter()
        if step in (0, 2, 4, 6):
            server.write(own, f"v{me}-{turn}")
            took.last[own] = f"v{me}-{turn}"
            written.append(own)
            name = "write"
        elif step == 8:
            server.write(f"shared{turn // 10 % SHARED}@bench.test", f"v{me}-{turn}")
            name = "write"
        elif step == 9:
            took.numbers.append(server.increase())
            name = "count"
        else:
            key = written[-1 - turn % min(len(written), 7)]
            value = server.read(key)
            assert value == took.last[key], (key, value, took.last[key])
            name = "read"
        took.calls.append((name, time.perf_counter() - started))
    return took


def load(
    kind: type[Campaign | Moto], port: int, password: str, clients: int, calls: int
) -> None:
    """Run all clients at once, print what they saw, check what they left."""
    with multiprocessing.get_context("spawn").Pool(clients) as pool:
        pool.starmap(
            client, [(kind, port, password, -1 - n, 10) for n in range(clients)]
        )
        given = [(kind, port, password, n, calls) for n in range(clients)]
        started = time.perf_counter()
        took = pool.starmap(client, given, chunksize=1)
        seconds = time.perf_counter() - started
    total = sum(len(one.calls) for one in took)
    print(f"{kind.__name__:9}{total} calls, {total / seconds:,.0f} calls/s")
    for name in ("write", "read", "count"):
        times = sorted(s * 1000 for one in took for k, s in one.calls if k == name)
        middle, p99 = times[len(times) // 2], times[int(len(times) * 0.99)]
        print(
            f"  {name:6} median {middle:6.1f} ms  p99 {p99:6.1f} ms  "
            f"longest {times[-1]:6.1f} ms"
        )
    _check(kind(port, password), took)


def _check(server: Campaign | Moto, took: list[Took]) -> None:
    numbers = Counter(number for one in took for number in one.numbers)
    assert set(numbers.values()) == {1}, "a number of the counter was given twice"
    rows = list(server.everything())
    found = dict(rows)
    assert len(rows) == len(found), "a row is there twice"
    expected = {key: value for one in took for key, value in one.last.items()}
    wrong = [key for key, value in expected.items() if found.get(key) != value]
    assert not wrong, f"lost or not the last value: {wrong[:5]}"
    shared = [key for key in found if key.startswith("shared")]
    print(
        f"  {len(expected)} own rows with their last values, {len(shared)} shared ones "
        f"once each, {sum(numbers.values())} numbers given once each"
    )


@contextmanager
def moto_server(path: str) -> Iterator[int]:
    """Start moto on a free port; end it by its id."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [path, "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port)
        yield port
    finally:
        process.terminate()
        process.wait()


def _wait(port: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
        else:
            return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--moto", default=shutil.which("moto_server"))
    options = parser.parse_args()
    started = time.perf_counter()
    with Sandbox(tps=0, rows=1_000) as sandbox:
        print(
            f"a sandbox of 1,000 rows starts in {time.perf_counter() - started:.2f} s"
        )
        port = urlsplit(sandbox.url).port or 0
        password = sandbox.password.reveal()
        load(Campaign, port, password, options.clients, options.calls)
    if options.moto is None:
        print("moto is not installed: pip install 'moto[server]', or --moto PATH")
        return
    with moto_server(options.moto) as port:
        Moto(port).create()
        load(Moto, port, "", options.clients, options.calls)


if __name__ == "__main__":
    main()
