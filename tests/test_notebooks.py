"""The tutorials run, in a real kernel, and read well where they are only looked at."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
pytestmark = pytest.mark.slow


def outputs(notebook: Any) -> list[Any]:
    return [o for cell in notebook.cells for o in cell.get("outputs", [])]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_tutorial_runs(path: Path) -> None:
    """Top to bottom in a fresh kernel, starting its own sandbox."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(
        notebook, timeout=120, resources={"metadata": {"path": "."}}
    ).execute()
    for cell in notebook.cells:
        failed = [o for o in cell.get("outputs", []) if o.output_type == "error"]
        expected = "raises-exception" in cell.metadata.get("tags", [])
        assert bool(failed) == expected, cell.source
        for output in failed:
            assert len(output.traceback) <= 4
            assert "hint:" in "".join(output.traceback)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_a_committed_tutorial_shows_its_outputs(path: Path) -> None:
    """Executed in order, no widget state, no machine's paths or addresses."""
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [*range(1, len(code) + 1)]
    assert "widgets" not in notebook.metadata
    text = path.read_text()
    assert not re.search(r"/home/|/root/|/Users/|/tmp/", text)
    assert any("DataFrame" in str(o) or "<table" in str(o) for o in outputs(notebook))


def test_an_unattended_run_fails_when_a_cell_fails(tmp_path: Path) -> None:
    """papermill exits non-zero, so a pipeline stops."""
    notebook = nbformat.v4.new_notebook(
        cells=[
            nbformat.v4.new_code_cell("%load_ext campaign_magics"),
            nbformat.v4.new_code_cell("%%campaign_query\n<queryDef/>"),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, tmp_path / "in.ipynb")
    result = subprocess.run(
        [sys.executable, "-m", "papermill", "in.ipynb", "out.ipynb"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert result.returncode != 0
    assert "NotConnected" in result.stderr
