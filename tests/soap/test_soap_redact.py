"""Secrets leave a text; the rest of it stays readable."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.secret import Secret
from campaign_magics.soap.redact import redact

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("password 'hunter22' refused", "password '***' refused"),
        ("user a&amp;b-secret said", "user *** said"),
        ("?p=a%26b-secret&x", "?p=***&x"),
        ("__sessiontoken=___abc; path=/", "__sessiontoken=***; path=/"),
        ("Authorization: Bearer eyJhbGciOi.J9.x-y", "Authorization: Bearer ***"),
        ("X-Security-Token: @abc==", "X-Security-Token: ***"),
        (
            "<pstrSessionToken xsi:type='xsd:string'>abc</pstrSessionToken>",
            "<pstrSessionToken xsi:type='xsd:string'>***</pstrSessionToken>",
        ),
        ("<m:password>abc</m:password>", "<m:password>***</m:password>"),
        (
            "token ___4f2c58e1-2144-4eb6-b4d0-59947661be01 has expired",
            "token *** has expired",
        ),
        ("Attribute 'email' unknown", "Attribute 'email' unknown"),
        ("write to jane@example.test", "write to jane@example.test"),
    ],
)
def test_secrets_and_tokens_are_masked(text: str, expected: str) -> None:
    """Known secrets in any spelling, and tokens by their shape."""
    assert redact(text, [Secret("hunter22"), Secret("a&b-secret")]) == expected


def test_a_short_password_does_not_shred_the_sentence() -> None:
    """The password ``x`` is masked as a word of its own, not inside others."""
    assert redact("next: 'x' is taken", [Secret("x")]) == "next: '***' is taken"


@settings(max_examples=100)
@given(st.text(), st.text(min_size=6), st.text())
def test_a_secret_never_survives(before: str, secret: str, after: str) -> None:
    """Whatever stands around it."""
    assert (
        secret
        not in redact(before + secret + after, [Secret(secret)]).replace("***", "")
        or secret.strip("*") == ""
    )
