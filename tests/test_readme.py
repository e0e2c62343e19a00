"""README says what the code does, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell
from magics.notebook import NO_HISTORY

from campaign_magics.cli import COMMANDS

README = (Path(__file__).parent.parent / "README.md").read_text()


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_in_the_readme(command: str) -> None:
    assert f"`campaign-magics {command}`" in README


def test_every_magic_is_in_the_readme() -> None:
    shell = InteractiveShell.instance(config=NO_HISTORY)
    shell.run_line_magic("load_ext", "campaign_magics")
    kinds = shell.magics_manager.magics.values()
    ours = {name for names in kinds for name in names if name.startswith("campaign_")}
    shell.run_line_magic("unload_ext", "campaign_magics")
    InteractiveShell.clear_instance()
    assert ours
    assert not [name for name in ours if f"%{name}" not in README]


def test_every_tutorial_is_in_the_readme() -> None:
    folder = Path(__file__).parent.parent / "notebooks"
    names = [notebook.stem for notebook in folder.glob("*.ipynb")]
    assert names
    assert not [name for name in names if f"| `{name}` |" not in README]


def test_pictures_are_there() -> None:
    folder = Path(__file__).parent.parent
    pictures = [part.split(")")[0] for part in README.split("](")[1:]]
    assert pictures
    for picture in pictures:
        if not picture.startswith("http"):
            assert (folder / picture).is_file(), picture


def test_ci_runs_the_command_of_the_readme() -> None:
    """The lines that .ci/run takes out of README are the test command, not nothing."""
    script = (Path(__file__).parent.parent / ".ci" / "run").read_text()
    extract = script[script.index("command=$(") : script.index("bash -euo")]
    shown = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", extract],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip().endswith("-m pytest")
