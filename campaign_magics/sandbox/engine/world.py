"""What the engine needs of the world around it, and nothing more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import pyarrow as pa

from ...clock import Clock
from ...schemas.model import Database, Schema


class Databases(Protocol):
    """The two databases, by name."""

    def run(
        self, database: Database, sql: str, params: Sequence[Any] = ()
    ) -> Iterator[pa.RecordBatch]:
        """Run a query; at least one batch comes, empty when there is no row."""


class World(Protocol):
    """An instance: schemas, databases, time and the server's time zone."""

    @property
    def databases(self) -> Databases:
        """Where the rows are."""

    @property
    def clock(self) -> Clock:
        """What ``GetDate()`` reads."""

    @property
    def timezone(self) -> str:
        """The server's zone, an IANA name: where days begin (protocol.md §11)."""

    def schema(self, schema_id: str, /) -> Schema:
        """Return a compiled schema, or raise ``Fault``."""
