"""Where an expression stands in the text the user wrote, so that a caret can point."""

from __future__ import annotations

import re

from ..errors import CampaignError, Span
from ..xtk.ast import Node
from ..xtk.parser import parse
from ..xtk.walk import walk

_ENTITIES = {
    "<": ("&lt;", "&#60;"),
    ">": ("&gt;", "&#62;"),
    "&": ("&amp;", "&#38;"),
    '"': ("&quot;", "&#34;"),
    "'": ("&apos;", "&#39;"),
    "\n": ("&#10;", "&#xA;", "&#xa;"),
}
_WHITE = {" ", "\n", "\t", "\r"}


class Source:
    """The text that a query was read from, and where its expressions come from.

    Most expressions stand in the text as they are.  One that was rewritten (from SQL,
    or with parameters filled in) is kept with the tree it was written from, whose
    spans still point into what the user wrote.
    """

    def __init__(self, text: str | None = None) -> None:
        self.text = text
        self._trees: dict[str, tuple[Node, str | None]] = {}

    def keep(self, expr: str, tree: Node, within: str | None = None) -> str:
        """Remember where ``expr`` comes from, and return it.

        The spans of ``tree`` point into ``within``, an expression of this source, or
        into its text.
        """
        if expr != within:
            self._trees.setdefault(expr, (tree, within))
        return expr

    def point(self, error: CampaignError, expr: str) -> CampaignError:
        """Move an error that points into ``expr`` so that it points into the text."""
        if error.span is None:
            return error
        if expr not in self._trees:
            return point(error, expr, self.text)
        tree, within = self._trees[expr]
        span = _counterpart(expr, tree, error.span)
        if span is None or (within is None and self.text is None):
            return error
        error.source, error.span = within or self.text, span
        return error if within is None else self.point(error, within)


def _counterpart(expr: str, tree: Node, span: Span) -> Span | None:
    """Return the span of the part of ``tree`` that was written at a span of ``expr``.

    Reading ``expr`` again gives the same tree with spans of its own.
    """
    try:
        twin = parse(expr, placeholders=True)
    except CampaignError:
        return None
    if twin != tree:
        return None
    around = [
        (one.span[1] - one.span[0], other.span)
        for one, other in zip(walk(twin), walk(tree), strict=True)
        if one.span[0] <= span[0] and span[1] <= one.span[1]
    ]
    return min(around, key=lambda pair: pair[0])[1] if around else tree.span


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
