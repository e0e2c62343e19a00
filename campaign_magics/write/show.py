"""Plans and results for people: facts, then the first lines of each table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

Facts = Sequence[tuple[str, str]]
"""Name and text."""

Tables = Iterable[tuple[str, "pd.DataFrame"]]
"""Title and table; empty ones are not shown."""

_MOST: Final = 12
"""Lines of a table; the whole of it is an attribute of what is shown."""

_WIDTH: Final = 100
"""Characters of a value."""

_LEFT: Final = 'style="text-align:left"'


def as_text(facts: Facts, tables: Tables, end: str = "") -> str:
    """Return facts and tables as text."""
    parts = ["\n".join(f"{name:<8}  {text}" for name, text in facts)]
    for title, table in tables:
        if len(table):
            shown = _filled(table).to_string(index=False, max_colwidth=_WIDTH)
            parts.append(f"{_titled(title, len(table))}:\n{shown}")
    return "\n\n".join([*parts, end] if end else parts)


def as_html(facts: Facts, tables: Tables, end: str = "") -> str:
    """Return facts and tables as HTML; every text of them is escaped."""
    lines = "".join(
        f'<tr><th scope="row" {_LEFT}>{escape(name)}</th>'
        f"<td {_LEFT}>{escape(text)}</td></tr>"
        for name, text in facts
    )
    parts = [f'<table class="campaign-magics"><tbody>{lines}</tbody></table>']
    for title, table in tables:
        if len(table):
            parts.append(_table(_titled(title, len(table)), _filled(table)))
    if end:
        parts.append(f"<div>{escape(end)}</div>")
    return "".join(parts)


def _titled(title: str, count: int) -> str:
    return f"{title}, {_MOST} of {count:,}" if count > _MOST else title


def _filled(table: pd.DataFrame) -> pd.DataFrame:
    """Return the first lines, with nothing where there is no value."""
    first = table.head(_MOST).astype(object)
    return first.where(first.notna(), "")


def _table(title: str, table: pd.DataFrame) -> str:
    heads = "".join(f'<th scope="col" {_LEFT}>{escape(str(n))}</th>' for n in table)
    lines = "".join(
        "<tr>" + "".join(f"<td {_LEFT}>{_cell(value)}</td>" for value in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    return (
        f'<table class="campaign-magics"><caption {_LEFT}>{escape(title)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    )


def _cell(value: object) -> str:
    text = str(value)
    return escape(text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…")
