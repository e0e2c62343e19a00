"""Conditions behind links to many: a record fits once, by its items."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from campaign_magics import Sandbox, connect
from campaign_magics.errors import InvalidOption
from campaign_magics.session.select import prepare
from campaign_magics.widgets.picker.model import PickerModel
from campaign_magics.widgets.picker.view import Picker
from campaign_magics.workbench import Session

STATUS, DATE = "broadLog/@status", "broadLog/@eventDate"
"""Of the delivery logs of a recipient; @status 2 is failed."""


@pytest.fixture
def model(session: Any) -> PickerModel:
    made = PickerModel(session.schemas.__getitem__)
    made.open("nms:recipient")
    made.tick("@email")
    return made


def where(model: PickerModel) -> list[str]:
    """Return the lines of SQL from WHERE on, without the limit."""
    return model.sql.splitlines()[2:-1]


@pytest.mark.pure
def test_a_record_fits_with_an_item_that_fits_or_without_any(
    model: PickerModel,
) -> None:
    model.ask(STATUS, "is", "failed")
    test = "(SELECT 1 FROM broadLog WHERE @status = 2)"
    assert where(model) == [f"WHERE EXISTS {test}"]
    assert model.repeats == []
    model.change(0, operator="is", value="failed", none=True)
    assert where(model) == [f"WHERE NOT EXISTS {test}"]
    assert '<condition expr="broadLog" setOperator="NOT EXISTS">' in model.xml


@pytest.mark.pure
def test_what_is_asked_of_one_link_is_asked_of_one_item(model: PickerModel) -> None:
    """Joined by AND; by OR it makes no difference."""
    model.ask(STATUS, "is", "failed")
    model.ask("@gender", "is", "male")
    model.ask(DATE, ">=", "2024-01-31")
    since = "@eventDate >= #2024-01-31#"
    assert where(model) == [
        f"WHERE EXISTS (SELECT 1 FROM broadLog WHERE @status = 2 AND {since})",
        "  AND @gender = 1",
    ]
    model.any_of = True
    assert where(model) == [
        "WHERE EXISTS (SELECT 1 FROM broadLog WHERE @status = 2)",
        "  OR @gender = 1",
        f"  OR EXISTS (SELECT 1 FROM broadLog WHERE {since})",
    ]


@pytest.mark.pure
def test_where_items_are_columns_the_condition_chooses_among_them(
    model: PickerModel,
) -> None:
    model.tick(DATE)
    model.ask(STATUS, "is", "failed")
    assert where(model) == ["WHERE [broadLog/@status] = 2"]
    model.change(0, operator="is", value="failed", none=True)
    assert where(model) == [
        "WHERE NOT EXISTS (SELECT 1 FROM broadLog WHERE @status = 2)"
    ]


@pytest.mark.pure
def test_links_before_and_behind_the_many_are_followed(model: PickerModel) -> None:
    model.open("nms:broadLogRcp")
    model.tick("@id")
    model.ask("recipient/subscription/service/@label", "begins with", "News")
    assert where(model) == [
        "WHERE EXISTS (SELECT 1 FROM [recipient/subscription] "
        "WHERE [service/@label] LIKE 'News%')"
    ]


@pytest.mark.pure
@pytest.mark.parametrize("any_of", [False, True])
@pytest.mark.parametrize("none", [False, True])
def test_every_language_asks_the_same(
    model: PickerModel, any_of: bool, none: bool
) -> None:
    """OR inside a condition keeps its brackets."""
    model.ask("@lastName", "is empty")
    model.ask("broadLog/@address", "is empty", none=none)
    model.ask("broadLog/delivery/@label", "contains", "it's", none=none)
    model.any_of = any_of

    def checked(what: Any) -> Any:
        return prepare(what, None, model._lookup).query

    query = checked(model.query())
    assert checked(model.xml) == query
    assert checked(model.json) == query
    read = checked(model.sql).where
    told = [one for one in (*read, *query.where) if one.set_operator]
    assert len({(one.expr, one.set_operator) for one in told}) == 1


@pytest.mark.pure
def test_none_of_what_there_is_one_of_is_refused(model: PickerModel) -> None:
    with pytest.raises(InvalidOption, match="has one value in each record"):
        model.ask("@email", "is", "x", none=True)
    assert model.wheres == []


@pytest.mark.pure
def test_a_condition_behind_many_can_be_turned_around(session: Any) -> None:
    picker = Picker(session, "nms:recipient")
    picker.tick("@email")
    picker.where("@email", "is", "x")
    picker.where(STATUS, "is", "failed")
    own, many = picker.chosen.conditions
    assert own.items not in own.view.children
    assert many.items in many.view.children
    assert "Delivery logs › Status (broadLog/@status)" in many.name.value
    many.items.value = True
    assert "NOT EXISTS" in picker.sql
    picker.where("subscription/@created", "is not empty", none=True)
    assert picker.chosen.conditions[2].items.value is True


@pytest.fixture
def connected(sandbox: Sandbox) -> Iterator[Session]:
    with connect(sandbox) as session:
        yield session


def test_the_server_counts_every_record_once(connected: Session) -> None:
    """Recipients with a failed message, and those without, from the logs themselves."""
    logs = connected.query(
        "SELECT [@recipient-id] AS who FROM nms:broadLogRcp WHERE @status = 'failed'",
        limit=None,
    )
    failed = set(logs["who"].dropna()) - {0}
    everyone = set(connected.query("SELECT @id FROM nms:recipient", limit=None)["id"])
    assert 0 < len(failed) < len(logs)  # some have failed twice
    picker = connected.pick("nms:recipient")
    picker.tick("@id")
    picker.chosen.limit.value = len(everyone)
    picker.where(STATUS, "is", "failed")
    assert sorted(picker.run()["id"]) == sorted(failed)
    picker.count.click()
    told = f"{len(failed)} records of nms:recipient fit."
    assert told in picker.stage.status.value
    picker.tick(DATE)  # each failed message is a row now, and chosen by the condition
    assert len(picker.run(limit=None)) == len(logs)
    picker.count.click()
    assert told in picker.stage.status.value
    picker.model.untick("@id")  # no column of the record itself is left
    picker.count.click()
    assert told in picker.stage.status.value
    picker.model.untick(DATE)
    picker.tick("@id")
    picker.chosen.conditions[0].items.value = True
    assert sorted(picker.run()["id"]) == sorted(everyone - failed)
