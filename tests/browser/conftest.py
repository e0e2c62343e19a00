"""A Jupyter server with the tutorials, and a page in headless Chromium."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from processes import said_until

if TYPE_CHECKING:
    from browser.desk import Desk

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def started_lab(folder: Path) -> Iterator[str]:
    """Run ``campaign-magics lab``; return the address that it prints."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # A theme that one test chooses, or a notebook it leaves open, stays here.
    own = {
        f"JUPYTERLAB_{what}_DIR": str(folder / what.lower())
        for what in ("SETTINGS", "WORKSPACES")
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "campaign_magics.cli", "lab", "--no-browser",
         "--port", str(port), str(folder / "notebooks")],
        stdout=subprocess.PIPE,
        text=True,
        cwd=folder,
        env={**os.environ, **own},
    )  # fmt: skip
    said = said_until(process, "Ctrl-C stops both.")
    found = re.search(r"JupyterLab (\S+)", said)
    assert found
    try:
        yield found[1]
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(timeout=60)
        assert process.stdout is not None
        process.stdout.close()
    assert code == 0


@pytest.fixture(scope="module")
def lab_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a module's JupyterLab runs; its ``notebooks`` are the tutorials."""
    return tmp_path_factory.mktemp("lab")


@pytest.fixture(scope="module")
def lab(lab_folder: Path) -> Iterator[str]:
    """The address of a JupyterLab that the tests of a module share."""
    with started_lab(lab_folder) as address:
        yield address


@pytest.fixture
def page() -> Iterator[Any]:
    """A page of its own browser; skipped only where there is no Chromium."""
    if CHROMIUM is None and not os.environ.get("CAMPAIGN_MAGICS_REQUIRE_BROWSER"):
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1280, "height": 1000})
        page.set_default_timeout(60_000)  # a small machine may be busy elsewhere
        yield page
        browser.close()


@pytest.fixture
def desk(page: Any, lab: str, lab_folder: Path) -> Desk:
    """JupyterLab on the tutorials; nothing is opened yet, and no kernel runs."""
    from browser.desk import Desk

    found = re.match(r"(.*/)lab/tree/[^?]+\?token=(\w+)", lab)
    assert found
    desk = Desk(
        page=page, base=found[1], token=found[2], folder=lab_folder / "notebooks"
    )
    desk.clear()
    return desk
