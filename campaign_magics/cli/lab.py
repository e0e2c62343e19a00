"""``campaign-magics lab``: a sandbox and JupyterLab on a copy of the tutorials."""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any

from .. import tutorials
from ..errors import InvalidOption
from ..front import sandbox_environment
from ..sandbox.process import Sandbox
from .options import add_sandbox_options

_START_SECONDS = 60
_NO_NEWS = Path(__file__).parent / "jupyter"
"""Jupyter configuration: nothing is fetched, no pop-up asks a newcomer about news."""


def run(argv: Sequence[str]) -> int:
    """Start both, wait for Ctrl-C, SIGTERM or JupyterLab's own end, stop both."""
    options = _parser().parse_args(argv)
    if find_spec("jupyterlab") is None:
        raise InvalidOption(
            "JupyterLab is not installed in this environment.",
            hint='run: python -m pip install "campaign-magics[lab]"',
        )
    folder = _notebooks(options.folder)
    signal.signal(signal.SIGTERM, _interrupt)
    with Sandbox(tps=options.tps, rows=options.rows) as sandbox:
        lab = _start_lab(folder, sandbox, options)
        try:
            url = _wait_until_ready(lab)
            print(
                f"sandbox    {sandbox.url}  ({options.rows:,} recipients, "
                f"{options.tps:g} calls a second)"
            )
            print(f"notebooks  {folder}")
            print(f"JupyterLab {url}")
            print("Ctrl-C stops both.", flush=True)
            return lab.wait()
        except KeyboardInterrupt:
            return 0
        finally:
            _stop(lab)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="campaign-magics lab",
        description="Start a sandbox and JupyterLab on a copy of the tutorials.",
    )
    parser.add_argument(
        "folder",
        nargs="?",
        type=Path,
        default=Path("campaign-notebooks"),
        help="where your copies of the notebooks are kept (default ./%(default)s); "
        "files that are already there are left alone",
    )
    parser.add_argument(
        "--no-browser", action="store_true", help="print the address, open nothing"
    )
    parser.add_argument(
        "--port", type=int, default=8888, help="JupyterLab's port (default %(default)s)"
    )
    add_sandbox_options(parser)
    return parser


def _notebooks(folder: Path) -> Path:
    folder = folder.expanduser().resolve()
    try:
        tutorials.copy_to(folder)
    except OSError as exc:
        raise InvalidOption(
            f"The tutorials cannot be copied to {folder}: {exc.strerror}.",
            hint="name another folder: campaign-magics lab FOLDER",
        ) from exc
    return folder


def _start_lab(
    folder: Path, sandbox: Sandbox, options: argparse.Namespace
) -> subprocess.Popen[bytes]:
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        f"--ServerApp.root_dir={folder}",
        f"--ServerApp.port={options.port}",
        f"--ServerApp.open_browser={not options.no_browser}",
        f"--LabApp.default_url=/lab/tree/{tutorials.FIRST}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.log_level=WARN",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    environment = {
        **os.environ,
        **sandbox_environment(sandbox),
        "JUPYTER_CONFIG_PATH": os.pathsep.join(
            filter(None, [str(_NO_NEWS), os.environ.get("JUPYTER_CONFIG_PATH", "")])
        ),
    }
    # A group of its own: Ctrl-C reaches us, and JupyterLab is not asked to confirm.
    return subprocess.Popen(command, env=environment, start_new_session=True)  # noqa: S603


def _wait_until_ready(
    lab: subprocess.Popen[bytes], pause: Callable[[float], None] = time.sleep
) -> str:
    """Return the address with its token, once the Jupyter server listens there.

    The server writes the file with both before it binds its port, so the file alone
    is not enough; nor is it when an earlier server of the same pid was killed and
    left its own.
    """
    from jupyter_core.paths import jupyter_runtime_dir

    facts = Path(jupyter_runtime_dir()) / f"jpserver-{lab.pid}.json"
    deadline = time.monotonic() + _START_SECONDS
    while lab.poll() is None and time.monotonic() < deadline:
        server = _read(facts)
        if server is not None and _listens(server):
            token = f"?token={server['token']}" if server["token"] else ""
            return f"{server['url']}lab/tree/{tutorials.FIRST}{token}"
        pause(0.1)
    raise InvalidOption(
        "JupyterLab did not start.", hint="its own message above says why"
    )


def _read(facts: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(facts.read_text())
    except (OSError, ValueError):
        return None
    return found


def _listens(server: dict[str, Any]) -> bool:
    try:
        socket.create_connection((server["hostname"], server["port"]), 1).close()
    except OSError:
        return False
    return True


def _stop(lab: subprocess.Popen[bytes]) -> None:
    if lab.poll() is None:
        lab.terminate()
        try:
            lab.wait(timeout=10)
        except subprocess.TimeoutExpired:
            lab.kill()
            lab.wait()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
