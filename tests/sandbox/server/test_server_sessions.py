"""Who is calling: where a session may stand, bearer tokens, what a logon tells."""

from __future__ import annotations

import pytest
from sandbox.server.caller import EXPIRED, ROUTER, Caller
from sandbox.server.served import Served

from campaign_magics.sandbox.auth import Operator
from campaign_magics.secret import Secret


def test_a_call_without_a_session_is_refused(served: Served):
    """Unknown methods too: strangers learn nothing."""
    stranger = served.caller()
    for method in ("TestCnx", "Nope"):
        answer = stranger.call("xtk:session", method)
        assert (answer.status, answer.text) == (403, EXPIRED)
        assert answer.headers["Content-Type"].startswith("text/plain")
    stranger.close()


@pytest.mark.parametrize(
    "carrier",
    ["cookie", "header", "soap header", "first parameter", "others, then cookie"],
)
def test_the_session_may_come_in_four_places(caller: Caller, carrier: str):
    """Cookie, X-Session-Token, SOAP header, first parameter."""
    token = caller.tokens["Cookie"].partition("=")[2]
    security = {"X-Security-Token": caller.tokens["X-Security-Token"]}
    headers, soap_header, parameter = dict(security), "", ""
    if carrier == "cookie":
        headers["Cookie"] = f"a=b; __sessiontoken={token}; c=d"
    elif carrier == "header":
        headers["X-Session-Token"] = token
    elif carrier == "soap header":
        soap_header = (
            f"<Header><Cookie>__sessiontoken={token}</Cookie><X-Security-Token>"
            f"{security['X-Security-Token']}</X-Security-Token></Header>"
        )
        headers = {}
    elif carrier == "first parameter":
        parameter = token
    else:
        headers |= {"Cookie": f"__sessiontoken={token}", "X-Session-Token": "___no"}
        parameter = "___no"
    body = (
        f"<Envelope>{soap_header}<Body><TestCnx><t>{parameter}</t></TestCnx></Body>"
        "</Envelope>"
    )
    sent = {"SOAPAction": "xtk:session#TestCnx", **headers}
    assert caller.send("POST", ROUTER, body.encode(), sent).status == 200


def test_a_bearer_header_replaces_both_tokens(served: Served, caller: Caller):
    """IMS mode; refused unless the token was announced."""
    caller.tokens = {"Authorization": "Bearer ey.ims"}
    assert caller.call("xtk:session", "TestCnx").text == EXPIRED
    admin = next(iter(served.instance.authority.operators()))
    served.instance.authority.allow_bearer(Secret("ey.ims"), admin)
    assert caller.call("xtk:session", "TestCnx").status == 200
    assert caller.call("xtk:session", "BearerTokenLogon", "ey.ims").status == 200
    assert caller.call("xtk:session", "BearerTokenLogon", "other").status == 403


def test_who_am_i(served: Served):
    """GetUserInfo names the operator of the session, with its rights."""
    reader = Operator(login="eve <&>", label="Eve", id=5, rights=frozenset({"export"}))
    served.instance.authority.add_operator(reader, Secret("p&<>' é"))
    client = served.caller()
    assert client.log_on("eve <&>", "p&<>' é").status == 200
    info = client.call("xtk:session", "GetUserInfo").payload()
    assert (info.get("login"), info.get("loginCS")) == ("eve <&>", "Eve (eve <&>)")
    assert [r.get("right") for r in info.findall("login-right")] == ["export"]
    client.close()


def test_log_on_tells_what_the_sdk_reads(served: Served):
    """Server, version, operator, packages (protocol.md §3)."""
    client = served.caller()
    info = client.log_on()
    document = info.payload  # the session info is the second output
    assert document is not None
    for fact in (
        "buildNumber='",
        "instanceName='sandbox'",
        "majNumber='8'",
        "sessionTimeOut='86400'",
        "login='admin'",
        "loginId='1059'",
        "<login-right right='admin'/>",
        "namespace='nms'",
    ):
        assert fact in info.text
    client.close()
