"""What a commit did: rows landed, skipped and rejected, each rejected one once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pandas as pd

from .compare import EXISTS
from .journal import Journal, read_journal
from .rows import Rows
from .show import Shown, counted

if TYPE_CHECKING:
    from ..errors import SoapFault

_TOLD: Final = 0.1
"""Seconds of waiting that are worth a word."""

_OF: Final = re.compile(r"of type '[^']*\(([\w:]+)\)'")
"""The schema of the document that could not be saved (protocol.md §6)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One row that the server did not take: its number among the rows sent, and why."""

    row: int
    column: str
    reason: str
    code: str = ""


@dataclass(frozen=True, kw_only=True, repr=False)
class WriteResult(Shown):
    """What became of the rows of a plan.

    ``landed`` rows were taken by the server now, ``skipped`` ones by an earlier commit
    of the same data.  ``rejected`` is a DataFrame with a line for each row refused:
    index, the key's columns, column (as far as the server names it), reason and code.
    ``unsent`` rows are in the plan's ``problems``.  ``calls`` counts all calls,
    ``seconds`` is the wall clock, ``waited`` the part of it in which a call waited for
    the budget; ``job`` is the commit's id in the journal ``path``.
    """

    schema: str
    operation: str
    database: str
    total: int
    landed: int
    skipped: int
    rejected: pd.DataFrame
    unsent: int
    calls: int
    seconds: float
    waited: float
    job: str
    path: Path
    note: str = ""

    brief = ("write", "landed", "skipped", "rejected", "not sent", "cost")

    @property
    def journal(self) -> pd.DataFrame:
        """The batches of this commit: rows, state, reason, times."""

        def batches(journal: Journal) -> pd.DataFrame:
            return journal.batches(self.job)

        return read_journal(self.path, batches)

    def lines(self) -> list[tuple[str, str]]:
        """Return name and text of each fact."""
        speed = self.landed / self.seconds if self.seconds else 0.0
        waited = f", waited {self.waited:.1f} s" if self.waited >= _TOLD else ""
        found = [
            ("write", f"{self.operation} {self.schema} ({self.database})"),
            ("landed", f"{self.landed:,} of {counted(self.total, 'row')}"),
            ("skipped", f"{self.skipped:,} that landed before" if self.skipped else ""),
            ("rejected", f"{len(self.rejected):,}" if len(self.rejected) else ""),
            ("not sent", f"{self.unsent:,}, see problems" if self.unsent else ""),
            ("cost", f"{counted(self.calls, 'call')}, {self.seconds:.1f} s{waited}"),
            ("speed", f"{speed:,.0f} rows/s" if self.landed else ""),
            ("note", self.note),
        ]
        return [(name, text) for name, text in found if text]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return what is shown below the facts: title and table."""
        return [("rejected", self.rejected)]


def refusal_of(row: int, fault: SoapFault, rows: Rows) -> Refusal:
    """Return why a row was refused, with the column that Campaign's words name."""
    return Refusal(
        row=row,
        column=_blamed(fault.message, rows),
        reason=fault.message,
        code=str(fault.facts.get("server_code", "")),
    )


def exists(row: int, rows: Rows) -> Refusal:
    """Return the refusal of a row to be inserted whose key a record has."""
    column = rows.layout.names[rows.key[0]]
    return Refusal(row=row, column=column, reason=EXISTS)


def rejected_frame(refusals: Iterable[Refusal], rows: Rows) -> pd.DataFrame:
    """Return refusals as a DataFrame, in the order of the rows."""
    found = sorted(refusals, key=lambda refusal: refusal.row)
    names = rows.layout.names
    keys = [rows.keys(one.row, one.row + 1)[0] for one in found]
    columns: dict[str, Any] = {
        "index": pd.Series([rows.index[one.row] for one in found], dtype=object)
    }
    for at, path in enumerate(rows.key):
        columns[names[path]] = pd.Series([key[at] for key in keys], dtype="string")
    for name in ("column", "reason", "code"):
        texts = [getattr(one, name) for one in found]
        columns[name] = pd.Series(texts, dtype="string")
    return pd.DataFrame(columns)


def _blamed(cause: str, rows: Rows) -> str:
    """Return the column that a cause names: by its path, or by the linked schema."""
    slots = sorted(rows.layout.slots, key=lambda slot: -len(slot.path))
    told = _OF.search(cause)
    schema = told[1] if told else rows.schema.id
    for slot in slots:
        linked = slot.path != slot.local
        own = schema == rows.schema.id and not linked
        if own and f"'{slot.path}'" in cause:
            return slot.name or slot.path
    layout = rows.layout
    inner = [link for items in layout.items for link in items.entity.links]
    for link in [*layout.root.links, *inner]:
        if link.schema.id == schema and schema != rows.schema.id:
            return layout.names.get(link.key_paths[0], link.key_paths[0])
    return ""
