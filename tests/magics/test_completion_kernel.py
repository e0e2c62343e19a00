"""Tab as a front end asks for it: a message to a real kernel."""

from __future__ import annotations

import pytest
from jupyter_client.manager import start_new_kernel

from campaign_magics import Sandbox
from campaign_magics.front import sandbox_environment


@pytest.mark.slow
def test_a_kernel_completes_a_query(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """JupyterLab and VS Code send the whole cell and the cursor."""
    for name, value in sandbox_environment(sandbox).items():
        monkeypatch.setenv(name, value)
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        for code in (
            "%load_ext campaign_magics",
            "%campaign_connect sandbox",
            "%campaign_schema nms:recipient",
        ):
            answer = client.execute_interactive(
                code, timeout=60, output_hook=lambda _: None
            )
            assert answer["content"]["status"] == "ok"
        cell = "%%campaign_query\nSELECT @em FROM nms:recipient"
        asked = client.complete(cell, cell.index(" FROM"), reply=True, timeout=30)
        content = asked["content"]
        assert "@email" in content["matches"]
        assert cell[content["cursor_start"] : content["cursor_end"]] == "@em"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
