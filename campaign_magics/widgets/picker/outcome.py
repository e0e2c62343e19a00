"""What the picked query finds, and how it is written: tabs with texts to copy."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any, Final

import ipywidgets as widgets

from ...errors import CampaignError
from ..theme import error_text, line
from .model import PickerModel

if TYPE_CHECKING:
    import pandas as pd

LANGUAGES: Final = ("SQL", "XML", "JSON")
PREVIEW: Final = 10
_WIDEST: Final = 60

_COPY: Final = (
    "const t=this.closest('.cm-code').querySelector('textarea'),"
    "s=this.nextElementSibling;"
    "const kept=()=>{s.textContent='Copied.'},"
    "old=()=>{t.focus();t.select();"
    "document.execCommand('copy')?kept():(s.textContent='Press Ctrl+C to copy.')};"
    "navigator.clipboard?navigator.clipboard.writeText(t.value).then(kept,old):old()"
)
"""Runs in the page.  Where scripts or the clipboard are out of reach, the text is a
field that selects itself when it gets the focus."""


class OutcomeView:
    """Rows, and the query as SQL, XML and JSON."""

    def __init__(self) -> None:
        self.rows = widgets.HTML(line("Press Preview or Run to see rows.", quiet=True))
        self.texts = {name: widgets.HTML() for name in LANGUAGES}
        self.view = widgets.Tab(
            [self.rows, *self.texts.values()], titles=["Rows", *LANGUAGES]
        )
        self.view.add_class("cm-outcome")

    def refresh(self, model: PickerModel) -> None:
        """Write the query again, or what it lacks."""
        for name, widget in self.texts.items():
            widget.value = _text(model, name)

    def show(self, frame: pd.DataFrame, told: str) -> None:
        """Show the first rows of a frame and the lines that belong under it."""
        self.rows.value = frame_html(frame, told)
        self.view.selected_index = 0


def code_html(text: str, name: str) -> str:
    """Return a text to read, select and copy, as escaped HTML."""
    rows = min(16, max(4, text.count("\n") + 1))
    return (
        '<div class="cm-code">'
        f'<textarea readonly rows="{rows}" spellcheck="false" wrap="off" '
        f'aria-label="The query as {name}" onfocus="this.select()">'
        f"\n{escape(text)}</textarea>"
        f'<div><button type="button" class="jupyter-button" onclick="{escape(_COPY)}">'
        f'Copy {name}</button> <span role="status"></span></div></div>'
    )


def frame_html(frame: pd.DataFrame, told: str) -> str:
    """Return the first rows of a frame as an escaped HTML table."""
    head = "".join(f'<th scope="col">{escape(str(c))}</th>' for c in frame.columns)
    shown = frame.head(PREVIEW).astype(object)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_cell(v))}</td>' for v in row)}</tr>"
        for row in shown.itertuples(index=False, name=None)
    )
    count = f"{len(frame):,} rows" if len(frame) != 1 else "1 row"
    first = f", the first {PREVIEW} shown" if len(frame) > PREVIEW else ""
    lines = "".join(line(one, quiet=True) for one in told.splitlines())
    return (
        f'<div class="cm-frame"><table><caption>{count}{first}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>{lines}"
    )


def _cell(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…"


def _text(model: PickerModel, name: str) -> str:
    written: dict[str, Callable[[], str]] = {
        "SQL": lambda: model.sql,
        "XML": lambda: model.xml,
        "JSON": lambda: model.json,
    }
    try:
        return code_html(written[name](), name)
    except CampaignError as missing:
        return f'<div class="cm-quiet cm-error">{escape(error_text(missing))}</div>'
