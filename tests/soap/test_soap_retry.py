"""Pauses between tries, and the Retry-After header."""

from __future__ import annotations

import pytest

from campaign_magics.schemas.model import Method
from campaign_magics.soap.methods import EXECUTE_QUERY, GET_ENTITY, LOGON, is_repeatable
from campaign_magics.soap.retry import Backoff, retry_after

pytestmark = pytest.mark.pure

NOON = 1_784_894_400.0  # Fri, 24 Jul 2026 12:00:00 GMT


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        (" 7 ", 7.0),
        ("Fri, 24 Jul 2026 12:00:05 GMT", 5.0),
        ("Friday, 24-Jul-26 12:00:05 GMT", 5.0),
        ("Fri, 24 Jul 2026 11:00:00 GMT", 0.0),
        ("Fri, 24 Jul 2026 14:00:05 +0200", 5.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-3", None),
        ("1.5", None),
        ("²", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(
    text: str | None, seconds: float | None
) -> None:
    """RFC 9110 §10.2.3; what makes no sense counts as absent."""
    assert retry_after(text, NOON) == seconds


def test_pauses_double_up_to_a_ceiling_and_are_spread() -> None:
    """The ceiling of each pause is 0.25, 0.5, 1, 2 s … and never above 8 s."""
    longest = Backoff(jitter=lambda: 1.0)
    assert [longest.pause(n) for n in range(7)] == [0.25, 0.5, 1, 2, 4, 8, 8]
    assert Backoff(jitter=lambda: 0.0).pause(0) == pytest.approx(0.025)


@pytest.mark.parametrize(
    ("method", "safe"),
    [
        (LOGON, True),
        (EXECUTE_QUERY, True),
        (GET_ENTITY, True),
        (Method(name="Write", urn="xtk:persist|xtk:session", static=True), False),
        (Method(name="Write", urn="xtk:persist", static=True), False),
        (Method(name="GetServerTime", urn="xtk:session", static=True), True),
        (Method(name="Look", urn="cus:thing", const=True), True),
        (Method(name="Do", urn="cus:thing"), False),
        (Method(name="Submit", urn="xtk:jobInterface|nms:delivery", const=True), False),
        (Method(name="Execute", urn="xtk:jobInterface", const=True), False),
        (Method(name="GetStatus", urn="xtk:jobInterface|xtk:job", static=True), True),
    ],
    ids=lambda value: (
        f"{value.urn}#{value.name}" if isinstance(value, Method) else None
    ),
)
def test_only_calls_that_change_nothing_are_repeatable(
    method: Method, safe: bool
) -> None:
    """``const`` promises too little: Submit of the job interface is const."""
    assert is_repeatable(method) is safe
