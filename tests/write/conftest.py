"""Rows read against the standard schemas, and people of one test alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

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
