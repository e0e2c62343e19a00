"""The look and the static twin that all widgets share."""

from __future__ import annotations

import ipywidgets as widgets
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from magics.notebook import NO_HISTORY

from campaign_magics.errors import SoapFault
from campaign_magics.widgets import theme
from campaign_magics.widgets.twin import Twin

pytestmark = pytest.mark.pure
EVIL = "<img src=x onerror=alert(1)>"


class Greeting(Twin):
    """The smallest twin."""

    def __init__(self) -> None:
        self.view = theme.framed([widgets.HTML(theme.line(EVIL))])

    def note(self) -> str:
        return f"hello {EVIL}"


def test_the_bundle_has_the_widget_and_both_twins() -> None:
    bundle = Greeting()._repr_mimebundle_()
    assert set(bundle) == {
        "application/vnd.jupyter.widget-view+json",
        "text/html",
        "text/plain",
    }
    assert EVIL in bundle["text/plain"]
    assert EVIL not in bundle["text/html"]


def test_a_line_of_ordinary_output_follows_the_widget() -> None:
    """A saved notebook without widget state still says what there was."""
    InteractiveShell.instance(config=NO_HISTORY)
    with capture_output() as captured:
        Greeting()._ipython_display_()
    InteractiveShell.clear_instance()
    first, second = captured.outputs
    assert "application/vnd.jupyter.widget-view+json" in first.data
    assert set(second.data) == {"text/html", "text/plain"}
    assert EVIL not in second.data["text/html"]


def test_the_line_unfolds_into_what_the_widget_holds() -> None:
    """The newest of it, escaped; a front end that cannot unfold shows the text."""
    greeting = Greeting()
    InteractiveShell.instance(config=NO_HISTORY)
    with capture_output() as captured:
        greeting._ipython_display_()
        greeting.detail = lambda: f"at length {EVIL}"  # type: ignore[method-assign]
        greeting.renote()
        greeting.renote()
    InteractiveShell.clear_instance()
    assert len(captured.outputs) == 3  # nothing new was shown the second time
    newest = captured.outputs[-1].data
    assert newest["text/plain"] == f"hello {EVIL}\n\nat length {EVIL}"
    assert "<summary>hello &lt;img" in newest["text/html"]
    assert "<pre>at length &lt;img" in newest["text/html"]


def test_an_error_is_its_cause_and_its_hint_escaped() -> None:
    html = theme.failed(SoapFault(f"No {EVIL}.", hint="ask"))
    assert 'role="alert"' in html
    assert EVIL not in html
    assert theme.error_text(SoapFault("No.", hint="ask")) == (
        "SoapFault [ACM-201] No.\n  hint: ask"
    )


def test_a_foreign_error_is_named() -> None:
    assert theme.error_text(ValueError("one\ntwo")) == "ValueError: one"
    assert theme.error_text(KeyboardInterrupt()) == "KeyboardInterrupt"


def test_the_root_sets_both_colour_and_background() -> None:
    """VS Code paints white behind widgets, whatever the theme."""
    view = Greeting().view
    assert "campaign-magics" in view._dom_classes
    sheet = view.children[0].value
    assert "background:var(--jp-layout-color1" in sheet
    assert "color:var(--jp-content-font-color1" in sheet
