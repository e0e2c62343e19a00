"""Changing and deleting what a condition selects: counted first, then done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import pandas as pd
from lxml import etree

from ..errors import AnswerLost, InvalidOption, QuerySyntaxError
from ..query.check import Checked
from ..query.from_xml import from_xml
from ..query.model import Condition, QueryDef, SelectNode
from ..query.to_xml import to_xml
from ..schemas.model import Schema
from ..session import Connection
from ..session.consent import require_consent
from ..session.progress import Watch
from ..session.tally import Tally
from ..xtk.xml import XmlError, local_name, parse_xml
from .columns import bracketed, target
from .commit import rate_of
from .journal import Job, Journal, journal_path
from .plan import Options, Plan, plan_rows
from .result import WriteResult
from .route import SESSION
from .rows import read_rows
from .show import as_html, as_text

_SHOWN: Final = 10
_TRIES: Final = 3
_DELETE: Final = "DeleteCollection"


@dataclass(frozen=True, kw_only=True)
class Removal:
    """What a deletion by condition would do; nothing was deleted.  ``commit`` does it.

    ``found`` records match, ``sample`` has the first of them.
    """

    schema: str
    database: str
    found: int
    sample: pd.DataFrame = field(repr=False)
    tps: float | None
    connection: Connection = field(repr=False)
    checked: Checked = field(repr=False)

    def commit(
        self, *, yes: str | None = None, progress: Watch | None = None
    ) -> WriteResult:
        """Delete what the condition selects now, in one call (``DeleteCollection``).

        ``landed`` is how many records are gone.  A profile for production wants its
        name in ``yes``.  A lost answer is looked after: the call can be repeated.
        Raises InvalidOption without consent, and what ``call`` raises.
        """
        require_consent(self.connection, yes, f"Deleting from {self.schema}")
        return _delete(self, progress)

    def lines(self) -> list[tuple[str, str]]:
        """Return name and text of each fact."""
        return [
            ("delete", f"from {self.schema} ({self.database})"),
            ("found", f"{self.found:,} records"),
            ("where", where_text(self.checked.query)),
            ("calls", "1, and 2 to count"),
        ]

    def __str__(self) -> str:
        return as_text(self.lines(), self._tables(), _NOTHING)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))

    def _repr_html_(self) -> str:
        return as_html(self.lines(), self._tables(), _NOTHING)

    def _tables(self) -> list[tuple[str, pd.DataFrame]]:
        return [("the first records", self.sample)]


_NOTHING: Final = "nothing was deleted; commit() (--commit) deletes it"


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
    sample = connection.query(_shown(checked.query, checked.schema), limit=_SHOWN)
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
    return plan_rows(connection, rows, chosen, fresh=True)


def select_where(
    connection: Connection,
    schema: str,
    where: str,
    params: Mapping[str, Any] | None,
) -> Checked:
    """Return the checked query for the keys of what a condition selects."""
    if not where.strip():
        raise InvalidOption(
            "The condition is empty; it would mean every record.",
            hint="say which records: '@status = 0', or '1 = 1' if all are meant",
        )
    found = connection.schemas[schema]
    key = found.internal_key
    if key is None:
        raise InvalidOption(
            f"{schema} has no key to find records by.", hint="choose another schema"
        )
    conditions = _conditions(connection, schema, where, params)
    select = tuple(SelectNode(expr=bracketed(path)) for path in key.paths)
    return connection.check(QueryDef(schema=schema, select=select, where=conditions))


def _conditions(
    connection: Connection, schema: str, where: str, params: Mapping[str, Any] | None
) -> tuple[Condition, ...]:
    """Read a condition; anything but a condition in its place is refused."""
    text = where.strip()
    if text.startswith("<"):
        return _from_where(connection, schema, text, params)
    # Read as a query and checked: what is not a condition is refused below.
    sql = f"SELECT CountAll() FROM {schema} WHERE {where}"  # noqa: S608
    try:
        query = connection.check(sql, params).query
    except QuerySyntaxError:
        if (found := _from_xtk(connection, schema, text, params)) is None:
            raise
        return found
    more = (query.order_by, query.group_by, query.having, query.line_count)
    if any(more) or query.start_line or query.distinct:
        raise QuerySyntaxError(
            "More than a condition is given.",
            hint="leave out ORDER BY, GROUP BY, HAVING and LIMIT",
            source=where,
            span=(0, len(where)),
        )
    return query.where


def _from_xtk(
    connection: Connection, schema: str, text: str, params: Mapping[str, Any] | None
) -> tuple[Condition, ...] | None:
    """Read a condition that only XTK can say (``@created > #2024-01-01#``)."""
    count = SelectNode(expr="CountAll()")
    query = QueryDef(schema=schema, select=(count,), where=(Condition(expr=text),))
    try:
        return connection.check(query, params).query.where
    except QuerySyntaxError:
        return None


def _from_where(
    connection: Connection, schema: str, text: str, params: Mapping[str, Any] | None
) -> tuple[Condition, ...]:
    try:
        element = parse_xml(text)
    except XmlError as exc:
        raise QuerySyntaxError(
            f"The XML cannot be read: {exc}.",
            hint='write <where><condition expr="@status = 0"/></where>',
        ) from exc
    if local_name(element) != "where" or not len(element):
        raise QuerySyntaxError(
            f"<{local_name(element)}> is no condition.",
            hint='write <where><condition expr="@status = 0"/></where>',
        )
    document = etree.Element("queryDef", schema=schema)
    select = etree.SubElement(document, "select")
    etree.SubElement(select, "node", expr="CountAll()")
    document.append(element)
    return connection.check(from_xml(document), params).query.where


def where_text(query: QueryDef) -> str:
    """Return a query's condition as XML."""
    return etree.tostring(_where(query), encoding="unicode")


def _where(query: QueryDef) -> etree._Element:
    where = to_xml(query).find("where")
    if where is None:
        raise InvalidOption("The condition is empty.", hint="say which records")
    return where


def _shown(query: QueryDef, schema: Schema) -> QueryDef:
    """Return the query for the key and the first columns of a few records."""
    paths = [node.expr.strip("[]") for node in query.select]
    plain = [f for f in schema.fields if not (f.expr or f.xml or f.advanced)]
    named = [field.path for field in plain if field.path not in paths][:5]
    nodes = tuple(SelectNode(expr=bracketed(path)) for path in (*paths, *named))
    return replace(query, select=nodes)


def _delete(removal: Removal, watch: Watch | None) -> WriteResult:
    connection, tally = removal.connection, Tally()
    path = journal_path(connection.profile.url)
    query = removal.checked.query
    with connection.trace(tally.called), closing(Journal(path)) as journal:
        before = connection.count(query)
        job = journal.begin(
            Job(
                schema=removal.schema,
                operation="delete",
                key="by condition",
                route=_DELETE,
                rows=before,
            )
        )
        gone, outcome = 0, "interrupted"
        try:
            with connection.underway.reporter(watch) as reporter:
                gone = _sweep(removal, journal, job, before)
                reporter.arrived(gone, before, lambda: removal.tps)
            outcome = "done"
        except Exception as failure:
            outcome = type(failure).__name__
            raise
        finally:
            journal.end(job, outcome, landed=gone, skipped=0, rejected=0)
    return _result(removal, before, gone, tally, job, path)


def _sweep(removal: Removal, journal: Journal, job: str, before: int) -> int:
    """Delete, again when an answer is lost and records are left; return the gone."""
    connection, query = removal.connection, removal.checked.query
    digest = hashlib.sha256(f"{job} {where_text(query)}".encode()).hexdigest()
    lost: AnswerLost | None = None
    for _ in range(_TRIES):
        journal.sweeping(job, removal.schema, digest)
        try:
            connection.call(SESSION, _DELETE, removal.schema, _where(query), False)
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
    return before - after


def _result(
    removal: Removal, before: int, gone: int, tally: Tally, job: str, path: Path
) -> WriteResult:
    left = before - gone
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
        note=f"{left:,} records match still" if left else "",
    )
