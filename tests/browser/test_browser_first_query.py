"""The main job in a real browser: JupyterLab opens and the first tutorial runs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_the_first_tutorial_runs_top_to_bottom(
    desk: Desk, lab: str, tmp_path: Path
) -> None:
    """Every cell runs, the frame and its footer are on the page, one cell fails."""
    desk.visit(lab)
    desk.run_all()
    page = desk.page
    page.get_by_text("did you mean @email?").wait_for(timeout=60_000)
    desk.save()
    page.locator(".jp-Notebook table").first.scroll_into_view_if_needed()
    page.get_by_text("first 8 rows · nms:recipient (cloud)").wait_for()
    page.screenshot(path=tmp_path / "first_query.png")
    assert page.get_by_text("official Jupyter news").count() == 0

    saved = json.loads((desk.folder / "01_first_query.ipynb").read_text())
    code = [cell for cell in saved["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    failed = [c for c in code if any(o["output_type"] == "error" for o in c["outputs"])]
    assert failed == [code[-1]]
    assert "widgets" not in saved["metadata"]
