"""Where an expression stands in the text the user wrote, so that a caret can point."""

from __future__ import annotations

import re

from ..errors import CampaignError, Span

_ENTITIES = {
    "<": ("&lt;", "&#60;"),
    ">": ("&gt;", "&#62;"),
    "&": ("&amp;", "&#38;"),
    '"': ("&quot;", "&#34;"),
    "'": ("&apos;", "&#39;"),
    "\n": ("&#10;", "&#xA;", "&#xa;"),
}
_WHITE = {" ", "\n", "\t", "\r"}


def point(error: CampaignError, expr: str, source: str | None) -> CampaignError:
    """Move an error that points into ``expr`` so that it points into ``source``.

    Left as it is when the source is not known or the expression is not found there.
    """
    if source is None or error.span is None:
        return error
    if found := locate(expr, error.span, source):
        error.source, error.span = source, found
    return error


def locate(expr: str, span: Span, source: str) -> Span | None:
    """Return the span in ``source`` of ``expr[span]``, entities allowed, or None.

    A quoted occurrence wins over a bare one: ``@em`` is not looked for in ``@email``.
    """
    pattern = "".join(f"({_written(char)})" for char in expr)
    quoted = f"(?<=[\"']){pattern}(?=[\"'])"
    match = re.search(quoted, source) or re.search(pattern, source)
    if match is None or not expr:
        return None
    start, end = span[0], max(span[0] + 1, span[1])
    if start >= len(expr):
        return match.end(), match.end() + 1
    return match.start(start + 1), match.end(min(end, len(expr)))


def _written(char: str) -> str:
    """Return a pattern for the ways XML can write one character."""
    if char in _WHITE:
        return r"\s|" + "|".join(_ENTITIES["\n"])
    return "|".join(re.escape(way) for way in (char, *_ENTITIES.get(char, ())))
