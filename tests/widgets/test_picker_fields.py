"""The page of rows: what it shows, and how it is turned, filtered and opened."""

from __future__ import annotations

from typing import Any

import pytest

from campaign_magics.widgets.picker.fields import FieldsView, RowView
from campaign_magics.widgets.picker.view import Picker

pytestmark = pytest.mark.pure


@pytest.fixture
def fields(session: Any) -> FieldsView:
    return Picker(session, "nms:recipient").fields


def shown(fields: FieldsView) -> list[RowView]:
    return fields.rows[: len(fields.page.children)]


def labels(fields: FieldsView) -> list[str]:
    return [view.box.description.strip() for view in shown(fields)]


def test_a_filtered_group_closes_and_opens_on_click(fields: FieldsView) -> None:
    fields.words.value = "city"
    assert labels(fields) == ["location", "City"]
    shown(fields)[0].button.click()
    assert labels(fields) == ["location"]
    assert shown(fields)[0].button.description == "▸ Open"
    shown(fields)[0].button.click()
    assert labels(fields) == ["location", "City"]


def test_a_link_shows_its_name_and_what_it_leads_to(fields: FieldsView) -> None:
    """The name is what SQL writes; the label may be shared by several links."""
    fields.words.value = "rcpGrpRel"
    [view] = shown(fields)
    assert "<code>rcpGrpRel</code>" in view.facts.value
    assert "→ nms:rcpGrpRel" in view.facts.value
    assert ">Groups</div>" in view.name.value
    assert view.name in view.view.children
    assert view.box not in view.view.children


def test_a_schema_that_must_be_asked_for_is_named_meanwhile(session: Any) -> None:
    """Once: the second time it is there."""
    picker = Picker(session, "nms:recipient")
    told: list[str] = []
    picker.stage.status.observe(lambda change: told.append(change["new"]), "value")
    picker.fields.words.value = "folder"
    link = next(view for view in shown(picker.fields) if "→" in view.facts.value)
    link.button.click()
    assert "Reading the schema xtk:folder …" in told[0]
    assert "The schema xtk:folder is read." in told[1]
    link.button.click()
    link.button.click()
    assert len(told) == 2


def test_the_pager_does_not_move_with_the_rows(fields: FieldsView) -> None:
    """It stands above them: their heights differ from page to page."""
    parts = list(fields.view.children)
    [pager] = [p for p in parts if fields.after in getattr(p, "children", ())]
    assert parts.index(pager) < parts.index(fields.page)


def test_a_schema_without_fields_says_so(session: Any) -> None:
    """It declares methods, or types for others."""
    fields = Picker(session, "xtk:session").fields
    assert "This schema has no fields." in fields.told.value
    fields.words.value = "user"
    assert "No field holds all of these words." in fields.told.value


def test_an_instance_without_schemas_says_so(session: Any) -> None:
    session.schemas.search = lambda words: []
    search = Picker(session).search
    assert "This instance shows no schema to its operator." in search.told.value
    search.words.value = "recipient"
    assert "No schema holds all of these words." in search.told.value
