"""Rows and people of one test alone, and a sandbox to write them to."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd
import pytest

from campaign_magics import Sandbox, Session, connect
from campaign_magics.schemas.model import Schema
from campaign_magics.write.rows import Rows, read_rows


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


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """A sandbox to write to, for one module; ``reader`` may only read."""
    with Sandbox(tps=400, rows=50, seed=7, operators={"reader": ()}) as server:
        yield server


@pytest.fixture
def session(server: Sandbox) -> Iterator[Session]:
    """A session with it; what fails to order fails no longer when the test ends."""
    with connect(server) as session:
        yield session
    server.faults("off")
