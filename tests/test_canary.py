"""No secret in any output, log, traceback, repr, notebook or file.

A session is lived through: every kind of logon, magics, commands, errors of all sorts,
a notebook in a real kernel, with DEBUG logging.  Then everything that was shown or
written is searched for each password and token that was used, in every spelling.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import keyring
import nbformat
import pytest
from diary import Diary
from interrupts import interrupted
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from keyring.backend import KeyringBackend
from keyring.errors import PasswordDeleteError
from magics.notebook import NO_HISTORY
from nbclient import NotebookClient
from soap.scripted import Says, Server, fault

from campaign_magics import CampaignError, Sandbox, connect
from campaign_magics.cli import main
from campaign_magics.profiles import Profile, load_profile, remember
from campaign_magics.secret import Secret

pytestmark = pytest.mark.slow

BEARER = "canary-bearer-0123456789"
CLIENT_SECRET = "canary&client<secret>"
WRONG = "canary wrong 'password'"
REDIS = "canary-redis-password"
QUERY = (
    '<queryDef schema="nms:recipient"><select><node expr="@email"/></select></queryDef>'
)
FOLDER = {
    "folder": {
        "xtkschema": "xtk:folder",
        "_operation": "insert",
        "name": "canary_test",
        "label": "A folder",
    }
}
PROFILES = """\
default = "env"
[env]
url = "{url}"
user = "admin"
[stored]
url = "{url}"
user = "admin"
budget_store = "memory"
[bearer]
url = "{url}"
auth = "bearer"
[ims]
url = "{url}"
auth = "ims"
client_id = "robot"
token_url = "{url}/ims/token/v3"
[far]
url = "{url}"
user = "admin"
budget_store = "redis://127.0.0.1:9/0"
"""
CELLS = [
    "import logging; logging.basicConfig(filename='kernel.log', level=logging.DEBUG)",
    "%load_ext campaign_magics",
    "%campaign_connect",
    "%campaign_status",
    f"%%campaign_query --limit 3\n{QUERY}",
    "%campaign_call xtk:session#GetOption XtkDatabaseId",
    "%xmode Verbose",
    "%config CampaignMagics.show_traceback = True",
    f"%campaign_call xtk:session#GetOption '{WRONG}' too many",
    "import campaign_magics as cm; session = cm.connect('env')",
    f"session.query('{QUERY}', limit=2)",
    "session, session.profile, session.status(), vars(session)",
    "%whos",
    f"cm.connect('env', password={WRONG!r}.removeprefix('')).log_on()",
]


class Chest(KeyringBackend):
    """A key store in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError


@pytest.fixture
def own() -> Iterator[Sandbox]:
    with Sandbox(tps=0, rows=20) as server:
        yield server


