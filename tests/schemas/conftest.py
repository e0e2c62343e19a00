"""The standard schemas, compiled once, and a server that has them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from clocks import StillClock
from lxml import etree
from schemas.server import Server

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


@pytest.fixture
def server(documents: Mapping[str, etree._Element]) -> Server:
    return Server(dict(documents))


@pytest.fixture
def clock() -> StillClock:
    return StillClock(1_000_000.0)
