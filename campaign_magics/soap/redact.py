"""Take secrets out of text that came from a server, before anybody sees it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from urllib.parse import quote

from ..secret import Secret

MASK = "***"
_SHORT = 6

_TOKENS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?i)(__sessiontoken\s*=\s*)[^\s;<&'\"]+"), rf"\1{MASK}"),
    (re.compile(r"(?i)(bearer\s+)[a-z0-9._~+/-]{8,}=*"), rf"\1{MASK}"),
    (re.compile(r"(?i)(x-(?:security|session)-token\s*[:=]\s*)[^\s<]+"), rf"\1{MASK}"),
    (
        re.compile(
            r"(?i)(<(?:[\w-]{1,40}:)?\w{0,40}?(?:password|token|secret)\w{0,40}"
            r"(?:\s[^<>]{0,400})?(?<!/)>)[^<]+"
        ),
        rf"\1{MASK}",
    ),
    (re.compile(r"___[0-9a-f]{8}-[0-9a-f-]{27,}", re.IGNORECASE), MASK),
    (re.compile(r"@[\w+/-]{12,}=="), MASK),
)
"""What tokens look like on the wire (protocol.md §1, §2.2, §3), known to us or not."""


def redact(text: str, secrets: Iterable[Secret] = ()) -> str:
    """Return ``text`` with the given secrets, and whatever looks like a token, masked.

    A secret of fewer than six characters is masked only where it stands alone, so
    that the password ``x`` does not turn every sentence into noise.
    """
    for plain in sorted(_spellings(secrets), key=len, reverse=True):
        pattern = re.escape(plain)
        if len(plain) < _SHORT:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        text = re.sub(pattern, MASK, text)
    for shape, mask in _TOKENS:
        text = shape.sub(mask, text)
    return text


def _spellings(secrets: Iterable[Secret]) -> set[str]:
    """Return each secret as plain text, as XML text and as part of a URL."""
    plain = {secret.reveal() for secret in secrets if secret}
    return {
        form
        for text in plain
        for form in (text, html.escape(text), html.escape(text, False), quote(text, ""))
    }
