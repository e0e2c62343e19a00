"""What a write would do, told before anything is sent."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd

from ..errors import InvalidOption
from ..session import Connection
from ..session.consent import require_consent
from ..session.progress import Watch, duration
from .batches import Batch, cut
from .commit import Order, commit, rate_of
from .compare import OUTCOMES, Comparison, Outcome, Verdict
from .documents import document_schema, is_document
from .journal import Entry, Journal
from .journal_file import journal_path
from .layout import OPERATION
from .options import Options
from .relations import fate
from .result import WriteResult
from .route import INSERT, choose_route, parcel
from .rows import Nulls, Rows, read_rows
from .show import Shown, counted
from .stopping import nothing_sent
from .stored import queries

_LOOKED: Final = 200
"""Rows that landed before which are looked at: are they there still?"""

_SAID: Final[Mapping[Outcome, str]] = {
    "insert": "new",
    "update": "changed",
    "unchanged": "as they are stored",
    "delete": "deleted",
    "missing": "not there, so nothing to do",
    "refused": "would be refused",
}


@dataclass(frozen=True, kw_only=True, repr=False)
class Plan(Shown):
    """What a write would do; nothing was sent but queries.  ``commit`` does it.

    ``counts`` are rows by outcome (insert, update, unchanged, delete, missing,
    refused) among the ``compared`` ones, ``is_exact`` tells that these are all that
    would be sent; ``skipped`` rows landed before, by the journal.  ``outcomes`` has
    the outcome of each compared row, ``changes`` a line for each value that would
    change, ``problems`` one for each reason why a row is not sent.  ``outdated`` says
    when rows that landed before are no longer there as written.  The write takes
    ``calls`` calls: ``seconds`` at the calls a second allowed now, None for no limit.
    """

    end = "nothing was sent; commit() (--commit) sends it"
    brief = ("write", "rows", "problems", "skipped", "compared", "calls")

    schema: str
    operation: str
    key: tuple[str, ...]
    nulls: Nulls
    database: str
    route: str
    total: int
    rows: int
    skipped: int
    compared: int
    counts: Mapping[Outcome, int]
    problems: pd.DataFrame
    changes: pd.DataFrame
    outcomes: pd.DataFrame
    calls: int
    tps: float | None
    notes: tuple[str, ...] = ()
    outdated: str = ""
    order: Order

    @property
    def is_exact(self) -> bool:
        """True when every row that would be sent was compared."""
        return self.compared == self.rows - self.skipped

    @property
    def seconds(self) -> float | None:
        """What the calls take at least, None where nothing limits them."""
        return None if self.tps is None else self.calls / self.tps

    def commit(
        self,
        *,
        yes: str | None = None,
        progress: Watch | None = None,
        force: bool = False,
    ) -> WriteResult:
        """Send the rows and return what became of each.

        Rows that landed before are skipped; ``force`` sends everything.  A profile
        for production wants its name in ``yes``.  An interrupt, a lost connection or
        the end of this process leave a journal with which the same write goes on.

        Raises InvalidOption without consent, PartialWrite and what ``call`` raises.
        """
        require_consent(self.order.connection, yes, f"Writing {self.schema}")
        force = force or self.order.fresh
        result = commit(self.order, watch=progress, force=force)
        notes = [result.note]
        if result.landed and self.counts["missing"]:
            rows = counted(self.counts["missing"], "row")
            notes.append(f"{rows} had no record when this was planned: nothing to do")
        if result.skipped:
            notes.append(self.outdated)
        return replace(result, note="; ".join(filter(None, notes)))

    def lines(self) -> list[tuple[str, str]]:
        """Return name and text of each fact."""
        kept = ""
        if self.operation != "delete":
            does = "leave" if self.nulls == "skip" else "empty"
            kept = f"values {does} what is stored"
        problems = self.total - self.rows
        limit = ", no TPS limit"
        if self.seconds is not None:
            least = "under 1 s" if self.seconds < 1 else duration(self.seconds)
            limit = f", {least} at {self.tps:g} TPS"
        found = [
            ("write", f"{self.operation} {self.schema} ({self.database})"),
            ("key", ", ".join(self.key)),
            ("rows", f"{self.rows:,} of {self.total:,} can be sent"),
            ("problems", f"{counted(problems, 'row')} not sent" if problems else ""),
            ("skipped", f"{self.skipped:,} landed before" if self.skipped else ""),
            ("compared", self._compared()),
            ("missing", kept),
            ("route", self.route),
            ("calls", f"{self.calls:,}{limit if self.calls else ''}"),
            *(("note", note) for note in (*self.notes, self.outdated)),
        ]
        return [(name, text) for name, text in found if text]

    def _compared(self) -> str:
        told = [f"{n:,} {_SAID[name]}" for name, n in self.counts.items() if n]
        of = "" if self.is_exact else f"of the first {self.compared:,}: "
        return f"{of}{', '.join(told)}" if told else ""

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return what is shown below the facts: title and table."""
        refused = self.outcomes[self.outcomes["outcome"] == "refused"]
        return [
            ("rows that are not sent", self.problems),
            ("rows that would be refused", refused),
            ("changes", self.changes),
        ]


