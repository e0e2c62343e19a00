"""Parquet folders: whole parts only, one schema, resumable whatever happens."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from session.rows import Rows

from campaign_magics import Sandbox, connect
from campaign_magics.errors import InvalidOption, SoapFault
from campaign_magics.front import sandbox_environment
from campaign_magics.query.model import OrderNode, QueryDef
from campaign_magics.session import Connection, Extract
from campaign_magics.session.dataset import write_dataset
from campaign_magics.session.manifest import MANIFEST, Manifest, opened
from campaign_magics.session.progress import Reporter
from campaign_magics.session.reading import Plan
from campaign_magics.session.result import Look

QUERY = """<queryDef schema="nms:recipient" operation="select"><select>
  <node expr="@email"/><node expr="@gender"/><node expr="@birthDate"/>
  <node expr="@created"/><node expr="@blackList"/><node expr="[folder/@label]"/>
</select></queryDef>"""


@pytest.fixture(scope="module")
def session(sandbox: Sandbox) -> Iterator[Connection]:
    with connect(sandbox) as made:
        yield made


def write(
    rows: Rows,
    path: Path,
    *,
    resume: bool = False,
    wanted: int | None = None,
    order: str | None = None,
    size: int = 10,
) -> Extract:
    """Write the rows in memory to a folder."""
    by = [OrderNode(expr=order)] if order else ()
    return write_dataset(
        path,
        Plan(checked=rows.checked(order=by), wanted=wanted, page_size=size),
        Look(),
        resume=resume,
        start=lambda plan: rows.reading(plan, rate=10.0),
        report=lambda done: Reporter(None, done=done),
    )


def ids(path: Path) -> list[int]:
    return [int(key) for key in pq.read_table(path)["id"].to_pylist()]


def test_a_folder_reads_back_as_the_frame(session: Connection, tmp_path: Path) -> None:
    """Rows, order and dtypes are those of query(); parts have one schema."""
    extract = session.to_parquet(QUERY, tmp_path / "rows", page_size=150)
    frame = session.query(QUERY, limit=None, page_size=150)
    back = pd.read_parquet(extract.path)
    for column in ("gender",):  # categories come in the order that Parquet finds
        frame[column], back[column] = (
            frame[column].astype(str),
            back[column].astype(str),
        )
    pd.testing.assert_frame_equal(back, frame)
    parts = sorted(extract.path.glob("part-*.parquet"))
    assert (extract.parts, extract.rows, len(parts)) == (7, 1_000, 7)
    assert len({pq.read_schema(part) for part in parts}) == 1
    assert pa.types.is_dictionary(pq.read_table(extract.path)["gender"].type)
    assert str(extract) == f"1,000 rows in 7 parts in {extract.path}"
    assert session.footer(extract).startswith(f"1,000 rows · {extract.path} (7 parts)")


def test_lists_and_exploded_lists_are_written(
    session: Connection, tmp_path: Path
) -> None:
    lists = """<queryDef schema="nms:recipient" operation="select"><select>
      <node expr="@id"/>
      <node expr="subscription"><node expr="@created"/></node></select></queryDef>"""
    whole = session.to_parquet(lists, tmp_path / "lists", page_size=300)
    table = pq.read_table(whole.path)
    assert table.num_rows == 1_000
    assert pa.types.is_list(table["subscription"].type)
    flat = session.to_parquet(lists, tmp_path / "flat", page_size=300, explode=True)
    items = sum(max(1, len(one)) for one in table["subscription"].to_pylist())
    back = pd.read_parquet(flat.path)
    assert len(back) == flat.rows == items
    assert str(back["subscription.created"].dtype) == "datetime64[us, UTC]"


def test_no_rows_make_one_empty_part(tmp_path: Path) -> None:
    """A folder without rows still has columns."""
    extract = write(Rows([]), tmp_path / "none")
    assert (extract.rows, extract.parts) == (0, 1)
    assert pq.read_table(extract.path).column_names == ["id", "email"]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    count=st.integers(0, 120),
    breaks=st.lists(st.integers(1, 6), max_size=4),
    wanted=st.none() | st.integers(0, 130),
    order=st.sampled_from([None, "@email"]),
)
def test_resuming_after_any_breaks_has_every_row_once(
    tmp_path_factory: pytest.TempPathFactory,
    count: int,
    breaks: list[int],
    wanted: int | None,
    order: str | None,
) -> None:
    """A failure at any call; the next run goes on behind the last whole part."""
    path = tmp_path_factory.mktemp("broken") / "rows"
    rows = Rows(range(count), seconds=1.0)
    for calls in breaks:
        last = len(rows.asked) + calls

        def fail(query: QueryDef, last: int = last) -> None:
            if len(rows.asked) >= last:
                raise SoapFault("no", hint="later")

        rows.before = fail
        with suppress(SoapFault):
            write(rows, path, resume=True, wanted=wanted, order=order)
    rows.before = lambda query: None
    extract = write(rows, path, resume=True, wanted=wanted, order=order)
    expected = list(range(count))[:wanted]
    assert ids(path) == expected
    assert extract.rows == len(expected)
    assert extract.facts["truncated"] is (wanted is not None and count > wanted)


def test_what_a_process_left_halfway_is_written_again(tmp_path: Path) -> None:
    """A part that the manifest does not count, or that is not whole, is dropped."""
    rows, path = Rows(range(25)), tmp_path / "rows"
    write(rows, path)
    manifest = json.loads((path / MANIFEST).read_text())
    manifest.update(parts=1, rows=10, records=10, behind=9, complete=False)
    (path / MANIFEST).write_text(json.dumps(manifest))
    (path / "part-000003.parquet.new").write_bytes(b"PAR1 half")
    (path / "part-000009.parquet").write_bytes(b"nobody counts this")
    extract = write(rows, path, resume=True)
    assert ids(path) == list(range(25))
    assert (extract.new_rows, extract.parts) == (15, 3)
    assert sorted(one.name for one in path.glob("part*"))[-1] == "part-000002.parquet"


def test_a_complete_folder_costs_no_call(tmp_path: Path) -> None:
    rows, path = Rows(range(25)), tmp_path / "rows"
    write(rows, path)
    asked = len(rows.asked)
    assert write(rows, path, resume=True).new_rows == 0
    assert len(rows.asked) == asked


def test_folders_of_somebody_else_are_refused(tmp_path: Path) -> None:
    """Another query's parts, other options, other files, a file, a broken manifest."""
    rows = Rows(range(25))
    write(rows, tmp_path / "mine")
    with pytest.raises(InvalidOption, match="25 rows of this query already"):
        write(rows, tmp_path / "mine")
    with pytest.raises(InvalidOption, match="parts of another query, on nms:thing"):
        write(rows, tmp_path / "mine", resume=True, order="@email")
    with pytest.raises(InvalidOption, match="another query"):
        write(rows, tmp_path / "mine", resume=True, wanted=5)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    with pytest.raises(InvalidOption, match=r"other files, such as notes\.txt"):
        write(rows, tmp_path / "other", resume=True)
    with pytest.raises(InvalidOption, match="not a folder"):
        write(rows, tmp_path / "other" / "notes.txt")
    (tmp_path / "mine" / MANIFEST).write_text("{")
    with pytest.raises(InvalidOption, match="cannot be read"):
        write(rows, tmp_path / "mine", resume=True)


