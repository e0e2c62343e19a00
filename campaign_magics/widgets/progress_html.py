"""Long work as HTML: the same in the meter and in a cell's own progress line."""

from __future__ import annotations

from html import escape

from ..session.progress import Progress


def progress_html(work: Progress, more: str = "") -> str:
    """Return a bar that screen readers know, and the facts beside it, escaped.

    Without a total there is no bar: one that only moves would go on for ever in a
    saved notebook.  ``more`` is said behind the facts.
    """
    text = " · ".join(part for part in (str(work), more) if part)
    if work.share is None:
        return escape(text)
    bar = (
        f'<progress max="1" value="{work.share:.3f}" aria-label="share done" '
        'style="width:8em">'
    )
    return f"{bar}</progress> {escape(text)}"
