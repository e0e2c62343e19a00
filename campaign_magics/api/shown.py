"""How the small objects of this room show themselves: facts by name."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from html import escape

Facts = Iterable[tuple[str, object]]


class Shown:
    """Shows ``title`` and ``facts`` as text in a terminal, as a table in a notebook.

    ``repr`` is ``brief``, one line.  No subclass has a ``__repr__`` of its own, which
    IPython would prefer to what is shown here.
    """

    __slots__ = ()

    @property
    def title(self) -> str:
        """What it is, in one line."""
        raise AttributeError("title")

    @property
    def brief(self) -> str:
        """The title and how it stands."""
        return self.title

    def facts(self) -> Facts:
        """Return name and value of each fact; None and empty ones are not shown."""
        raise AttributeError("facts")

    def __repr__(self) -> str:
        return f"<{self.brief}>"

    def __str__(self) -> str:
        told = list(_told(self.facts()))
        width = max((len(name) for name, _ in told), default=0)
        lines = [f"  {name:<{width}}  {text}" for name, text in told]
        return "\n".join([self.title, *lines])

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        printer.text(str(self))  # type: ignore[attr-defined]  # IPython's, untyped

    def _repr_html_(self) -> str:
        """Return a table without colours of its own; every text is escaped."""
        lines = "".join(
            f'<tr><th scope="row" style="text-align:left">{escape(name)}</th>'
            f'<td style="text-align:left">{escape(text)}</td></tr>'
            for name, text in _told(self.facts())
        )
        caption = (
            '<caption style="text-align:left;font-weight:bold">'
            f"{escape(self.title)}</caption>"
        )
        return f'<table class="campaign-magics">{caption}<tbody>{lines}</tbody></table>'


def _told(facts: Facts) -> Iterable[tuple[str, str]]:
    for name, value in facts:
        if value is None or value == "":
            continue
        if isinstance(value, datetime):
            yield name, value.strftime("%Y-%m-%d %H:%M:%S %Z").strip()
        elif isinstance(value, bool):
            yield name, "yes" if value else "no"
        else:
            yield name, f"{value:,}" if isinstance(value, int) else str(value)
