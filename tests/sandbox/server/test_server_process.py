"""The server as a process: starts, is driven, and is gone when it should be."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from sandbox.server.caller import Caller

from campaign_magics.errors import AccessDenied, InvalidOption, NetworkError
from campaign_magics.sandbox.driver import Driver
from campaign_magics.sandbox.process import Sandbox
from campaign_magics.secret import Secret

MODULE = [sys.executable, "-m", "campaign_magics.sandbox"]
pytestmark = pytest.mark.slow

READY = re.compile(rb"ready http://127\.0\.0\.1:(\d+)\n")


def start(*argv: str, **environ: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*MODULE, "--rows", "20", *argv],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environ},
    )


def port_of(line: bytes) -> int:
    found = READY.fullmatch(line)
    assert found, line
    return int(found[1])


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    """One for the tests that only look."""
    with Sandbox(tps=100, rows=20) as sandbox:
        yield sandbox


def caller(sandbox: Sandbox) -> Caller:
    return Caller(int(sandbox.url.rpartition(":")[2]))


# --- the command ---


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_at_once_with_connections_open(number: signal.Signals):
    """One ready line, exit code 0, nothing on stderr."""
    process = start("--port", "0", "--password", "x")
    assert process.stdout is not None
    client = Caller(port_of(process.stdout.readline()))
    assert client.log_on(password="x").status == 200
    idle = socket.create_connection(("127.0.0.1", client.connection.port))
    sent = time.monotonic()
    process.send_signal(number)
    rest, errors = process.communicate(timeout=10)
    assert (process.returncode, rest, errors) == (0, b"", b"")
    assert time.monotonic() - sent < 2
    idle.close()
    client.close()


@pytest.mark.parametrize("delay", [0.25, 0.6])
def test_a_signal_during_start_up_stops_it_too(delay: float):
    """While modules load, while rows are made."""
    process = start("--password", "x")
    time.sleep(delay)
    process.terminate()
    _, errors = process.communicate(timeout=10)
    assert (process.returncode, errors) == (0, b"")


def test_a_signal_during_a_long_answer_stops_it():
    """A reader that has stopped reading does not keep the server alive."""
    process = start("--password", "x", "--rows", "20000")
    assert process.stdout is not None
    client = Caller(port_of(process.stdout.readline()))
    client.log_on(password="x")
    body = (
        "<Envelope><Body><ExecuteQuery><t/><e><queryDef schema='nms:recipient' "
        "lineCount='20000'><select><node expr='@email'/><node expr='@lastName'/>"
        + "<node expr='[folder/@fullName]'/>" * 20
        + "</select></queryDef></e></ExecuteQuery></Body></Envelope>"
    )
    headers = {"SOAPAction": "xtk:queryDef#ExecuteQuery", **client.tokens}
    client.connection.request("POST", "/nl/jsp/soaprouter.jsp", body.encode(), headers)
    response = client.connection.getresponse()
    assert response.read(10)
    sent = time.monotonic()
    process.terminate()
    assert process.wait(10) == 0
    assert time.monotonic() - sent < 4
    process.communicate()
    response.close()
    client.close()


def test_a_generated_password_is_told_once_on_stderr():
    """And works."""
    process = start("--user", "eve", CAMPAIGN_SANDBOX_PASSWORD="")
    assert process.stdout is not None
    client = Caller(port_of(process.stdout.readline()))
    assert process.stderr is not None
    told = re.fullmatch(rb"password of eve: (\S{12,})\n", process.stderr.readline())
    assert told
    assert client.log_on("eve", told[1].decode()).status == 200
    client.close()
    process.terminate()
    assert process.communicate(timeout=10) == (b"", b"")


def test_the_password_may_come_from_the_environment():
    """Not on a command line, where every user of the machine can read it."""
    process = start(CAMPAIGN_SANDBOX_PASSWORD="from outside")
    assert process.stdout is not None
    client = Caller(port_of(process.stdout.readline()))
    assert client.log_on(password="from outside").status == 200
    client.close()
    process.terminate()
    assert process.communicate(timeout=10) == (b"", b"")


def test_bad_options_are_two_lines_and_exit_2(tmp_path: Path):
    """A port in use, a limit below 0, a folder that is none, an open door."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        cases = [
            (["--port", str(taken.getsockname()[1])], "in use"),
            (["--tps", "-1"], "--tps"),
            (["--schemas", str(tmp_path / "nope")], "nope"),
            (["--host", "0.0.0.0"], "open to the network"),
            (["--host", "192.0.2.1", "--password", "chosen"], "192.0.2.1"),
        ]
        processes = [start(*argv, CAMPAIGN_SANDBOX_PASSWORD="") for argv, _ in cases]
        for process, (argv, cause) in zip(processes, cases, strict=True):
            output, errors = process.communicate(timeout=30)
            lines = errors.decode().splitlines()
            assert (process.returncode, output, len(lines)) == (2, b"", 2), lines
            assert cause in lines[0], argv
            assert lines[1].startswith("  hint: ")


# --- the with-block ---


def test_the_block_serves_and_ends():
    """``url``, ``user`` and ``password`` log on; afterwards nothing answers."""
    with Sandbox(tps=100, rows=20) as sandbox:
        client = caller(sandbox)
        assert sandbox.running
        password = sandbox.password.reveal()
        assert client.log_on(sandbox.user, password).status == 200
        process = sandbox._process
        assert process is not None
        client.close()
    assert not sandbox.running
    assert process.returncode == 0
    with pytest.raises(NetworkError):
        _ = sandbox.url
    sandbox.stop()  # a second time does nothing


