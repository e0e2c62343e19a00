"""A commit in a real kernel, interrupted as a person does it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel

from campaign_magics import Sandbox, connect
from campaign_magics.front import sandbox_environment

START = """%load_ext campaign_magics
%campaign_connect sandbox
import pandas as pd
rows = pd.DataFrame({"email": [f"stop{n}@kernel.example" for n in range(1_000)]})"""
COMMIT = (
    "%campaign_write rows nms:recipient --key @email --operation insert "
    "--no-ingest --batch 25 --commit --out result"
)


@pytest.mark.slow
def test_an_interrupted_commit_goes_on_and_no_row_is_there_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The button ends the cell at once; the same cell again sends what is missing."""
    with Sandbox(tps=10, rows=10) as sandbox:
        for name, value in sandbox_environment(sandbox).items():
            monkeypatch.setenv(name, value)
        manager, client = start_new_kernel(kernel_name="python3")
        pressed: list[float] = []

        def press(message: dict[str, Any]) -> None:
            shown = message["content"].get("data", {}).get("text/plain", "")
            if "of 1,000 rows" in shown and not pressed:
                pressed.append(time.monotonic())
                manager.interrupt_kernel()

        def run(code: str, hook: Any = lambda _: None) -> dict[str, Any]:
            answer = client.execute_interactive(code, timeout=60, output_hook=hook)
            return dict(answer["content"])

        try:
            assert run(START)["status"] == "ok"
            first = run(COMMIT, press)
            assert time.monotonic() - pressed[0] < 3
            assert (first["status"], first["ename"]) == ("error", "Interrupted")
            assert "run it again" in "".join(first["traceback"])
            run("%campaign_connect sandbox --tps 100")
            sandbox.throttle(100)
            assert run(COMMIT)["status"] == "ok"
            told = client.execute_interactive(
                "1",
                user_expressions={"sums": "result.landed + result.skipped"},
                timeout=60,
                output_hook=lambda _: None,
            )["content"]["user_expressions"]["sums"]["data"]["text/plain"]
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
        with connect(sandbox) as session:
            there = session.query(
                "SELECT email FROM nms:recipient WHERE email LIKE 'stop%'", limit=None
            )
    assert told == "1000"
    assert len(there) == there["email"].nunique() == 1_000
