"""A session's life: logon, status, calls, the catalogue, close, and no secret out."""

from __future__ import annotations

import gc
import inspect
import logging
import pickle
import subprocess
import sys
import traceback
import weakref
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from lxml import etree
from session.instance import Instance
from soap.scripted import PASSWORD, SECURITY, SESSION, Says, fault, response

from campaign_magics.clock import SYSTEM_CLOCK
from campaign_magics.errors import (
    AccessDenied,
    CampaignError,
    InvalidOption,
    InvalidValue,
    NoCredentials,
    NotConnected,
    SoapFault,
    UnknownName,
    Unreachable,
)
from campaign_magics.profiles import Credentials, Profile, Sources
from campaign_magics.secret import Secret
from campaign_magics.session import Connection, open_as
from campaign_magics.session.connect import login_for
from campaign_magics.soap.exchange import Exchange

Connect = Callable[..., Connection]
QUERY = (
    "<queryDef schema='nms:recipient'><select><node expr='@email'/></select></queryDef>"
)


def test_connecting_sends_nothing(instance: Instance, connect: Connect) -> None:
    """The first call logs on; log_on() does it sooner, once."""
    session = connect()
    assert instance.heard == []
    assert "not logged on yet" in str(session.status())
    session.log_on()
    session.log_on()
    assert [h.action for h in instance.heard] == ["xtk:session#Logon"]


def test_status_and_description_name_the_server(connect: Connect) -> None:
    """Instance, operator, build and budget, from the logon's answer."""
    session = connect(tps=10)
    session.log_on()
    status = session.status()
    assert (status.instance, status.build, status.version) == ("prod", "9219", "6.7.0")
    assert status.operator == "admin"
    assert status.age is not None
    assert "as admin · build 9219 · 10 calls a second" in session.describe()
    assert "TPS 1/10, 0 waiting" in str(status)


def test_the_with_block_logs_off(instance: Instance, connect: Connect) -> None:
    """And afterwards the session says that it is closed."""
    with connect() as session:
        session.query(QUERY)
    assert instance.heard[-1].action == "xtk:session#Logoff"
    with pytest.raises(NotConnected):
        session.query(QUERY)
    session.close()
    assert instance.count("Logoff") == 1


def test_a_forgotten_session_is_let_go_without_a_call(
    instance: Instance, tmp_path: Path
) -> None:
    """Garbage collection frees it; only the end of Python logs off."""
    profile = Profile(name="t", url=instance.url, user="a", budget_store="memory")
    session = open_as(Connection, profile, password=Secret("x"), cache=tmp_path)
    session.log_on()
    gone = weakref.ref(session)
    del session
    gc.collect()
    assert gone() is None
    assert instance.count("Logoff") == 0


def logged_on(instance: Instance, cache: Path) -> str:
    """Return the beginning of a script, which logs a session ``s`` on."""
    return (
        "from pathlib import Path\n"
        "from campaign_magics.profiles import Profile\n"
        "from campaign_magics.secret import Secret\n"
        "from campaign_magics.session import Connection, open_as\n"
        f"p = Profile(name='t', url={instance.url!r}, user='a')\n"
        "w = Secret('x')\n"
        f"s = open_as(Connection, p, password=w, cache=Path({str(cache)!r}))\n"
        "s.log_on()\n"
    )


def test_the_end_of_python_logs_off(instance: Instance, tmp_path: Path) -> None:
    """A script that never closes leaves no session behind."""
    script = logged_on(instance, tmp_path)
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    assert [h.action.rpartition("#")[2] for h in instance.heard] == ["Logon", "Logoff"]


