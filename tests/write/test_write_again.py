"""Inserts that are run again: after a loss, an interrupt, a change of the frame."""

from __future__ import annotations

import random
import sqlite3
from contextlib import suppress
from functools import partial
from typing import Any

import pandas as pd
import pytest
from write.steps import SCHEMA, calls, commit, found

import campaign_magics as cm
from campaign_magics.errors import CampaignError, PartialWrite
from campaign_magics.workbench import Session
from campaign_magics.write.plan import Plan

FAULTS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("reset", {"moment": "after"}),
    ("reset", {"moment": "before"}),
    ("login_page", {}),
    ("truncate", {"keep": 0.3}),
    ("expire", {}),
)


def insert(session: Session, frame: Any, **wishes: Any) -> Plan:
    wishes = {"key": "@email", "operation": "insert", "ingest": False, **wishes}
    return session.write(frame, SCHEMA, **wishes)


def break_off(session: Session, server: cm.Sandbox, frame: pd.DataFrame) -> int:
    """Lose all answers after the second call's; return the rows that landed."""
    server.faults("login_page", api="*#WriteCollection", skip=2)
    with pytest.raises(PartialWrite) as caught:
        insert(session, frame, batch_rows=10).commit()
    server.faults("off")
    return int(caught.value.result.landed)


def test_rows_added_after_a_break_do_not_make_strangers_of_those_that_landed(
    session: Session, server: cm.Sandbox, people: Any, tag: str
) -> None:
    """Every batch is another one then; the rows are known all the same."""
    frame = people(40)
    landed = break_off(session, server, frame)
    assert landed >= 10
    first = pd.DataFrame({"email": [f"first@{tag}.example"], "account": tag})
    grown = pd.concat([first, frame.drop(index=5)], ignore_index=True)
    plan = insert(session, grown, batch_rows=10)
    assert plan.counts["refused"] == 0
    assert plan.counts["insert"] == 41 - len(found(session, tag))  # p5 is dropped
    assert plan.counts["unchanged"] + plan.skipped >= landed - 1
    result = plan.commit()
    assert result.rejected.empty
    assert result.landed + result.skipped == 40
    there = found(session, tag)["email"]
    assert there.is_unique
    assert len(there) == 41
    server.stats(clear=True)
    assert insert(session, grown, batch_rows=10).commit().skipped == 40
    assert calls(server, "ExecuteQuery") <= 1  # the plan's look at what landed


@pytest.mark.parametrize("change", ["value", "operation", "overwritten"])
def test_only_the_very_row_that_landed_is_known_again(
    session: Session, people: Any, tag: str, change: str
) -> None:
    """The same key with other values is refused, whoever has made the record."""
    frame = people(3, text1="1")
    operation = "insertOrUpdate" if change == "operation" else "insert"
    commit(session, frame, operation=operation)
    if change == "overwritten":
        commit(session, people(3, text1="2"))
    later = people(4, text1="2" if change == "value" else "1")
    plan = insert(session, later)
    assert plan.counts["refused"] == 3
    result = plan.commit()
    assert result.rejected["index"].tolist() == [0, 1, 2]
    assert (result.landed, result.skipped) == (1, 0)


def test_a_row_that_was_refused_is_looked_at_again(
    session: Session, people: Any, tag: str
) -> None:
    """It is sent once the record in its way is gone; the others stay skipped."""
    session.write(people(1), SCHEMA, key="@email", ingest=False).commit()
    frame = people(4, text1="new")
    assert insert(session, frame).commit().landed == 3
    plan = insert(session, frame)
    assert (plan.skipped, plan.counts["refused"]) == (3, 1)
    again = plan.commit()
    assert (again.landed, again.skipped, len(again.rejected)) == (0, 3, 1)
    session.call(
        "xtk:session",
        "Write",
        '<recipient xtkschema="nms:recipient" _operation="delete" _key="@email" '
        f'email="p0@{tag}.example"/>',
    )
    plan = insert(session, frame)
    assert (plan.skipped, plan.counts["insert"]) == (3, 1)
    result = plan.commit()
    assert (result.landed, result.skipped, len(result.rejected)) == (1, 3, 0)
    assert insert(session, frame).commit().skipped == 4
    assert len(found(session, tag)) == 4


