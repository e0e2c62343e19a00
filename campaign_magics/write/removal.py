"""Changing and deleting what a condition selects: counted first, then done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

import pandas as pd

from ..errors import InvalidOption
from ..query.check import Checked
from ..query.model import SelectNode
from ..schemas.model import Field, Schema
from ..session import Connection
from ..session.consent import require_consent
from ..session.progress import Watch
from .columns import bracketed, target
from .commit import rate_of
from .options import Options
from .plan import Plan, plan_rows
from .result import WriteResult
from .rows import Rows, read_rows
from .show import Shown, counted
from .stopping import nothing_sent
from .sweep import DELETE, sweep
from .where import read_paths, select_where, where_text

_SHOWN: Final = 10
_FIELDS: Final = 6


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
        return sweep(self, progress)

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


@nothing_sent()
def plan_removal(
    connection: Connection,
    schema: str,
    where: str,
    params: Mapping[str, Any] | None = None,
) -> Removal:
    """Count what a condition selects, and show the first records.

    ``where`` is a condition of SQL or XTK, or a ``<where>`` of a queryDef.  Raises
    InvalidOption for an empty one, QuerySyntaxError, UnknownName, Interrupted.
    """
    checked = select_where(connection, schema, where, params)
    sample = _sample(connection, checked)
    return Removal(
        schema=schema,
        database=checked.schema.database,
        found=connection.count(checked.query),
        sample=sample,
        tps=rate_of(connection, DELETE),
        connection=connection,
        checked=checked,
    )


@nothing_sent()
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
