"""All rows of a reading in one table; what arrived is kept when it is cut short."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from lxml import etree

from ..errors import CampaignError, InvalidOption
from ..query.check import Checked
from ..query.to_xml import to_xml
from .facts import facts_of
from .page import Page
from .progress import Reporter
from .reading import Reading
from .result import Look, Result
from .way import ByKey, Key, way_of

if TYPE_CHECKING:
    import pandas as pd

RESUME = "the same query with resume=True (--resume) goes on"


class Interrupted(KeyboardInterrupt):
    """A reading was stopped by hand; renders as two lines, like our errors.

    ``facts["kept"]`` is the number of rows in ``Session.partial``.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.facts: dict[str, Any] = {}

    def _render_traceback_(self) -> list[str]:
        return [f"Interrupted: {self.message}", f"  hint: {self.hint}"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The pages that arrived before a reading was cut short."""

    digest: str
    checked: Checked
    look: Look
    pages: list[Page] = field(default_factory=list, repr=False)

    @property
    def rows(self) -> int:
        """Rows that arrived."""
        return sum(page.table.num_rows for page in self.pages)

    @property
    def behind(self) -> Key | None:
        """Where reading goes on."""
        return self.pages[-1].behind if self.pages else None

    def result(self, facts: dict[str, Any]) -> Result:
        """Return the rows as they would have been handed out."""
        table = pa.concat_tables([page.table for page in self.pages])
        records = table.num_rows
        table, columns = self.look.table(table, self.checked.columns)
        rows = {"rows": table.num_rows}
        if self.look.explode:
            rows["records"] = records
        labels = self.look.labels
        return Result(
            table=table, columns=columns, facts={**facts, **rows}, labels=labels
        )


def digest_of(checked: Checked, *options: object) -> str:
    """Return what tells a query from all others; its parameters are filled in."""
    xml = etree.tostring(to_xml(checked.query), method="c14n")
    return hashlib.sha256(xml + repr(options).encode()).hexdigest()


def gather(reading: Reading, kept: Kept, reporter: Reporter) -> None:
    """Add all pages of a reading to ``kept``, one by one."""
    for page in watched(reading, reporter):
        kept.pages.append(page)


def watched(reading: Reading, reporter: Reporter) -> Generator[Page]:
    """Yield the pages of a reading and report each, when the next is asked for."""
    with reporter, closing(iter(reading)) as pages:
        for page in pages:
            yield page
            if reporter.watched and reading.plan.wanted is None:
                reading.count_ahead()
            reporter.arrived(
                page.table.num_rows,
                reading.total,
                reading.rate,
                waited=reading.tally.waited,
            )


def frames(reading: Reading, look: Look, reporter: Reporter) -> Iterator[pd.DataFrame]:
    """Yield the pages of a reading as frames, each with the facts so far."""
    for page in watched(reading, reporter):
        checked = reading.plan.checked
        kept = Kept(digest="", checked=checked, look=look, pages=[page])
        yield kept.result(told(reading, kept, reading.plan.limit)).pandas()


def told(reading: Reading, kept: Kept, limit: int | None) -> dict[str, Any]:
    """Return the facts of a reading."""
    return facts_of(
        reading.plan.checked,
        reading.tally,
        rows=kept.rows,
        truncated=bool(kept.pages and kept.pages[-1].more),
        limit=limit,
        warning=reading.warning,
    )


def cut_short(failure: BaseException, kept: Kept, where: str) -> BaseException:
    """Return the error to raise when a reading ended early: it says what is kept.

    ``where`` says where the rows are.
    """
    said = f"{kept.rows:,} rows arrived{_up_to(kept.checked, kept.behind)}"
    failure = explained(failure, said, f"{where}; {RESUME}")
    if isinstance(failure, Interrupted | CampaignError):
        failure.facts["kept"] = kept.rows
    return failure


def explained(failure: BaseException, said: str, hint: str) -> BaseException:
    """Return an interrupt as `Interrupted`, and our errors with a longer hint."""
    if isinstance(failure, KeyboardInterrupt):
        return Interrupted(f"{said}.", hint=hint)
    if isinstance(failure, CampaignError):
        failure.hint = "; ".join(part for part in (failure.hint, said, hint) if part)
    return failure


def _up_to(checked: Checked, behind: Key | None) -> str:
    if behind is None:
        return ""
    way = way_of(checked)
    return f", up to {way.path} = {behind}" if isinstance(way, ByKey) else ""


def resumable(kept: Kept | None, digest: str) -> Kept:
    """Return what an earlier reading of the same query left.

    Raises InvalidOption when the last one that was cut short read another query.
    """
    if kept is None or kept.digest != digest:
        raise InvalidOption(
            "There is no interrupted reading of this query."
            if kept is None
            else "The interrupted reading was of another query.",
            hint="run the query without resume (--resume)",
        )
    return kept
