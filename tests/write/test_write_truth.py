"""The preview is true: what a plan announces is what its commit does.

Frames are made of new, existing, unchanged, bad and doubled rows, of nulls and of all
operations; what is there before and after is read in plain XML, without this room.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import campaign_magics as cm
from campaign_magics.workbench import Session
from campaign_magics.write.plan import Plan
from campaign_magics.write.result import WriteResult

COLUMNS = ("text1", "gender", "birthDate", "blackList", "location.city", "folder.name")
PATHS = {
    "text1": "@text1",
    "gender": "@gender",
    "birthDate": "@birthDate",
    "blackList": "@blackList",
    "location.city": "[location/@city]",
    "folder.name": "[folder/@name]",
}
GENDERS = {"0": "unknown", "1": "male", "2": "female"}
OPERATIONS = ("insertOrUpdate", "insert", "update", "delete")
KEYS = 8
"""Rows have one of so many keys; the first half of them is stored."""

Stored = dict[str, dict[str, str]]
_numbers = itertools.count()

rows = st.fixed_dictionaries(
    {
        "email": st.integers(0, KEYS - 1) | st.none(),
        "text1": st.sampled_from(["same", "other", "", "<&'\"> é\n", "x" * 300, None]),
        "gender": st.sampled_from(["male", "2", "robot", None]),
        "birthDate": st.sampled_from(["1980-02-29", "1999/12/31", "soon", None]),
        "blackList": st.sampled_from([True, False, None]),
        "location.city": st.sampled_from(["Paris", "Rome", "", None]),
        "folder.name": st.sampled_from(["nmsProspects", "nmsRecipients", "no", None]),
        "_operation": st.sampled_from(OPERATIONS),
    }
)


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with cm.Sandbox(tps=500, rows=50, seed=7) as server:
        yield cm.connect(server)


def setup(session: Session, tag: str) -> None:
    """Store half of the keys, each with the same values."""
    frame = pd.DataFrame({"email": [email(n, tag) for n in range(KEYS // 2)]})
    frame = frame.assign(
        account=tag,
        text1="same",
        gender="male",
        birthDate="1980-02-29",
        blackList=False,
        **{"location.city": "Paris", "folder.name": "nmsProspects"},
    )
    plan = session.write(frame, "nms:recipient", key="@email", ingest=False, sample=0)
    assert plan.commit().landed == KEYS // 2


def email(number: int | None, tag: str) -> str | None:
    return None if number is None else f"e{number}@{tag}.example"


def stored(session: Session, tag: str) -> Stored:
    """What is there, by email, as texts; each email once."""
    nodes = "".join(
        f'<node expr="{path}" alias="@c{at}"/>'
        for at, path in enumerate([*PATHS.values(), "@lastModified", "@email"])
    )
    query = (
        '<queryDef schema="nms:recipient" operation="select" lineCount="100">'
        f"<select>{nodes}</select><where><condition expr=\"@account = '{tag}'\"/>"
        "</where></queryDef>"
    )
    found: Any = session.call("xtk:queryDef", "ExecuteQuery", entity=query)
    records: Stored = {}
    for row in found:
        texts = [row.get(f"c{at}") or "" for at in range(len(PATHS) + 2)]
        assert texts[-1] not in records
        records[texts[-1]] = dict(zip([*COLUMNS, "lastModified"], texts, strict=False))
        known = records[texts[-1]]
        known["gender"] = GENDERS[known["gender"]]
        known["blackList"] = {"1": "true", "0": "false"}.get(*[known["blackList"]] * 2)
    return records


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    data=st.lists(rows, min_size=1, max_size=10),
    nulls=st.sampled_from(["skip", "clear"]),
)
def test_the_commit_does_what_the_plan_announces(
    session: Session, data: list[dict[str, Any]], nulls: Any
) -> None:
    tag = f"t{next(_numbers)}"
    setup(session, tag)
    frame = pd.DataFrame(data).astype(object)
    frame["email"] = [email(row["email"], tag) for row in data]
    frame["account"] = tag
    frame.index = pd.Index([f"row {n}" for n in range(len(frame))])
    before = stored(session, tag)
    plan = session.write(
        frame, "nms:recipient", key="@email", nulls=nulls, ingest=False, batch_rows=4
    )
    assert stored(session, tag) == before  # a plan changes nothing
    result = plan.commit()
    check(frame, plan, result, before, stored(session, tag))


def check(
    frame: pd.DataFrame, plan: Plan, result: WriteResult, before: Stored, after: Stored
) -> None:
    outcomes = plan.outcomes.set_index("index")["outcome"]
    assert plan.is_exact
    assert sum(plan.counts.values()) == plan.rows == len(outcomes)
    unsent = set(plan.problems["index"])
    assert unsent == {*frame.index} - {*outcomes.index}
    assert result.unsent == len(unsent)
    refused = {*outcomes.index[outcomes == "refused"]}
    assert sorted(result.rejected["index"]) == sorted(refused)
    assert result.landed == plan.rows - len(refused)
    touched = set()
    for label, outcome in outcomes.items():
        address = frame.loc[label, "email"]
        changes = plan.changes[plan.changes["index"] == label]
        touched.add(address)
        check_row(outcome, changes, before.get(address), after.get(address))
    for address in {*before, *after} - touched:
        assert after.get(address) == before.get(address)


def check_row(
    outcome: str,
    changes: pd.DataFrame,
    before: dict[str, str] | None,
    after: dict[str, str] | None,
) -> None:
    changes = changes.dropna(subset="column")
    new = dict(zip(changes["column"], changes["new"], strict=True))
    current = dict(zip(changes["column"], changes["current"], strict=True))
    shown = {name for name in new if name in COLUMNS}
    match outcome:
        case "insert":
            assert before is None
            assert after is not None
            assert {name: after[name] for name in shown} == {n: new[n] for n in shown}
        case "update":
            assert before is not None
            assert after is not None
            assert shown
            assert {n: current[n] for n in shown} == {n: before[n] for n in shown}
            changed = {n for n in COLUMNS if before[n] != after[n]}
            assert changed == shown
            assert {n: after[n] for n in shown} == {n: new[n] for n in shown}
        case "delete":
            assert before is not None
            assert after is None
        case "missing":
            assert before is None
            assert after is None
        case "unchanged":
            # The server may stamp a record that it was told nothing new of.
            assert before is not None
            assert after is not None
            assert {n: after[n] for n in COLUMNS} == {n: before[n] for n in COLUMNS}
            assert not shown
        case _:
            assert outcome == "refused"
            assert after == before
            assert not shown


def test_emptying_a_link_is_shown_where_it_is_asked_for(session: Session) -> None:
    """Its foreign key is what is written, and not what the frame calls it."""
    setup(session, "emptied")
    frame = pd.DataFrame({"email": ["e0@emptied.example"], "folder.name": [None]})
    plan = session.write(
        frame, "nms:recipient", key="@email", nulls="clear", ingest=False
    )
    (change,) = plan.changes.itertuples()
    assert (change.column, change.current, change.new) == (
        "folder.name",
        "nmsProspects",
        "",
    )
    before = stored(session, "emptied")
    plan.commit()
    after = stored(session, "emptied")
    assert after["e0@emptied.example"]["folder.name"] == ""
    assert before["e0@emptied.example"]["folder.name"] == "nmsProspects"


@pytest.mark.parametrize("batch", [2, 1_000])
@pytest.mark.parametrize(
    ("order", "refused"),
    [("abc", ""), ("cba", "cb"), ("bac", "bc"), ("xabc", "x"), ("axbc", "x")],
)
def test_a_row_may_be_linked_to_one_before_it(
    session: Session, order: str, refused: str, batch: int
) -> None:
    """Folders: b is in a, c in b, x nowhere; also when a batch is divided."""
    tag = f"order-{order}-{batch}"
    parents = {"a": "nmsProspects", "b": f"{tag}-a", "c": f"{tag}-b", "x": "nowhere"}
    frame = pd.DataFrame(
        {
            "name": [f"{tag}-{one}" for one in order],
            "label": tag,
            "parent.name": [parents[one] for one in order],
        },
        index=[*order],
    )
    plan = session.write(frame, "xtk:folder", key="@name", batch_rows=batch)
    told = plan.outcomes.set_index("index")
    assert "".join(told.index[told["outcome"] == "refused"]) == refused
    assert plan.commit().rejected["index"].tolist() == [*refused]
    assert (
        "Put the row that makes it before" in "".join(told["reason"].fillna(""))
    ) == (order in ("cba", "bac"))