@nothing_sent("run it again; a smaller sample=… (--sample) reads less")
def make_plan(
    connection: Connection, data: object, schema: str | None, options: Options
) -> Plan:
    """Read rows, check them, compare a sample with what is stored; send nothing.

    ``schema`` may be left out for a document that names its own.  Raises UnknownName,
    UserError and InvalidOption for what is wrong with a column or an option,
    Interrupted, and what a query raises.
    """
    options.check()
    rows = read_rows(
        data,
        connection.schemas[_named_schema(data, schema)],
        connection.schemas.__getitem__,
        key=options.key,
        operation=options.operation,
        links=options.links,
        nulls=options.nulls,
    )
    return plan_rows(connection, rows, options)


def plan_rows(
    connection: Connection, rows: Rows, options: Options, *, fresh: bool = False
) -> Plan:
    """Return the plan of rows that were read.

    ``fresh`` rows come from the server itself: that some landed before means nothing.
    """
    parcelled = parcel(rows, choose_route(rows, options.ingest))
    order = Order(
        connection=connection,
        parcel=parcelled,
        batches=tuple(cut(parcelled, options.batch_rows)),
        path=journal_path(connection.profile.url),
        fresh=fresh,
    )
    known = _known(order)
    chosen = known.unsent[: options.sample]
    comparison = Comparison(connection, parcelled, known.made)
    verdicts = comparison.preview(chosen) if chosen else []
    looked = _spread(known.landed, _LOOKED if options.sample != 0 else 0)
    return Plan(
        schema=rows.schema.id,
        operation=rows.operation,
        key=rows.key,
        nulls=options.nulls,
        database=rows.schema.database,
        route=str(parcelled.route),
        total=rows.total,
        rows=len(rows),
        skipped=len(known.landed),
        compared=len(verdicts),
        counts=_counts(verdicts),
        problems=rows.problems,
        changes=_changes(verdicts, rows),
        outcomes=_outcomes(verdicts, rows),
        calls=known.calls,
        tps=rate_of(connection, parcelled.route.method),
        notes=tuple(_notes(comparison)),
        outdated=_outdated(comparison, looked),
        order=order,
    )


def _notes(comparison: Comparison) -> Iterator[str]:
    """Yield what is to be said of columns, keys and what waits in a staging table."""
    layout = comparison.parcel.asked.layout
    yield from layout.notes
    yield from map(fate, layout.items)
    if several := len(comparison.several):
        yield (
            f"More than one record has the key of {counted(several, 'row')}; "
            "the first counts."
        )
    if waiting := len(comparison.waiting):
        staging = comparison.parcel.route.staging
        yield (
            f"{counted(waiting, 'row')} of an earlier write in {staging}, not "
            "replicated yet: compared with what the cloud database has now."
        )


def _spread(rows: Sequence[int], most: int) -> list[int]:
    """Return at most so many of these rows, from the first to the last."""
    if len(rows) <= most or not most:
        return list(rows[:most])
    places = np.linspace(0, len(rows) - 1, most).astype(int)
    return [rows[at] for at in places]


def _outdated(comparison: Comparison, rows: Sequence[int]) -> str:
    """Return what to say when rows that landed before are not there any more."""
    if not comparison.is_complete:
        return ""
    gone = len(rows) - len(comparison.there(rows))
    if not gone:
        return ""
    return (
        f"{gone:,} of {counted(len(rows), 'row')} that landed before, and were looked "
        "at, now differ from what was written; force=True (--force) sends all again."
    )


