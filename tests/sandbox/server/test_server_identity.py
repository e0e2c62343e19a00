"""The stand-in for Adobe's identity service, and the client's own IMS log-on on it."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import pytest
from sandbox.server.caller import Answer, Caller
from sandbox.server.served import ADMIN, Served

from campaign_magics.errors import AccessDenied
from campaign_magics.profiles import Profile
from campaign_magics.secret import Secret
from campaign_magics.session import Connection, open_as

PATH = "/ims/token/v3"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
GRANT = {
    "grant_type": "client_credentials",
    "client_id": "robot",
    "client_secret": "s3cret",
    "scope": "openid",
}


@pytest.fixture
def account(served: Served) -> Served:
    """A server with one technical account."""
    served.instance.authority.add_account("robot", Secret("s3cret"), ADMIN)
    return served


def ask(caller: Caller, headers: dict[str, str] = FORM, **changes: str) -> Answer:
    form = {k: v for k, v in {**GRANT, **changes}.items() if v}
    return caller.send("POST", PATH, urlencode(form).encode(), headers)


def test_a_technical_account_gets_a_bearer_token(account: Served, caller: Caller):
    """RFC 6749 §4.4.3, and nobody may keep the answer."""
    answer = ask(caller)
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    told = json.loads(answer.body)
    assert (told["token_type"], told["expires_in"]) == ("bearer", 86_400)
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    stranger = account.caller()
    found = stranger.call("xtk:session", "GetUserInfo", headers=bearer)
    assert found.payload().get("login") == "admin"
    opened = stranger.call("xtk:session", "BearerTokenLogon", told["access_token"])
    assert opened.output("pstrSessionToken").startswith("___")
    stranger.close()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_refusals_are_oauths_words(
    account: Served, caller: Caller, changes: dict[str, str], error: str
):
    """400 with the code that clients look for (RFC 6749 §5.2)."""
    answer = ask(caller, **changes)
    assert (answer.status, json.loads(answer.body)["error"]) == (400, error)
    assert "s3cret" not in answer.text


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"{}", {"Content-Type": "application/json"}),
        (b"\xff=\xff", FORM),
        (b"a=1&a=2", FORM),
        (b"&".join(b"a%d=1" % n for n in range(60)), FORM),
        (b"", {}),
    ],
)
def test_what_is_no_form_is_an_invalid_request(
    account: Served, caller: Caller, body: bytes, headers: dict[str, str]
):
    """JSON, bytes that are no text, a field twice, too many fields."""
    answer = caller.send("POST", PATH, body, headers)
    assert json.loads(answer.body)["error"] == "invalid_request"


def session(served: Served, secret: str) -> Connection:
    """The client's own ImsLogin, against this server alone."""
    base = f"http://127.0.0.1:{served.port}"
    profile = Profile(
        name="robot",
        url=base,
        auth="ims",
        client_id="robot",
        token_url=f"{base}{PATH}",
        budget_store="memory",
    )
    return open_as(Connection, profile, client_secret=Secret(secret))


def test_our_client_logs_on_by_ims_and_asks_for_another_token(account: Served):
    """Query, expire, query: the second token is fetched without a word."""
    with session(account, "s3cret") as client:
        assert client.count('<queryDef schema="nms:recipient"/>') > 0
        assert account.instance.authority.expire() == 1
        assert client.count('<queryDef schema="nms:recipient"/>') > 0


def test_our_client_says_who_refused_it(account: Served):
    """AccessDenied, with OAuth's code and without the secret."""
    with (
        session(account, "wrong-s3cret") as client,
        pytest.raises(AccessDenied, match="invalid_client") as caught,
    ):
        client.count('<queryDef schema="nms:recipient"/>')
    assert "s3cret" not in str(caught.value)
