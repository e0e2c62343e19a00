"""Queries of any size in a real IPython shell, against the real sandbox."""

from __future__ import annotations

import _thread
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from magics.notebook import Notebook

from campaign_magics import Sandbox
from campaign_magics.errors import InvalidOption, SoapFault
from campaign_magics.magics.progress import ProgressLine, bar, progress_html
from campaign_magics.session import Estimate, Extract, Interrupted, Progress
from campaign_magics.session.reading import PAGE_SIZE

ALL = "SELECT id, email, gender FROM nms:recipient"
LISTS = """<queryDef schema="nms:recipient" operation="select">
  <select><node expr="@id"/>
    <node expr="subscription"><node expr="@created"/></node></select>
  <orderBy><node expr="@id"/></orderBy>
</queryDef>"""


def session_of(notebook: Notebook) -> Any:
    magics = notebook.shell.configurables
    return next(c for c in magics if hasattr(c, "held")).session


def test_all_reads_every_row_in_pages(connected: Notebook) -> None:
    frame = connected.run(f"%%campaign_query --all --page-size 300\n{ALL}")
    assert len(frame) == 1_000
    assert frame["id"].is_unique
    assert frame["id"].is_monotonic_increasing
    assert "1,000 rows · nms:recipient (cloud) · " in connected.shown
    assert "pages" in connected.shown
    assert frame.attrs["campaign"]["truncated"] is False


def test_a_limit_of_the_query_counts_more_than_the_default(connected: Notebook) -> None:
    """%config's 200 rows are for queries that do not say."""
    assert len(connected.run(f"%%campaign_query\n{ALL} LIMIT 250")) == 250
    assert len(connected.run(f"%%campaign_query\n{ALL}")) == 200
    assert "more rows exist" in connected.shown


@pytest.mark.parametrize(
    ("option", "kind"), [("polars", pl.DataFrame), ("arrow", pa.Table)]
)
def test_rows_come_as_polars_or_arrow(
    connected: Notebook, option: str, kind: type
) -> None:
    """The same rows, enumerations by name, the footer beneath."""
    found = connected.run(f"%%campaign_query --as {option} --limit 3\n{ALL}")
    assert isinstance(found, kind)
    assert len(found) == 3
    assert "first 3 rows" in connected.shown
    table = found.to_arrow() if isinstance(found, pl.DataFrame) else found
    pandas = connected.run(f"%%campaign_query --limit 3\n{ALL}")
    assert table["email"].to_pylist() == pandas["email"].tolist()
    assert table["gender"].to_pylist() == pandas["gender"].tolist()


def test_labels_and_explode(connected: Notebook) -> None:
    names = connected.run(f"%%campaign_query --limit 20\n{ALL}")["gender"]
    labels = connected.run(f"%%campaign_query --limit 20 --labels\n{ALL}")["gender"]
    assert set(names.unique()) != set(labels.unique())
    lists = connected.run(f"%%campaign_query --limit 50\n{LISTS}")
    flat = connected.run(f"%%campaign_query --limit 50 --explode\n{LISTS}")
    assert list(flat.columns) == ["id", "subscription.created"]
    assert len(flat) == sum(max(1, len(items)) for items in lists["subscription"])
    assert flat["id"].nunique() == 50
    assert "rows of 50 records" in connected.shown


def test_count_dry_run_and_code_read_no_row(connected: Notebook) -> None:
    session = session_of(connected)
    seen: list[Any] = []
    with session.trace(seen.append):
        assert connected.run(f"%%campaign_query --count\n{ALL}") == 1_000
        plan = connected.run(f"%%campaign_query --all --dry-run\n{ALL}")
        asked = len(seen)
        code = connected.run(f"%%campaign_query --show-code --out code\n{ALL}")
    assert isinstance(plan, Estimate)
    assert (plan.found, plan.rows, plan.calls) == (1_000, 1_000, 1)
    assert plan.seconds == pytest.approx(1 / 500)
    assert "FROM NmsRecipient" in plan.sql
    assert asked == 3  # two counts and one BuildQuery
    assert len(seen) == asked
    assert code is None
    code = connected.shell.user_ns["code"]
    assert '<node expr="@email"/>' in code.xml
    assert "session.query" in code.python
    connected.run(f"%%campaign_query --show-code\n{ALL}")
    assert "queryDef XML" in connected.shown


def test_a_dry_run_shows_what_it_would_cost(connected: Notebook) -> None:
    connected.run(f"%%campaign_query --all --dry-run --page-size 100\n{ALL}")
    for words in ("1,000 records", "10, 100 rows each", "at 500 TPS", "(cloud)"):
        assert words in connected.shown
    connected.run(
        f"%%campaign_query --all --dry-run --page-size 100\n{ALL} ORDER BY email"
    )
    assert "may be missing or come twice" in connected.shown


def test_rows_go_to_parquet(connected: Notebook, tmp_path: Path) -> None:
    """Every row, whatever the default limit; the same cell again needs --resume."""
    folder = tmp_path / "recipients"
    cell = f"%%campaign_query --to {folder} --page-size 400\n{ALL}"
    assert connected.run(cell) is None
    assert f"1,000 rows · {folder} (3 parts) · nms:recipient" in connected.shown
    assert pd.read_parquet(folder)["id"].nunique() == 1_000
    with pytest.raises(InvalidOption):
        connected.run(cell)
    assert "--resume" in connected.shown
    again = f"%%campaign_query --to {folder} --resume --out written\n{ALL}"
    connected.run(again)
    written = connected.shell.user_ns["written"]
    assert isinstance(written, Extract)
    assert (written.rows, written.new_rows) == (1_000, 0)
    assert pq.read_table(folder).num_rows == 1_000


