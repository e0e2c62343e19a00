"""The standard schemas, compiled once for these tests."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from lxml import etree

from campaign_magics.sandbox.data import standard_sources
from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.reader import read_schemas


@pytest.fixture(scope="session")
def documents() -> Mapping[str, etree._Element]:
    """Compiled documents by name; tests do not change them."""
    return compile_schemas(standard_sources().values())


@pytest.fixture(scope="session")
def standard(documents: Mapping[str, etree._Element]) -> Mapping[str, Schema]:
    """The standard schemas by name."""
    return read_schemas(dict(documents))
