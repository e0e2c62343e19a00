from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from campaign_magics.sandbox.data import standard_sources
from campaign_magics.sandbox.data.seed import seed_tables
from campaign_magics.sandbox.stores.columns import stored_columns
from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.reader import read_schema

AS_OF = date(2026, 1, 15)


class Seeded:
    """Every seeded row, by schema and by path."""

    def __init__(self, schemas: Mapping[str, Schema], **options: object) -> None:
        self.schemas = schemas
        parts: dict[str, list[pa.Table]] = {}
        for schema_id, table in seed_tables(schemas, as_of=AS_OF, **options):
            parts.setdefault(schema_id, []).append(table)
        self.tables = {name: pa.concat_tables(found) for name, found in parts.items()}

    def column(self, schema_id: str, path: str) -> pa.Array:
        names = {c.path: c.name for c in stored_columns(self.schemas[schema_id])}
        return self.tables[schema_id].column(names[path]).combine_chunks()

    def tuples(self, schema_id: str, *paths: str) -> Iterator[tuple[Any, ...]]:
        """Yield the values of some columns, a row at a time, record 0 included."""
        columns = [self.column(schema_id, path).to_pylist() for path in paths]
        return zip(*columns, strict=True)

    def list(self, schema_id: str, path: str) -> list[object]:
        """Return a column without record 0, as Python values."""
        found = self.column(schema_id, path).to_pylist()
        schema = self.schemas[schema_id]
        return found[1:] if schema.auto_pk and not schema.auto_uuid else found


def compile_with(*sources: str) -> dict[str, Schema]:
    texts = [*standard_sources().values(), *sources]
    documents = compile_schemas(texts, staging_twins=True)
    return {name: read_schema(root) for name, root in documents.items()}


@pytest.fixture(scope="session")
def standard() -> dict[str, Schema]:
    return compile_with()


@pytest.fixture(scope="session")
def seeded(standard: dict[str, Schema]) -> Seeded:
    return Seeded(standard, rows=1000, seed=7)


@pytest.fixture(scope="session")
def seed_with(standard: dict[str, Schema]) -> object:
    """Seed the standard schemas and these sources: ``seed_with(xml, rows=50)``."""

    def seed(*sources: str, rows: int = 100, seed: int = 7) -> Seeded:
        schemas = compile_with(*sources)
        return Seeded(schemas, rows=rows, seed=seed, standard=standard)

    return seed
