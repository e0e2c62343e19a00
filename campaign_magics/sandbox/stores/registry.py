"""Schemas as records: the rows of xtk:srcSchema and xtk:schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from lxml import etree

from ...schemas.model import Schema
from ...xtk.xml import parse_xml
from ..data.draft import to_table
from .columns import stored_columns

_COPIED = (
    "label",
    "labelSingular",
    "desc",
    "img",
    "mappingType",
    "extendedSchema",
    "implements",
    "md5",
)
_FLAGS = ("library", "view")


def registry_rows(
    schema: Schema, documents: Mapping[str, bytes], now: float
) -> pa.Table:
    """Return one row per document, for a schema shaped like xtk:schema.

    ``now`` is in seconds since the epoch.
    """
    when = datetime.fromtimestamp(now, UTC).replace(tzinfo=None)
    roots = [parse_xml(xml) for xml in documents.values()]
    values: dict[str, Any] = {
        "@namespace": _column(roots, "namespace"),
        "@name": _column(roots, "name"),
        **{f"@{name}": _column(roots, name) for name in _COPIED},
        **{f"@{name}": [r.get(name) == "true" for r in roots] for name in _FLAGS},
        "@entitySchema": schema.id,
        "@created": when,
        "@lastModified": when,
        "data": pa.array([xml.decode() for xml in documents.values()]),
    }
    return to_table(schema, values, len(roots))


def paths_to_sql(schema: Schema, *paths: str) -> list[str]:
    """Return the SQL names of these paths of a schema."""
    names = {column.path: column.name for column in stored_columns(schema)}
    return [names[path] for path in paths]


def _column(roots: Iterable[etree._Element], name: str) -> pa.Array:
    return pa.array([root.get(name) for root in roots], pa.string())
