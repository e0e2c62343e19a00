"""Changing and deleting by condition: counted first, refused without one."""

from __future__ import annotations

import _thread
from typing import Any

import pandas as pd
import pytest
from interrupts import interrupted

import campaign_magics as cm
from campaign_magics import front
from campaign_magics.errors import (
    AccessDenied,
    AnswerLost,
    CampaignError,
    InvalidOption,
    QuerySyntaxError,
    SoapFault,
    UnknownName,
)
from campaign_magics.front import sandbox_environment
from campaign_magics.session import Interrupted
from campaign_magics.workbench import Session
from campaign_magics.write.journal import Journal

SCHEMA = "nms:recipient"


@pytest.fixture
def tag(session: Session, request: pytest.FixtureRequest) -> str:
    """The account of six records of the test's own."""
    tag = request.node.name.partition("[")[0][:60]
    frame = pd.DataFrame({"email": [f"p{n}@{tag}.example" for n in range(6)]})
    frame = frame.assign(account=tag, text1=["a", "a", "a", "a", "b", "b"])
    plan = session.write(frame, SCHEMA, key="@email", ingest=False)
    assert plan.commit(force=True).landed == 6
    return tag


def texts(session: Session, tag: str) -> list[str]:
    sql = f"SELECT text1 FROM {SCHEMA} WHERE account = :tag ORDER BY email"
    return list(session.query(sql, {"tag": tag})["text1"].fillna(""))


@pytest.mark.parametrize(
    "where",
    [
        "account = :tag AND text1 = 'a'",
        "[@account] = :tag and @text1 = 'a'",
        '<where><condition expr="@account = :tag"/>'
        "<condition expr=\"@text1 = 'a'\"/></where>",
    ],
)
def test_a_deletion_counts_shows_and_deletes(
    session: Session, tag: str, where: str
) -> None:
    """In SQL, in XTK and as a queryDef's where."""
    if where.startswith("<"):
        where = where.replace(":tag", f"'{tag}'")
    plan = session.delete(SCHEMA, where, {"tag": tag})
    assert plan.found == 4
    assert len(plan.sample) == 4
    assert "nothing was deleted" in str(plan)
    assert len(texts(session, tag)) == 6
    assert plan.commit().landed == 4
    assert texts(session, tag) == ["b", "b"]


@pytest.mark.parametrize(
    ("where", "kind"),
    [
        ("", InvalidOption),
        ("  ", InvalidOption),
        ("1 = 1 LIMIT 3", QuerySyntaxError),
        ("1 = 1 ORDER BY email", QuerySyntaxError),
        ("1 = 1 GROUP BY email", QuerySyntaxError),
        ("emial = 'x'", UnknownName),
        ("<condition expr='1=1'/>", QuerySyntaxError),
        ("<where/>", QuerySyntaxError),
        ("<where>", QuerySyntaxError),
        ("email =", QuerySyntaxError),
    ],
)
def test_what_is_no_condition_is_refused(
    session: Session, where: str, kind: type
) -> None:
    """A LIMIT would not be kept by DeleteCollection, so it is no condition."""
    for method in (session.delete, lambda s, w: session.update(s, w, {"text1": "x"})):
        with pytest.raises(kind):
            method(SCHEMA, where)


def test_the_sample_shows_key_name_and_what_the_condition_reads(
    session: Session, tag: str
) -> None:
    """What a nested condition reads of other records is no column of these."""
    where = "@account = :tag and [location/@city] is null"
    sample = session.delete(SCHEMA, where, {"tag": tag}).sample
    assert [*sample.columns] == ["id", "record", "account", "location.city"]
    assert f"p0@{tag}.example" in sample["record"][0]
    nested = (
        "<where><condition setOperator='NOT EXISTS' expr='[subscription]'>"
        "<condition expr='@created &gt; #2001-01-01#'/></condition></where>"
    )
    assert [*session.delete(SCHEMA, nested).sample.columns] == ["id", "record"]


def test_records_that_appear_after_the_plan_are_not_deleted_unseen(
    session: Session, tag: str
) -> None:
    plan = session.delete(SCHEMA, "account = :tag", {"tag": tag})
    frame = pd.DataFrame({"email": [f"new@{tag}.example"], "account": tag})
    session.write(frame, SCHEMA, key="@email", ingest=False).commit()
    with pytest.raises(InvalidOption, match=r"7 records .* match now, 6 did"):
        plan.commit()
    assert len(texts(session, tag)) == 7


def test_records_that_have_gone_since_the_plan_are_told(
    session: Session, tag: str
) -> None:
    where, params = "account = :tag", {"tag": tag}
    plan = session.delete(SCHEMA, where, params)
    session.delete(SCHEMA, f"{where} AND text1 = 'b'", params).commit()
    result = plan.commit()
    assert result.landed == 4
    assert "6 matched when this was planned" in result.note


def test_a_condition_that_only_xtk_can_say(session: Session, tag: str) -> None:
    where = f"@account = '{tag}' and @created > #2001-01-01#"
    assert session.delete(SCHEMA, where).found == 6


def test_a_lost_answer_of_a_deletion_is_looked_after(
    session: Session, server: cm.Sandbox, tag: str
) -> None:
    server.faults("reset", moment="after", api="*#DeleteCollection", calls=1)
    result = session.delete(SCHEMA, "account = :tag", {"tag": tag}).commit()
    assert result.landed == 6
    assert texts(session, tag) == []


