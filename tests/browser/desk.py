"""What a person does at a notebook in a browser, in JupyterLab or in Notebook 7."""

from __future__ import annotations

import contextlib
import json
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import nbformat
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import TimeoutError as TooSlow

FrontEnd = Literal["lab", "notebooks"]
SLOW = 60_000
"""Milliseconds that a kernel or a front end may take to appear."""


@dataclass
class Desk:
    """A page in a browser and the Jupyter server that ``campaign-magics lab`` runs.

    ``folder`` is where the server's notebooks are.
    """

    page: Any
    base: str
    token: str
    folder: Path
    front_end: FrontEnd = "lab"

    def open(self, notebook: str) -> None:
        """Open a notebook, and no other, and wait until its kernel is there."""
        way = "lab/tree" if self.front_end == "lab" else "notebooks"
        self.visit(f"{self.base}{way}/{notebook}?token={self.token}&reset")

    def clear(self) -> None:
        """End the kernels that an earlier test has left."""
        sessions = f"{self.base}api/sessions"
        who = {"Authorization": f"token {self.token}"}
        for one in self.page.request.get(sessions, headers=who).json():
            self.page.request.delete(f"{sessions}/{one['id']}", headers=who)

    def visit(self, address: str) -> None:
        """Go to a notebook's address and wait until its kernel is there."""
        self.page.goto(address)
        self.page.locator(".jp-Notebook").wait_for(timeout=SLOW)
        self.page.get_by_text("Python 3 (ipykernel)").first.wait_for(timeout=SLOW)

    def menu(self, name: str, item: str | re.Pattern[str]) -> None:
        """Choose an entry of the menu bar."""
        self.page.get_by_role("menuitem", name=name, exact=True).click()
        exact = isinstance(item, str)
        self.page.get_by_role("menuitem", name=item, exact=exact).click()

    def write(self, *cells: str, name: str = "own.ipynb") -> str:
        """Write a notebook of code cells; return its name."""
        notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
        notebook.metadata["kernelspec"] = {
            "name": "python3",
            "display_name": "Python 3 (ipykernel)",
        }
        nbformat.write(notebook, self.folder / name)
        return name

    def run_cell(self, at: int) -> None:
        """Run a code cell that has not run yet.

        The key is pressed again if the front end was too busy to take it; a cell that
        is asked for twice would only run twice.
        """
        cell = self.page.locator(".jp-CodeCell").nth(at)
        taken = cell.locator(".jp-InputPrompt").filter(has_not_text="[ ]:")
        for _ in range(20):
            cell.locator(".cm-content").click()
            cell.locator(".cm-content").press("Control+Enter")
            with contextlib.suppress(TooSlow):
                taken.wait_for(timeout=3_000)
                return
        raise AssertionError(f"cell {at} did not run")

    def run_all(self) -> None:
        """Forget the outputs and run every cell."""
        self.menu("Edit", "Clear Outputs of All Cells")
        self.menu("Run", "Run All Cells")

    def wait_for_idle(self) -> None:
        """Wait until every cell that was asked for has run."""
        self.page.wait_for_function(
            "[...document.querySelectorAll('.jp-InputPrompt')]"
            ".every(p => !p.textContent.includes('*'))",
            timeout=SLOW,
        )

    def save(self) -> None:
        """Save the notebook to its file, and wait until it is there, whole."""
        file = self.folder / unquote(urlsplit(self.page.url).path.rpartition("/")[2])
        before = file.stat().st_mtime_ns
        self.page.keyboard.press("Control+s")
        ends = time.monotonic() + SLOW / 1_000
        while file.stat().st_mtime_ns == before or not _is_whole(file):
            assert time.monotonic() < ends, f"{file.name} was not saved"
            self.page.wait_for_timeout(100)  # lets the page work meanwhile

    def use_theme(self, name: Literal["Light", "Dark"]) -> None:
        """Switch the front end's theme, as its Settings menu does."""
        self.page.get_by_role("menuitem", name="Settings", exact=True).click()
        # What opens another menu has no role of its own in JupyterLab 4.6.
        labels = self.page.locator(".lm-Menu-itemLabel")
        labels.filter(has_text=re.compile("^Theme$")).hover()
        labels.filter(has_text=re.compile(f"^(JupyterLab )?{name}$")).click()
        light = str(name == "Light").lower()
        self.page.wait_for_function(
            f"document.body.dataset.jpThemeLight === '{light}'"
            " && !document.querySelector('#jupyterlab-splash')",
            timeout=SLOW,
        )

    def serious_faults(self, within: str) -> list[str]:
        """Return what axe-core calls serious or critical inside a CSS selector."""
        found = Axe().run(self.page, context=within)
        return [
            f"{fault['id']}: {node['html']}"
            for fault in found.response["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]


def _is_whole(file: Path) -> bool:
    """Tell whether a notebook's file is not just being written."""
    try:
        json.loads(file.read_text())
    except ValueError:
        return False
    return True
