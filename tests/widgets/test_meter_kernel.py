"""The meter in a real kernel, while a cell runs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from widgets.kernel_job import Kernel, check_interrupt, check_waiting_line, connect

from campaign_magics import Sandbox
from campaign_magics.front import sandbox_environment

pytestmark = pytest.mark.slow


@pytest.fixture
def kernel(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Kernel]:
    for name, value in sandbox_environment(sandbox).items():
        monkeypatch.setenv(name, value)
    sandbox.control.stats(clear=True)
    with Kernel() as kernel:
        connect(kernel, f"sqlite:{tmp_path}/budget.sqlite")
        yield kernel


def test_500_calls_move_it_and_its_figures_are_the_sandbox_s(
    kernel: Kernel, sandbox: Sandbox
) -> None:
    """What the page shows in the end is what the server counted, API by API."""
    job = "for _ in session.pages('SELECT email FROM nms:recipient', page_size=2): pass"
    cell = kernel.run(job)
    figures = [figure for _, figure in cell.moves]
    assert len(figures) >= 3
    assert all(one <= other for one, other in pairwise(figures))
    assert figures[0] < 250
    assert len(figures) <= 5 * cell.seconds + 2
    view = kernel.run(
        "meter.close()\n"
        "(meter.now.own, meter.now.others, meter.now.refused,"
        " {api.api: api.calls - api.refused for api in meter.now.apis})"
    ).value
    counted = sandbox.control.stats()
    assert counted["calls"] >= 500
    assert view[0] == counted["calls"] + counted["throttled"]
    assert view[1:3] == (0, counted["throttled"])
    assert view[3] == {api: one["calls"] for api, one in counted["apis"].items()}


def test_interrupt_works_under_a_running_meter(kernel: Kernel) -> None:
    """The cell ends at once, the meter goes on, and no thread is left."""
    assert check_interrupt(kernel) < 2


def test_a_query_that_waits_says_so_in_its_own_cell(kernel: Kernel) -> None:
    """Though the thread that draws was started by another cell."""
    check_waiting_line(kernel)


def test_stopping_the_kernel_with_an_open_meter_leaves_nothing(kernel: Kernel) -> None:
    """An open meter neither delays the end nor writes into it."""
    process = kernel.manager.provisioner
    assert kernel.shut_down() < 8
    assert process is not None
    assert not kernel.manager.is_alive()
