"""``campaign-magics query``: rows for scripts and pipes."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from campaign_magics import Sandbox
from campaign_magics.cli import main
from campaign_magics.front import sandbox_environment

QUERY = """<queryDef schema="nms:recipient">
  <select><node expr="@id"/><node expr="@email"/><node expr="@gender"/></select>
  <where><condition expr="@id &lt; :top"/></where>
  <orderBy><node expr="@id"/></orderBy></queryDef>"""


@pytest.fixture(autouse=True)
def _announced(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox_environment(sandbox).items():
        monkeypatch.setenv(name, value)


def ask(*words: str) -> int:
    return main(["query", "--profile", "sandbox", "--param", "top=1010", *words])


def test_rows_are_csv_and_the_footer_is_apart(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Standard output is data alone; what it cost stands on standard error."""
    assert ask(QUERY, "--limit", "3") == 0
    said = capsys.readouterr()
    rows = pd.read_csv(io.StringIO(said.out))
    assert list(rows.columns) == ["id", "email", "gender"]
    assert len(rows) == 3
    assert "first 3 rows" in said.err


def test_json_lines_and_the_query_from_a_pipe(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(QUERY))
    assert ask("-", "--format", "jsonl", "--labels", "--all") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["id"] < 1010
    assert {row["gender"] for row in rows} <= {"Male", "Female", "Not specified"}


def test_a_files_ending_is_its_format(tmp_path: Path) -> None:
    """Types survive in Parquet."""
    file = tmp_path / "query.xml"
    file.write_text(QUERY)
    target = tmp_path / "rows.parquet"
    assert ask("--file", str(file), "--to", str(target)) == 0
    assert str(pd.read_parquet(target)["id"].dtype) == "Int64"
    assert ask(QUERY, "--to", str(tmp_path / "rows.jsonl")) == 0
    assert json.loads((tmp_path / "rows.jsonl").read_text().splitlines()[0])["id"]


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ((), "There must be one query."),
        ((QUERY, "--file", "x"), "There must be one query."),
        (("--file", "nowhere.xml"), "The query cannot be read"),
        ((QUERY, "--to", "rows.xls"), "does not end in a format"),
        ((QUERY, "--format", "parquet"), "not for a terminal"),
        ((QUERY, "--to", "/nowhere/rows.csv"), "cannot be written"),
        (("<queryDef schema='nms:recipent'/>",), "nms:recipent"),
    ],
)
def test_a_mistake_is_two_lines_and_exit_code_1(
    words: tuple[str, ...], cause: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(*words) == 1
    said = capsys.readouterr().err
    assert cause in said
    assert "hint:" in said
