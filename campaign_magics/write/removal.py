"""Changing and deleting what a condition selects: counted first, then done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd

from ..errors import AnswerLost, InvalidOption
from ..query.check import Checked
from ..query.model import SelectNode
from ..schemas.model import Field, Schema
from ..session import Connection
from ..session.consent import require_consent
from ..session.progress import Watch
from ..session.tally import Tally
from .columns import bracketed, target
from .commit import patience, rate_of
from .journal import Job, Journal
from .journal_file import journal_path
from .lease import Lease
from .options import Options
from .plan import Plan, plan_rows
from .result import WriteResult
from .route import SESSION
from .rows import Rows, read_rows
from .show import Shown, counted
from .where import read_paths, select_where, where_of, where_text

_SHOWN: Final = 10
_FIELDS: Final = 6
_TRIES: Final = 3
_DELETE: Final = "DeleteCollection"


@dataclass(frozen=True, kw_only=True, repr=False)
class Removal(Shown):
    """What a deletion by condition would do; nothing was deleted.  ``commit`` does it.

    ``found`` records match, ``sample`` has the first of them: their key, what Campaign
    calls each, and the fields of the condition.
    """

    end = "nothing was deleted; commit() deletes it"
    brief = ("delete", "found")

    schema: str
    database: str
    found: int
    sample: pd.DataFrame
    tps: float | None
    connection: Connection
    checked: Checked

    def commit(
        self, *, yes: str | None = None, progress: Watch | None = None
    ) -> WriteResult:
        """Delete what the condition selects now, in one call (``DeleteCollection``).

        ``landed`` is how many records are gone.  A profile for production wants its
        name in ``yes``.  A lost answer is looked after: the call can be repeated.
        Raises InvalidOption without consent, or when more records match than when this
        was planned; and what ``call`` raises.
        """
        require_consent(self.connection, yes, f"Deleting from {self.schema}")
        return _delete(self, progress)

    def lines(self) -> list[tuple[str, str]]:
        """Return name and text of each fact."""
        return [
            ("delete", f"from {self.schema} ({self.database})"),
            ("found", counted(self.found, "record")),
            ("where", where_text(self.checked.query)),
            ("calls", "1, and 2 to count"),
        ]

    def tables(self) -> list[tuple[str, pd.DataFrame]]:
        """Return what is shown below the facts: title and table."""
        return [("the first records", self.sample)]


def plan_removal(
    connection: Connection,
    schema: str,
    where: str,
    params: Mapping[str, Any] | None = None,
) -> Removal:
    """Count what a condition selects, and show the first records.

    ``where`` is a condition of SQL or XTK, or a ``<where>`` of a queryDef.  Raises
    InvalidOption for an empty one, QuerySyntaxError, UnknownName.
    """
    checked = select_where(connection, schema, where, params)
    sample = _sample(connection, checked)
    return Removal(
        schema=schema,
        database=checked.schema.database,
        found=connection.count(checked.query),
        sample=sample,
        tps=rate_of(connection, _DELETE),
        connection=connection,
        checked=checked,
    )


def plan_update(
    connection: Connection,
    schema: str,
    where: str,
    values: Mapping[str, object],
    params: Mapping[str, Any] | None = None,
    options: Options | None = None,
) -> Plan:
    """Return the plan that gives all records of a condition the same values.

    The keys of the records are read now; the rows are updated by them.  Raises what
    `plan_removal` and ``make_plan`` raise.
    """
    if not values:
        raise InvalidOption(
            "There is no value to give to the records.", hint='give {"@status": 0}'
        )
    checked = select_where(connection, schema, where, params)
    keys = connection.query(checked.query, limit=None)
    key = [str(name) for name in keys.columns]
    paths = {
        target(n, checked.schema, connection.schemas.__getitem__).path for n in values
    }
    if clash := paths & {node.expr.strip("[]") for node in checked.query.select}:
        raise InvalidOption(
            f"{', '.join(sorted(clash))} is the key of {schema}; it cannot be changed.",
            hint="change other columns",
        )
    frame = keys.copy()
    for name, value in values.items():
        frame[name] = pd.Series([value] * len(keys), dtype=object)
    chosen = replace(options or Options(), key=key, operation="update", nulls="clear")
    rows = read_rows(
        frame,
        checked.schema,
        connection.schemas.__getitem__,
        key=key,
        operation="update",
        links=chosen.links,
        nulls="clear",
    )
    _check_values(rows, values)
    return plan_rows(connection, rows, chosen, fresh=True)


def _check_values(rows: Rows, values: Mapping[str, object]) -> None:
    """Raise InvalidOption for a value that no record can take."""
    for problem in rows.problems.itertuples():
        if problem.column in values:
            raise InvalidOption(
                f"The value for {problem.column!r} cannot be written: {problem.reason}",
                hint="nothing was sent; give another value",
            )


def _sample(connection: Connection, checked: Checked) -> pd.DataFrame:
    """Return a few records: key, what Campaign calls each, what the condition reads."""
    query, schema = checked.query, checked.schema
    nodes = {node.expr: node for node in query.select}
    if schema.compute_string:
        nodes[""] = SelectNode(expr=schema.compute_string, alias="@record")
    for path in read_paths(query.where):
        nodes.setdefault(bracketed(path), SelectNode(expr=bracketed(path)))
    if len(nodes) == len(query.select):
        for field in _plain(schema):
            nodes.setdefault(field.path, SelectNode(expr=bracketed(field.path)))
    shown = replace(query, select=tuple(nodes.values()))
    return connection.query(shown, limit=_SHOWN)


def _plain(schema: Schema) -> list[Field]:
    """Return the first fields that say something of a record."""
    plain = (f for f in schema.fields if not (f.expr or f.xml or f.advanced))
    return list(islice(plain, _FIELDS))


def _delete(removal: Removal, watch: Watch | None) -> WriteResult:
    connection, tally = removal.connection, Tally()
    path = journal_path(connection.profile.url)
    query = removal.checked.query
    job = Job(
        schema=removal.schema,
        operation="delete",
        key="by condition",
        route=_DELETE,
        rows=removal.found,
    )
    with ExitStack() as stack:
        stack.enter_context(connection.trace(tally.called))
        journal = stack.enter_context(closing(Journal(path)))
        lease = Lease(path, removal.schema)
        lease.take(patience(job, watch))
        stack.callback(lease.give_back)
        before = connection.count(query)
        _check_count(removal, before)
        name = journal.begin(replace(job, rows=before))
        gone, outcome = 0, "interrupted"
        try:
            with connection.underway.reporter(watch) as reporter:
                gone = _sweep(removal, journal, name, before)
                reporter.arrived(gone, before, lambda: removal.tps)
            outcome = "done"
        except Exception as failure:
            outcome = type(failure).__name__
            raise
        finally:
            journal.end(name, outcome, landed=gone, skipped=0, rejected=0)
    return _result(removal, before, gone, tally, name, path)


def _check_count(removal: Removal, now: int) -> None:
    """Raise InvalidOption when more would be deleted than the plan has shown."""
    if now > removal.found:
        raise InvalidOption(
            f"{counted(now, 'record')} of {removal.schema} match now, "
            f"{removal.found:,} did when this was planned.",
            hint="plan it again, and look; nothing was deleted",
        )


def _sweep(removal: Removal, journal: Journal, job: str, before: int) -> int:
    """Delete, again when an answer is lost and records are left; return the gone."""
    connection, query = removal.connection, removal.checked.query
    digest = hashlib.sha256(f"{job} {where_text(query)}".encode()).hexdigest()
    lost: AnswerLost | None = None
    for _ in range(_TRIES):
        journal.sweeping(job, removal.schema, digest)
        try:
            connection.call(SESSION, _DELETE, removal.schema, where_of(query), False)
            lost = None
        except AnswerLost as error:
            journal.settle(digest, "doubtful")
            lost = error
        after = connection.count(query)
        if lost is None or not after:
            break
    else:
        if lost is not None:
            raise lost
    journal.settle(digest, "acknowledged")
    return max(0, before - after)


def _result(
    removal: Removal, before: int, gone: int, tally: Tally, job: str, path: Path
) -> WriteResult:
    left = before - gone
    notes = [
        f"{removal.found:,} matched when this was planned"
        if removal.found != before
        else "",
        f"{counted(left, 'record')} still there that match" if left else "",
    ]
    return WriteResult(
        schema=removal.schema,
        operation="delete",
        database=removal.database,
        total=before,
        landed=gone,
        skipped=0,
        rejected=pd.DataFrame(columns=["index", "column", "reason", "code"]),
        unsent=0,
        calls=tally.calls,
        seconds=tally.seconds,
        waited=tally.waited,
        job=job,
        path=path,
        note="; ".join(filter(None, notes)),
    )
