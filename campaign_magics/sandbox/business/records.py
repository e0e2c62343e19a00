"""Rows of a schema by path, for machinery that knows what it stores."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from ...schemas.model import Schema
from ..data.draft import to_table
from ..stores.columns import XML_COLUMN, arrow_schema, stored_columns
from ..stores.ddl import delete, quoted, select
from ..stores.world import World

MEMO: Final = ""
"""The path of the XML memo, where a record keeps its XML fields."""

Row = dict[str, Any]


class Table:
    """The rows of one schema, in the database they live in.

    Conditions are equalities, by path; times are naive datetimes in UTC.
    """

    def __init__(self, world: World, schema_id: str) -> None:
        self.schema: Schema = world.schema(schema_id)
        self._world = world
        self._names = {c.path: c.name for c in stored_columns(self.schema)}
        self._paths = {name: path for path, name in self._names.items()}
        self._names.setdefault(MEMO, XML_COLUMN)

    @property
    def paths(self) -> list[str]:
        """The paths of all stored fields, the memo's included."""
        return list(self._paths.values())

    def read(
        self, paths: Sequence[str], where: Mapping[str, Any], more: str = ""
    ) -> pa.Table:
        """Return columns, named by path, of the rows that match; ``more`` is SQL."""
        sql = select(str(self.schema.table), [self._names[path] for path in paths])
        test, params = self._where(where)
        batches = list(
            self._world.databases.run(
                self.schema.database, f"{sql}{test} {more}", params
            )
        )
        return pa.Table.from_batches(batches).rename_columns(list(paths))

    def first(self, paths: Sequence[str], where: Mapping[str, Any]) -> Row | None:
        """Return one row that matches, None when there is none."""
        rows: list[Row] = self.read(paths, where, "LIMIT 1").to_pylist()
        return rows[0] if rows else None

    def insert(self, values: Mapping[str, Any], count: int = 1) -> None:
        """Store new rows: columns by path, or one value for all of them."""
        self._world.databases.load(self.schema, to_table(self.schema, values, count))

    def number(self, count: int = 1) -> range:
        """Return the keys of that many new rows."""
        return self._world.sequences.take(self.schema.sequence, count)

    def update(self, where: Mapping[str, Any], values: Mapping[str, Any]) -> int:
        """Change the rows that match; return how many."""
        table = quoted(str(self.schema.table))
        pairs = ", ".join(f"{quoted(self._names[path])} = ?" for path in values)
        test, params = self._where(where)
        # Names come from the schema and are quoted; values are parameters.
        sql = f"UPDATE {table} SET {pairs}{test}"  # noqa: S608
        given = [self._stored(value) for value in values.values()]
        return self._world.databases.execute(
            self.schema.database, sql, [*given, *params]
        )

    def delete(self, where: Mapping[str, Any], more: str = "") -> int:
        """Delete the rows that match; ``more`` is SQL that goes on the condition."""
        sql = delete(str(self.schema.table), [self._names[path] for path in where])
        given = [self._stored(value) for value in where.values()]
        return self._world.databases.execute(
            self.schema.database, f"{sql} {more}", given
        )

    def copy_to_cloud(self, where: Mapping[str, Any]) -> None:
        """Replace the cloud's copies of a local table's rows by the rows that match.

        The replication policy ``SingleRow`` (Adobe v8, "Data replication").
        """
        table, cloud = str(self.schema.table), self._world.databases.cloud
        rows = self.read(self.paths, where)
        types = arrow_schema(self.schema, "cloud")
        names = [self._names[path] for path in self.paths]
        columns = [
            column.cast(types.field(name).type)
            for name, column in zip(names, rows.columns, strict=True)
        ]
        with cloud.transaction():
            keys = [self._names[path] for path in where]
            cloud.execute(delete(table, keys), list(where.values()))
            if rows.num_rows:
                cloud.load(table, pa.table(columns, names=names))

    def name(self, path: str) -> str:
        """Return the column of a path, quoted."""
        return quoted(self._names[path])

    def _where(self, where: Mapping[str, Any]) -> tuple[str, list[Any]]:
        tests = [f"{quoted(self._names[path])} = ?" for path in where]
        test = f" WHERE {' AND '.join(tests)}" if tests else ""
        return test, [self._stored(value) for value in where.values()]

    def _stored(self, value: Any) -> Any:
        if isinstance(value, int):
            return int(value)  # booleans and enumerations too
        if isinstance(value, datetime) and self.schema.database == "local":
            return value.isoformat(sep=" ", timespec="milliseconds")
        return value


@contextmanager
def repeatable(world: World) -> Iterator[None]:
    """Make the block one transaction of both databases, the cloud's first.

    Killed between the two commits, the local database still says what is to be done;
    done again, it replaces what the first time wrote to the cloud.
    """
    with world.databases.local.transaction(), world.databases.cloud.transaction():
        yield


def moment(seconds: float) -> datetime:
    """Return a time of the clock as rows hold it: UTC, whole milliseconds."""
    when = datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    return when.replace(microsecond=when.microsecond // 1000 * 1000)


def seconds(value: str | datetime | None) -> float | None:
    """Return a stored time as the clock tells it, None when there is none."""
    if value is None or value == "":
        return None
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC).timestamp()