def test_a_deletion_is_done_though_the_count_after_it_fails(
    session: Session, server: cm.Sandbox, tag: str
) -> None:
    plan = session.delete(SCHEMA, "account = :tag", {"tag": tag})
    server.faults("reset", moment="before", api="*#ExecuteQuery", skip=1)
    with pytest.raises(CampaignError) as caught:
        plan.commit()
    server.faults("off")
    assert "the deletion was done, only the count" in caught.value.hint
    assert texts(session, tag) == []
    assert session.journal()["in_doubt"][0] == 0


def test_answers_that_are_always_lost_are_told(
    session: Session, server: cm.Sandbox, tag: str
) -> None:
    server.faults("reset", moment="before", api="*#DeleteCollection")
    with pytest.raises(AnswerLost):
        session.delete(SCHEMA, "account = :tag", {"tag": tag}).commit()
    assert len(texts(session, tag)) == 6


def test_what_is_written_after_an_interrupted_deletion_stays(
    session: Session, server: cm.Sandbox, tag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The interrupt ends the cell at once; the next commit waits for the call."""
    plan = session.delete(SCHEMA, "account = :tag", {"tag": tag})
    noted = Journal.sweeping

    def interrupt(*args: Any) -> None:
        noted(*args)
        _thread.interrupt_main()

    monkeypatch.setattr(Journal, "sweeping", interrupt)
    server.faults("latency", api="*#DeleteCollection", seconds=1.0, calls=1)
    with pytest.raises(Interrupted, match="may be gone, or go still") as caught:
        plan.commit()
    assert "counts what is left" in caught.value.hint
    frame = pd.DataFrame({"email": [f"new@{tag}.example"], "account": tag})
    write = session.write(frame, SCHEMA, key="@email", ingest=False)
    assert texts(session, tag) == ["a", "a", "a", "a", "b", "b"]
    assert write.commit().landed == 1
    assert texts(session, tag) == [""]
    last, deleted = session.journal().head(2).itertuples()
    assert (last.outcome, deleted.outcome) == ("done", "interrupted")
    assert (last.in_doubt, deleted.in_doubt) == (0, 0)


@pytest.mark.parametrize("method", ["write", "update", "delete"])
def test_an_interrupt_of_a_plan_is_told_in_two_lines(
    session: Session, server: cm.Sandbox, method: str
) -> None:
    """Nothing but queries was sent by then."""
    server.faults("latency", api="*#ExecuteQuery", seconds=2.0)
    arguments: dict[str, tuple[Any, ...]] = {
        "write": ([{"email": "x@x.example"}], SCHEMA),
        "update": (SCHEMA, "@status = 1", {"text1": "x"}),
        "delete": (SCHEMA, "@status = 1"),
    }
    wishes = {"key": "@email"} if method == "write" else {}
    match = "before anything was sent"
    with interrupted(0.3), pytest.raises(Interrupted, match=match) as caught:
        getattr(session, method)(*arguments[method], **wishes)
    assert ("sample" in caught.value.hint) == (method == "write")


def test_a_deletion_that_is_refused_leaves_no_doubt(server: cm.Sandbox) -> None:
    """The journal need not forget what landed."""
    frame = pd.DataFrame({"email": ["stays@refused.example"]})
    with cm.connect(server) as session:
        session.write(frame, SCHEMA, key="@email", ingest=False).commit()
        environment = sandbox_environment(server)
        environment["CAMPAIGN_SANDBOX_USER"] = "reader"
        with front._open(environment, {}) as reader:
            plan = reader.delete(SCHEMA, "email = 'stays@refused.example'")
            with pytest.raises((AccessDenied, SoapFault)):
                plan.commit()
        assert session.write(frame, SCHEMA, key="@email", ingest=False).skipped == 1


def test_an_update_gives_all_records_the_same_values(
    session: Session, tag: str
) -> None:
    """By key, with the preview of a write; None empties; twice is no skipping."""
    where, params = "account = :tag AND email NOT LIKE 'p5%'", {"tag": tag}
    values: dict[str, Any] = {"@text1": None, "location.city": "Rome"}
    for expected in (10, 0):
        plan = session.update(SCHEMA, where, values, params, ingest=False)
        assert plan.rows == 5
        assert len(plan.changes) == expected
        result = plan.commit()
        assert (result.landed, result.skipped) == (5, 0)
        assert texts(session, tag) == ["", "", "", "", "", "b"]


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ({}, InvalidOption),
        ({"id": 3}, InvalidOption),
        ({"txt1": "x"}, UnknownName),
    ],
)
def test_values_are_checked_before_anything_is_sent(
    session: Session, tag: str, values: Any, kind: type
) -> None:
    with pytest.raises(kind):
        session.update(SCHEMA, "account = :tag", values, {"tag": tag})


def test_production_wants_its_name(server: cm.Sandbox, tag: str) -> None:
    with cm.connect(server, production=True) as session:
        plans = (
            session.delete(SCHEMA, "account = :tag", {"tag": tag}),
            session.update(SCHEMA, "account = :tag", {"text1": "x"}, {"tag": tag}),
        )
        for plan in plans:
            with pytest.raises(InvalidOption, match="production"):
                plan.commit()
            with pytest.raises(InvalidOption, match="agreed to for"):
                plan.commit(yes="another")
        assert plans[0].commit(yes="sandbox").landed == 6
