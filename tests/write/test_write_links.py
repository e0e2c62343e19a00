"""Links, relations and collections of a row: elements, keys, and what goes wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from campaign_magics.errors import InvalidOption, UserError
from campaign_magics.write.rows import Rows

pytestmark = pytest.mark.pure
Read = Callable[..., Rows]
HEAD = '<recipient _operation="insertOrUpdate" _key="@email" email="a"'


def one(rows: Read, values: dict[str, Any], **wishes: Any) -> Rows:
    return rows([{"email": "a", **values}], **wishes)


def reasons(read: Rows) -> list[tuple[str, str]]:
    return list(zip(read.problems["column"], read.problems["reason"], strict=True))


def test_a_linked_record_is_found_by_the_schemas_key(rows: Read) -> None:
    """Other columns of it are written only where ``links`` says so, and noted."""
    values = {"folder.label": "L", "folder.name": "F"}
    found = one(rows, values)
    assert found.documents(0, 1) == [
        f'{HEAD}><folder _operation="none" _key="@name" name="F"/></recipient>'
    ]
    assert found.layout.notes == (
        "Not written, since the linked record is only found: folder.label. "
        "links={…: 'update'} writes them.",
    )
    assert one(rows, values, links={"folder": "update"}).documents(0, 1) == [
        f'{HEAD}><folder _operation="update" _key="@name" label="L" name="F"/>'
        "</recipient>"
    ]


def test_a_link_by_no_key_is_noted(rows: Read) -> None:
    """Labels are not unique: the first record with one counts."""
    [note] = one(rows, {"folder.label": "L"}).layout.notes
    assert note == (
        "folder is found by @label, which is no key of xtk:folder: "
        "the first such record counts."
    )


def test_links_nest(rows: Read) -> None:
    """A folder may be found by its parent's name and its own label."""
    [text] = one(rows, {"folder.parent.name": "P", "folder.label": "L"}).documents(0, 1)
    assert text == (
        f'{HEAD}><folder _operation="none" _key="@label,[parent/@name]" label="L">'
        '<parent _operation="none" _key="@name" name="P"/></folder></recipient>'
    )


def test_an_empty_link_is_emptied_through_its_foreign_key(rows: Read) -> None:
    """A missing one is left out, unless missing values clear."""
    emptied = [f'{HEAD} folder-id="0"></recipient>']
    assert one(rows, {"folder.name": ""}).documents(0, 1) == emptied
    assert one(rows, {"folder.id": 0}).documents(0, 1) == emptied
    gap = {"folder.name": None}
    assert one(rows, gap).documents(0, 1) == [f"{HEAD}></recipient>"]
    assert one(rows, gap, nulls="clear").documents(0, 1) == emptied
    country = one(rows, {"country.isoA2": ""}).documents(0, 1)
    assert country == [f'{HEAD}><location countryCode=""/></recipient>']


def test_half_a_key_of_a_link_is_a_problem(rows: Read) -> None:
    """So are values for a record that no key names."""
    half = one(rows, {"folder.parent.name": "P", "folder.label": None})
    assert reasons(half) == [
        (
            "folder.label",
            "folder is found by @label, parent/@name: this part is missing.",
        )
    ]
    lost = {"folder.name": None, "folder.label": "L"}
    assert reasons(one(rows, lost, links={"folder": "update"})) == [
        ("folder.label", "There is no @name to find folder by.")
    ]


@pytest.mark.parametrize("given", [["A", "B"], ("A", "B"), pd.Series(["A", "B"]).array])
def test_lists_become_relations(rows: Read, given: Any) -> None:
    """Each with the key that the relation's schema has besides the recipient."""
    relation = (
        '<rcpGrpRel _operation="insertOrUpdate" _key="[rcpGroup/@name]">'
        '<rcpGroup _operation="none" _key="@name" name="{}"/></rcpGrpRel>'
    )
    read = one(rows, {"rcpGrpRel.rcpGroup.name": list(given)})
    both = relation.format("A") + relation.format("B")
    assert read.documents(0, 1) == [f"{HEAD}>{both}</recipient>"]
    assert read.has_collections


