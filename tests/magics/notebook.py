"""A notebook without a browser: cells run in a real IPython shell."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

NO_HISTORY = Config({"HistoryManager": {"hist_file": ":memory:"}})
"""What a shell is made with in tests: the user's history stays their own, and no thread
of it has to be waited for in the end."""


class Notebook:
    """Runs cells as a notebook does; keeps what each of them showed."""

    def __init__(self, shell: InteractiveShell) -> None:
        self.shell = shell
        self.shown = ""

    def run(self, cell: str) -> Any:
        with capture_output() as captured:
            result = self.shell.run_cell(cell, store_history=True)
        rich = "".join(str(output.data) for output in captured.outputs)
        self.shown = captured.stdout + captured.stderr + rich
        if result.error_in_exec is not None:
            raise result.error_in_exec
        assert result.success
        return result.result
