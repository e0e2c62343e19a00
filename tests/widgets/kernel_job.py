"""A real kernel with a meter and a long job in it, seen through its messages.

Used by the test of the installed ipykernel and by ``tests/bench/kernel_matrix.py``.
"""

from __future__ import annotations

import ast
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty
from typing import Any

from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

OWN = re.compile(r"this kernel <b>([\d,]+)</b>")
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How a cell went: its status, its error's name, and what the kernel sent."""

    status: str
    ename: str
    began: float
    ended: float
    messages: list[tuple[float, dict[str, Any]]]

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def value(self) -> Any:
        """The cell's value, a Python literal."""
        texts = [
            message["content"]["data"]["text/plain"]
            for _, message in self.messages
            if message["msg_type"] == "execute_result"
        ]
        return ast.literal_eval(texts[-1])

    def shown(self, kind: str) -> list[dict[str, Any]]:
        """The data of all outputs of a kind: display_data, update_display_data."""
        return [m["content"]["data"] for _, m in self.messages if m["msg_type"] == kind]

    @property
    def moves(self) -> list[tuple[float, int]]:
        """When the meter's figure reached the page while the cell ran, and what."""
        found = []
        for at, message in self.messages:
            if message["msg_type"] == "comm_msg":
                state = message["content"]["data"].get("state", {})
                figure = OWN.search(str(state.get("value", "")))
                if figure:
                    found.append((at, int(figure[1].replace(",", ""))))
        return found


class Kernel:
    """A kernel of ``python`` (None: this one), driven cell by cell."""

    def __init__(self, python: str | None = None) -> None:
        self.manager = KernelManager(kernel_name="python3")
        if python is not None:
            spec = self.manager.kernel_spec
            assert spec is not None
            spec.argv = [python, *spec.argv[1:]]
        self.manager.start_kernel()
        self.client: BlockingKernelClient = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=PATIENCE)

    def __enter__(self) -> Kernel:
        return self

    def __exit__(self, *exception: object) -> None:
        self.client.stop_channels()
        if self.manager.is_alive():
            self.manager.shutdown_kernel(now=True)

    def run(
        self, code: str, *, interrupt_after: int | None = None, fails: bool = False
    ) -> Cell:
        """Run a cell; interrupt it once the meter has moved so many times."""
        began = time.monotonic()
        asked = self.client.execute(code, allow_stdin=False)
        cell = Cell(status="", ename="", began=began, ended=began, messages=[])
        for message in self._until_idle(asked):
            cell.messages.append((time.monotonic(), message))
            if interrupt_after is not None and len(cell.moves) >= interrupt_after:
                interrupt_after = None
                began = time.monotonic()
                self.manager.interrupt_kernel()
        ended = time.monotonic()
        reply = self._reply(asked)
        assert fails or reply["status"] == "ok", reply
        return Cell(
            status=reply["status"],
            ename=reply.get("ename", ""),
            began=began,
            ended=ended,
            messages=cell.messages,
        )

    def shut_down(self) -> float:
        """End the kernel as a front end does; return the seconds it took."""
        began = time.monotonic()
        self.manager.shutdown_kernel()
        return time.monotonic() - began

    def _reply(self, asked: str) -> dict[str, Any]:
        """Return the answer to our cell; a new kernel's greetings may come first."""
        while True:
            message = self.client.get_shell_msg(timeout=PATIENCE)
            if message["parent_header"].get("msg_id") == asked:
                return dict(message["content"])

    def _until_idle(self, asked: str) -> Iterator[dict[str, Any]]:
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=1)
            except Empty:
                continue
            yield message
            ours = message["parent_header"].get("msg_id") == asked
            state = message["content"].get("execution_state")
            if ours and message["msg_type"] == "status" and state == "idle":
                return
        raise TimeoutError("the cell did not end")


def connect(kernel: Kernel, store: str) -> None:
    """Connect to the announced sandbox, with a budget of its own, and open a meter."""
    kernel.run("import threading\nimport campaign_magics as cm")
    kernel.run(f"session = cm.connect('sandbox', budget_store={store!r})")
    shown = kernel.run("meter = session.meter()\nmeter").shown("display_data")
    assert "application/vnd.jupyter.widget-view+json" in shown[0]


def check_interrupt(kernel: Kernel) -> float:
    """Interrupt a long job under a running meter; return the seconds it took to end.

    The cell ends with a KeyboardInterrupt, the meter goes on, and closing it leaves
    static output and no thread.
    """
    job = "for _ in session.pages('SELECT email FROM nms:recipient', page_size=2): pass"
    cell = kernel.run(job, interrupt_after=4, fails=True)
    assert (cell.status, cell.ename) == ("error", "KeyboardInterrupt"), cell.ename
    before = cell.moves[-1][1]
    after = kernel.run(
        "session.count('SELECT email FROM nms:recipient')\n"
        "import time\n"
        "time.sleep(0.7)\n"
        "(meter.closed, meter.now.own)"
    ).value
    assert after[0] is False
    assert after[1] > before
    assert ticking(kernel) == 1
    closing = kernel.run("meter.close()")
    frozen = closing.shown("update_display_data")[-1]
    assert set(frozen) == {"text/html", "text/plain"}
    assert "closed at" in frozen["text/html"]
    assert ticking(kernel) == 0
    return cell.seconds


def check_waiting_line(kernel: Kernel) -> None:
    """A query that waits for the budget says so in its own cell, from a thread.

    The ticker's thread began in an earlier cell, that of the meter.
    """
    kernel.run("%load_ext campaign_magics\nslow = cm.connect('sandbox', tps=0.4)")
    kernel.run("meter = slow.meter()\nslow.count('SELECT email FROM nms:recipient')")
    kernel.run("%campaign_connect slow")
    cell = kernel.run(
        "%%campaign_query --out df --limit 3\nSELECT email FROM nms:recipient"
    )
    drawn = [
        (message["parent_header"]["msg_id"], message["content"]["data"]["text/plain"])
        for _, message in cell.messages
        if message["msg_type"] in ("display_data", "update_display_data")
    ]
    waits = [cell_id for cell_id, text in drawn if "waiting for the budget" in text]
    (own,) = {cell_id for cell_id, text in drawn if "first 3 rows" in text}
    assert set(waits) == {own}, drawn
    kernel.run("slow.close()")


def ticking(kernel: Kernel) -> int:
    """Return how many threads draw meters."""
    names = kernel.run("[thread.name for thread in threading.enumerate()]").value
    return int(names.count("campaign-ticker"))
