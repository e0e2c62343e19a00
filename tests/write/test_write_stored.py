"""Records read by key: all of them, the first of several, in few calls."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pytest

import campaign_magics as cm
from campaign_magics.workbench import Session
from campaign_magics.write import stored
from campaign_magics.write.columns import target
from campaign_magics.write.stored import Column, Reader

SCHEMA = "nms:recipient"


@pytest.fixture(scope="module")
def session() -> Iterator[Session]:
    with (
        cm.Sandbox(tps=400, rows=50, seed=7) as server,
        cm.connect(server) as session,
    ):
        yield session


def reader(session: Session, *paths: str) -> Reader:
    schema, lookup = session.schemas[SCHEMA], session.schemas.__getitem__
    fields = [target(path, schema, lookup).found.field for path in paths]
    assert None not in fields
    columns = [Column(path=p, field=f) for p, f in zip(paths, fields, strict=True) if f]
    return Reader(session, schema, columns[:2], columns[2:])


def test_a_composite_key_finds_its_own_combinations_only(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its parts are looked for by themselves; too many rows divide the keys."""
    grid = pd.DataFrame(
        [(f"{a}", f"{b}", f"{a}{b}") for a in "abcdef" for b in "uvwxyz"],
        columns=["account", "text1", "text2"],
    )
    plan = session.write(
        grid, SCHEMA, key="@account, @text1", ingest=False, sample=None
    )
    assert plan.counts["insert"] == 36
    assert plan.commit().landed == 36
    wanted = [(a, b) for a, b in zip("abcdef", "uvwxyz", strict=True)]
    monkeypatch.setattr(stored, "_MOST", 10)
    found = reader(session, "@account", "@text1", "@text2").find(wanted)
    assert {key: one["@text2"] for key, one in found.records.items()} == {
        (a, b): a + b for a, b in wanted
    }
    assert found.calls > 1
    assert not found.several


def test_of_several_records_the_first_counts(session: Session) -> None:
    """As the server takes it; the plan says that there are more."""
    for text in ("first", "second"):
        frame = pd.DataFrame(
            {"email": [f"{text}@several.example"], "account": "several", "text1": text}
        )
        session.write(frame, SCHEMA, key="@email", ingest=False).commit()
    change = pd.DataFrame({"account": ["several"], "text1": ["changed"]})
    plan = session.write(change, SCHEMA, key="@account", ingest=False)
    assert plan.changes["current"].tolist() == ["first"]
    assert "More than one record has the key of 1 row;" in plan.notes[-1]
    assert plan.commit().landed == 1
    sql = f"SELECT text1 FROM {SCHEMA} WHERE account = 'several' ORDER BY id"
    assert session.query(sql)["text1"].tolist() == ["changed", "second"]
