"""Killed at any moment: what was acknowledged is there, nothing is there by half."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPException
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sandbox.server.caller import Caller

from campaign_magics import Sandbox
from campaign_magics.sandbox.persist.redo import catch_up
from campaign_magics.sandbox.stores.world import World, build_world

DIES = """
import os, sys
from contextlib import contextmanager
from pathlib import Path
from lxml import etree
from campaign_magics.sandbox.auth import Operator
from campaign_magics.sandbox.persist.save import write_documents
from campaign_magics.sandbox.stores.databases import Databases
from campaign_magics.sandbox.stores.world import build_world

folder, moment = Path(sys.argv[1]), sys.argv[2]
world = build_world(rows=5, data=folder)

@contextmanager
def dying(self):
    if self.cloud.in_transaction:
        yield  # only the outermost commits
        return
    with self.cloud.transaction():
        with self.local.transaction():
            yield
            if moment == "before": os._exit(9)
        if moment == "between": os._exit(9)
    if moment == "after": os._exit(9)

text = '''<recipient xtkschema="nms:recipient" _key="@email" email="{0}"
  birthDate="1990-02-03" lastName="O'{0}"><rcpGrpRel><rcpGroup name="{0}"/></rcpGrpRel>
  </recipient>'''
first = [etree.fromstring(text.format(f"first{n}")) for n in range(20)]
write_documents(world, first, Operator(login="a", id=1))
Databases.transaction = dying
second = [etree.fromstring(text.format(f"second{n}")) for n in range(20)]
write_documents(world, second, Operator(login="a", id=1))
"""


def count(world: World, database: str, sql: str) -> int:
    (batch,) = world.databases.run(database, sql)  # type: ignore[arg-type]  # a literal
    return int(batch.column(0)[0].as_py())


def tallies(world: World, name: str) -> list[int]:
    """Recipients, relations and groups of a call."""
    like = f"LIKE '{name}%'"
    return [
        count(world, "cloud", f"SELECT count(*) FROM NmsRecipient WHERE sEmail {like}"),
        count(
            world,
            "cloud",
            "SELECT count(*) FROM NmsRcpGrpRel l JOIN NmsRecipient r"
            f" ON r.iRecipientId = l.iRecipientId WHERE r.sEmail {like}",
        ),
        count(world, "local", f"SELECT count(*) FROM NmsGroup WHERE sName {like}"),
    ]


@pytest.mark.parametrize(
    ("moment", "there"), [("before", 0), ("between", 20), ("after", 20)]
)
def test_a_call_over_both_databases_is_in_both_or_in_neither(
    tmp_path: Path, moment: str, there: int
):
    """The process dies before, between and after the two commits."""
    died = subprocess.run([sys.executable, "-c", DIES, str(tmp_path), moment])
    assert died.returncode == 9
    for _ in range(2):  # what was caught up with is not done again
        world = build_world(rows=5, data=tmp_path)
        catch_up(world.databases)
        assert tallies(world, "first") == [20, 20, 20]
        assert tallies(world, "second") == [there, there, there]
        catch_up(world.databases)
        assert tallies(world, "second") == [there, there, there]
        world.close()


def collection(name: str, rows: int) -> str:
    documents = "".join(
        f'<recipient _key="@email" email="{name}-{row}@k.test">'
        f'<rcpGrpRel><rcpGroup name="{name}"/></rcpGrpRel></recipient>'
        for row in range(rows)
    )
    return f'<c xtkschema="nms:recipient">{documents}</c>'


def write_until_killed(server: Sandbox, worker: str, acknowledged: list[str]) -> None:
    """Write collections, noting those that were acknowledged."""
    client = Caller(urlsplit(server.url).port or 0)
    client.log_on("admin", server.password.reveal())
    for turn in range(100_000):
        name = f"{worker}t{turn}"
        try:
            answer = client.call(
                "xtk:persist|xtk:session", "WriteCollection", collection(name, 15)
            )
        except (OSError, HTTPException):
            return  # no whole answer, no acknowledgement
        if answer.status != 200 or answer.fault:
            return
        acknowledged.append(name)


@pytest.mark.parametrize("run", range(int(os.environ.get("KILLS", "2"))))
def test_kill_9_during_writes(tmp_path: Path, run: int):
    """Every acknowledged collection is whole after a restart, the others too or absent.

    KILLS=50 in the environment makes a longer run.
    """
    acknowledged: list[str] = []
    with Sandbox(tps=0, rows=20, data=tmp_path) as server:
        threads = [
            threading.Thread(
                target=write_until_killed, args=(server, f"r{run}w{n}", acknowledged)
            )
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        time.sleep(random.Random(run).uniform(0.3, 1.0))
        process = server._process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(20)
    assert acknowledged
    world = build_world(rows=20, data=tmp_path)
    catch_up(world.databases)
    sql = (
        "SELECT split_part(sEmail, '-', 1) AS name, count(*) AS rows,"
        " count(DISTINCT sEmail) AS distinct_rows FROM NmsRecipient"
        " WHERE sEmail LIKE '%@k.test' GROUP BY 1"
    )
    found = [row for b in world.databases.run("cloud", sql) for row in b.to_pylist()]
    assert {row["name"] for row in found} >= {*acknowledged}
    assert {(row["rows"], row["distinct_rows"]) for row in found} == {(15, 15)}
    groups = "SELECT sName FROM NmsGroup WHERE sName LIKE 'r%w%t%'"
    (batch,) = world.databases.run("local", groups)
    assert {*batch.column(0).to_pylist()} == {row["name"] for row in found}
    world.close()