@pytest.fixture
def diary(
    own: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Diary]:
    """A machine of its own: folders, key store, environment, a log at DEBUG."""
    for name in (
        "XDG_CACHE_HOME",
        "XDG_STATE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    ):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    monkeypatch.setenv("CAMPAIGN_ENV_PASSWORD", own.password.reveal())
    monkeypatch.setenv("CAMPAIGN_FAR_PASSWORD", own.password.reveal())
    monkeypatch.setenv("CAMPAIGN_BEARER_TOKEN", BEARER)
    monkeypatch.setenv("CAMPAIGN_CLIENT_SECRET", CLIENT_SECRET)
    monkeypatch.setenv("CAMPAIGN_REDIS_PASSWORD", REDIS)
    monkeypatch.setattr(CampaignError, "show_traceback", False)  # put back at the end
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profiles.toml").write_text(PROFILES.format(url=own.url))
    before, root = keyring.get_keyring(), logging.getLogger()
    keyring.set_keyring(Chest())
    handler = logging.FileHandler(tmp_path / "debug.log")
    handler.setFormatter(logging.Formatter("%(name)s %(message)s %(args)s"))
    level, _ = root.level, root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    made = Diary(tmp_path)
    made.secrets = {
        "password": own.password.reveal(),
        "control token": next(iter(own.control_environment().values())),
        "bearer": BEARER,
        "client secret": CLIENT_SECRET,
        "wrong password": WRONG,
        "redis password": REDIS,
    }
    yield made
    root.setLevel(level)
    root.removeHandler(handler)
    handler.close()
    keyring.set_keyring(before)


def live_through_logons(diary: Diary, own: Sandbox) -> None:
    """Every kind of credentials, from every source."""
    own.control.allow_bearer(Secret(BEARER), "admin")
    own.control.add_technical_account("robot", Secret(CLIENT_SECRET), "admin")
    remember(load_profile("stored"), "password", own.password)
    for name in ("env", "stored", "bearer", "ims", "far"):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            session = connect(name)
        with session:
            session.query(QUERY, limit=2)
            diary.learn(session)
            shown = [
                repr(session),
                session.status(),
                session.describe(),
                session.budget,
            ]
            diary.note(
                f"session {name}", [*shown, vars(session), vars(session._client)]
            )
            diary.note(f"warnings {name}", [str(w.message) for w in told])
    tokens = list(diary.secrets.values())[6:8]
    profile = Profile(name="given", url=own.url, auth="session")
    with connect("env") as alive:
        alive.log_on()
        diary.learn(alive)
        session, security = alive._client.identity.secrets()  # type: ignore[union-attr]
        given = connect(profile, session_token=session, security_token=security)
        given.query(QUERY, limit=1)
        given.close()
    expired = connect(profile, session_token=tokens[0], security_token=tokens[1])
    diary.fails("tokens of a session that ended", lambda: expired.query(QUERY))


def live_through_errors(diary: Diary, own: Sandbox) -> None:
    """Refused, expired, lost, cut, late, and a server that echoes what it was told."""
    diary.fails("wrong password", connect("env", password=WRONG).log_on)
    session = connect("env", read_timeout=0.3, connect_timeout=2, budget_store="memory")
    session.query(QUERY, limit=1)
    own.expire()
    session.query(QUERY, limit=1)
    diary.learn(session)
    for kind, words in (
        ("reset", {"moment": "after"}),
        ("truncate", {"keep": 0.5, "complete": True}),
        ("status", {"status": 503}),
        ("login_page", {}),
        ("latency", {"seconds": 0.6}),
    ):
        own.faults(kind, api="*#Write", calls=1, **words)
        write = lambda: session.call("xtk:session", "Write", FOLDER)  # noqa: E731
        diary.fails(f"write and {kind}", write)
        own.faults("off")
        own.faults(kind, api="*#Logon", **words)
        diary.fails(f"logon and {kind}", connect("env", read_timeout=0.3).log_on)
        own.faults("off")
    session.close()
    echo = Server()
    said = f"{own.password.reveal()} {quote(own.password.reveal())}"
    for answer in (fault("SOP-330011", said), Says(said.encode(), status=500)):
        echo.says("Logon", answer)
        loud = connect(
            echo.url, user="admin", password=own.password, budget_store="memory"
        )
        diary.fails("an echo of the password", loud.log_on)
    echo.close()
    nobody = connect("http://127.0.0.1:9", user="a", password=own.password)
    diary.fails("nobody there", nobody.log_on)


def live_through_magics(diary: Diary, own: Sandbox) -> None:
    """In a shell that shows all it can; interrupted in the middle of a logon."""
    shell = InteractiveShell.instance(config=NO_HISTORY)
    try:
        for cell in CELLS[1:]:
            with capture_output() as captured:
                shell.run_cell(cell)
            rich = [output.data for output in captured.outputs]
            diary.note(cell, [captured.stdout, captured.stderr, rich])
        own.faults("latency", seconds=2, api="*#Logon")
        with interrupted(0.5), capture_output() as captured:
            shell.run_cell("%campaign_connect env")
        assert "KeyboardInterrupt" in captured.stdout
        diary.note("an interrupted logon", captured.stdout + captured.stderr)
        own.faults("off")
        shell.run_cell("%unload_ext campaign_magics")
    finally:
        InteractiveShell.clear_instance()


def live_through_a_notebook(diary: Diary) -> None:
    """A real kernel; the saved notebook and the kernel's log lie in the folder."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS if WRONG not in cell]
    )
    client = NotebookClient(
        notebook,
        timeout=60,
        allow_errors=True,
        resources={"metadata": {"path": str(diary.folder)}},
    )
    client.execute()
    nbformat.write(notebook, diary.folder / "notebook.ipynb")
    shown = str([cell.get("outputs") for cell in notebook.cells])
    assert "@example" in shown
    assert "error" not in {
        output.output_type for cell in notebook.cells for output in cell.outputs
    }


def live_through_commands(
    diary: Diary, capfd: pytest.CaptureFixture[str], own: Sandbox
) -> None:
    for words in (
        ["profiles"],
        ["doctor"],
        ["query", QUERY, "--limit", "2"],
        ["query", QUERY, "--profile", "ims", "--to", "rows.parquet"],
        ["query", QUERY, "--profile", "http://127.0.0.1:9"],
    ):
        main(words)
        diary.note(" ".join(words), capfd.readouterr())
    commands = [
        file.read_bytes()
        for file in Path("/proc").glob("[0-9]*/cmdline")
        if _mine(file)
    ]
    assert any(b"campaign_magics" in command for command in commands)
    diary.note("command lines", commands)


def _mine(file: Path) -> bool:
    try:
        return b"campaign_magics" in file.read_bytes()
    except OSError:
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, sends signals")
def test_no_secret_is_found_anywhere(
    diary: Diary, own: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every password and token, in everything that was shown or written."""
    live_through_logons(diary, own)
    live_through_errors(diary, own)
    live_through_magics(diary, own)
    live_through_a_notebook(diary)
    live_through_commands(diary, capfd, own)
    written = {str(file.relative_to(diary.folder)) for file in diary.folder.rglob("*")}
    for name in ("debug.log", "kernel.log", "notebook.ipynb", "rows.parquet"):
        assert name in written
    assert any("schemas" in name and name.endswith(".xml") for name in written)
    assert any(".sqlite" in name for name in written)
    assert len(diary.secrets) > 15
    assert diary.leaks() == []


def test_the_search_finds_what_there_is_to_find(tmp_path: Path) -> None:
    """A search that never finds anything would be no proof."""
    diary = Diary(tmp_path)
    diary.secrets = {"it": "a&b canary"}
    assert diary.leaks() == []
    diary.note("xml", "<password>a&amp;b canary</password>")
    (tmp_path / "url.log").write_text("?p=a%26b%20canary")
    (tmp_path / "cache.bin").write_bytes(b"\0" + "a&b canary".encode("utf-16-le"))
    assert len(diary.leaks()) == 3
