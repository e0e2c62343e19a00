"""A notebook with the magics loaded, and one that is connected to the sandbox."""

from __future__ import annotations

import atexit
from collections.abc import Iterator

import pytest
from IPython.core.interactiveshell import InteractiveShell
from magics.notebook import NO_HISTORY, Notebook

import campaign_magics as cm
from campaign_magics import Sandbox
from campaign_magics.front import sandbox_environment


@pytest.fixture
def notebook() -> Iterator[Notebook]:
    shell = InteractiveShell.instance(config=NO_HISTORY)
    shell.run_line_magic("load_ext", "campaign_magics")
    yield Notebook(shell)
    shell.run_line_magic("unload_ext", "campaign_magics")
    InteractiveShell.clear_instance()
    # Each of them would collect garbage once more when the process ends.
    atexit.unregister(shell.atexit_operations)


@pytest.fixture
def connected(
    notebook: Notebook, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Notebook:
    """A notebook opened by ``campaign-magics lab``: the sandbox is announced."""
    # The kernel's own sandbox, which another test may have started, would come first.
    monkeypatch.setattr("campaign_magics.front._kept", [])
    for name, value in sandbox_environment(sandbox).items():
        monkeypatch.setenv(name, value)
    notebook.run("%campaign_connect sandbox")
    return notebook


@pytest.fixture(scope="module")
def business() -> Iterator[Sandbox]:
    """An instance that these tests may change."""
    with Sandbox(tps=500, rows=200, operators={"analyst": ()}) as server:
        yield server


@pytest.fixture
def desk(notebook: Notebook, business: Sandbox) -> Iterator[Notebook]:
    with cm.connect(business) as session:
        notebook.shell.user_ns["session"] = session
        notebook.run("%campaign_connect session")
        yield notebook