def _named_schema(data: object, schema: object) -> str:
    """Return the schema that was named, else the one that a document names."""
    if isinstance(schema, str) and schema:
        return schema
    if not (schema is None or isinstance(schema, str)):
        kind = type(schema).__name__
        raise InvalidOption(
            f"A schema is named by a text, not by a {kind}.",
            hint='the data comes first: session.write(data, "nms:recipient")',
        )
    is_text = isinstance(data, str)  # a document, or refused as none
    named = document_schema(data) if is_text or is_document(data) else None
    if named is None:
        raise InvalidOption(
            "The schema to write to is missing.",
            hint='name it: "nms:recipient"; a document may say xtkschema="…"',
        )
    return named


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What the journal says of rows: to be sent or looked at, or ``landed`` before.

    ``made`` are those of the former whose records an earlier commit has inserted.
    """

    unsent: Sequence[int]
    landed: Sequence[int]
    made: Collection[int]
    calls: int


def _known(order: Order) -> _Known:
    """Look into the journal, and count the calls."""
    known: Sequence[tuple[Batch, Entry | None]]
    known, made = [(batch, None) for batch in order.batches], set[int]()
    if order.path.exists() and not order.fresh:
        with closing(Journal(order.path)) as journal:
            known, made = list(order.known(journal)), order.made(journal)
    unsent = np.zeros(len(order.parcel), np.bool_)
    for batch, entry in known:
        if entry is None:
            unsent[batch.start : batch.stop] = True
        else:
            unsent[[batch.start + at for at in entry.refused]] = True
    fresh = [batch for batch, entry in known if entry is None]
    again = [batch for batch, entry in known if entry and entry.refused]
    return _Known(
        unsent=np.flatnonzero(unsent).tolist(),
        landed=np.flatnonzero(~unsent).tolist(),
        made=made,
        calls=len(fresh) + _looks(order, [*fresh, *again]),
    )


def _looks(order: Order, batches: Sequence[Batch]) -> int:
    """Return the calls that look whether records to be inserted exist."""
    asked = order.parcel.asked
    if asked.operation != INSERT and OPERATION not in asked.table.column_names:
        return 0
    operations = (asked.operations(batch.start, batch.stop) for batch in batches)
    looks = sum(queries(of.count(INSERT)) for of in operations)
    return looks * (2 if order.parcel.route.staging else 1)


def _counts(verdicts: Sequence[Verdict]) -> dict[Outcome, int]:
    found = [verdict.outcome for verdict in verdicts]
    return {outcome: found.count(outcome) for outcome in OUTCOMES}


def _outcomes(verdicts: Sequence[Verdict], rows: Rows) -> pd.DataFrame:
    names = rows.layout.names
    return _frame(
        {
            "index": [rows.index[one.row] for one in verdicts],
            "outcome": [one.outcome for one in verdicts],
            "column": [names.get(one.column) for one in verdicts],
            "reason": [one.reason or None for one in verdicts],
        }
    )


def _changes(verdicts: Sequence[Verdict], rows: Rows) -> pd.DataFrame:
    """Return a line for each value that changes, and one for each deletion."""
    names = rows.layout.names
    shown = {
        slot.path: {one.value: one.name for one in slot.field.enum.values}
        for slot in rows.layout.slots
        if slot.field.enum is not None
    }
    lines: list[tuple[Hashable, ...]] = []
    for verdict in verdicts:
        key = rows.keys(verdict.row, verdict.row + 1)[0]
        head = (rows.index[verdict.row], *key, verdict.outcome)
        for one in verdict.changes:
            named = shown.get(one.path, {})
            current = named.get(one.current or "", one.current)
            lines.append(
                (
                    *head,
                    names.get(one.path, one.path),
                    current,
                    named.get(one.new, one.new),
                )
            )
        if verdict.outcome == "delete":
            lines.append((*head, None, None, None))
    keys = [names[path] for path in rows.key]
    columns = ["index", *keys, "operation", "column", "current", "new"]
    turned: list[tuple[Any, ...]] = [*zip(*lines, strict=True)] or [()] * len(columns)
    # A key may be called "index" too; names that occur twice would lose a column.
    frame = _frame(dict(enumerate(turned)))
    return frame.set_axis(columns, axis=1)


def _frame(columns: Mapping[Any, Sequence[object]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            name: pd.Series(
                list(values), dtype=object if name in (0, "index") else "string"
            )
            for name, values in columns.items()
        }
    )
