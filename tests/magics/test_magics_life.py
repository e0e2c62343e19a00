"""A notebook's session: profiles shown, logged off when replaced or restarted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from IPython.utils.capture import capture_output
from jupyter_client.manager import KernelManager
from magics.notebook import Notebook
from session.instance import Instance

from campaign_magics.errors import AccessDenied, InvalidOption, UnknownProfile
from campaign_magics.front import connect

PROFILES = """\
default = "first"
[first]
url = "{first}"
user = "admin"
tps = 100
[second]
url = "{second}"
user = "admin"
production = true
"""


@pytest.fixture
def instances() -> Iterator[tuple[Instance, Instance]]:
    first, second = Instance(), Instance()
    yield first, second
    first.close()
    second.close()


@pytest.fixture
def profiles(
    instances: tuple[Instance, Instance],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A working folder whose profiles lead to the two instances."""
    first, second = instances
    file = tmp_path / "profiles.toml"
    file.write_text(PROFILES.format(first=first.url, second=second.url))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CAMPAIGN_PASSWORD", "canary-password")
    return file


def test_without_an_argument_it_shows_the_profiles_and_takes_the_default(
    notebook: Notebook, profiles: Path, instances: tuple[Instance, Instance]
) -> None:
    """The file that won, what is in it, and that the default was taken."""
    notebook.run("%campaign_connect")
    shown = notebook.shown
    assert str(profiles) in shown
    assert "first (default)" in shown
    assert "as admin · TPS learned · production" in shown
    assert f"· the default of {profiles}" in shown
    assert instances[0].count("Logon") == 1
    assert "canary" not in shown


def test_without_a_default_it_shows_the_profiles_and_fails(
    notebook: Notebook, profiles: Path
) -> None:
    """Nobody guesses which of two instances is meant."""
    profiles.write_text(profiles.read_text().partition("\n")[2])
    with (
        capture_output() as captured,
        pytest.raises(UnknownProfile, match="no default"),
    ):
        notebook.shell.run_line_magic("campaign_connect", "")
    assert "second" in "".join(str(output.data) for output in captured.outputs)


def test_another_instance_ends_the_session_with_the_one_before(
    notebook: Notebook, profiles: Path, instances: tuple[Instance, Instance]
) -> None:
    """Logoff goes out at once, so that no session is left behind."""
    first, second = instances
    notebook.run("%campaign_connect first")
    notebook.run("%campaign_connect second")
    assert (first.count("Logoff"), second.count("Logoff")) == (1, 0)
    notebook.run("%unload_ext campaign_magics")
    assert second.count("Logoff") == 1


def test_a_connection_that_fails_leaves_the_one_before_alone(
    notebook: Notebook, profiles: Path, instances: tuple[Instance, Instance]
) -> None:
    """A wrong password elsewhere does not cost the session that works."""
    first, second = instances
    notebook.run("%campaign_connect first")
    second.says("Logon", b"XSV-350012 Wrong password")
    with pytest.raises(AccessDenied):
        notebook.run("%campaign_connect second")
    assert first.count("Logoff") == 0
    notebook.run("%campaign_status")
    assert "first" in notebook.shown


def test_a_session_of_the_users_own_is_not_closed(
    notebook: Notebook, profiles: Path, instances: tuple[Instance, Instance]
) -> None:
    """What a variable holds belongs to who made it."""
    first, _ = instances
    with connect("first") as mine:
        notebook.shell.push({"mine": mine})
        notebook.run("%campaign_connect mine")
        with pytest.raises(InvalidOption, match="takes no options"):
            notebook.run("%campaign_connect mine --tps 5")
        notebook.run("%campaign_connect second")
        assert first.count("Logoff") == 0
        mine.log_on()
    assert first.count("Logoff") == 1


@pytest.mark.slow
def test_a_kernel_that_restarts_logs_off(
    profiles: Path, instances: tuple[Instance, Instance]
) -> None:
    """Restart and shutdown in Jupyter end the session on the server too."""
    first, _ = instances
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(profiles.parent))
    client = manager.blocking_client()
    client.start_channels()
    try:
        for logoffs in (1, 2):
            client.wait_for_ready(timeout=30)
            code = "%load_ext campaign_magics\n%campaign_connect"
            reply = client.execute_interactive(code, timeout=30, output_hook=ignore)
            assert reply["content"]["status"] == "ok"
            if logoffs == 1:
                manager.restart_kernel()
            else:
                manager.shutdown_kernel()
            assert first.count("Logoff") == logoffs
    finally:
        client.stop_channels()
        if manager.has_kernel:
            manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def ignore(message: object) -> None:
    """What the kernel shows is not what this is about."""
