"""Interrupt a long job under a running meter on several versions of ipykernel.

    python tests/bench/kernel_matrix.py [VERSION…]      (default: 6.31 7.3 7.4)

Each version gets a venv with itself in it; everything else comes from this one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from widgets.kernel_job import Kernel, check_interrupt, check_waiting_line, connect

from campaign_magics import Sandbox
from campaign_magics.front import sandbox_environment

VERSIONS = ("6.31", "7.3", "7.4")


def python_with(version: str, folder: Path) -> str:
    """Make a venv with that ipykernel before everything that is installed here."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin/python")
    subprocess.run(
        [python, "-m", "pip", "-q", "install", f"ipykernel=={version}.*"], check=True
    )
    where = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    ours = sysconfig.get_path("purelib")
    Path(where, "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    return python


def main(versions: list[str]) -> None:
    """Run the check on each version and print what came of it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Sandbox(rows=1_000, tps=100) as server,
    ):
        os.environ.update(sandbox_environment(server))
        for version in versions:
            python = python_with(version, Path(folder, version))
            with Kernel(python) as kernel:
                found = kernel.run("import ipykernel\nipykernel.__version__").value
                connect(kernel, f"sqlite:{folder}/{version}.sqlite")
                seconds = check_interrupt(kernel)
                check_waiting_line(kernel)
                kernel.run("meter = session.meter()")
                ended = kernel.shut_down()
            print(
                f"ipykernel {found}: interrupted after {seconds:.2f} s, the meter went"
                f" on, no thread left; with an open meter it ended in {ended:.1f} s"
            )


if __name__ == "__main__":
    main(sys.argv[1:] or list(VERSIONS))
