"""How fast a DataFrame becomes documents to write, and in how much memory.

    python tests/bench/bench_encode.py [ROWS]

Makes a frame of 100,000 recipients with ten columns of every sort and turns it into
one element a row, checks included, as ``session.write`` does; builds the same documents
with lxml's element API, without a check; and prints the ratio within one run.  Every
way is timed in processes of its own, in turns.  Times are medians of CPU seconds over
all threads; memory is the growth of the resident set while all documents are made, a
batch at a time as a commit sends them, against the size of the frame.  Ends with 1
when a target is missed, or when the two ways make different documents.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from lxml import etree
from measuring import in_own_process, report, resident

from campaign_magics.sandbox.data import standard_sources
from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.reader import read_schemas
from campaign_magics.write.rows import Rows, read_rows

ROUNDS = 5
BATCH = 1_000
FIRST = ["Élodie", "José", "Anna", "Siobhán", "Li", "O'Neil", "Zoë", "Max & Co"]
CITIES = ["Paris", "Köln", "Kraków", "L'Aquila", "New York", "東京"]
GENDERS = {"unknown": "0", "male": "1", "female": "2"}


def schemas() -> dict[str, Schema]:
    """Compile the schemas that the sandbox serves."""
    return read_schemas(compile_schemas(standard_sources().values()))


def make_frame(rows: int) -> pd.DataFrame:
    """Return recipients as a query gives them: texts, numbers, dates, gaps."""
    draw = np.random.default_rng(7)
    numbers = np.arange(rows)
    days = pd.Timestamp("1950-01-01") + pd.to_timedelta(
        draw.integers(0, 20_000, rows), "D"
    )
    seconds = draw.integers(0, 10**9, rows) * 1_000 + draw.integers(0, 1_000, rows)
    gender = pd.Categorical.from_codes(draw.integers(0, 3, rows), list(GENDERS))
    frame = pd.DataFrame(
        {
            "id": pd.array(numbers + 1001, "Int64"),
            "email": [f"person.{n}@x{n % 97}.test" for n in numbers],
            "firstName": [FIRST[n % len(FIRST)] for n in numbers],
            "lastName": [f"Family-{n % 5003}" for n in numbers],
            "gender": gender,
            "birthDate": pd.Series(days).astype("date32[pyarrow]"),
            "created": pd.to_datetime(seconds, unit="ms", utc=True).as_unit("us"),
            "blackList": pd.array(draw.random(rows) < 0.1, "boolean"),
            "location.city": [CITIES[n % len(CITIES)] for n in numbers],
            "folder.name": np.where(numbers % 10 == 0, None, "nmsRootRecipient"),
        }
    )
    text = pd.StringDtype("pyarrow")
    names = ["email", "firstName", "lastName", "location.city", "folder.name"]
    return frame.astype(dict.fromkeys(names, text))


def read(frame: pd.DataFrame, known: dict[str, Schema]) -> Rows:
    """Check the rows and make them ready to be sent."""
    return read_rows(frame, known["nms:recipient"], known.__getitem__)


def ours(frame: pd.DataFrame, known: dict[str, Schema]) -> Iterator[list[str]]:
    """Make the documents as a commit does."""
    rows = read(frame, known)
    for start in range(0, len(rows), BATCH):
        yield rows.documents(start, start + BATCH)


def elements(frame: pd.DataFrame, known: dict[str, Schema]) -> Iterator[list[str]]:
    """Make the same documents with lxml's element API."""
    batch = []
    for row in frame.itertuples(index=False, name=None):
        batch.append(etree.tostring(element(row), encoding="unicode"))
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch


def element(row: tuple[Any, ...]) -> etree._Element:
    """Build one document."""
    number, email, first, last, gender, born, created, black, city, folder = row
    one = etree.Element("recipient", _operation="insertOrUpdate", _key="@id")
    values = {
        "id": number, "email": email, "firstName": first, "lastName": last,
        "gender": GENDERS.get(gender), "birthDate": born,
    }  # fmt: skip
    for name, value in values.items():
        if value is not None and value is not pd.NA:
            one.set(name, str(value))
    stamp = created.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
    one.set("created", stamp[:-3] + "Z")
    one.set("blackList", "true" if black else "false")
    etree.SubElement(one, "location", city=city)
    if folder is not None and folder is not pd.NA:
        etree.SubElement(one, "folder", _operation="none", _key="@name", name=folder)
    return one


Way = Callable[[pd.DataFrame, dict[str, Schema]], Iterator[list[str]]]
WAYS: dict[str, tuple[Way, int]] = {"ours": (ours, 5), "lxml": (elements, 1)}
"""Each way, and how often a process repeats it."""


def seconds(name: str, rows: int) -> float:
    """Time one way in this process; return the median of CPU seconds."""
    way, repeats = WAYS[name]
    known, frame = schemas(), make_frame(rows)
    exhaust(way(make_frame(1_000), known))  # load every library and cache first
    times = []
    for _ in range(repeats):
        start = time.process_time()
        exhaust(way(frame, known))
        times.append(time.process_time() - start)
    return statistics.median(times)


def exhaust(batches: Iterator[list[str]]) -> None:
    """Make all documents and let them go, as a commit does."""
    for _ in batches:
        pass


def peak(rows: int) -> tuple[float, float]:
    """Make all documents in this process; return resident growth and the frame."""
    known, frame = schemas(), make_frame(rows)
    exhaust(ours(make_frame(1_000), known))
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again
    before = resident("VmRSS")
    exhaust(ours(frame, known))
    held = frame.memory_usage(deep=True, index=True).sum()
    return resident("VmHWM") - before, float(held)


def same_documents() -> bool:
    """Tell whether both ways say the same of a thousand rows."""
    known, frame = schemas(), make_frame(1_000)

    def parsed(way: Way) -> list[bytes]:
        texts = (text for batch in way(frame, known) for text in batch)
        trees = (etree.fromstring(text) for text in texts)
        return [etree.tostring(tree, method="c14n") for tree in trees]

    return parsed(ours) == parsed(elements)


def main(rows: int) -> bool:
    """Run everything; tell whether every target is met."""
    rounds = [
        {name: in_own_process(__file__, name, str(rows))[0] for name in WAYS}
        for _ in range(ROUNDS)
    ]
    grown, held = in_own_process(__file__, "peak", str(rows))
    median = {name: statistics.median(r[name] for r in rounds) for name in WAYS}
    same = same_documents()
    print(f"{rows:,} rows × 10 columns → documents, checks included")
    print(f"ours {median['ours']:.3f} s, {rows / median['ours']:,.0f} rows/s")
    print(f"lxml {median['lxml']:.3f} s, {rows / median['lxml']:,.0f} rows/s")
    print(f"frame {held / 1e6:.1f} MB, peak {grown / 1e6:.1f} MB on top")
    print(f"both ways make {'the same' if same else 'DIFFERENT'} documents")
    return all(
        [
            same,
            report("lxml's element API / ours", median["lxml"] / median["ours"], "≥ 8"),
            report("peak memory on top / frame", grown / held, "≤ 2"),
        ]
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--measure", "peak", count]:
            print(*peak(int(count)))
        case ["--measure", name, count]:
            print(seconds(name, int(count)))
        case [count]:
            sys.exit(not main(int(count)))
        case _:
            sys.exit(not main(100_000))