def test_dicts_in_lists_are_items_with_fields(rows: Read) -> None:
    """A query's own column of a collection has this shape; no item is no element."""
    items = [{"service.name": "S", "validated": True}, {"service.name": "T"}]
    data = [{"email": "a", "subscription": items}, {"email": "b", "subscription": []}]
    first, second = rows(data).documents(0, 2)
    assert first.count("<subscription ") == 2
    assert '_key="[service/@name]" validated="true"><service' in first
    assert "subscription" not in second


def test_items_without_key_and_lists_of_unlike_length_are_problems(rows: Read) -> None:
    """They name the column, and the row is not sent."""
    empty = one(rows, {"rcpGrpRel.rcpGroup.name": ["A", None]})
    assert reasons(empty) == [
        ("rcpGrpRel.rcpGroup.name", "An item has no value for its key.")
    ]
    unlike = {"subscription.service.name": ["S", "T"], "subscription.validated": [True]}
    assert reasons(one(rows, unlike)) == [
        ("subscription.validated", "It has 1 items, subscription.service.name 2.")
    ]
    wrong = {"subscription": [{"service.name": "S", "validated": "perhaps"}]}
    [(column, reason)] = reasons(one(rows, wrong))
    assert column == "subscription.validated"
    assert reason == "'perhaps' is not a value of type boolean. Give true or false."


def test_deleted_rows_send_no_more_than_their_key(rows: Read) -> None:
    """What else stands in the row is neither checked nor sent."""
    read = one(
        rows,
        {"gender": "nobody", "rcpGrpRel.rcpGroup.name": ["A"], "lastName": "x" * 99},
        operation="delete",
    )
    assert read.documents(0, 1) == [
        '<recipient _operation="delete" _key="@email" email="a"></recipient>'
    ]


def test_new_records_need_their_required_fields(rows: Read) -> None:
    """A missing column is an error, a missing value a problem of its row."""
    with pytest.raises(InvalidOption, match="needs a value for @label"):
        rows([{"name": "g"}], "nms:group", operation="insert", key="@name")
    data = [{"name": "g", "label": None}, {"name": "h", "label": "H"}]
    read = rows(data, "nms:group", operation="insert", key="@name")
    assert reasons(read) == [("label", "@label is required.")]
    assert rows(data, "nms:group", key="@name").problems.empty
    emptied = rows([{"name": "g", "label": ""}], "nms:group", key="@name")
    assert reasons(emptied) == [("label", "@label is required.")]


@pytest.mark.parametrize(
    ("values", "wishes", "message"),
    [
        ({"folder": "x"}, {}, "'folder' is a link, not a field"),
        ({"rcpGrpRel": ["x"]}, {}, "no lists of dicts"),
        ({"folder.recipient.email": ["x"]}, {}, "in a collection of another record"),
        ({"folder.name": "x"}, {"links": {"country": "update"}}, "belongs to the link"),
        ({"folder.name": "x"}, {"links": {"folder": "delete"}}, "'delete' is no oper"),
        ({"lastName": "x"}, {"key": "@account"}, "'@account' is no column"),
        ({"lastName": "x"}, {"operation": "upsert"}, "'upsert' is no operation"),
        ({"lastName": "x"}, {"nulls": "keep"}, "nulls='keep' is unknown"),
        ({"lastName": "x", "@lastName": "y"}, {}, "are both @lastName"),
    ],
)
def test_columns_and_options_that_make_no_sense_are_errors(
    rows: Read, values: dict[str, Any], wishes: dict[str, Any], message: str
) -> None:
    """Before anything is read of the rows."""
    with pytest.raises(UserError, match=message):
        one(rows, values, **wishes)


def test_unknown_operations_of_rows_are_problems(rows: Read) -> None:
    """The other rows go their way."""
    read = rows(
        [{"email": "a", "_operation": "upsert"}, {"email": "b", "_operation": ""}]
    )
    assert reasons(read) == [
        ("_operation", "'upsert' is no operation. Use one of insertOrUpdate, insert, "
         "update, delete.")
    ]  # fmt: skip
    assert read.operations(0, 9) == ["insertOrUpdate"]
