"""The real sandbox on a real socket, shared by the tests that only read from it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
from soap.scripted import PASSWORD, SECURITY, SESSION, served

if TYPE_CHECKING:
    from campaign_magics import Sandbox
    from campaign_magics.schemas.model import Schema

CANARIES = {"scripted password": PASSWORD, "session": SESSION, "security": SECURITY}
"""Secrets that tests use; the shared sandbox adds its password and control token.

What a test prints or logs, down to DEBUG, and what caches keep, is searched for them.
"""


def leaks(text: str) -> list[str]:
    """Return the names of the canaries that a text holds."""
    return [name for name, secret in CANARIES.items() if secret in text]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """Fail a test that printed or logged a secret."""
    report = yield
    if found := leaks("".join(text for _, text in report.sections)):
        report.outcome = "failed"
        report.longrepr = f"captured a secret: {', '.join(found)}"
    return report


@pytest.fixture(scope="session", autouse=True)
def _no_secret_in_the_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Fail a run that left a secret in the user's folders: caches, budgets."""
    home = tmp_path_factory.getbasetemp() / "home"
    home.mkdir(exist_ok=True)
    yield
    for file in home.rglob("*"):
        if file.is_file():
            found = leaks(file.read_bytes().decode("utf-8", "replace"))
            assert not found, f"{file} holds {found}"


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    """1,000 recipients, seed 7, fast enough that no test waits for its turn."""
    from campaign_magics import Sandbox

    with Sandbox(tps=500, rows=1_000, seed=7) as server:
        CANARIES["sandbox password"] = server.password.reveal()
        CANARIES.update(server.control_environment())
        yield server


@pytest.fixture(scope="session")
def lookup() -> Callable[[str], Schema]:
    """Find a standard schema by its name, as a session does."""
    from standard import find_schema

    return find_schema


@pytest.fixture(autouse=True)
def _own_folders(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caches, budgets and profiles of a test run stay out of the user's own."""
    home = tmp_path_factory.getbasetemp() / "home"
    for name in ("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))
    for name in ("URL", "USER", "PASSWORD", "TPS"):
        monkeypatch.delenv(f"CAMPAIGN_SANDBOX_{name}", raising=False)


@pytest.fixture
def canary(sandbox: Sandbox) -> str:
    """What no output, log, repr, traceback or file may contain."""
    return sandbox.password.reveal()


class _LoginPage(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        page = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    do_GET = do_POST

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def html_site() -> Iterator[str]:
    """The address of a web server that is not Campaign."""
    with served(ThreadingHTTPServer(("127.0.0.1", 0), _LoginPage)) as port:
        yield f"http://127.0.0.1:{port}"