def test_it_can_be_started_again():
    """On another port, with the same password."""
    sandbox = Sandbox(rows=20)
    for _ in range(2):
        client = caller(sandbox.start())
        assert client.log_on("admin", sandbox.password.reveal()).status == 200
        client.close()
        sandbox.stop()


def test_it_is_driven_by_its_methods(running: Sandbox):
    """throttle, stats, expire, replicate, operators, bearers."""
    running.stats(clear=True)
    client = caller(running)
    client.log_on("admin", running.password.reveal())
    running.throttle(2)
    statuses = [client.call("xtk:session", "TestCnx").status for _ in range(3)]
    assert statuses.count(429) >= 1
    stats = running.stats()
    assert stats["throttled"] == statuses.count(429)
    assert stats["limit"] == 2
    running.throttle(None, {"xtk:session#Logon": 50})
    assert running.expire("nobody") == 0
    assert running.expire() == 1
    running.replicate()
    running.control.add_operator("eve", Secret("p"), rights=("export",))
    assert client.log_on("eve", "p").status == 200
    running.control.allow_bearer(Secret("t"), "eve")
    running.control.fault_status(500)
    assert client.call("xtk:session", "Nope").status == 500
    running.control.fault_status(200)
    with pytest.raises(InvalidOption):
        running.throttle(-1)
    client.close()


def test_only_its_own_token_drives_it(running: Sandbox):
    """The log-on password does not."""
    with pytest.raises(AccessDenied):
        Driver(running.url, running.password).stats()
    (variable,) = running.control_environment()
    assert variable == "CAMPAIGN_SANDBOX_CONTROL"
    token = Secret(running.control_environment()[variable])
    assert "calls" in Driver(running.url, token).stats()


def test_no_secret_in_argv_or_repr(running: Sandbox):
    """Nor in the environment of the process."""
    process = running._process
    assert process is not None
    child = psutil.Process(process.pid)
    shown = repr((running, running.control, child.cmdline(), child.environ()))
    assert running.password.reveal() not in shown
    assert running.control_environment()["CAMPAIGN_SANDBOX_CONTROL"] not in shown


@pytest.mark.parametrize(
    ("options", "cause"),
    [
        ({"tps": -1}, "--tps"),
        ({"rows": -1}, "--rows"),
        ({"schemas": "/no/such/folder"}, "no folder"),
    ],
)
def test_bad_options_say_what_the_server_says(options: dict[str, object], cause: str):
    """In its own words, as InvalidOption."""
    with pytest.raises(InvalidOption, match=cause):
        Sandbox(**options).start()  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [{"rows": "many"}, {"rows": 1.5}, {"tps": None}])
def test_options_that_are_no_numbers_start_nothing(options: dict[str, object]):
    with pytest.raises(InvalidOption, match="both must be numbers"):
        Sandbox(**options)  # type: ignore[arg-type]


def test_a_server_that_breaks_while_starting_is_explained(
    monkeypatch: pytest.MonkeyPatch,
):
    """With the last line of what it said."""
    monkeypatch.setattr(Sandbox, "_command", lambda self: [sys.executable, "-c", "1/0"])
    with pytest.raises(NetworkError) as failure:
        Sandbox().start()
    assert "exit code 1" in failure.value.message
    assert "ZeroDivisionError" in failure.value.hint


def test_a_server_that_never_serves_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """After a time-out; and it is stopped."""
    silent = [sys.executable, "-c", "import time; time.sleep(60)"]
    monkeypatch.setattr(Sandbox, "_command", lambda self: silent)
    monkeypatch.setattr("campaign_magics.sandbox.process._START_SECONDS", 0.3)
    sandbox = Sandbox(rows=0)
    with pytest.raises(NetworkError, match="did not start"):
        sandbox.start()
    assert not sandbox.running


PARENT = """
import sys, time
from campaign_magics.sandbox.process import Sandbox
sandbox = Sandbox(rows=20).start()
print(sandbox._process.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", ["kill -9", "exit"])
def test_it_ends_with_its_parent(how: str):
    """However the parent ends."""
    script = PARENT if how == "kill -9" else PARENT.replace("time.sleep(60)", "")
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    if how == "kill -9":
        parent.kill()
    parent.communicate(timeout=10)
    _, alive = psutil.wait_procs([child], timeout=10)
    assert not alive


def test_it_ends_when_the_parent_dies_while_it_starts():
    """The pipe is watched from the first moment."""
    script = (
        "import os, threading; from campaign_magics.sandbox.process import Sandbox\n"
        "s = Sandbox(rows=20); threading.Thread(target=s.start, daemon=True).start()\n"
        "while s._process is None: pass\n"
        "print(s._process.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    pid = int(parent.communicate(timeout=20)[0])
    try:
        child = psutil.Process(pid)
    except psutil.NoSuchProcess:
        return  # gone already
    _, alive = psutil.wait_procs([child], timeout=10)
    assert not alive


def test_an_interrupt_of_the_group_leaves_it_running(running: Sandbox):
    """Jupyter's interrupt goes to the kernel's whole process group."""
    process = running._process
    assert process is not None
    assert os.getpgid(process.pid) != os.getpgid(0)
    assert running.running
