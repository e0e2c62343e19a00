"""Plans and results for people: facts, then the first lines of each table."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar, Final

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

_ODD: Final = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Kinds of characters that have no shape of their own (Unicode's names of them)."""

_JOINERS: Final = "\u200c\u200d"
"""Part of words of some scripts, and of emoji."""

_LEFT: Final = 'style="text-align:left"'


class Shown(ABC):
    """What people see as facts and tables: as text, in a notebook as HTML."""

    end: ClassVar[str] = ""
    """The last line."""

    brief: ClassVar[tuple[str, ...]] = ()
    """The facts that make the one line."""

    @abstractmethod
    def lines(self) -> Facts:
        """Return name and text of each fact."""

    @abstractmethod
    def tables(self) -> Tables:
        """Return what is shown below the facts: title and table."""

    def line(self) -> str:
        """Return the most important facts in one line."""
        told = [f"{name} {text}" for name, text in self.lines() if name in self.brief]
        return " · ".join([*told, self.end] if self.end else told)

    def __str__(self) -> str:
        return as_text(self.lines(), self.tables(), self.end)

    def __repr__(self) -> str:
        return str(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return as_html(self.lines(), self.tables(), self.end)


def as_text(facts: Facts, tables: Tables, end: str = "") -> str:
    """Return facts and tables as text."""
    parts = ["\n".join(f"{name:<8}  {text}" for name, text in facts)]
    for title, table in tables:
        if len(table):
            shown = _legible(table).to_string(index=False, max_colwidth=_WIDTH + 1)
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
            parts.append(_table(_titled(title, len(table)), _legible(table)))
    if end:
        parts.append(f"<div>{escape(end)}</div>")
    return "".join(parts)


def _titled(title: str, count: int) -> str:
    return f"{title}, {_MOST} of {count:,}" if count > _MOST else title


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 row``, ``2,000 rows``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def legible(value: object) -> str:
    """Return a value in one short line that cannot disturb those around it.

    Line ends, terminal codes and what turns the direction of text are written as
    Python writes them: ``\\n``, ``\\u202e``.
    """
    if isinstance(value, tuple):  # a label of a MultiIndex
        return f"({', '.join(map(legible, value))})"
    text = str(value)
    if len(text) > _WIDTH:
        text = f"{text[: _WIDTH - 1]}…"
    return "".join(_escaped(char) if _is_odd(char) else char for char in text)


def _is_odd(char: str) -> bool:
    return unicodedata.category(char) in _ODD and char not in _JOINERS


def _escaped(char: str) -> str:
    return ascii(char)[1:-1]


def _legible(table: pd.DataFrame) -> pd.DataFrame:
    """Return the first lines as texts, with nothing where there is no value."""
    first = table.head(_MOST).astype(object)
    filled = first.where(first.notna(), "").map(legible)
    return filled.set_axis([legible(name) for name in filled.columns], axis=1)


def _table(title: str, table: pd.DataFrame) -> str:
    heads = "".join(f'<th scope="col" {_LEFT}>{escape(str(n))}</th>' for n in table)
    lines = "".join(
        "<tr>" + "".join(f"<td {_LEFT}>{escape(value)}</td>" for value in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    return (
        f'<table class="campaign-magics"><caption {_LEFT}>{escape(title)}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{lines}</tbody></table>"
    )
