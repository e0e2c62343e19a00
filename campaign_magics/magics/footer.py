"""The line under a result: what it is, what it cost, and whether more rows exist."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

from IPython.display import display

_STYLE = "opacity:.75;font-size:.9em;margin:.3em 0"
"""No colours: the line keeps the theme's own, light or dark."""


def show_footer(text: str) -> None:
    """Show one line, as HTML and as text."""
    show(text, to_html(text))


def show(text: str, html: str) -> None:
    """Show one thing in two ways; a front end takes the one it can."""
    display({"text/html": html, "text/plain": text}, raw=True)


def table(rows: Iterable[tuple[str, object]], caption: str = "") -> str:
    """Return two columns as an HTML table; every text is escaped."""
    lines = "".join(
        f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
        f'<td style="text-align:left">{escape(str(value))}</td></tr>'
        for name, value in rows
    )
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<table class="campaign-magics">{title}<tbody>{lines}</tbody></table>'


def to_html(text: str) -> str:
    """Return the line as HTML that needs no style sheet."""
    return as_line(escape(text).replace("\n", "<br>"))


def as_line(html: str) -> str:
    """Return HTML in the style of a footer."""
    return f'<div class="campaign-magics" style="{_STYLE}">{html}</div>'


def show_under_next_result(shell: Any, frame: object, text: str) -> None:
    """Let the cell's result, if it is ``frame`` itself, show ``text`` beneath it.

    The cell returns a plain frame and the table comes first, as readers expect of a
    footer.  The two formatters live until the cell ends: a later frame derived from
    this one must not carry a line that is no longer true.
    """
    kind = type(frame)
    html = shell.display_formatter.formatters["text/html"]
    plain = shell.display_formatter.formatters["text/plain"]
    before = _current(html, kind), _current(plain, kind)

    def as_html(shown: Any) -> str | None:
        own = before[0] or getattr(kind, "_repr_html_", None)
        table: str | None = own(shown) if own else None
        return table + to_html(text) if table and shown is frame else table

    def as_text(shown: Any, printer: Any, cycle: bool) -> None:
        if before[1]:
            before[1](shown, printer, cycle)
        else:
            printer.text(repr(shown))
        if shown is frame:
            printer.text(f"\n{text}")

    def restore(*_: Any) -> None:
        shell.events.unregister("post_run_cell", restore)
        _put_back(html, kind, before[0])
        _put_back(plain, kind, before[1])

    html.for_type(kind, as_html)
    plain.for_type(kind, as_text)
    shell.events.register("post_run_cell", restore)


def _current(formatter: Any, kind: type) -> Callable[..., Any] | None:
    found: Callable[..., Any] | None = formatter.type_printers.get(kind)
    return found


def _put_back(formatter: Any, kind: type, before: Callable[..., Any] | None) -> None:
    if before is not None:
        formatter.for_type(kind, before)
    else:
        formatter.type_printers.pop(kind, None)