def test_a_folder_that_cannot_be_made_is_refused_in_two_lines(
    session: Connection,
) -> None:
    """Nothing can be made under /proc, by nobody."""
    with pytest.raises(InvalidOption, match="The folder /proc/nowhere cannot be made"):
        session.to_parquet("SELECT id FROM nms:recipient", "/proc/nowhere")


def test_two_writers_do_not_share_a_folder(tmp_path: Path) -> None:
    rows, fresh = Rows(range(5)), Manifest(query="x", schema="nms:thing")
    with (
        opened(tmp_path, fresh, resume=False),
        pytest.raises(InvalidOption, match="right now"),
    ):
        write(rows, tmp_path)


_WRITER = """
import sys
from campaign_magics import connect
query, folder = sys.argv[1:]
with connect("sandbox") as session:
    print(session.to_parquet(query, folder, resume=True, page_size=20), flush=True)
"""


@pytest.mark.slow
def test_kill_9_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Killed without warning at several points; the last run ends with every row."""
    query = "SELECT id, email, gender FROM nms:recipient WHERE blackList = 0"
    path = tmp_path / "rows"
    with Sandbox(tps=1_000, rows=2_000, seed=3) as sandbox, connect(sandbox) as session:
        expected = session.query(query, limit=None)
        sandbox.faults("latency", seconds=0.02)
        command = [sys.executable, "-c", _WRITER, query, str(path)]
        environment = {**os.environ, **sandbox_environment(sandbox)}
        for parts in (3, 11, 25):
            process = subprocess.Popen(command, env=environment)
            until = time.monotonic() + 60
            while len(list(path.glob("part-*"))) < parts:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.003)
            process.send_signal(signal.SIGKILL)
            process.wait()
            counted = json.loads((path / MANIFEST).read_text())
            assert counted["complete"] is False
            assert counted["parts"] >= parts - 1
        sandbox.faults("off")
        subprocess.run(command, env=environment, check=True, timeout=120)
    columns = ["id", "email"]
    pd.testing.assert_frame_equal(pd.read_parquet(path)[columns], expected[columns])
    assert json.loads((path / MANIFEST).read_text())["rows"] == len(expected)
