"""A view and its static twin: what GitHub, nbconvert and screen readers get.

A widget's own output says nothing where no kernel runs, and JupyterLab shows an error
in its place even when HTML stands beside it; so a short line of ordinary output
follows the widget and is kept up to date.  It unfolds into what the widget holds.
"""

from __future__ import annotations

from html import escape
from typing import Any

from IPython.display import display

_NOTE = "opacity:.75;font-size:.9em;margin:.3em 0"
"""No colours: the line keeps the theme's own, light or dark."""


class Twin:
    """Base of what shows itself as a widget; ``view`` is that widget.

    A subclass says what there is to see: ``as_text``, and ``as_html`` (escaped) if it
    has more than lines; ``note`` is the one line under the widget, "" for none, and
    ``detail`` what that line unfolds into.
    """

    view: Any
    _note_handle: Any = None
    _noted = ("", "")

    def as_text(self) -> str:
        """Return what the view shows, as text."""
        return f"{self.note()}\n\n{self.detail()}".rstrip()

    def as_html(self) -> str:
        """Return what the view shows as HTML: escaped, no script, no style sheet."""
        return f'<pre class="campaign-magics">{escape(self.as_text())}</pre>'

    def note(self) -> str:
        """Return the line under the widget."""
        return ""

    def detail(self) -> str:
        """Return the text that the note unfolds into."""
        return ""

    def renote(self) -> None:
        """Bring the line under the widget up to date; from any thread."""
        said = self.note(), self.detail()
        if self._note_handle is not None and said != self._noted:
            self._noted = said
            self._note_handle.update(_shown(*said), raw=True)

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> dict[str, Any]:
        """Return the widget and its twin; a front end takes the one it can show."""
        bundle = dict(self.view._repr_mimebundle_() or {})
        return {**bundle, "text/html": self.as_html(), "text/plain": self.as_text()}

    def _ipython_display_(self) -> None:
        display(self._repr_mimebundle_(), raw=True)
        self.show_note()

    def show_note(self) -> None:
        """Show the line that `renote` keeps up to date, if there is one."""
        self._noted = self.note(), self.detail()
        if self._noted[0]:
            shown = _shown(*self._noted)
            self._note_handle = display(shown, raw=True, display_id=True)


def _shown(note: str, detail: str) -> dict[str, str]:
    if not detail:
        html = f'<div class="campaign-magics" style="{_NOTE}">{escape(note)}</div>'
        return {"text/html": html, "text/plain": note}
    html = (
        f'<details class="campaign-magics" style="{_NOTE}">'
        f"<summary>{escape(note)}</summary><pre>{escape(detail)}</pre></details>"
    )
    return {"text/html": html, "text/plain": f"{note}\n\n{detail}"}