def test_a_row_left_out_writes_no_record(session: Session, people: Any) -> None:
    """The commit that made the record is still the last that wrote it."""
    made = people(3, text1="made")
    assert insert(session, made).commit().landed == 3
    others = insert(session, people(4, text1="other")).commit()
    assert (others.landed, len(others.rejected)) == (1, 3)
    assert insert(session, made).commit().skipped == 3


@pytest.mark.parametrize("force", [False, True])
def test_what_is_refused_stays_so_when_an_answer_is_lost_and_the_batch_divided(
    session: Session, server: cm.Sandbox, people: Any, tag: str, force: bool
) -> None:
    """Row 3 was there before: that it is found does not mean that it has landed."""
    commit(session, people(4).iloc[3:])
    frame = people(10, **{"folder.name": "nmsProspects"})
    frame.loc[7, "folder.name"] = "nowhere"
    server.faults("reset", moment="before", api="*#WriteCollection", calls=1)
    result = insert(session, frame).commit(force=force)
    assert result.landed == 8
    assert result.rejected["index"].tolist() == [3, 7]
    assert len(found(session, tag)) == 9


@pytest.mark.parametrize("ingest", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_a_frame_that_changes_between_broken_runs_is_there_once(
    session: Session,
    server: cm.Sandbox,
    people: Any,
    tag: str,
    seed: int,
    ingest: bool,
) -> None:
    """Rows come, go and change places; five were others' and are refused each time."""
    luck = random.Random(seed)
    rows = people(80, text1="mine")
    strangers = rows.sample(5, random_state=seed).assign(text1="others")
    commit(session, strangers)
    frame = rows.sample(40, random_state=seed)
    for run in range(5):
        server.faults("off")
        if run < 4:
            kind, words = luck.choice(FAULTS)
            api = "*#IngestExt" if ingest else "*#WriteCollection"
            number = {"skip": luck.randint(0, 4), "calls": luck.choice([1, 3, 9])}
            server.faults(kind, api=api, **number, **words)
        some = partial(pd.DataFrame.sample, random_state=10 * seed + run)
        frame = pd.concat([some(frame, 36), some(rows, 10)]).drop_duplicates()
        wishes = {"ingest": ingest, "batch_rows": luck.choice([7, 10, 13])}
        with suppress(CampaignError):
            plan = insert(session, frame, **wishes)
            refused = plan.outcomes[plan.outcomes["outcome"] == "refused"]["index"]
            result = plan.commit()
            assert result.landed + result.skipped + len(refused) == len(frame)
            assert sorted(result.rejected["index"]) == sorted(refused)
            assert {*refused} == {*strangers.index} & {*frame.index}
    if ingest:
        server.replicate()
    there = found(session, tag, "text1")
    assert there["email"].is_unique
    assert {*frame["email"]} <= {*there["email"]}
    assert sorted(there[there["text1"] == "others"]["email"]) == sorted(
        strangers["email"]
    )


def test_a_journal_of_an_earlier_version_goes_on(
    session: Session, people: Any, tag: str
) -> None:
    """It knows no rows, so that only whole batches are known again."""
    frame = people(3)
    path = insert(session, frame).commit().path
    with sqlite3.connect(path) as older:
        older.execute("ALTER TABLE Batch DROP COLUMN prints")
    older.close()
    assert insert(session, frame).skipped == 3
    assert insert(session, people(4)).commit().rejected["index"].tolist() == [0, 1, 2]


def test_a_deletion_through_staging_may_be_sent_twice(
    session: Session, server: cm.Sandbox, people: Any, tag: str
) -> None:
    """Whether it waits there cannot be read, so a lost one is sent again."""
    commit(session, people(6))
    plan = session.write(people(2), SCHEMA, key="@email", operation="delete")
    # A deletion reads the key alone: what other columns lack means nothing to it.
    assert "missing" not in dict(plan.lines())
    server.faults("reset", moment="after", api="*#IngestExt", calls=1)
    server.stats(clear=True)
    result = plan.commit()
    assert (result.landed, len(result.rejected)) == (2, 0)
    assert calls(server, "IngestExt") == 2
    server.replicate()
    left = found(session, tag)["email"].tolist()
    assert sorted(left) == [f"p{n}@{tag}.example" for n in range(2, 6)]
