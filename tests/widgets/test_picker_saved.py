"""The picker and the connection box in a notebook that was run without a browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from widgets.conftest import EVIL
from widgets.saved import WIDGET, executed, shipped_html, text_of

from campaign_magics import Sandbox
from campaign_magics.front import sandbox_environment

pytestmark = pytest.mark.slow

ESCAPED = EVIL.replace("<", "&lt;").replace(">", "&gt;")
PICKING = (
    "%load_ext campaign_magics\n%campaign_connect sandbox",
    "%campaign_pick nms:recipient",
    "picker.tick('@email', 'folder/@label')\n"
    f"picker.where('@lastName', '!=', {EVIL!r})\n"
    "picker.count.click(); picker.preview.click()",
)
PROFILE = f"""["{EVIL}"]
url = "https://acme.test"
user = "{EVIL}"
"""
CONNECTING = (
    "%load_ext campaign_magics\n"
    "get_ipython().kernel._allow_stdin = True  # as if somebody sat there\n"
    "%campaign_connect --box",
    "import campaign_magics.widgets.connect as c, gc, os\n"
    "[box] = [o for o in gc.get_objects() if isinstance(o, c.ConnectBox)]\n"
    "box.place.value = c.OTHER\n"
    "box.address.value = os.environ['CAMPAIGN_SANDBOX_URL']\n"
    "box.user.value = 'somebody'\n"
    "box.secrets['password'].set_state({'value': 'wr0ng-canary'})\n"
    "box.button.click()\n"
    "print(box.status.value)",
    "box.place.value = 'sandbox'\nbox.button.click()",
)


@pytest.fixture(autouse=True)
def _environment(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, value in sandbox_environment(sandbox).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_saved_picker_shows_the_query_without_widgets(canary: str) -> None:
    notebook = executed(*PICKING)
    assert canary not in json.dumps(notebook)
    widget, note = notebook.cells[1].outputs
    assert WIDGET in widget.data
    assert "schema nms:recipient" in widget.data["text/plain"]
    assert set(note.data) == {"text/html", "text/plain"}
    for part in ("chosen: @email, folder/@label, 1 condition", f"<> '{EVIL}'"):
        assert part in note.data["text/plain"]
    html = shipped_html(notebook)
    assert "unpkg.com" not in html
    assert "SELECT @email, [folder/@label]" in html
    assert ESCAPED in html
    assert EVIL not in html


def test_a_saved_box_shows_what_it_connected_and_no_secret(
    canary: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Also with a profile whose name and operator are markup."""
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILE)
    monkeypatch.setenv("CAMPAIGN_PROFILES", str(path))
    notebook = executed(*CONNECTING)
    stored = json.dumps(notebook)  # with the widgets' state, which nbclient keeps
    assert canary not in stored
    told = text_of(notebook)
    refused = notebook.cells[1].outputs[0].text
    assert "AccessDenied" in refused
    assert "connected to" in told
    box, note = notebook.cells[0].outputs
    assert note.data["text/plain"] == ""
    assert set(box.data) == {"text/html", "text/plain"}  # the widget gave way
    source = "\n".join(cell.source for cell in notebook.cells)
    assert stored.count("wr0ng-canary") == source.count("wr0ng-canary")
    html = shipped_html(notebook)
    assert "unpkg.com" not in html
    assert EVIL not in html


def test_a_box_left_alone_lists_the_profiles_as_text(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILE)
    monkeypatch.setenv("CAMPAIGN_PROFILES", str(path))
    notebook = executed(CONNECTING[0])
    html = shipped_html(notebook)
    assert ESCAPED in html
    assert EVIL not in html
    assert "%campaign_connect PROFILE" in html
    assert "unpkg.com" not in html