def test_the_end_of_a_fork_logs_nobody_off(instance: Instance, tmp_path: Path) -> None:
    """A child made by os.fork() runs the same exit handlers; the session is not its."""
    script = (
        f"{logged_on(instance, tmp_path)}"
        "import os, sys\n"
        "child = os.fork()\n"
        "if child == 0: sys.exit()\n"
        "os.waitpid(child, 0)\n"
        "s.call('xtk:session', 'GetServerTime')\n"
    )
    instance.says(
        "GetServerTime", response("GetServerTime", "<a>2020-01-02 03:04:05</a>")
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    called = [h.action.rpartition("#")[2] for h in instance.heard]
    assert called.count("Logoff") == 1
    assert called[-2:] == ["GetServerTime", "Logoff"]


def test_any_method_of_any_schema_can_be_called(
    instance: Instance, session: Connection
) -> None:
    """Static and not, own and implemented; values by type."""
    instance.says("GetOption", response("GetOption", "<a>v</a><b>6</b>"))
    assert session.call("xtk:session", "GetOption", "XtkDatabaseId") == ("v", 6)
    instance.says("Unsubscribe", response("Unsubscribe", "<a>true</a>"))
    mine = "<recipient id='1'/>"
    done = session.call("nms:recipient", "Unsubscribe", "spam", entity=mine)
    assert done is True
    instance.says(
        "NewInstance",
        response("NewInstance", "<entity><recipient id='9'/></entity>"),
    )
    new = session.call("nms:recipient", "NewInstance", entity=mine)
    assert isinstance(new, etree._Element)
    assert new.get("id") == "9"
    assert instance.heard[-1].action == "xtk:persist|nms:recipient#NewInstance"
    assert session.call("nms:recipient", "Write", {"recipient": {"id": 1}}) is None


def test_methods_can_be_reached_as_attributes(
    instance: Instance, session: Connection
) -> None:
    """``session.xtk.session.GetOption(…)``, with completion and help once known."""
    instance.says("GetOption", response("GetOption", "<a>v</a><b>6</b>"))
    assert dir(session.xtk.session) == []
    assert session.xtk.session.GetOption("XtkDatabaseId") == ("v", 6)
    assert list(session.schemas)
    assert {"nms", "xtk", "query"} <= set(dir(session))
    assert dir(session.xtk) == ["folder", "session"]
    assert dir(session.xtk.session) == ["GetOption", "GetServerTime"]
    get_option = session.xtk.session.GetOption
    assert str(inspect.signature(get_option)) == "(name, /)"
    assert "GetOption(name: string) -> value: string" in (get_option.__doc__ or "")
    session.query(QUERY)
    assert str(inspect.signature(session.nms.recipient.Unsubscribe)) == (
        "(reason, /, *, entity=None)"
    )


def test_an_attribute_that_does_not_exist_asks_nobody(
    instance: Instance, session: Connection
) -> None:
    """A typing error is an AttributeError, and IPython's probing costs no call."""
    for name in ("qery", "_repr_html_", "_ipython_display_", "cus"):
        assert not hasattr(session, name)
        assert not hasattr(session.nms, "_repr_html_")
    assert not hasattr(session.nms.recipient, "_repr_html_")
    assert instance.count("GetEntityIfMoreRecent") == 0


def test_a_closed_session_can_still_be_looked_at(session: Connection) -> None:
    """repr, status and footers work on after close()."""
    frame = session.query(QUERY)
    session.close()
    assert "test (" in repr(session)
    assert session.status().profile == "test"
    assert session.footer(frame).startswith("7 rows")


@pytest.mark.parametrize(
    ("schema", "method", "kind", "hint"),
    [
        ("xtk:session", "GetOptoin", UnknownName, "did you mean GetOption?"),
        ("xtk:session", "Zzz", UnknownName, "GetServerTime"),
        ("xtk:folder", "Zzz", UnknownName, "another schema"),
        ("xtk:sesion", "GetOption", UnknownName, "did you mean xtk:session?"),
        ("session", "GetOption", UnknownName, "namespace:name"),
        ("xtk:session", "GetOption", InvalidValue, "GetOption(name: string)"),
    ],
)
def test_a_wrong_name_gets_the_right_one_as_hint(
    session: Connection, schema: str, method: str, kind: type[CampaignError], hint: str
) -> None:
    """Schema, method, and the signature when the arguments do not fit."""
    with pytest.raises(kind) as caught:
        session.call(schema, method)
    assert hint in caught.value.hint


def test_schemas_are_listed_and_kept_on_disk(
    instance: Instance, connect: Connect
) -> None:
    """A second session asks again with nothing, or with the md5, never in full."""
    first = connect()
    assert list(first.schemas) == ["nms:recipient", "xtk:folder", "xtk:session"]
    assert first.schemas["nms:recipient"].label == "Recipients"
    first.close()
    fetched = instance.count("GetEntityIfMoreRecent")
    second = connect()
    assert second.schemas["nms:recipient"].field_by_path["@email"].label == "Email"
    assert instance.count("GetEntityIfMoreRecent") == fetched


def test_a_trace_sees_each_call_and_no_secret(session: Connection) -> None:
    """Frozen facts: method, seconds, bytes, status; nothing else."""
    seen: list[Exchange] = []
    with session.trace(seen.append):
        session.query(QUERY)
    session.query(QUERY)
    assert [e.method.rpartition("#")[2] for e in seen] == [
        "Logon",
        "GetEntityIfMoreRecent",
        "ExecuteQuery",
    ]
    assert all(e.status == 200 and e.response_bytes > 0 for e in seen)
    assert PASSWORD not in str(seen)


def shown_of(error: CampaignError) -> list[str]:
    """Return every text that an error can become."""
    return [
        *error.render(),
        repr(error),
        str(error.facts),
        *traceback.format_exception(error),
        str(pickle.dumps(error)),
    ]


def test_no_secret_in_any_log_repr_traceback_or_file(
    instance: Instance,
    connect: Connect,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    """Stock zeep logs the password at DEBUG; ours logs no envelope at all."""
    caplog.set_level(logging.DEBUG)
    session = connect()
    instance.says(
        "GetOption",
        fault(f"SOP-330011 {SECURITY}", f"for {SESSION} and {escape(PASSWORD)}"),
    )
    shown = [repr(session), str(session.status()), session.describe()]
    session.query(QUERY)
    with pytest.raises(SoapFault, match=r"for \*\*\* and \*\*\*") as fault_error:
        session.call("xtk:session", "GetOption", "x")
    shown += shown_of(fault_error.value)
    instance.says("Logon", Says(f"XSV-350012 {PASSWORD}".encode(), status=403))
    with pytest.raises(AccessDenied) as caught:
        connect().log_on()
    shown += shown_of(caught.value)
    shown += [caplog.text, str([r.__dict__ for r in caplog.records])]
    files = [f.read_text() for f in tmp_path.rglob("*") if f.is_file()]
    assert len(caplog.records) > 5
    assert files
    for text in [*shown, *files]:
        for secret in (PASSWORD, "Pa55", SESSION, SECURITY, "canary-security"):
            assert secret not in text


def test_a_sandbox_that_is_down_is_told_in_two_lines(connect: Connect) -> None:
    """Unreachable, with the question whether it is running."""
    session = connect(url="http://127.0.0.1:9", password="x")
    with pytest.raises(Unreachable) as caught:
        session.log_on()
    lines = caught.value.render()
    assert lines == [
        "Unreachable [ACM-301] No connection to 127.0.0.1:9.",
        "  hint: check that the server (or the sandbox) runs, and the address",
    ]


@pytest.mark.parametrize(
    ("kind", "secrets", "name"),
    [
        ("password", {"user": "me", "password": Secret("x")}, "PasswordLogin"),
        (
            "session",
            {"session_token": Secret("x"), "security_token": Secret("y")},
            "GivenTokens",
        ),
        ("bearer", {"bearer_token": Secret("x")}, "BearerLogin"),
        ("ims", {"client_id": "c", "client_secret": Secret("x")}, "ImsLogin"),
        ("anonymous", {}, "Anonymous"),
    ],
)
def test_each_kind_of_credentials_has_its_logon(
    kind: str, secrets: dict[str, object], name: str
) -> None:
    """The table of the design, one by one."""
    known = Credentials(kind=kind, source="test", **secrets)  # type: ignore[arg-type]
    profile = Profile(name="t", url="http://h", token_url="https://ims/token")
    assert type(login_for(known, profile, SYSTEM_CLOCK)).__name__ == name


def test_incomplete_credentials_are_refused() -> None:
    """Never a silent anonymous session; IMS needs to know where to ask."""
    profile = Profile(name="t", url="http://h")
    with pytest.raises(NoCredentials):
        login_for(Credentials(kind="password", source="x"), profile, SYSTEM_CLOCK)
    ims = Credentials(kind="ims", source="x", client_id="c", client_secret=Secret("s"))
    with pytest.raises(InvalidOption, match="IMS"):
        login_for(ims, profile, SYSTEM_CLOCK)
    nothing = Sources(environ={}, prompt=lambda text: "")
    with pytest.raises(NoCredentials):
        open_as(
            Connection, Profile(name="t", url="http://h", user="u"), sources=nothing
        )
