"""From staging to the cloud, exactly once (protocol.md §6; Adobe, "Data replication").

A batch is marked in the local database, applied to the cloud in one transaction with
its mark, then removed from the local one.  Whatever the moment of a crash, the next
move finds the mark, and ends the batch or applies it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

import pyarrow as pa

from ...errors import CampaignError
from ...schemas.compiler import STAGING
from ...schemas.model import Schema
from ...xtk.xml import parse_xml
from ..auth import Operator
from ..faults import Fault
from ..persist.causes import NotSaved
from ..persist.save import write_documents
from ..persist.shape import Shape, shape_of
from ..persist.tables import tables_of
from ..stores.columns import has_table, stored_columns
from ..stores.ddl import delete, select
from ..stores.journal import Entry
from ..stores.world import World

_BATCH: Final = 2_000
"""Documents moved at a time: other writers wait while a batch is applied."""


@dataclass(slots=True, kw_only=True)
class Moved:
    """What became of one schema's staged documents.

    ``rejected`` stay in staging for the next time; ``cause`` is the first's.
    """

    schema_id: str
    records: int = 0
    rejected: int = 0
    cause: str = ""


def move(world: World, schema_ids: Iterable[str] | None = None) -> list[Moved]:
    """Bring what is staged, for all schemas or those named, to the cloud database.

    Documents are applied in the order they came.  One that cannot be written is
    left behind and does not hold up the others.
    """
    wanted = None if schema_ids is None else {*schema_ids}
    staged = [world.schema(name) for name in world.schema_ids()]
    return [
        _move(world, schema)
        for schema in staged
        if schema.staged and has_table(schema)
        if wanted is None or schema.id in wanted
    ]


def is_waiting(world: World) -> bool:
    """Tell whether documents wait in staging."""
    return bool(world.journal.schema_ids())


def _move(world: World, schema: Schema) -> Moved:
    moved = Moved(schema_id=schema.id)
    with world.databases.alone():
        for batch in world.journal.batches(schema.id):
            _recover(world, schema, batch)
    last = 0
    while (last := _move_batch(world, schema, moved, last)) > 0:
        pass
    return moved


def _move_batch(world: World, schema: Schema, moved: Moved, last: int) -> int:
    """Move what comes after a number; return the last number, 0 when none came."""
    with world.databases.alone():  # nothing new is staged behind a batch's back
        entries = world.journal.waiting(schema.id, last, _BATCH)
        if not entries:
            if not moved.rejected:
                moved.records += _move_rows(world, schema)
            return 0
        if _try(world, schema, entries) is None:
            moved.records += len(entries)
        else:
            for entry in entries:
                _count(moved, _try(world, schema, [entry]))
    return entries[-1].id


def _recover(world: World, schema: Schema, batch: str) -> None:
    """End a batch that a crash interrupted."""
    if world.journal.was_applied(batch):
        _end(world, schema, batch, world.journal.entries(batch))
    else:
        world.journal.give_back(batch)


def _try(world: World, schema: Schema, entries: Sequence[Entry]) -> str | None:
    """Move a batch; return why it cannot be, None when it was."""
    batch = world.journal.begin(entries)
    try:
        with world.databases.cloud.transaction():
            _apply(world, entries)
            world.journal.mark_applied(batch)
    except (NotSaved, Fault, CampaignError) as exc:
        world.journal.give_back(batch, str(exc))
        return str(exc)
    _end(world, schema, batch, entries)
    return None


def _apply(world: World, entries: Sequence[Entry]) -> None:
    for (login, number), group in groupby(entries, lambda e: (e.author, e.author_id)):
        documents = [parse_xml(entry.document) for entry in group]
        write_documents(world, documents, Operator(login=login, id=number))


def _end(world: World, schema: Schema, batch: str, entries: Sequence[Entry]) -> None:
    """Remove an applied batch, and its rows in the staging table."""
    twin = _twin(world, schema)
    keys = list(dict.fromkeys(entry.key for entry in entries if entry.key))
    with world.databases.local.transaction():
        tables_of(world.databases)["local"].delete(twin, twin.key, keys)
        world.journal.end(batch)


def _move_rows(world: World, schema: Schema) -> int:
    """Move rows that were written to the staging table itself, by their key.

    Doing so twice is doing so once, which needs no mark.
    """
    twin = _twin(world, schema)
    if not twin.key:
        return 0
    names = [column.name for column in stored_columns(twin.schema)]
    with world.databases.local.transaction():
        batches = world.databases.run("local", select(twin.table, names))
        rows = pa.Table.from_batches(list(batches))
        if not len(rows):
            return 0
        keys = list(_keys(twin, rows))
        target = shape_of(schema)
        with world.databases.cloud.transaction():
            tables_of(world.databases)["cloud"].delete(target, target.key, keys)
            world.databases.load(schema, rows)
        world.databases.execute("local", delete(twin.table))
    return len(rows)


def _keys(shape: Shape, rows: pa.Table) -> Iterator[tuple[object, ...]]:
    columns = [rows.column(shape.columns[path].name).to_pylist() for path in shape.key]
    return zip(*columns, strict=True)


def _twin(world: World, schema: Schema) -> Shape:
    return shape_of(world.schema(f"{schema.id}{STAGING}"))


def _count(moved: Moved, cause: str | None) -> None:
    if cause is None:
        moved.records += 1
        return
    moved.rejected += 1
    moved.cause = moved.cause or cause
