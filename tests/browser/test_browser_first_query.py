"""The main job in a real browser: JupyterLab opens and the first tutorial runs."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None and not os.environ.get("CAMPAIGN_MAGICS_REQUIRE_BROWSER"):
    pytest.skip("no Chromium on this machine", allow_module_level=True)

pytestmark = [pytest.mark.browser, pytest.mark.slow]
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """The address that ``campaign-magics lab`` prints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "campaign_magics.cli", "lab", "--no-browser",
         "--port", str(port), str(tmp_path / "notebooks")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
    )  # fmt: skip
    assert process.stdout is not None
    said = ""
    while "Ctrl-C stops both." not in said:
        line = process.stdout.readline()
        assert line, f"it ended early: {said}"
        said += line
    found = re.search(r"JupyterLab (\S+)", said)
    assert found
    yield found[1]
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    process.stdout.close()


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        yield page
        browser.close()


def test_the_first_tutorial_runs_top_to_bottom(
    lab: str, page: Any, tmp_path: Path
) -> None:
    """Every cell runs, the frame and its footer are on the page, one cell fails."""
    page.goto(lab)
    page.locator(".jp-Notebook").wait_for(timeout=60_000)
    page.get_by_text("Python 3 (ipykernel)").first.wait_for(timeout=60_000)
    page.get_by_role("menuitem", name="Edit", exact=True).click()
    page.get_by_role("menuitem", name="Clear Outputs of All Cells").click()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.get_by_text("did you mean @email?").wait_for(timeout=60_000)
    page.keyboard.press("Control+s")
    page.wait_for_function("document.querySelector('.jp-mod-dirty') === null")
    page.locator(".jp-Notebook table").first.scroll_into_view_if_needed()
    page.get_by_text("8 of more rows · nms:recipient (cloud)").wait_for()
    page.screenshot(path=tmp_path / "first_query.png")
    assert page.get_by_text("official Jupyter news").count() == 0

    saved = json.loads((tmp_path / "notebooks/01_first_query.ipynb").read_text())
    code = [cell for cell in saved["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == [*range(1, len(code) + 1)]
    failed = [c for c in code if any(o["output_type"] == "error" for o in c["outputs"])]
    assert failed == [code[-1]]
    assert "widgets" not in saved["metadata"]
