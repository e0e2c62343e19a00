"""``%campaign_connect`` without a profile: a box where somebody sits, else an error."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from magics.notebook import Notebook

from campaign_magics import Sandbox
from campaign_magics.errors import InvalidOption, NotConnected, UnknownProfile
from campaign_magics.magics.campaign import CampaignMagics
from campaign_magics.widgets.connect import OTHER, ConnectBox

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(autouse=True)
def _no_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("keyring.get_password", lambda service, account: None)


@pytest.fixture
def attended(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> Notebook:
    """A kernel whose front end takes input, as JupyterLab's does."""
    kernel = SimpleNamespace(_allow_stdin=True)
    monkeypatch.setitem(notebook.shell.__dict__, "kernel", kernel)
    return notebook


def box_of(notebook: Notebook) -> ConnectBox:
    magics = notebook.shell.configurables
    (campaign,) = [one for one in magics if isinstance(one, CampaignMagics)]
    assert campaign._box is not None
    return campaign._box


def test_the_box_logs_on_for_the_cells_that_follow(
    attended: Notebook, sandbox: Sandbox, canary: str
) -> None:
    """The cell ends at once; the next one waits for nobody and says what to do."""
    attended.run("%campaign_connect")
    assert VIEW in attended.shown
    with pytest.raises(NotConnected) as raised:
        attended.run("%campaign_query 'SELECT email FROM nms:recipient'")
    assert "connection box" in raised.value.hint
    box = box_of(attended)
    assert box.place.value == OTHER
    box.address.value, box.user.value = sandbox.url, sandbox.user
    box.secrets["password"].set_state({"value": canary})
    box.button.click()
    assert "connected to 127.0.0.1" in box.status.value
    frame = attended.run(
        "df = %campaign_query 'SELECT email FROM nms:recipient' --limit 3\ndf"
    )
    assert len(frame) == 3


def test_a_wrong_password_is_two_lines_in_the_box(
    attended: Notebook, sandbox: Sandbox
) -> None:
    attended.run("%campaign_connect")
    box = box_of(attended)
    box.address.value, box.user.value = sandbox.url, sandbox.user
    box.secrets["password"].set_state({"value": "wrong"})
    box.button.click()
    assert "AccessDenied [ACM-202]" in box.status.value
    assert box.status.value.count("\n") == 1


def test_an_unattended_run_raises_as_it_always_did(
    notebook: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """papermill and nbclient run cells without input: no box, no waiting."""
    kernel = SimpleNamespace(_allow_stdin=False)
    monkeypatch.setitem(notebook.shell.__dict__, "kernel", kernel)
    with pytest.raises(UnknownProfile):
        notebook.run("%campaign_connect")
    with pytest.raises(InvalidOption, match="nobody here"):
        notebook.run("%campaign_connect --box")


def test_a_default_profile_is_taken_without_a_box(
    attended: Notebook, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, canary: str
) -> None:
    """Run All must go on; ``--box`` asks in any case, the default on top."""
    Path("profiles.toml").write_text(
        f'[dev]\nurl = "{sandbox.url}"\nuser = "{sandbox.user}"\n'
    )
    monkeypatch.setenv("CAMPAIGN_DEV_PASSWORD", canary)
    attended.run("%campaign_connect")
    assert VIEW not in attended.shown
    assert "connected to dev" in attended.shown
    attended.run("%campaign_connect --box")
    assert VIEW in attended.shown
    assert box_of(attended).place.value == "dev"


def test_the_box_saves_beside_the_profiles_that_are_there(
    attended: Notebook, sandbox: Sandbox, canary: str
) -> None:
    Path("profiles.toml").write_text(
        '[one]\nurl = "https://one.test"\n[two]\nurl = "https://two.test"\n'
    )
    attended.run("%campaign_connect")
    box = box_of(attended)
    box.place.value = OTHER
    box.address.value, box.user.value = sandbox.url, sandbox.user
    box.secrets["password"].set_state({"value": canary})
    box.save.value, box.name.value = True, "three"
    box.button.click()
    saved = Path("profiles.toml").read_text()
    assert "[three]" in saved or '["three"]' in saved
    assert canary not in saved


def test_the_box_takes_no_other_option(attended: Notebook) -> None:
    with pytest.raises(InvalidOption, match="nothing else"):
        attended.run("%campaign_connect prod --box")
