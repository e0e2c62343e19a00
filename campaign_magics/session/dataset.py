"""A query's rows as a folder of Parquet files, in constant memory, resumable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..frames import arrow_schema, to_arrow, to_pandas
from ..query.check import Checked
from ..query.to_xml import to_text
from .facts import facts_of
from .gather import digest_of, explained, watched
from .manifest import Folder, Manifest, opened
from .page import Page
from .progress import Reporter
from .reading import Plan, Reading
from .result import Look

Start = Callable[[Plan], Reading]
Report = Callable[[int], Reporter]
"""Makes a Reporter, given the rows that are there already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extract:
    """A folder of Parquet files: ``part-000000.parquet`` and so on.

    ``rows`` are all of them, ``new_rows`` those of this run; ``facts`` are as in
    ``attrs["campaign"]`` of a frame, with ``to`` and ``parts``.
    """

    path: Path
    rows: int
    new_rows: int
    parts: int
    facts: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.rows:,} rows in {self.parts:,} parts in {self.path}"


def write_dataset(
    path: Path, plan: Plan, look: Look, *, resume: bool, start: Start, report: Report
) -> Extract:
    """Write the rows of a plan to a folder, a part a page.

    Raises InvalidOption for a folder that is not this query's, `Interrupted`, and what
    a reading raises; what was written stays and ``resume`` goes on behind it.
    """
    checked, limit = plan.checked, plan.wanted
    fresh = Manifest(
        query=digest_of(checked, limit, look),
        schema=checked.query.schema,
        querydef=to_text(checked.query),
    )
    with opened(path, fresh, resume=resume) as folder:
        before = folder.manifest
        plan = plan.go_on(before.behind, before.records)
        reading = start(plan)
        if not before.complete:
            try:
                _write(folder, reading, look, report(before.records))
            except BaseException as failure:
                said = f"{folder.manifest.rows:,} rows are in {path}"
                hint = "resume=True (--resume) goes on"
                raise explained(failure, said, hint) from None
        return _extract(folder, reading, before, limit)


def _write(folder: Folder, reading: Reading, look: Look, reporter: Reporter) -> None:
    written = _Parts(reading.plan.checked, look)
    for page in watched(reading, reporter):
        records = page.table.num_rows
        now = folder.manifest
        if records or not now.parts:
            table = written.shown(page)
            noted = replace(
                now,
                parts=now.parts + 1,
                rows=now.rows + table.num_rows,
                records=now.records + records,
                behind=page.behind,
                truncated=page.more,
            )
            folder.add(partial(pq.write_table, table), noted)
        elif page.more:
            folder.note(replace(now, truncated=True))
    folder.note(replace(folder.manifest, complete=True))


class _Parts:
    """Makes pages into tables that all have one schema."""

    def __init__(self, checked: Checked, look: Look) -> None:
        self._columns = checked.columns
        self._look = look
        empty = arrow_schema(checked.columns).empty_table()
        table, columns = look.table(empty, checked.columns)
        shown = to_arrow(table, columns, labels=look.labels)
        self._schema = shown.schema.with_metadata(_dtypes(table, columns))

    def shown(self, page: Page) -> pa.Table:
        table, columns = self._look.table(page.table, self._columns)
        shown = to_arrow(table, columns, labels=self._look.labels)
        return shown.cast(self._schema)


def _dtypes(empty: pa.Table, columns: Any) -> dict[bytes, bytes]:
    """Return what lets ``pandas.read_parquet`` make the dtypes of a query's frame."""
    if any(column.items for column in columns):
        return {}  # pandas cannot read the name of a list's dtype
    frame = to_pandas(empty, columns)
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    return {b"pandas": schema.metadata[b"pandas"]}


def _extract(
    folder: Folder, reading: Reading, before: Manifest, limit: int | None
) -> Extract:
    now = folder.manifest
    facts = facts_of(
        reading.plan.checked,
        reading.tally,
        rows=now.rows,
        truncated=now.truncated,
        limit=limit,
        warning=reading.warning,
        to=str(folder.path),
        parts=now.parts,
    )
    return Extract(
        path=folder.path,
        rows=now.rows,
        new_rows=now.rows - before.rows,
        parts=now.parts,
        facts=facts,
    )
