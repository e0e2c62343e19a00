"""Technical accounts: the token endpoint, over a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest
from clocks import StillClock
from soap.calls import PING
from soap.scripted import Says, Server, response, token_endpoint

from campaign_magics.clock import SYSTEM_CLOCK, Clock
from campaign_magics.errors import AccessDenied, BadAnswer, CampaignError, ServerError
from campaign_magics.schemas.model import Method
from campaign_magics.secret import Secret
from campaign_magics.soap.client import SoapClient
from campaign_magics.soap.ims import ImsLogin
from campaign_magics.soap.network import Network, Pool
from campaign_magics.soap.retry import Timeouts
from campaign_magics.soap.tokens import Tokens

GOOD = {"access_token": "ey.ims.canary", "expires_in": 86399}


def ims(url: str, clock: Clock = SYSTEM_CLOCK) -> ImsLogin:
    return ImsLogin(
        token_url=url,
        client_id="robot",
        client_secret=Secret("s3cret & more"),
        scope="a,b",
        pool=Pool(url, Network(), Timeouts()),
        clock=clock,
    )


def json_says(value: object, status: int = 200) -> Says:
    return Says(json.dumps(value).encode(), status=status)


def test_an_ims_token_stands_alone_in_authorization(
    server: Server, connect: Callable[..., SoapClient]
) -> None:
    """Bearer, neither cookie nor security token; asked for once; no Logoff (§1)."""
    with token_endpoint(json_says(GOOD)) as (url, asked):
        client = connect(login=ims(url))
        client.call(PING)
        client.call(PING)
        client.close()
    assert [h.action for h in server.heard] == ["xtk:session#TestCnx"] * 2
    assert server.heard[0].headers["Authorization"] == "Bearer ey.ims.canary"
    assert not {"Cookie", "X-Security-Token"} & set(server.heard[0].headers)
    assert [parse_qs(body.decode()) for body in asked] == [
        {
            "grant_type": ["client_credentials"],
            "client_id": ["robot"],
            "client_secret": ["s3cret & more"],
            "scope": ["a,b"],
        }
    ]


def test_an_expired_token_is_replaced_and_the_call_repeated(
    server: Server, connect: Callable[..., SoapClient]
) -> None:
    """The server says XSV-350008; a new token is fetched, the call made again."""
    expired = Says(b"XSV-350008 Session has expired.", status=403)
    server.says("TestCnx", expired, response("TestCnx"))
    with token_endpoint(json_says(GOOD)) as (url, asked):
        client = connect(login=ims(url))
        client.call(PING)
        client.close()
    assert len(asked) == 2


def test_a_token_is_replaced_before_it_ends() -> None:
    """A minute before expires_in, so that no call meets the expiry."""
    clock = StillClock()
    with token_endpoint(json_says({**GOOD, "expires_in": 3600})) as (url, asked):
        login = ims(url, clock)
        tokens = Tokens(lambda: login.obtain(_never), renewable=True, clock=clock)
        tokens.current()
        clock.seconds += 3539
        tokens.current()
        assert len(asked) == 1
        clock.seconds += 2
        tokens.current()
        assert len(asked) == 2


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_failure_that_passes_is_met_with_another_try(status: int) -> None:
    """No call is lost because Adobe's token service had a hiccup; its wish counts."""
    clock = StillClock()
    busy = Says(b"busy", status=status, headers={"Retry-After": "7"})
    with token_endpoint(busy, json_says(GOOD)) as (url, asked):
        assert ims(url, clock).obtain(_never).bearer
    assert len(asked) == 2
    assert clock.seconds == 1007.0


def test_a_failure_that_stays_is_told_after_four_tries() -> None:
    """With what the call was and how long it took; a long pause is not sat out."""
    clock = StillClock()
    with token_endpoint(Says(b"busy", status=503)) as (url, asked):
        with pytest.raises(ServerError, match="503") as caught:
            ims(url, clock).obtain(_never)
        assert len(asked) == 4
        assert caught.value.facts["method"] == "token endpoint"
        assert caught.value.facts["seconds"] > 0
    long = Says(b"busy", status=503, headers={"Retry-After": "3600"})
    with token_endpoint(long) as (url, asked):
        with pytest.raises(ServerError):
            ims(url, clock).obtain(_never)
        assert len(asked) == 1


@pytest.mark.parametrize(
    ("says", "kind", "word"),
    [
        (json_says({"error": "invalid_client"}, 400), AccessDenied, "invalid_client"),
        (json_says({"error": "<b>s3cret & more</b>"}, 401), AccessDenied, "HTTP 401"),
        (Says(b"<html>", status=403), AccessDenied, "403"),
        (Says(b"oops", status=500), ServerError, "500"),
        (Says(b"<html>"), BadAnswer, "without an access token"),
        (json_says([]), BadAnswer, "without an access token"),
        (json_says({"access_token": "a", "expires_in": "x"}), BadAnswer, "without"),
    ],
    ids=["client", "strange", "page", "500", "html", "list", "seconds"],
)
def test_a_refusal_is_told_without_the_secret(
    says: Says, kind: type[CampaignError], word: str
) -> None:
    """The endpoint's own text is not repeated, only OAuth's one-word code."""
    with token_endpoint(says) as (url, _), pytest.raises(kind) as caught:
        ims(url).obtain(_never)
    assert type(caught.value) is kind
    assert word in caught.value.message
    assert "s3cret" not in f"{caught.value} {caught.value.facts} {ims(url)!r}"


def _never(method: Method, args: object) -> tuple[object, ...]:
    raise AssertionError("IMS needs no SOAP call")
