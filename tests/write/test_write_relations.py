"""Lists against the relations that are stored: the preview is what the commit does."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pandas as pd
import pytest
from write.steps import SCHEMA, calls, commit

import campaign_magics as cm
from campaign_magics.workbench import Session

LIST = "rcpGrpRel.rcpGroup.name"
STORED = ([], ["A"], ["A", "B"], None)
"""Groups of a recipient before; None for one that is not there yet."""
GIVEN = ([], ["A"], ["B", "A"], ["A", "A"], ["B", "nobody"])


@pytest.fixture(scope="module")
def server() -> Iterator[cm.Sandbox]:
    with cm.Sandbox(tps=400, rows=50, seed=7) as server:
        yield server


@pytest.fixture(scope="module")
def session(server: cm.Sandbox) -> Iterator[Session]:
    """With the groups A and B, which the cloud database does not know yet."""
    with cm.connect(server) as session:
        groups = pd.DataFrame({"name": ["A", "B"], "label": ["a", "b"]})
        assert session.write(groups, "nms:group", key="@name").commit().landed == 2
        yield session


def relations(session: Session, tag: str) -> dict[str, set[str]]:
    """Return the groups of each recipient, by the numbers of both."""
    found = session.query(
        "SELECT recipient.email AS who, [@rcpGroup-id] AS what FROM nms:rcpGrpRel "
        "WHERE recipient.account = :tag",
        {"tag": tag},
        limit=None,
    )
    groups = session.query("SELECT id, name FROM nms:group", limit=None)
    names = dict(zip(groups["id"], groups["name"], strict=True))
    stored: dict[str, set[str]] = {}
    for who, what in zip(found["who"], found["what"], strict=True):
        stored.setdefault(who, set()).add(names[what])
    return stored


@pytest.mark.parametrize("operation", [None, "update", "delete", "none"])
def test_the_plan_announces_what_becomes_of_relations(
    session: Session, people: Any, tag: str, operation: str | None
) -> None:
    """Every list against everything that may be stored, with every operation."""
    cases = list(product(STORED, GIVEN))
    frame = people(len(cases), **{LIST: [stored or [] for stored, _ in cases]})
    commit(session, frame[[stored is not None for stored, _ in cases]])
    before = relations(session, tag)
    frame[LIST] = [given for _, given in cases]
    links = {"rcpGrpRel": operation} if operation else None
    plan = session.write(frame, SCHEMA, key="@email", ingest=False, links=links)
    result = plan.commit()
    after = relations(session, tag)
    refused = plan.outcomes[plan.outcomes["outcome"] == "refused"]
    assert refused["index"].tolist() == result.rejected["index"].tolist()
    assert set(refused["column"]) <= {LIST}
    assert set(result.rejected["column"]) <= {LIST}
    lists = plan.changes[plan.changes["column"] == "rcpGrpRel"].set_index("index")
    for at, email in enumerate(frame["email"]):
        was, became = before.get(email, set()), after.get(email, set())
        told = lists.loc[at] if at in lists.index else {}
        assert items(told, "new") == became - was, cases[at]
        assert items(told, "current") == was - became, cases[at]


def items(told: Any, name: str) -> set[str]:
    """Return what a line of the preview lists: ``A; B``."""
    text = told.get(name, "")
    return set() if pd.isna(text) or not text else {*text.split("; ")}


def test_fields_of_items_are_compared_too(session: Session, people: Any) -> None:
    """A 1-N link: the items are found by the service, their date is what changes."""
    service = pd.DataFrame({"name": ["news"], "label": ["News"]})
    session.write(service, "nms:service", key="@name").commit()
    for date, current in (("2024-01-01", None), ("2024-02-01", "2024-01-01")):
        frame = people(1)
        frame["subscription"] = [[{"service.name": "news", "expirationDate": date}]]
        plan = session.write(frame, SCHEMA, key="@email", ingest=False)
        lines = plan.changes[plan.changes["column"] == "subscription"]
        (line,) = lines.itertuples()
        assert line.new == f"{date} 00:00:00.000Z, news"
        if current is not None:
            assert line.current == f"{current} 00:00:00.000Z, news"
        assert plan.commit().landed == 1
    assert session.write(frame.assign(text1="x"), SCHEMA, key="@email").changes[
        "column"
    ].tolist() == ["text1"]


@pytest.mark.parametrize(
    ("frame", "links", "note"),
    [
        ({LIST: [["A"]]}, {"rcpGrpRel": "insert"}, "the items given are written"),
        (
            {LIST: [["A"]], "rcpGrpRel.rcpGroup.label": [["new"]]},
            {"rcpGrpRel.rcpGroup": "update"},
            "the items given are written",
        ),
    ],
)
def test_what_no_query_tells_is_said_not_to_be_compared(
    session: Session, people: Any, frame: Any, links: Any, note: str
) -> None:
    plan = session.write(
        people(1, **frame), SCHEMA, key="@email", ingest=False, links=links
    )
    line = plan.changes[plan.changes["column"] == "rcpGrpRel"].iloc[0]
    assert line["current"] == "(not compared)"
    assert f"rcpGrpRel: not compared; {note}." in plan.notes


def test_a_collection_stored_as_xml_is_said_to_be_replaced(session: Session) -> None:
    frame = pd.DataFrame({"internalName": ["DM1"], "targets.deliveryTarget": [None]})
    frame["targets.deliveryTarget"] = [[{"label": "all"}]]
    plan = session.write(frame, "nms:delivery", key="@internalName")
    (note,) = plan.notes
    assert "not compared; the items given replace those that are stored" in note


def test_collections_of_a_document_are_named_and_not_compared(session: Session) -> None:
    document = (
        '<recipient email="d@relations.example"><rcpGrpRel _key="[rcpGroup/@name]">'
        '<rcpGroup name="A" _operation="none"/></rcpGrpRel></recipient>'
    )
    plan = session.write(document, SCHEMA, key="@email", ingest=False)
    line = plan.changes.iloc[-1]
    assert (line["column"], line["current"]) == ("rcpGrpRel", "(not compared)")


def test_a_lost_answer_is_looked_after_in_lists_too(
    session: Session, server: cm.Sandbox, people: Any, tag: str
) -> None:
    """Relations that are there need not be written again."""
    frame = people(3, **{LIST: [["A"], ["A", "B"], []]})
    server.faults("reset", moment="after", api="*#WriteCollection", calls=1)
    server.stats(clear=True)
    assert commit(session, frame).landed == 3
    server.faults("off")
    assert calls(server, "WriteCollection") == 1
    assert len(relations(session, tag)) == 2


def test_a_lost_answer_does_not_hide_an_item_that_is_refused(
    session: Session, server: cm.Sandbox, people: Any
) -> None:
    """Row 1 is stored as given but for its relation, which nobody can have."""
    frame = people(3)
    commit(session, frame)
    frame[LIST] = [["A"], ["nobody"], ["B"]]
    server.faults("reset", moment="before", api="*#WriteCollection", calls=1)
    result = commit(session, frame)
    server.faults("off")
    assert result.rejected["index"].tolist() == [1]
    assert result.landed == 2
