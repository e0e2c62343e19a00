"""How fast an ExecuteQuery answer becomes a typed DataFrame, and in how much memory.

    python tests/bench/bench_decode.py [ROWS]

Makes an answer of 100,000 rows of 10 columns, two of them linked, and prints ratios
within one run.  Every way is timed in processes of its own, in turns: freeing lxml's
tree leaves an allocator that slows down whoever comes next.  Times are medians of CPU
seconds over all threads, so that a busy machine does not decide; memory is the growth
of the resident set against the size of the final frame.  Ends with 1 when a target is
missed.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from lxml import etree
from measuring import in_own_process, report, resident

from campaign_magics.frames import decode, decode_lxml, to_pandas
from campaign_magics.frames.envelope import open_envelope
from campaign_magics.frames.fast import read_fast
from campaign_magics.xtk.columns import Column
from campaign_magics.xtk.types import TYPES, EnumValue

ROUNDS = 5
GENDER = tuple(
    EnumValue(value=str(at), name=name, label=name.title())
    for at, name in enumerate(["unknown", "male", "female"])
)
FIRST = ["Élodie", "José", "Anna", "Siobhán", "Li", "O&apos;Neil", "Zoë", "Max"]
CITIES = ["Paris", "Köln", "Kraków", "L&apos;Aquila", "New York", "東京"]


def column(path: str, kind: str, values: tuple[EnumValue, ...] = ()) -> Column:
    """Make a column named by its path."""
    steps = tuple(path.split("/"))
    return Column(name=path, steps=steps, type=TYPES[kind], values=values)


COLUMNS = (
    column("@id", "long"),
    column("@email", "string"),
    column("@firstName", "string"),
    column("@lastName", "string"),
    column("@gender", "byte", GENDER),
    column("@birthDate", "date"),
    column("@created", "datetime"),
    column("@score", "double"),
    column("folder/@label", "string"),
    column("location/@city", "string"),
)


def make_answer(rows: int) -> bytes:
    """Write the answer a server gives, with an attribute nobody asked for."""
    head = (
        "<?xml version='1.0'?><SOAP-ENV:Envelope xmlns:xsd='http://www.w3.org/2001/"
        "XMLSchema' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
        "xmlns:ns='urn:xtk:queryDef' xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/"
        "envelope/'><SOAP-ENV:Body><ExecuteQueryResponse xmlns='urn:xtk:queryDef'>"
        "<pdomOutput xsi:type='ns:Element'><recipient-collection>"
    )
    tail = (
        "</recipient-collection></pdomOutput></ExecuteQueryResponse></SOAP-ENV:Body>"
        "</SOAP-ENV:Envelope>"
    )
    return f"{head}{''.join(map(make_row, range(rows)))}{tail}".encode()


def make_row(n: int) -> str:
    """Write one recipient, some 310 bytes."""
    first, last, email = (
        FIRST[n % 8],
        f"Family-{n % 5003}",
        f"person.{n}@x{n % 97}.test",
    )
    created = f"2024-0{1 + n % 9}-1{n % 10} 1{n % 10}:{10 + n % 50}:07.{n % 1000:03}Z"
    return (
        f'<recipient id="{1001 + n}" email="{email}" firstName="{first}" '
        f'lastName="{last}" gender="{n % 3}" '
        f'birthDate="{1940 + n % 60}-0{1 + n % 9}-{10 + n % 19}" created="{created}" '
        f'score="{n / 7:.4f}" _cs="{last} {first} ({email})">'
        f'<folder label="Profiles and Targets {n % 40}"/>'
        f'<location city="{CITIES[n % 6]}"/></recipient>'
    )


def parse(answer: bytes) -> object:
    """Build lxml's tree and no more: the yardstick."""
    return etree.fromstring(answer)


def frame(answer: bytes) -> pd.DataFrame:
    """Do what a query does with its answer."""
    return to_pandas(decode(answer, COLUMNS, element="recipient"), COLUMNS)


def lxml_frame(answer: bytes) -> pd.DataFrame:
    """Do the same by the second path."""
    return to_pandas(decode_lxml(answer, COLUMNS, element="recipient"), COLUMNS)


def read_xml(answer: bytes) -> pd.DataFrame:
    """Do less with pandas alone: attributes of the rows only, types guessed."""
    return pd.read_xml(io.BytesIO(answer), xpath="//*[local-name()='recipient']")


WAYS: dict[str, tuple[Callable[[bytes], object], int]] = {
    "lxml.etree.fromstring": (parse, 5),
    "decode": (frame, 5),
    "decode_lxml": (lxml_frame, 1),
    "pandas.read_xml": (read_xml, 1),
}
"""Each way, and how often a process repeats it."""


def seconds(name: str, path: Path) -> float:
    """Time one way in this process; return the median of CPU seconds."""
    way, repeats = WAYS[name]
    way(make_answer(1000))  # load every library and cache first
    answer = path.read_bytes()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        way(answer)
        times.append(time.process_time() - start)
    return statistics.median(times)


def peak(path: Path) -> tuple[float, float]:
    """Decode in this process; return resident growth and the frame, in bytes."""
    frame(make_answer(1000))
    answer = path.read_bytes()
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark starts again
    before = resident("VmRSS")
    result = frame(answer)
    held = result.memory_usage(deep=True, index=True).sum()
    return resident("VmHWM") - before, float(held)


def main(rows: int) -> bool:
    """Run everything; tell whether every target is met."""
    answer = make_answer(rows)
    read_fast(open_envelope(answer, element="recipient"), COLUMNS)  # or it raises
    with TemporaryDirectory() as folder:
        path = Path(folder, "answer.xml")
        path.write_bytes(answer)
        rounds = [
            {name: in_own_process(__file__, name, str(path))[0] for name in WAYS}
            for _ in range(ROUNDS)
        ]
        grown, held = in_own_process(__file__, "peak", str(path))
    median = {name: statistics.median(r[name] for r in rounds) for name in WAYS}
    ours, floor = median["decode"], median["lxml.etree.fromstring"]
    print(f"{rows:,} rows × {len(COLUMNS)} columns, {len(answer) / 1e6:.1f} MB of XML")
    print(f"answer → DataFrame {ours:.3f} s, {rows / ours:,.0f} rows/s")
    print(f"second path / fromstring {median['decode_lxml'] / floor:.2f}")
    print(f"frame {held / 1e6:.1f} MB, peak {grown / 1e6:.1f} MB")
    return all(
        [
            report(
                "answer → DataFrame / lxml.etree.fromstring", ours / floor, "≤ 0.45"
            ),
            report("read_xml / ours", median["pandas.read_xml"] / ours, "≥ 15"),
            report("peak memory / final frame", grown / held, "≤ 3"),
        ]
    )


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--measure", "peak", file]:
            print(*peak(Path(file)))
        case ["--measure", name, file]:
            print(seconds(name, Path(file)))
        case [count]:
            sys.exit(not main(int(count)))
        case _:
            sys.exit(not main(100_000))
