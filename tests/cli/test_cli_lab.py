"""``campaign-magics lab`` tells an address only when somebody listens there."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from campaign_magics.cli import lab
from campaign_magics.errors import InvalidOption

# What a Jupyter server does: its file first, its port later (here: when it is told).
SERVER = """
import json, os, pathlib, socket, sys
held = socket.socket()
held.bind(("127.0.0.1", 0))
port = held.getsockname()[1]
facts = {"hostname": "127.0.0.1", "port": port, "token": "t0ken",
         "url": f"http://127.0.0.1:{port}/"}
folder = pathlib.Path(os.environ["JUPYTER_RUNTIME_DIR"])
(folder / f"jpserver-{os.getpid()}.json").write_text(json.dumps(facts))
if sys.stdin.readline():
    held.listen()
    sys.stdin.readline()
"""


@pytest.fixture
def server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[subprocess.Popen[bytes]]:
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", SERVER], stdin=subprocess.PIPE) as it:
        yield it
        it.kill()


def test_an_address_is_told_when_the_server_listens(
    server: subprocess.Popen[bytes], tmp_path: Path
) -> None:
    """Not at the file, which is written before; or a browser finds nobody."""
    facts = tmp_path / f"jpserver-{server.pid}.json"
    refusals = 0

    def pause(seconds: float) -> None:
        nonlocal refusals
        if not facts.exists() or not facts.read_text().endswith("}"):
            return
        refusals += 1
        if refusals == 3:
            assert server.stdin is not None
            server.stdin.write(b"listen\n")
            server.stdin.flush()

    address = lab._wait_until_ready(server, pause)
    assert refusals >= 3
    told = json.loads(facts.read_text())
    assert address == f"{told['url']}lab/tree/01_first_query.ipynb?token=t0ken"
    socket.create_connection((told["hostname"], told["port"]), 5).close()


def test_a_server_that_ends_before_it_listens_is_said(
    server: subprocess.Popen[bytes],
) -> None:
    """Its port was taken meanwhile, say: an error, and not a minute's wait."""
    assert server.stdin is not None
    server.stdin.close()
    with pytest.raises(InvalidOption, match="JupyterLab did not start"):
        lab._wait_until_ready(server)
