"""Both paths from an answer to a table; what holds for one holds for the other."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pytest

from campaign_magics.frames import arrow_schema, decode, decode_lxml
from campaign_magics.xtk.columns import Column

Decode = Callable[..., pa.Table]


@pytest.fixture(params=[decode, decode_lxml], ids=["fast", "lxml"])
def read(request: pytest.FixtureRequest) -> Decode:
    """Either path; whatever a test says holds for both."""
    path: Decode = request.param
    return path


def rows(
    read: Decode, answer: bytes, *columns: Column, element: str = "recipient"
) -> list[dict[str, object]]:
    """Decode, check that the types are the announced ones, return plain rows."""
    table = read(answer, columns, element=element)
    assert table.schema == arrow_schema(columns)
    table.validate(full=True)
    found: list[dict[str, object]] = table.to_pylist()
    return found
