"""100,000 rows to the sandbox at 20 TPS: throughput, client CPU, every row once.

    python tests/bench/bench_commit.py [ROWS] [TPS] [BATCH]

Commits rows of ten columns straight to the cloud table (WriteCollection), then once
more (all of it is skipped), then through the staging table (IngestExt) with a
replication, each with an empty journal, in this process; the server is another one.
CPU is that of the client alone, preview and commit together.  Then reads every row
back.  Ends with 1 when a row is missing or doubled.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from typing import Any

import numpy as np
import pandas as pd
import psutil

from campaign_magics import Sandbox, connect
from campaign_magics.workbench import Session

SCHEMA = "nms:recipient"


def people(rows: int, tag: str) -> pd.DataFrame:
    """Rows of ten columns: texts, an enumeration, a date, a moment, a flag, a link."""
    number = np.arange(rows)
    text = pd.Series(number.astype(str))
    day = pd.Timestamp("1980-01-01") + pd.to_timedelta(number % 9_000, unit="D")
    return pd.DataFrame(
        {
            "email": f"{tag}." + text + "@commit.example",
            "account": tag,
            "firstName": "Zoë " + text,
            "lastName": "O'Hara & " + text,
            "gender": pd.Categorical.from_codes(
                number % 3, ["unknown", "male", "female"]
            ),
            "birthDate": day.date,
            "created": pd.Timestamp("2024-05-01 12:00", tz="UTC")
            + pd.to_timedelta(number, unit="s"),
            "blackList": number % 7 == 0,
            "location.city": "City " + text.str[-2:],
            "folder.name": "nmsProspects",
        }
    )


def measured(session: Session, frame: pd.DataFrame, **wishes: Any) -> dict[str, Any]:
    """Commit a frame; return what it took."""
    process = psutil.Process()
    cpu, begun = sum(process.cpu_times()[:2]), time.perf_counter()
    plan = session.write(frame, SCHEMA, key="@email", **wishes)
    planned = time.perf_counter() - begun
    result = plan.commit()
    seconds = time.perf_counter() - begun
    spent = sum(process.cpu_times()[:2]) - cpu
    return {
        "route": plan.route.partition(" ")[0],
        "landed": result.landed,
        "skipped": result.skipped,
        "calls": result.calls,
        "plan seconds": round(planned, 2),
        "seconds": round(seconds, 2),
        "rows/s": round((result.landed + result.skipped) / seconds),
        "least seconds at the limit": round(plan.calls / plan.tps, 1)
        if plan.tps
        else 0,
        "client CPU seconds": round(spent, 2),
        "client CPU / wall": round(spent / seconds, 3),
    }


def there_once(session: Session, tag: str, rows: int) -> bool:
    """Tell whether every row of a frame is there once, as it was written."""
    found = session.query(
        f"SELECT email, lastName FROM {SCHEMA} WHERE account = :tag",
        params={"tag": tag},
        limit=None,
    )
    names = found["email"].str.split("[.@]").str[1]
    right = (found["lastName"] == "O'Hara & " + names).all()
    return len(found) == rows == found["email"].nunique() and bool(right)


def main(rows: int = 100_000, tps: float = 20, batch: int = 1_000) -> int:
    """Run the three commits; return how many checks failed."""
    failed = 0
    with (
        tempfile.TemporaryDirectory() as home,
        Sandbox(tps=tps, rows=1_000, seed=7) as sandbox,
    ):
        for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME"):
            os.environ[name] = home
        session = connect(sandbox)
        session.schemas[SCHEMA]
        straight, staged = people(rows, "straight"), people(rows, "staged")
        for frame, ingest in ((straight, False), (straight, False), (staged, True)):
            told = measured(session, frame, ingest=ingest, batch_rows=batch)
            if ingest:
                begun = time.perf_counter()
                sandbox.replicate()
                told["replication seconds"] = round(time.perf_counter() - begun, 1)
            told["every row once"] = there_once(
                session, str(frame["account"].iloc[0]), rows
            )
            failed += not told["every row once"]
            print(json.dumps(told), flush=True)
    return failed


if __name__ == "__main__":
    words = sys.argv[1:]
    given = [int(word) for word in words]
    sys.exit(min(1, main(*given)))
