"""Commits that are killed or meet faults, and what must be there in the end.

Run as a script, it is the process that gets killed: it commits one workload to the
sandbox that the environment names.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

import campaign_magics as cm
from campaign_magics.workbench import Session
from campaign_magics.write.commit import Order
from campaign_magics.write.result import WriteResult

SCHEMA = "nms:recipient"
BATCH = 50


@dataclass(frozen=True)
class Workload:
    """``rows`` records to insert, change and delete, and one that is refused.

    ``tag`` keeps the records of one workload apart from all others.
    """

    tag: str
    rows: int = 400

    def before(self) -> pd.DataFrame:
        """The records that are there at the start: half of them."""
        return pd.DataFrame(
            {
                "email": [self._email(n) for n in range(0, self.rows, 2)],
                "account": self.tag,
                "text2": "old",
            }
        )

    def frame(self) -> pd.DataFrame:
        """The rows to write, each with its operation."""
        operations = [self._operation(n) for n in range(self.rows)]
        folders = ["nmsProspects"] * self.rows
        folders[self.bad] = "nowhere"
        return pd.DataFrame(
            {
                "email": [self._email(n) for n in range(self.rows)],
                "account": self.tag,
                "text2": [f"new {n}" for n in range(self.rows)],
                "folder.name": folders,
                "_operation": operations,
            }
        )

    @property
    def bad(self) -> int:
        """The row whose folder does not exist; it is to be inserted."""
        return self.rows // 4 * 2 + 1

    def after(self) -> Counter[tuple[str, str]]:
        """Email and text of each record that must be there in the end, once."""
        return Counter(
            {
                (self._email(n), f"new {n}"): 1
                for n in range(self.rows)
                if self._operation(n) != "delete" and n != self.bad
            }
        )

    def _operation(self, n: int) -> str:
        if n % 2:
            return "insert" if n % 4 == 1 or n == self.bad else "insertOrUpdate"
        return ("update", "delete", "insertOrUpdate")[n // 2 % 3]

    def _email(self, n: int) -> str:
        return f"r{n}@{self.tag}.example"


def write(session: Session, load: Workload, *, before: bool = False) -> WriteResult:
    """Commit a workload, or what must be there before it."""
    frame = load.before() if before else load.frame()
    plan = session.write(
        frame, SCHEMA, key="@email", ingest=False, batch_rows=BATCH, sample=0
    )
    return plan.commit()


def stored(session: Session, load: Workload) -> Counter[tuple[str, str]]:
    """Email and text of each record that is there, and how often."""
    found = session.query(
        f"SELECT email, text2 FROM {SCHEMA} WHERE account = :tag",
        params={"tag": load.tag},
        limit=None,
    )
    return Counter(zip(found["email"], found["text2"], strict=True))


def check(session: Session, load: Workload, result: WriteResult) -> None:
    """Every row is there once, the journal knows it, the bad row is told once."""
    assert stored(session, load) == load.after()
    assert list(result.rejected["index"]) == [load.bad]
    assert result.rejected["column"].tolist() == ["folder.name"]
    assert result.landed + result.skipped == load.rows - 1
    order = session.write(
        load.frame(), SCHEMA, key="@email", ingest=False, batch_rows=BATCH, sample=0
    ).order
    assert unsettled(order) == {load.bad: "rejected"}


def unsettled(order: Order) -> dict[int, str | None]:
    """Rows of which the journal does not say that they landed, and what it says."""
    from contextlib import closing

    from campaign_magics.write.journal import Journal

    with closing(Journal(order.path)) as journal:
        found: dict[int, str | None] = {}
        for batch, landed in order.known(journal):
            if landed is None:
                entry = journal.find(batch.digest)
                state = None if entry is None else entry.state
                found |= dict.fromkeys(range(batch.start, batch.stop), state)
        return found


def main(tag: str, rows: str) -> None:
    """Commit a workload; say when the first call is near, and when all is done."""
    load = Workload(tag, int(rows))
    session: Any = cm.connect("sandbox")
    session.schemas[SCHEMA]
    session.schemas["xtk:session"]
    print("ready", flush=True)
    sys.stdin.readline()
    result = write(session, load)
    print("done", result.landed, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
