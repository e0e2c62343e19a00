"""Operators, sessions, tokens: who gets in, and who no longer does."""

from __future__ import annotations

import pytest
from clocks import StillClock

from campaign_magics.sandbox.auth import Authority, Operator, Presented, Refused
from campaign_magics.secret import Secret

pytestmark = pytest.mark.pure

ADMIN = Operator(login="admin", label="Administrator", id=1059)


def authority(clock: StillClock | None = None, **options: object) -> Authority:
    made = Authority(clock=clock or StillClock(0.0), **options)  # type: ignore[arg-type]
    made.add_operator(ADMIN, Secret("s3cret é"))
    return made


def both(tokens: object) -> Presented:
    return Presented(
        session_token=tokens.session_token,  # type: ignore[attr-defined]
        security_token=tokens.security_token,  # type: ignore[attr-defined]
    )


def test_the_right_password_opens_a_session():
    """Tokens look as protocol.md §3 shows, and name the operator."""
    gate = authority()
    tokens = gate.log_on("admin", "s3cret é")
    assert tokens.session_token.reveal().startswith("___")
    assert tokens.security_token.reveal().startswith("@")
    assert tokens.security_token.reveal().endswith("==")
    assert gate.check(both(tokens)).operator == ADMIN


@pytest.mark.parametrize(
    ("user", "password"),
    [("admin", "nope"), ("admin", ""), ("nobody", "s3cret é"), ("", "")],
)
def test_a_wrong_name_and_a_wrong_password_sound_the_same(user: str, password: str):
    """XSV-350012 for both."""
    with pytest.raises(Refused) as refusal:
        authority().log_on(user, password)
    assert refusal.value.line == (
        "XSV-350012 Invalid login or password. Connection denied."
    )


def test_a_session_ends_when_its_time_is_over():
    """The lifetime counts from log-on."""
    clock = StillClock(0.0)
    gate = authority(clock, session_seconds=10)
    tokens = gate.log_on("admin", "s3cret é")
    clock.seconds = 9.9
    assert gate.check(both(tokens))
    clock.seconds = 10.0
    with pytest.raises(Refused, match="XSV-350008"):
        gate.check(both(tokens))


def test_log_off_ends_one_session_only():
    """Another of the same operator lives on."""
    gate = authority()
    first, second = (gate.log_on("admin", "s3cret é") for _ in range(2))
    gate.log_off(gate.check(both(first)))
    with pytest.raises(Refused, match="XSV-350008"):
        gate.check(both(first))
    assert gate.check(both(second))


def test_expire_ends_all_or_one_operators():
    """And says how many there were."""
    gate = authority()
    gate.add_operator(Operator(login="eve"), Secret("x"))
    tokens = [gate.log_on("admin", "s3cret é") for _ in range(3)]
    eve = gate.log_on("eve", "x")
    assert gate.expire("admin") == 3
    assert gate.check(both(eve))
    assert gate.expire() == 1
    with pytest.raises(Refused):
        gate.check(both(tokens[0]))


def test_the_security_token_must_match():
    """Missing, wrong, or of another session: all XSV-350008."""
    gate = authority()
    mine, other = (gate.log_on("admin", "s3cret é") for _ in range(2))
    for security in (None, Secret("@x=="), other.security_token):
        with pytest.raises(Refused, match="XSV-350008"):
            gate.check(
                Presented(session_token=mine.session_token, security_token=security)
            )


def test_a_zone_may_do_without_security_tokens():
    """``sessionTokenOnly``."""
    gate = authority(session_token_only=True)
    token = gate.log_on("admin", "s3cret é").session_token
    assert gate.check(Presented(session_token=token)).operator == ADMIN


def test_user_and_password_are_a_session_only_where_switched_on():
    """``allowUserPassword``; a password may hold a slash."""
    shown = Presented(session_token=Secret("eve/a/b"))
    for switched_on in (False, True):
        gate = authority(allow_user_password=switched_on)
        gate.add_operator(Operator(login="eve"), Secret("a/b"))
        if switched_on:
            assert gate.check(shown).operator.login == "eve"
        else:
            with pytest.raises(Refused, match="XSV-350008"):
                gate.check(shown)


def test_bearers_are_refused_unless_configured():
    """By logon XSV-350012, by header XSV-350008 (wire/03, wire/26)."""
    gate = authority()
    with pytest.raises(Refused, match="XSV-350012"):
        gate.log_on_with_bearer("ey.ims")
    with pytest.raises(Refused, match="XSV-350008"):
        gate.check(Presented(bearer=Secret("ey.ims")))
    gate.allow_bearer(Secret("ey.ims"), ADMIN)
    assert gate.check(both(gate.log_on_with_bearer("ey.ims"))).operator == ADMIN
    assert gate.check(Presented(bearer=Secret("ey.ims"))).operator == ADMIN


def test_no_token_at_all_is_an_expired_session():
    """What a client without a session is told."""
    with pytest.raises(Refused, match="XSV-350008"):
        authority().check(Presented())


def test_ended_sessions_leave_the_memory():
    """A server that runs for months keeps only what lives."""
    clock = StillClock(0.0)
    gate = authority(clock, session_seconds=1)
    for n in range(100):
        clock.seconds = float(n)
        gate.log_on("admin", "s3cret é")
    assert gate.expire() == 1


def test_rights_are_named_and_admin_has_all():
    """As in ``login-right/@right``."""
    assert ADMIN.may("anything")
    reader = Operator(login="r", rights=frozenset({"export"}))
    assert reader.may("export")
    assert not reader.may("write")


def test_nothing_shows_a_secret():
    """No repr of what auth hands around holds a token or a password."""
    gate = authority()
    tokens = gate.log_on("admin", "s3cret é")
    session = gate.check(both(tokens))
    shown = repr((gate, vars(gate), tokens, both(tokens), session))
    for secret in (tokens.session_token, tokens.security_token, Secret("s3cret é")):
        assert secret.reveal() not in shown


def test_granted_bearers_live_as_long_as_a_session():
    """A technical account's token ends by time, by ``expire``, not by another's."""
    clock = StillClock(0.0)
    authority = Authority(clock=clock, session_seconds=60)
    authority.add_account("robot", Secret("s"), ADMIN)
    assert authority.grant_bearer("robot", "wrong") is None
    assert authority.grant_bearer("nobody", "s") is None
    token = authority.grant_bearer("robot", "s")
    assert token is not None
    presented = Presented(bearer=token)
    assert authority.check(presented).operator is ADMIN
    assert authority.expire("somebody") == 0
    clock.seconds += 59
    assert authority.check(presented).operator is ADMIN
    clock.seconds += 1
    with pytest.raises(Refused, match="XSV-350008"):
        authority.check(presented)
    with pytest.raises(Refused, match="XSV-350012"):
        authority.log_on_with_bearer(token.reveal())
    again = authority.grant_bearer("robot", "s")
    assert authority.expire(ADMIN.login) == 1
    with pytest.raises(Refused, match="XSV-350008"):
        authority.check(Presented(bearer=again))


def test_announced_bearers_stay():
    """``expire`` ends what was granted, not what a trainer announced."""
    authority = Authority()
    authority.allow_bearer(Secret("t"), ADMIN)
    assert authority.expire() == 0
    assert authority.check(Presented(bearer=Secret("t"))).operator is ADMIN
