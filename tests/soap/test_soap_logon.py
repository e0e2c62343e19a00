"""Logging on and off over a real socket: passwords, given tokens, bearers, nobody."""

from __future__ import annotations

import pytest
from soap.calls import GET_OPTION, PING, Connect
from soap.scripted import (
    EXPIRED,
    PASSWORD,
    SECURITY,
    SESSION,
    Heard,
    Says,
    Server,
    logon_response,
    response,
)
from threads import in_threads

from campaign_magics.errors import AccessDenied, BadAnswer, NotConnected, SessionExpired
from campaign_magics.secret import Secret
from campaign_magics.soap.logon import (
    Anonymous,
    BearerLogin,
    GivenTokens,
    PasswordLogin,
)


def test_an_expired_session_costs_one_logon_for_all_threads(
    server: Server, connect: Connect
) -> None:
    """100 threads meet the expiry; there is exactly one more Logon; all get answers."""
    client = connect()
    client.log_on()
    old, new = "___old", "___new"
    server.says("Logon", logon_response(session=new))
    server.says("TestCnx", response("TestCnx"))

    def judge(heard: Heard) -> Says | None:
        cookie = heard.headers.get("Cookie", "")
        return None if new in cookie or not cookie else EXPIRED

    server.before = judge
    assert in_threads(100, lambda: client.call(PING).outputs) == [()] * 100
    assert server.count("Logon") == 2
    assert old not in str([h.headers for h in server.heard])


def test_a_wrong_password_is_said_in_one_line(server: Server, connect: Connect) -> None:
    """AccessDenied, not tried again, and the password is nowhere in the error."""
    server.says("Logon", Says(b"XSV-350012 Invalid login or password.", status=403))
    with pytest.raises(AccessDenied) as caught:
        connect().call(GET_OPTION, ["x"])
    assert server.count("Logon") == 1
    assert PASSWORD not in f"{caught.value!r} {caught.value.facts}"
    assert caught.value.render()[1].startswith("  hint: ")


def test_a_logon_that_says_expired_is_access_denied(
    server: Server, connect: Connect
) -> None:
    """A 401 to the logon itself speaks of the password; renewing cannot help."""
    server.says("Logon", Says(b"", status=401))
    with pytest.raises(AccessDenied):
        connect().call(GET_OPTION, ["x"])
    assert server.count("Logon") == 1


def test_a_logon_without_tokens_is_a_bad_answer(
    server: Server, connect: Connect
) -> None:
    """Empty tokens would make every later call anonymous."""
    server.says("Logon", logon_response(session="", security=""))
    with pytest.raises(BadAnswer, match="no tokens"):
        connect().call(GET_OPTION, ["x"])


def test_given_tokens_are_used_and_never_logged_off(
    server: Server, connect: Connect
) -> None:
    """Somebody else's session: no Logon, no Logoff, and expiry is final."""
    login = GivenTokens(Secret(SESSION), Secret(SECURITY))
    client = connect(login=login)
    server.says("TestCnx", response("TestCnx"), EXPIRED)
    client.call(PING)
    with pytest.raises(SessionExpired, match="cannot be renewed"):
        client.call(PING)
    client.close()
    assert {h.action for h in server.heard} == {"xtk:session#TestCnx"}
    assert server.heard[0].headers["Cookie"] == f"__sessiontoken={SESSION}"


def test_a_bearer_token_is_changed_for_a_session(
    server: Server, connect: Connect
) -> None:
    """BearerTokenLogon gives the same tokens as Logon (§3)."""
    logon = logon_response().replace(b"Logon", b"BearerTokenLogon")
    server.says("BearerTokenLogon", logon)
    client = connect(login=BearerLogin(Secret("ey.bearer")))
    client.call(PING)
    client.close()
    assert [h.action.partition("#")[2] for h in server.heard] == [
        "BearerTokenLogon",
        "TestCnx",
        "Logoff",
    ]


def test_an_anonymous_client_never_logs_on(server: Server, connect: Connect) -> None:
    """Calls go out without tokens; a refusal is told as it is."""
    client = connect(login=Anonymous())
    client.call(PING)
    server.says("TestCnx", EXPIRED)
    with pytest.raises(SessionExpired):
        client.call(PING)
    assert server.count("Logon") == 0


def test_closing_logs_off_once_and_ends_the_client(
    server: Server, connect: Connect
) -> None:
    """Logoff carries the session; afterwards calls say the session is closed."""
    client = connect()
    client.log_on()
    client.close()
    client.close()
    assert server.count("Logoff") == 1
    assert server.heard[-1].headers["X-Security-Token"] == SECURITY
    with pytest.raises(NotConnected):
        client.call(GET_OPTION, ["x"])


def test_closing_survives_a_server_that_is_gone(
    server: Server, connect: Connect
) -> None:
    """Nobody wants a traceback from a logoff."""
    client = connect()
    client.log_on()
    server.says("Logoff", Says(hang_up=True))
    client.close()


def test_a_password_login_prints_no_password() -> None:
    """repr of what holds it."""
    assert "hunter2" not in repr(PasswordLogin("me", Secret("hunter2")))
