"""Exactly once: whatever breaks on the way, nothing doubles and nothing is lost."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sandbox.staging.conftest import ADMIN, SAMPLE, Tables, xml

from campaign_magics.sandbox.persist.save import write_documents
from campaign_magics.sandbox.staging import move as moving
from campaign_magics.sandbox.staging.ingest import ingest, ingest_ext
from campaign_magics.sandbox.staging.move import move
from campaign_magics.sandbox.stores.journal import Journal
from campaign_magics.sandbox.stores.world import build_world


class Crash(BaseException):
    """What no handler of the sandbox catches."""


def crash(*_: Any, **__: Any) -> None:
    raise Crash


POINTS = [(Journal, "begin"), (moving, "_apply"), (Journal, "mark_applied")]
POINTS += [(Journal, "end"), (moving, "_end")]


@pytest.mark.parametrize(("where", "name"), POINTS)
def test_a_crash_at_any_step_neither_doubles_nor_loses(
    world, tables, monkeypatch, where, name
):
    """Before, while and after a batch is applied: the next move makes it whole."""
    ingest(world, [xml(f'code="{n}" testcol1="a"') for n in range(5)], ADMIN)
    with monkeypatch.context() as broken:
        broken.setattr(where, name, crash)
        with pytest.raises(Crash):
            move(world)
    assert len(tables.cloud()) in (0, 5)
    move(world)
    assert [row["sCode"] for row in sorted(tables.cloud(), key=lambda r: r["sCode"])]
    assert sorted(row["sCode"] for row in tables.cloud()) == list("01234")
    assert tables.staged() == []
    assert tables.waiting() == 0


def test_a_batch_applied_before_the_crash_is_not_applied_again(
    world, tables, monkeypatch
):
    """A record changed in the cloud since then keeps its change."""
    ingest(world, [xml('id="A" testcol1="staged"')], ADMIN)
    with monkeypatch.context() as broken:
        broken.setattr(moving, "_end", crash)
        with pytest.raises(Crash):
            move(world)
    newer = xml('id="A" testcol1="newer"')
    newer.tag = "sampleTable"
    newer.set("xtkschema", "dem:sampleTable")
    write_documents(world, [newer], ADMIN)
    move(world)
    assert [row["sTestcol1"] for row in tables.cloud()] == ["newer"]


def test_what_was_staged_after_the_crash_comes_too(world, tables, monkeypatch):
    """The interrupted batch is ended, then the new documents are moved."""
    ingest(world, [xml('id="A" testcol1="1"')], ADMIN)
    with monkeypatch.context() as broken:
        broken.setattr(Journal, "end", crash)
        with pytest.raises(Crash):
            move(world)
    ingest_ext(world, [xml('id="A" testcol1="2"'), xml('id="B"')], ADMIN)
    move(world)
    found = [(row["sSampleTableId"], row["sTestcol1"]) for row in tables.cloud()]
    assert found == [("A", "2"), ("B", None)]


def test_one_bad_document_does_not_hold_up_the_others(world, tables, monkeypatch):
    """It stays in staging with its cause, and is tried again next time."""
    ingest(world, [xml(f'id="{key}"') for key in "ABC"], ADMIN)
    real = moving.write_documents

    def refuse(world: Any, documents: Any, author: Any) -> Any:
        if any(document.get("id") == "B" for document in documents):
            raise moving.NotSaved("B is not wanted.")
        return real(world, documents, author)

    with monkeypatch.context() as broken:
        broken.setattr(moving, "write_documents", refuse)
        (result,) = [one for one in move(world) if one.records]
    assert (result.records, result.rejected) == (2, 1)
    assert result.cause == "B is not wanted."
    assert [row["sSampleTableId"] for row in tables.cloud()] == ["A", "C"]
    assert [row["sSampleTableId"] for row in tables.staged()] == ["B"]
    move(world)
    assert [row["sSampleTableId"] for row in tables.cloud()] == ["A", "B", "C"]


def test_many_batches_keep_the_order(world, tables, monkeypatch):
    """Twelve changes of one record in batches of five: the last one wins."""
    monkeypatch.setattr(moving, "_BATCH", 5)
    for number in range(12):
        ingest_ext(world, [xml(f'id="A" testcol1="{number}"')], ADMIN)
    move(world)
    assert [row["sTestcol1"] for row in tables.cloud()] == ["11"]
    assert tables.waiting() == 0


def test_ingesting_while_moving_loses_nothing(world, tables):
    """Four threads stage 25 records each, one moves all the time."""
    done = threading.Event()

    def stage(part: int) -> None:
        for number in range(25):
            ingest(world, [xml(f'code="{part}-{number}"')], ADMIN)

    def keep_moving() -> None:
        while not done.is_set():
            move(world)

    mover = threading.Thread(target=keep_moving)
    stagers = [threading.Thread(target=stage, args=(n,)) for n in range(4)]
    for thread in (mover, *stagers):
        thread.start()
    for thread in stagers:
        thread.join()
    done.set()
    mover.join()
    move(world)
    codes = [row["sCode"] for row in tables.cloud()]
    assert len(codes) == 100
    assert len(set(codes)) == 100
    assert tables.staged() == []


def test_a_kept_folder_moves_what_was_staged_before_it_closed(tmp_path, clock):
    """Staged rows survive the process; what was applied is not applied again."""
    first = build_world(rows=5, data=tmp_path, clock=clock)
    first.define(SAMPLE)
    ingest(first, [xml('id="A"')], ADMIN)
    move(first)
    ingest(first, [xml('id="B"')], ADMIN)
    first.close()
    second = build_world(rows=5, data=tmp_path, clock=clock)
    tables = Tables(second)
    assert [row["sSampleTableId"] for row in tables.cloud()] == ["A"]
    move(second)
    assert [row["sSampleTableId"] for row in tables.cloud()] == ["A", "B"]
    second.close()


STEP = st.tuples(
    st.sampled_from(["insert", "change", "delete", "move", "crash"]),
    st.sampled_from("AB"),
    st.integers(0, 99),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(STEP, max_size=12))
def test_staging_equals_writing_in_the_same_order(steps):
    """Any mix of calls, moves and crashes ends as if the cloud had been written to."""
    world, expected = _shared(), {}
    write_documents(world, [_gone("A"), _gone("B")], ADMIN)
    for action, key, number in steps:
        if action == "insert":
            ingest(world, [xml(f'id="{key}" testcol1="{number}"')], ADMIN)
            expected[key] = str(number)
        elif action == "change":
            ingest_ext(world, [xml(f'id="{key}" testcol1="{number}"')], ADMIN)
            expected[key] = str(number)
        elif action == "delete":
            ingest_ext(world, [xml(f'_operation="delete" id="{key}"')], ADMIN)
            expected.pop(key, None)
        elif action == "move":
            move(world)
        else:
            _crash_between(world)
    move(world)
    tables = Tables(world)
    found = {row["sSampleTableId"]: row["sTestcol1"] for row in tables.cloud()}
    assert found == expected
    assert tables.staged() == []
    assert tables.waiting() == 0


_WORLDS: list[Any] = []


def _shared() -> Any:
    if not _WORLDS:
        _WORLDS.append(build_world(rows=5))
        _WORLDS[0].define(SAMPLE)
    return _WORLDS[0]


def _gone(key: str) -> Any:
    document = xml(f'_operation="delete" id="{key}"')
    document.tag = "sampleTable"
    document.set("xtkschema", "dem:sampleTable")
    return document


def _crash_between(world: Any) -> None:
    """Move, and crash once the cloud has committed."""
    real = moving._end
    moving._end = crash
    try:
        move(world)
    except Crash:
        pass
    finally:
        moving._end = real
