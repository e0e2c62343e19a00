"""The rows of a schema: what they tell, what opens, what a filter keeps."""

from __future__ import annotations

from typing import Any

import pytest

from campaign_magics.widgets.picker.tree import Row, Tree

pytestmark = pytest.mark.pure


@pytest.fixture
def tree(session: Any) -> Tree:
    return made(session, "nms:recipient")


def made(session: Any, name: str) -> Tree:
    return Tree(session.schemas[name], session.schemas.__getitem__)


def rows(tree: Tree, search: str = "") -> dict[str, Row]:
    return {row.path: row for row in tree.rows(search)}


def filtered(tree: Tree, search: str) -> list[str]:
    """What somebody sees who has typed this."""
    tree.reveal(search)
    return list(rows(tree, search))


def test_rows_tell_type_length_keys_indexes_and_values(tree: Tree) -> None:
    found = rows(tree)
    assert found["@email"].type == "string(128)"
    assert found["@email"].marks == ("index",)
    assert "primary key" in found["@id"].marks
    assert [v.name for v in found["@gender"].values][1:] == ["male", "female"]
    assert found["@age"].marks == ("computed",)
    assert found["comment"].marks == ("stored as XML",)
    assert found["folder"].type == "→ xtk:folder"
    assert found["subscription"].marks == ("many",)


def test_items_stored_as_xml_are_told_and_not_offered(session: Any) -> None:
    """A session's query selects none of them; the collection's line says so."""
    tree = made(session, "nms:delivery")
    [collection] = tree.schema.collections
    found = rows(tree)
    told = found[collection.path]
    assert told.marks == ("many", "stored as XML", "in no query")
    assert (told.is_open, told.can_be_chosen) == (None, False)
    assert f"{collection.path}/{collection.fields[0].path}" not in found


def test_elements_are_groups_that_stand_open(tree: Tree) -> None:
    found = rows(tree)
    assert found["location"].is_open
    assert found["location/@city"].depth == 1
    tree.toggle("location")
    assert "location/@city" not in rows(tree)


def test_a_link_is_followed_when_it_is_opened_and_not_before(session: Any) -> None:
    tree = made(session, "nms:recipient")
    assert "xtk:folder" not in session.fetched
    assert not any(path.startswith("folder/") for path in filtered(tree, "label"))
    tree.toggle("folder")
    assert session.fetched.count("xtk:folder") == 1
    assert rows(tree)["folder/@label"].depth == 1
    assert rows(tree)["folder"].marks == ("local",)
    tree.toggle("folder/parent")
    assert rows(tree)["folder/parent/@label"].depth == 2
    tree.toggle("folder")
    tree.toggle("folder")
    assert session.fetched.count("xtk:folder") == 1
    assert "folder/parent/@label" in rows(tree)


def test_the_filter_keeps_what_rows_stand_under(tree: Tree) -> None:
    """Words are looked for in path and label, whatever their case."""
    assert filtered(tree, "CITY") == ["location", "location/@city"]
    assert filtered(tree, "creation date") == ["@created"]
    assert filtered(tree, "no such thing") == []


def test_the_filter_opens_what_was_closed_above_a_row_that_fits(tree: Tree) -> None:
    tree.toggle("location")
    assert filtered(tree, "city") == ["location", "location/@city"]


def test_a_filtered_row_closes_and_opens_again(tree: Tree) -> None:
    assert filtered(tree, "city") == ["location", "location/@city"]
    tree.toggle("location")
    found = rows(tree, "city")
    assert list(found) == ["location"]
    assert found["location"].is_open is False
    tree.toggle("location")
    assert list(rows(tree, "city")) == ["location", "location/@city"]


def test_a_filtered_link_opens_though_nothing_below_it_fits(tree: Tree) -> None:
    """It fits by its label, which its fields' paths do not repeat."""
    assert filtered(tree, "subscription history") == ["subHisto"]
    tree.toggle("subHisto")
    found = rows(tree, "subscription history")
    assert found["subHisto"].is_open
    assert "subHisto/@date" in found
