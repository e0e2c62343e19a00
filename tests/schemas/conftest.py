"""The standard schemas, and a server that has them."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from clocks import StillClock
from lxml import etree
from schemas.server import Server
from standard import standard_documents, standard_schemas

from campaign_magics.schemas.model import Schema


@pytest.fixture(scope="session")
def documents() -> Mapping[str, etree._Element]:
    """Compiled documents by name; tests do not change them."""
    return standard_documents()


@pytest.fixture(scope="session")
def standard() -> Mapping[str, Schema]:
    """The standard schemas by name."""
    return standard_schemas()


@pytest.fixture
def server(documents: Mapping[str, etree._Element]) -> Server:
    return Server(dict(documents))


@pytest.fixture
def clock() -> StillClock:
    return StillClock(1_000_000.0)