def test_an_interrupt_keeps_the_rows_and_resume_goes_on(
    connected: Notebook, sandbox: Sandbox
) -> None:
    """Within a second; the rows are in a variable; the end has each row once."""
    session_of(connected).query(ALL, limit=1)
    connected.shell.user_ns.pop("campaign_partial", None)
    sandbox.faults("latency", seconds=0.4)
    pressed: list[float] = []

    def press() -> None:
        pressed.append(time.monotonic())
        _thread.interrupt_main()

    timer = threading.Timer(1.5, press)
    timer.start()
    with pytest.raises(Interrupted) as caught:
        connected.run(f"%%campaign_query --all --page-size 100\n{ALL}")
    assert time.monotonic() - pressed[0] < 1
    timer.join()
    sandbox.faults("off")
    partial = connected.shell.user_ns["campaign_partial"]
    assert 0 < len(partial) < 1_000
    assert f"{len(partial):,} rows arrived, up to @id = " in str(caught.value)
    assert f"{len(partial):,} rows are in campaign_partial" in connected.shown
    assert "Traceback" not in connected.shown
    whole = connected.run(f"%%campaign_query --all --resume --page-size 100\n{ALL}")
    assert whole["id"].tolist() == sorted(set(whole["id"]))
    assert len(whole) == 1_000
    with pytest.raises(InvalidOption):
        connected.run(f"%%campaign_query --all --resume\n{ALL}")


def test_options_that_contradict_each_other_are_refused(connected: Notebook) -> None:
    for line in (
        "--all --limit 5",
        "--count --dry-run",
        "--to x --as arrow",
        "--count --resume",
        "--page-size 0",
        "--as excel",
    ):
        with pytest.raises(InvalidOption):
            connected.run(f"%%campaign_query {line}\n{ALL}")


def test_config_lists_every_default(connected: Notebook) -> None:
    """%config CampaignMagics; each one counts for the cells after it."""
    connected.run("%config CampaignMagics")
    for name in ("limit", "page_size", "frame", "labels", "progress"):
        assert f"CampaignMagics.{name}=" in connected.shown
    assert f"Current: {PAGE_SIZE}" in connected.shown
    connected.run("%config CampaignMagics.frame = 'arrow'")
    try:
        assert isinstance(connected.run(f"%%campaign_query\n{ALL}"), pa.Table)
    finally:
        connected.run("%config CampaignMagics.frame = 'pandas'")


STANDING = Progress(
    rows=250_000, total=1_000_000, seconds=5.0, speed=50_000.0, left=15.0, tps=10.0
)


class Terminal:
    """A stream that remembers what a terminal would show."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> None:
        self.text += text

    def flush(self) -> None:
        pass


def test_the_progress_line_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line, drawn over itself and wiped in the end; nothing for a short read."""
    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    line = ProgressLine(object())
    line(Progress(rows=1, total=2, seconds=0.1, speed=10.0, left=0.1, tps=None))
    assert screen.text == ""
    line(STANDING)
    assert "250,000 of 1,000,000 rows · 50,000 rows/s · 15 s left" in screen.text
    assert "at 10 TPS" in screen.text
    assert "██████░" in screen.text
    line.end("")
    assert screen.text.endswith(" \r")
    assert "\n" not in screen.text


def test_the_progress_line_in_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """One display, updated in place; the footer takes its place."""
    shown: list[dict[str, str]] = []

    class Handle:
        def update(self, data: dict[str, str], raw: bool) -> None:
            shown.append(data)

    def display(data: dict[str, str], raw: bool, display_id: bool) -> Handle:
        shown.append(data)
        return Handle()

    class Kernel:
        kernel = None

    monkeypatch.setattr("campaign_magics.magics.progress.display", display)
    line = ProgressLine(Kernel())
    line(STANDING)
    line(STANDING)
    line.end("1,000,000 rows")
    assert '<progress max="1" value="0.250"' in shown[0]["text/html"]
    assert shown[-1]["text/plain"] == "1,000,000 rows"
    assert len(shown) == 3


def test_a_bar_without_a_total_is_none() -> None:
    unknown = Progress(rows=5, total=None, seconds=1.0, speed=5, left=None, tps=None)
    assert bar(unknown.share) == ""
    assert "value" not in progress_html(unknown)
    assert str(unknown) == "5 rows · 5 rows/s"


def test_a_failure_on_the_way_keeps_the_rows_too(connected: Notebook) -> None:
    """The error says what is kept; it stays the error it is."""
    session = session_of(connected)
    calls = 0
    ask = session._ask

    def fail_later(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise SoapFault("the disk is full", hint="ask somebody")
        return ask(*args)

    session._ask = fail_later
    with pytest.raises(SoapFault):
        connected.run(f"%%campaign_query --all --page-size 100\n{ALL}")
    assert "rows are in campaign_partial" in connected.shown
    assert "hint: ask somebody; " in connected.shown
    assert len(connected.shell.user_ns["campaign_partial"]) >= 100
