"""Expressions of nested fields, written again as seen from the record's root.

A computed field's expression reads its neighbours: ``@success`` of ``indicators``
next to it, ``[../properties/@toDeliver]`` beside its parent.  Queries read records,
so ``Field.expr`` holds ``[indicators/@success]`` and ``[properties/@toDeliver]``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..xtk.ast import Path
from ..xtk.errors import ExpressionError
from ..xtk.parser import parse
from ..xtk.walk import paths


def from_root(expr: str, path: Sequence[str]) -> str:
    """Return a field's expression with its paths counted from the root.

    ``path`` are the field's own steps.  A text that cannot be read, or climbs out of
    the record, comes back as it is.
    """
    parents = tuple(path[:-1])
    if not parents:
        return expr
    try:
        found = list(paths(parse(expr, functions=None)))
    except ExpressionError:
        return expr
    text = expr
    for item in sorted(found, key=lambda p: p.span, reverse=True):
        steps = _steps(parents, item)
        if steps is None:
            return expr
        start, end = item.span
        text = f"{text[:start]}[{'/'.join(steps)}]{text[end:]}"
    return text


def _steps(parents: tuple[str, ...], path: Path) -> tuple[str, ...] | None:
    """Return the steps from the root; None when they climb above it or elsewhere."""
    if path.join is not None:
        return None
    steps: list[str] = [] if path.absolute else list(parents)
    for step in path.steps:
        if step == "..":
            if not steps:
                return None
            steps.pop()
        elif step != ".":
            steps.append(step)
    return tuple(steps)
