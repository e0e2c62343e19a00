"""Answering a queryDef: compile, run, write (protocol.md §5)."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot.errors import SqlglotError

from ...query.model import QueryDef
from ...schemas.model import Database
from ..faults import Fault, method_failed
from .answer import joined_bytes, rows_xml
from .causes import Refused
from .dialects import DialectName, shown
from .layout import Items
from .statement import Statement, compile_query
from .world import World

_URN: Final = "xtk:queryDef"
_DATABASE_ERRORS: Final = (
    duckdb.Error,
    sqlite3.Error,
    pa.ArrowException,
    OverflowError,
    UnicodeError,
)
_ENGINES: Final[dict[Database, str]] = {
    "local": "PGS-220000 PostgreSQL error",
    "cloud": "ODB-240000 ODBC error",
}
_SHOWN: Final[dict[Database, DialectName]] = {
    "local": "postgres",
    "cloud": "snowflake",
}


def execute(query: QueryDef, world: World) -> Iterator[bytes]:
    """Answer a query: the content of ``pdomOutput``, in pieces.

    Everything up to the first rows happens before this returns, so that what is wrong
    with the query raises ``Fault`` here; the other rows come as they are read.
    """
    with _faults("ExecuteQuery"):
        statement = compile_query(query, world)
        batches = _run(statement, world, list(statement.params))
        first = next(batches)
        if query.operation == "select":
            return _collection(statement, world, first, batches)
        return iter([_single(query, statement, world, first)])


def build_sql(query: QueryDef, world: World, dialect: DialectName | None = None) -> str:
    """Return the SQL of a query, its values as literals.

    Without a dialect it is what a real instance runs: PostgreSQL for the local
    database, Snowflake for the cloud.  Raises ``Fault``.
    """
    with _faults("BuildQuery"):
        if dialect is None:
            dialect = _SHOWN[
                compile_query(query, world, dialect=shown("postgres")).database
            ]
        return compile_query(query, world, dialect=shown(dialect)).sql


@contextmanager
def _faults(method: str) -> Iterator[None]:
    """Turn whatever is wrong with a query into the documented fault."""
    try:
        yield
    except Fault as exc:
        if exc.code == "SOP-330011":
            raise
        cause = f"{exc.code} {exc.text} {exc.detail}".strip()
        raise method_failed(_URN, method, cause) from None
    except Refused as exc:
        raise method_failed(_URN, method, str(exc)) from None
    except RecursionError:
        cause = "The query is nested too deeply."
        raise method_failed(_URN, method, cause) from None
    except SqlglotError as exc:
        raise method_failed(
            _URN, method, "The query cannot be written as SQL."
        ) from exc


def _run(
    statement: Statement, world: World, params: list[object]
) -> Iterator[pa.RecordBatch]:
    """Run a statement; the database's own errors become the documented fault."""
    try:
        yield from world.databases.run(statement.database, statement.sql, params)
    except _DATABASE_ERRORS as exc:
        cause = " ".join(str(exc).split())[:400]
        text = f"{_ENGINES[statement.database]}: {cause}"
        raise method_failed(_URN, "ExecuteQuery", text) from exc


def _collection(
    statement: Statement,
    world: World,
    first: pa.RecordBatch,
    rest: Iterator[pa.RecordBatch],
) -> Iterator[bytes]:
    name = statement.row.name
    if first.num_rows == 0:
        return iter([f"<{name}-collection/>".encode()])
    opening = f"<{name}-collection>".encode() + _rows(statement, world, first)
    others = (_rows(statement, world, batch) for batch in rest)
    return chain([opening], others, [f"</{name}-collection>".encode()])


def _single(
    query: QueryDef, statement: Statement, world: World, batch: pa.RecordBatch
) -> bytes:
    if batch.num_rows:
        return _rows(statement, world, batch)
    if query.operation == "get":
        cause = f"No '{query.schema}' document matches the query."
        raise method_failed(_URN, "ExecuteQuery", f"QRY-200001 {cause}")
    return f"<{statement.row.name}/>".encode()


def _rows(statement: Statement, world: World, batch: pa.RecordBatch) -> bytes:
    return joined_bytes(_texts(statement, world, batch))


def _texts(statement: Statement, world: World, batch: pa.RecordBatch) -> pa.Array:
    def lists(items: Items, keys: pa.Array) -> pa.Array:
        return _sub_list(items.rows, world, keys)

    return rows_xml(statement.row, batch, lists)


def _sub_list(statement: Statement, world: World, keys: pa.Array) -> pa.Array:
    """Return the XML of the items of each key, in the order of the sub-list."""
    wanted = pc.unique(keys).drop_null()
    params = statement.given(json.dumps(wanted.to_pylist()))
    texts: list[pa.Array] = []
    owners: list[pa.Array] = []
    for batch in _run(statement, world, params):
        texts.append(_texts(statement, world, batch))
        owners.append(batch.column(int(statement.key or 0)))
    joined = _by_owner(pa.concat_arrays(texts), pa.concat_arrays(owners), wanted)
    return pc.fill_null(joined.take(pc.index_in(keys, wanted)), "")


def _by_owner(texts: pa.Array, owners: pa.Array, keys: pa.Array) -> pa.Array:
    """Join the texts that belong to the same key, keeping their order."""
    places = pc.index_in(owners.cast(keys.type), keys).to_numpy()
    order = np.argsort(places, kind="stable")
    starts = np.searchsorted(places[order], np.arange(len(keys) + 1))
    lists = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), texts.take(order))
    return pc.binary_join(lists, "")
