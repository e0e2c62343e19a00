"""By which method rows are written, and as which documents (protocol.md §6).

Whatever the user's operation, what is sent may be sent again: an ``insert`` goes out
as ``insertOrUpdate`` by the key, after a look that no record has it.  A call whose
answer was lost, or that is still at work when its sender has died, then never makes a
second record.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

import pyarrow as pa
import pyarrow.compute as pc

from ..errors import InvalidOption
from ..frames.dtypes import STRING
from ..schemas.model import Database
from .columns import bracketed
from .layout import OPERATION
from .rows import Rows

SESSION: Final = "xtk:session"
STAGING: Final = "Stg"
"""Behind the name of a schema: the one of its staging table (Adobe, "Specific FFDA
Campaign APIs")."""

Method = Literal["WriteCollection", "Ingest", "IngestExt"]
INSERT: Final = "insert"
UPSERT: Final = "insertOrUpdate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The method to call, and the schema that its documents name.

    ``staging`` is the schema of the staging table, empty where rows go straight to
    the ``database``.
    """

    method: Method
    schema: str
    database: Database
    staging: str = ""

    @property
    def element(self) -> str:
        """The tag of a document."""
        return self.target.partition(":")[2]

    @property
    def target(self) -> str:
        """The schema that documents name in ``xtkschema``."""
        return self.staging or self.schema

    def __str__(self) -> str:
        if self.staging:
            return f"{self.method} (waits in {self.staging} for replication)"
        return self.method


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """Rows as they go over the wire by a route.

    ``asked`` are the rows as the user means them: their operations differ where an
    ``insert`` is sent as ``insertOrUpdate``.
    """

    route: Route
    asked: Rows = field(repr=False)
    sent: Rows = field(repr=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.asked)

    def document(self, texts: list[str]) -> str:
        """Return the collection of these elements."""
        tag = f"{self.route.element}-collection"
        head = f'<{tag} xtkschema="{self.route.target}">'
        return "".join([head, *texts, f"</{tag}>"])


def choose_route(rows: Rows, ingest: bool | None) -> Route:
    """Return how rows of this schema are written; ``ingest`` forces it.

    A staged schema of the cloud database goes through its staging table: ``Ingest``
    where every row is new and holds its internal key, else ``IngestExt``, which can be
    repeated.  Raises InvalidOption when ``ingest`` is asked of a schema that is not
    staged.
    """
    schema = rows.schema
    staged = schema.staged and schema.database == "cloud"
    if ingest and not staged:
        raise InvalidOption(
            f"{schema.id} has no staging table to ingest into.",
            hint="leave out ingest=True (--ingest)",
        )
    if ingest and rows.has_collections:
        raise InvalidOption(
            "Rows with relations or items of a collection cannot be ingested.",
            hint="leave out ingest=True (--ingest)",
        )
    if ingest is False or not staged or rows.has_collections:
        return Route(
            method="WriteCollection", schema=schema.id, database=schema.database
        )
    return Route(
        method="Ingest" if _is_plain_insert(rows) else "IngestExt",
        schema=schema.id,
        database=schema.database,
        staging=f"{schema.id}{STAGING}",
    )


def parcel(rows: Rows, route: Route) -> Parcel:
    """Return the rows with documents as the route wants them."""
    element = replace(rows.layout.element, name=route.element)
    table = rows.table
    key = ",".join(map(bracketed, rows.key))
    if OPERATION in table.column_names:
        place = table.column_names.index(OPERATION)
        table = table.set_column(place, OPERATION, _repeatable(table.column(place)))
        element = replace(element, constants={**element.constants, "_key": key})
    else:
        operation = UPSERT if rows.operation == INSERT else rows.operation
        constants = {**element.constants, "_operation": operation, "_key": key}
        element = replace(element, constants=constants)
    sent = replace(rows, table=table, layout=replace(rows.layout, element=element))
    return Parcel(route=route, asked=rows, sent=sent)


def _is_plain_insert(rows: Rows) -> bool:
    internal = rows.schema.internal_key
    keyed = internal is not None and tuple(rows.key) == internal.paths
    return (
        keyed and rows.operation == INSERT and OPERATION not in rows.table.schema.names
    )


def _repeatable(operations: pa.ChunkedArray) -> pa.ChunkedArray:
    insert = pc.equal(operations, INSERT)
    return pc.if_else(insert, pa.scalar(UPSERT, STRING), operations)
