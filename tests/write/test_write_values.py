"""Every stored field of the standard schemas takes what a frame gives it, and keeps it.

Against the real sandbox: random values of each type go out as documents, and the frame
of a query compares equal; that frame goes back, and nothing has changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from lxml import etree

import campaign_magics as cm
from campaign_magics.frames.texts import to_texts
from campaign_magics.schemas.model import Field, Schema
from campaign_magics.write.rows import read_rows
from campaign_magics.xtk.types import Kind

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
SCHEMAS = {
    "nms:recipient": "@email",
    "nms:group": "@name",
    "nms:service": "@name",
    "nms:country": "@isoA2",
    "xtk:option": "@name",
    "nms:delivery": "@internalName",
}
"""Where to write, and the key to write by."""

BY_SERVER = {
    "@lastModified", "@modifiedBy-id", "@createdBy-id", "@id", "@md5", "@folder-id",
    "@folderProcess-id",
}  # fmt: skip
"""Fields that a write leaves to the server."""

BITS = {"byte": 8, "short": 16, "int64": 64}
TIMES = {
    "min_value": datetime(1900, 1, 1),  # noqa: DTZ001 - the strategy adds the zone
    "max_value": datetime(2100, 1, 1),  # noqa: DTZ001
}


@pytest.fixture(scope="module")
def session() -> Iterator[Any]:
    with cm.Sandbox(tps=500, rows=20, seed=7) as server:
        yield cm.connect(server)


def values_of(field: Field) -> st.SearchStrategy[Any]:
    """Draw what a field can hold."""
    if field.enum is not None:
        return st.sampled_from([one.name for one in field.enum.values])
    bits = BITS.get(field.type.name, 32)
    match field.type.kind:
        case Kind.INTEGER:
            return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
        case Kind.NUMBER:
            return st.floats(-1e12, 1e12).map(lambda x: float(f"{x:.12g}"))
        case Kind.BOOLEAN:
            return st.booleans()
        case Kind.DATE:
            return st.dates(date(1900, 1, 1), date(2100, 1, 1))
        case Kind.DATETIME:
            return st.datetimes(**TIMES, timezones=st.just(UTC))
        case Kind.TIMESPAN:
            return st.integers(0, 2**30).map(lambda x: timedelta(seconds=x))
    texts = st.text(min_size=1, max_size=min(field.length or 40, 40))
    return texts.filter(lambda text: not FORBIDDEN.search(text))


def fields_of(schema: Schema, key: str) -> list[Field]:
    """Return what is written of a schema: stored fields that are no keys of links."""
    links = {join.source for link in schema.links for join in link.joins}
    return [
        field
        for field in schema.fields
        if field.expr is None
        and field.path not in BY_SERVER | links
        and field.path != key
        and field.type.name not in ("uuid", "ANY")
    ]


def written(session: Any, frame: pd.DataFrame, schema: str, key: str) -> None:
    schemas = session.schemas
    rows = read_rows(frame, schemas[schema], schemas.__getitem__, key=key)
    assert rows.problems.empty, rows.problems
    name = schema.partition(":")[2]
    text = "".join(rows.documents(0, len(rows)))
    whole = f'<{name}-collection xtkschema="{schema}">{text}</{name}-collection>'
    session.call("xtk:session", "WriteCollection", etree.fromstring(whole))


@pytest.mark.parametrize("schema", SCHEMAS)
@settings(
    max_examples=6,
    phases=[Phase.explicit, Phase.generate],  # each example is five calls
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_every_field_keeps_its_value(
    session: Any, schema: str, data: st.DataObject
) -> None:
    """Boundaries of numbers, any text, moments; a gap leaves what was there."""
    key = SCHEMAS[schema]
    fields = fields_of(session.schemas[schema], key)
    row = {field.path: data.draw(values_of(field)) for field in fields}
    frame = pd.DataFrame({key: ["Z1"], **{p: [v] for p, v in row.items()}})
    written(session, frame, schema, key)
    nodes = "".join(f'<node expr="{path}"/>' for path in (key, *row))
    query = (
        f'<queryDef schema="{schema}" operation="select"><select>{nodes}</select>'
        f"<where><condition expr=\"{key}='Z1'\"/></where></queryDef>"
    )
    read = session.query(query)
    assert len(read) == 1
    for field, column in zip(fields, read.columns[1:], strict=True):
        sent = to_texts([row[field.path]], field.type, field.enum).text.to_pylist()
        kept = to_texts([read[column][0]], field.type, field.enum).text.to_pylist()
        assert kept == sent, field
    written(session, read, schema, key)
    pd.testing.assert_frame_equal(session.query(query), read)
    gaps = frame.assign(**dict.fromkeys(row)).astype(object)
    written(session, gaps, schema, key)
    pd.testing.assert_frame_equal(session.query(query), read)
