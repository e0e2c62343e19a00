"""``%campaign_meter`` in a terminal and in a kernel."""

from __future__ import annotations

from typing import Any

import pytest
from magics.notebook import Notebook

from campaign_magics.errors import NotConnected
from campaign_magics.widgets.meter.view import Meter
from campaign_magics.widgets.ticker import TICKER


@pytest.fixture
def kernel(connected: Notebook, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """The notebook's shell takes itself for a kernel's."""
    monkeypatch.setitem(connected.shell.__dict__, "kernel", object())
    return connected


def test_in_a_terminal_it_is_text(connected: Notebook) -> None:
    assert connected.run("%campaign_meter") is None
    assert "last minute" in connected.shown
    assert TICKER.open == ()


def test_in_a_kernel_it_is_live(kernel: Notebook) -> None:
    """The cell's value is the meter; it is shown as a widget with its twin."""
    meter: Any = kernel.run("%campaign_meter")
    assert isinstance(meter, Meter)
    assert TICKER.open == (meter,)
    assert "application/vnd.jupyter.widget-view+json" in kernel.shown
    assert "<svg role=" in kernel.shown
    kernel.run("%campaign_meter --close")
    assert meter.closed


def test_text_is_text_in_a_kernel_too(kernel: Notebook) -> None:
    assert kernel.run("%campaign_meter --text") is None
    assert "widget-view" not in kernel.shown
    assert "last minute" in kernel.shown


def test_unloading_freezes_all_meters(kernel: Notebook) -> None:
    """Also those of sessions that a variable of the user holds."""
    meter: Any = kernel.run("%campaign_meter")
    kernel.shell.run_line_magic("unload_ext", "campaign_magics")
    assert meter.closed
    assert TICKER.open == ()
    kernel.shell.run_line_magic("load_ext", "campaign_magics")


def test_without_a_session_it_says_how_to_get_one(notebook: Notebook) -> None:
    with pytest.raises(NotConnected):
        notebook.run("%campaign_meter")
