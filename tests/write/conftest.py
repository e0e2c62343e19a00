"""The sandbox's schemas, compiled once; rows read against them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from lxml import etree

from campaign_magics.errors import UnknownName
from campaign_magics.sandbox.data import standard_sources
from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.reader import read_schema
from campaign_magics.write.rows import Rows, read_rows


@pytest.fixture(scope="session")
def lookup() -> Callable[[str], Schema]:
    sources = [etree.fromstring(xml) for xml in standard_sources().values()]
    schemas = {k: read_schema(v) for k, v in compile_schemas(sources).items()}

    def find(name: str) -> Schema:
        if name not in schemas:
            raise UnknownName(f"Unknown schema '{name}'.", hint="did you mean …?")
        return schemas[name]

    return find


@pytest.fixture(scope="session")
def rows(lookup: Callable[[str], Schema]) -> Callable[..., Rows]:
    """Read data as rows of ``nms:recipient``, found by email unless said otherwise."""

    def read(data: object, schema: str = "nms:recipient", **wishes: Any) -> Rows:
        if schema == "nms:recipient":
            wishes.setdefault("key", "@email")
        return read_rows(data, lookup(schema), lookup, **wishes)

    return read


@pytest.fixture
def tag(request: pytest.FixtureRequest) -> str:
    """What keeps the records of one test apart."""
    return re.sub(r"\W+", "-", request.node.name)[-60:]


@pytest.fixture
def people(tag: str) -> Callable[..., pd.DataFrame]:
    def make(count: int, **columns: Any) -> pd.DataFrame:
        emails = [f"p{n}@{tag}.example" for n in range(count)]
        return pd.DataFrame({"email": emails, "account": tag, **columns})

    return make
