"""One logon for all threads, whatever happens."""

from __future__ import annotations

import threading

import pytest
from threads import in_threads

from campaign_magics.errors import (
    AccessDenied,
    InvalidValue,
    NotConnected,
    SessionExpired,
)
from campaign_magics.secret import Secret
from campaign_magics.soap.tokens import ANONYMOUS, Identity, Tokens, token

pytestmark = pytest.mark.pure


def identity(name: str) -> Identity:
    return Identity(session=Secret(name), security=Secret(f"@{name}"))


class Issuer:
    """Gives out s1, s2, … and counts."""

    def __init__(self, error: Exception | None = None) -> None:
        self.given = 0
        self.error = error
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self) -> Identity:
        self.given += 1
        assert self.gate.wait(5)
        if self.error is not None:
            raise self.error
        return identity(f"s{self.given}")


def test_nothing_is_obtained_before_the_first_call() -> None:
    """Connecting costs nothing until something is asked."""
    issuer = Issuer()
    tokens = Tokens(issuer, renewable=True)
    assert tokens.held is None
    assert issuer.given == 0
    tokens.current()
    tokens.current()
    assert issuer.given == 1


def test_a_hundred_threads_meeting_the_expiry_log_on_once() -> None:
    """One thread renews; the ninety-nine others make their call with its tokens."""
    issuer = Issuer()
    tokens = Tokens(issuer, renewable=True)
    first = tokens.current()

    def call(who: Identity) -> str:
        if who is first:
            raise SessionExpired("XSV-350008")
        assert who.session
        return who.session.reveal()

    assert in_threads(100, lambda: tokens.run(call)) == ["s2"] * 100
    assert issuer.given == 2


def test_a_refused_logon_is_not_tried_by_each_thread_that_waits() -> None:
    """A hundred wrong passwords would lock the operator out."""
    issuer = Issuer(error=AccessDenied("XSV-350012"))
    issuer.gate.clear()
    tokens = Tokens(issuer, renewable=True)
    threading.Timer(0.1, issuer.gate.set).start()
    results = in_threads(20, tokens.current)
    assert all(isinstance(r, AccessDenied) for r in results)
    assert issuer.given <= 2  # a late starter may find no flight to wait for


def test_an_interrupted_logon_is_taken_over_by_who_waits() -> None:
    """Ctrl-C in one thread ends its own call, not those of the others."""
    waiting = threading.Event()
    calls: list[int] = []

    def obtain() -> Identity:
        calls.append(1)
        if len(calls) == 1:
            assert waiting.wait(5)
            raise KeyboardInterrupt
        return identity("second")

    tokens = Tokens(obtain, renewable=True)
    got: list[Identity] = []

    def follower() -> None:
        waiting.set()
        got.append(tokens.current())

    def start_follower() -> None:
        while not calls:
            pass
        follower()

    thread = threading.Thread(target=start_follower)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        tokens.current()
    thread.join()
    assert [i.session.reveal() for i in got if i.session] == ["second"]


def test_a_call_is_repeated_once_and_no_more() -> None:
    """A server that always says expired gets two tries, then the user is told."""
    tokens = Tokens(Issuer(), renewable=True)
    tried: list[Identity] = []

    def call(who: Identity) -> None:
        tried.append(who)
        raise SessionExpired("XSV-350008")

    with pytest.raises(SessionExpired):
        tokens.run(call)
    assert len(tried) == 2


def test_a_token_that_cannot_be_renewed_says_so() -> None:
    """Session tokens are somebody else's: the hint says to get a new one."""
    tokens = Tokens(Issuer(), renewable=False)

    def call(who: Identity) -> None:
        raise SessionExpired("XSV-350008", status=403)

    with pytest.raises(SessionExpired, match="cannot be renewed") as caught:
        tokens.run(call)
    assert caught.value.facts["status"] == 403


def test_released_tokens_are_gone() -> None:
    """After close, a call does not quietly log on again."""
    tokens = Tokens(Issuer(), renewable=True)
    held = tokens.current()
    assert tokens.release() is held
    assert tokens.held is None
    with pytest.raises(NotConnected):
        tokens.current()


def test_headers_carry_the_tokens() -> None:
    """Cookie and X-Security-Token, or Authorization alone (protocol.md §1)."""
    assert identity("s").headers() == {
        "X-Security-Token": "@s",
        "Cookie": "__sessiontoken=s",
    }
    bearer = Identity(bearer=Secret("ey.x"))
    assert bearer.headers() == {"Authorization": "Bearer ey.x"}
    assert ANONYMOUS.headers() == {"X-Security-Token": ""}


@pytest.mark.parametrize("text", ["a b", "a\n", "a\r\nX: y", "clé", "a\0"])
def test_a_token_no_header_can_carry_is_refused_without_being_shown(text: str) -> None:
    """Header injection and copy-paste mistakes end here."""
    with pytest.raises(InvalidValue) as caught:
        token(Secret(text))
    assert text not in f"{caught.value}{caught.value.facts}"


def test_an_identity_has_no_text_to_print() -> None:
    """repr shows three stars."""
    assert "s3cret" not in repr(identity("s3cret"))
