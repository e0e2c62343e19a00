"""What is left of the meter in a saved notebook, where no widget runs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from widgets.saved import WIDGET, executed, shipped_html, text_of

from campaign_magics import Sandbox
from campaign_magics.front import sandbox_environment

pytestmark = pytest.mark.slow

CELLS = (
    "%load_ext campaign_magics\n%campaign_connect sandbox --tps 200",
    "%campaign_meter",
    "%campaign_meter",
    "%%campaign_query --all --page-size 5 --out df\nSELECT email FROM nms:recipient",
    "import time; time.sleep(1.6)",
    "from campaign_magics.widgets.ticker import TICKER\nTICKER.open[0].close()",
)
"""Two meters, one of which is closed in the end."""


def test_a_saved_notebook_shows_every_figure_without_widgets(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, canary: str
) -> None:
    """Closed, the meter is its summary; left open, a line beside it tells the end."""
    for name, value in sandbox_environment(sandbox).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    notebook = executed(*CELLS)
    stored = json.dumps(notebook.metadata)  # nbclient keeps widget state by default
    assert canary not in json.dumps(notebook)
    assert canary not in stored

    closed = notebook.cells[1].outputs[0].data
    assert set(closed) == {"text/html", "text/plain"}
    left_open, note = notebook.cells[2].outputs
    assert WIDGET in left_open.data
    found = re.search(r"(\d+) calls here", closed["text/plain"])
    assert found
    assert int(found[1]) >= 200  # 1,000 rows by five
    assert found[0] in note.data["text/plain"]

    html = shipped_html(notebook)
    assert "unpkg.com" not in html
    assert html.count('role="img"') == 2
    assert f"this kernel <b>{found[1]}</b>" in html
    assert "closed at" in html
    assert "1,000 rows" in text_of(notebook)
    assert canary not in html
