"""What writing asks of a schema again and again, worked out once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...schemas.model import Database, Link, Schema
from ...xtk.types import Kind
from ..stores.columns import StoredColumn, stored_columns
from .causes import NotSaved

MEMO = ""
"""The path that stands for a record's XML memo among its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """A schema's columns by path, the paths of its key, and its element names.

    ``prefixes`` are the elements that hold known paths (``location``).
    ``numbered`` tells that records take their key from a sequence.
    """

    schema: Schema
    columns: Mapping[str, StoredColumn]
    key: tuple[str, ...]
    prefixes: frozenset[str]
    numbered: bool
    empties: Mapping[str, int | None]
    """What stands for no value, by path: 0 for numbers."""

    @property
    def database(self) -> Database:
        """Where the rows are."""
        return self.schema.database

    @property
    def table(self) -> str:
        """The name of the table."""
        return str(self.schema.table)


def shape_of(schema: Schema) -> Shape:
    """Work out a schema's shape.  Raises NotSaved when it has no table."""
    columns = {column.path: column for column in stored_columns(schema)}
    if not schema.table or not columns:
        raise NotSaved(f"The schema '{schema.id}' has no table to write to.")
    key = schema.internal_key
    paths = key.paths if key and all(path in columns for path in key.paths) else ()
    numeric = len(paths) == 1 and columns[paths[0]].type.kind is Kind.INTEGER
    return Shape(
        schema=schema,
        columns=columns,
        key=paths,
        prefixes=_prefixes(schema),
        numbered=schema.auto_pk and not schema.auto_uuid and numeric,
        empties={path: column.storage.default for path, column in columns.items()},
    )


def link_joins(shape: Shape, link: Link) -> tuple[tuple[str, str], ...]:
    """Return a link's joins, (path here, path there), that start at columns here."""
    return tuple((j.source, j.target) for j in link.joins if j.source in shape.columns)


def _prefixes(schema: Schema) -> frozenset[str]:
    known = [*schema.field_by_path, *schema.link_by_path, *schema.collection_by_path]
    found: set[str] = set()
    for path in known:
        steps = path.split("/")
        found.update("/".join(steps[:size]) for size in range(1, len(steps)))
    return frozenset(found)
