"""Tutorial 6 in a real front end: the meter moves while a cell runs, and tells the
truth; its faces have no serious accessibility fault."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser.conftest import started_lab

if TYPE_CHECKING:
    from browser.desk import Desk, FrontEnd

pytestmark = [pytest.mark.browser, pytest.mark.slow]
TUTORIAL = "06_pick_and_watch.ipynb"
METER = ".campaign-magics:has(svg[role=img])"


def own_calls(page: Any) -> int:
    """Read the number beside "this kernel"."""
    text = page.locator(METER).last.inner_text()
    found = re.search(r"this kernel\s+([\d,]+)", text)
    return int(found[1].replace(",", "")) if found else 0


def figures_while_it_runs(page: Any) -> list[int]:
    """Return the different figures that the meter shows until a cell has ended."""
    seen = [own_calls(page)]
    ends = time.monotonic() + 60
    while len(seen) < 6 and time.monotonic() < ends:
        page.wait_for_timeout(100)  # lets the page work meanwhile
        now = own_calls(page)
        running = page.locator(".jp-InputPrompt", has_text="[*]").count()
        if now != seen[-1] and running:
            seen.append(now)
    return seen


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[str]:
    """A JupyterLab of each test's own: the sandbox beside it counts all calls."""
    with started_lab(tmp_path) as address:
        yield address


@pytest.fixture
def lab_folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.mark.parametrize("front_end", ["lab", "notebooks"])
def test_the_meter_moves_and_agrees_with_the_sandbox(
    desk: Desk, front_end: FrontEnd
) -> None:
    """500 calls at 50 a second; what the meter counted the sandbox counted too."""
    desk.front_end = front_end
    desk.open(TUTORIAL)
    desk.run_all()
    page = desk.page
    page.locator(METER).first.wait_for(timeout=60_000)
    seen = figures_while_it_runs(page)
    assert len(seen) >= 4, seen  # it moved, and the cell was still running
    assert seen == sorted(seen)
    assert desk.serious_faults(METER) == []
    desk.wait_for_idle()
    desk.save()

    saved = json.loads((desk.folder / TUTORIAL).read_text())
    assert "widgets" not in saved["metadata"]
    texts = {cell["source"]: shown(cell) for cell in map(joined, saved["cells"])}
    meter = texts["%campaign_meter"]
    sandbox = dict(
        line.split()[:2] for line in texts["%campaign_sandbox status"].splitlines()
    )
    queries = re.search(r"ExecuteQuery .* (\d+) calls", meter)
    assert queries is not None, meter
    assert int(queries[1]) == int(sandbox["xtk:queryDef#ExecuteQuery"]) >= 500


def joined(cell: dict[str, Any]) -> dict[str, Any]:
    """Return a cell with its source as one text, as some files have it in lines."""
    return {**cell, "source": "".join(cell["source"])}


def shown(cell: dict[str, Any]) -> str:
    """Return the text/plain of a cell's outputs."""
    bundles = [out.get("data", {}) for out in cell.get("outputs", [])]
    return "\n".join("".join(one.get("text/plain", "")) for one in bundles)
