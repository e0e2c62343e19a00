"""Collections as rows: every item once, every record at least once."""

from __future__ import annotations

import pyarrow as pa
import pytest

from campaign_magics.errors import InvalidOption
from campaign_magics.frames import arrow_schema, to_arrow
from campaign_magics.frames.explode import explode
from campaign_magics.xtk.columns import Column
from campaign_magics.xtk.types import LONG, STRING, EnumValue

pytestmark = pytest.mark.pure

STATES = (
    EnumValue(name="on", label="Switched on", value="1"),
    EnumValue(name="off", label="Switched off", value="0"),
)
TAGS = Column(
    name="tags", steps=("tag",), type=STRING,
    items=(Column(name="name", steps=("@name",), type=STRING),),
)  # fmt: skip
ITEMS = Column(
    name="items",
    steps=("item",),
    type=STRING,
    items=(
        Column(name="n", steps=("@n",), type=LONG),
        Column(name="state", steps=("@state",), type=STRING, values=STATES),
    ),
)
ID = Column(name="id", steps=("@id",), type=LONG)
LAST = Column(name="last", steps=("@last",), type=STRING)


def table(columns: list[Column], rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=arrow_schema(columns))


def item(n: int, state: str | None) -> dict[str, object]:
    return {"n": n, "state": state}


def test_each_item_is_a_row_beside_its_record() -> None:
    columns = [ID, ITEMS, LAST]
    rows: list[dict[str, object]] = [
        {"id": 1, "items": [item(7, "1"), item(8, "9")], "last": "a"},
        {"id": 2, "items": [], "last": "b"},
        {"id": 3, "items": [item(9, None)], "last": "c"},
    ]
    flat, now = explode(table(columns, rows), columns)
    assert [column.name for column in now] == ["id", "items.n", "items.state", "last"]
    assert to_arrow(flat, now, labels=True).to_pylist() == [
        {"id": 1, "items.n": 7, "items.state": "Switched on", "last": "a"},
        {"id": 1, "items.n": 8, "items.state": "9", "last": "a"},
        {"id": 2, "items.n": None, "items.state": None, "last": "b"},
        {"id": 3, "items.n": 9, "items.state": None, "last": "c"},
    ]


def test_lists_inside_items_are_taken_apart_too() -> None:
    outer = Column(name="o", steps=("o",), type=STRING, items=(LAST, TAGS))
    rows: list[dict[str, object]] = [
        {"o": [{"last": "x", "tags": [{"name": "p"}, {"name": "q"}]}]},
        {"o": []},
    ]
    flat, _ = explode(table([outer], rows), [outer])
    assert flat.to_pylist() == [
        {"o.last": "x", "o.tags.name": "p"},
        {"o.last": "x", "o.tags.name": "q"},
        {"o.last": None, "o.tags.name": None},
    ]


def test_chunks_and_no_rows_and_no_lists() -> None:
    columns = [ID, ITEMS]
    one = table(columns, [{"id": 1, "items": [{"n": 1, "state": "0"}]}])
    flat, now = explode(pa.concat_tables([one, one]), columns)
    assert flat.num_rows == 2
    empty, _ = explode(table(columns, []), columns)
    assert empty.num_rows == 0
    assert empty.schema.equals(flat.schema)
    again, same = explode(flat, now)
    assert again is flat
    assert same == now


def test_two_collections_side_by_side_are_refused() -> None:
    columns = [ITEMS, TAGS]
    with pytest.raises(InvalidOption, match="items and tags"):
        explode(table(columns, []), columns)
