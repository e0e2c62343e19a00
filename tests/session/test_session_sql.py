"""SQL over a real socket: typed rows, parameters, mistakes found before a call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

import campaign_magics as cm
from campaign_magics.errors import InvalidValue, UnknownName


@pytest.fixture(scope="module")
def session(sandbox: cm.Sandbox) -> Iterator[cm.Session]:
    with cm.connect(sandbox) as opened:
        yield opened


def test_sql_returns_a_typed_frame(session: cm.Session) -> None:
    frame = session.query(
        "SELECT id, email, folder.label, gender, birthDate, YEAR(created) AS y, "
        "lastName || '!' AS \"Last name\" FROM nms:recipient "
        "WHERE gender = :gender AND birthDate >= :since AND id IN (:ids) ORDER BY id",
        params={"gender": "Female", "since": "1950-01-01", "ids": range(1001, 1200)},
    )
    assert list(frame.columns) == [
        "id",
        "email",
        "folder.label",
        "gender",
        "birthDate",
        "y",
        "Last name",
    ]
    assert len(frame) > 10
    assert set(frame["gender"]) == {"female"}
    assert frame["birthDate"].min() >= date(1950, 1, 1)
    assert frame["id"].is_monotonic_increasing
    assert frame["Last name"].str.endswith("!").all()


def test_star_selects_every_stored_field(session: cm.Session) -> None:
    frame = session.query("SELECT * FROM nms:recipient LIMIT 3")
    stored = [f for f in session.schemas["nms:recipient"].fields if f.expr is None]
    assert len(frame.columns) == len(stored)
    assert {"email", "location.city", "folder-id", "comment"} <= {*frame.columns}
    assert len(frame) == 3


def test_count_and_sql_of_sql(session: cm.Session) -> None:
    sql = "SELECT email FROM nms:recipient WHERE gender = 'male'"
    assert session.count(sql) == len(session.query(sql, limit=None))
    assert "iGender" in session.build_sql(sql)


def test_a_mistake_costs_no_call(session: cm.Session) -> None:
    """Names and values are checked here; the schema is known by now."""
    session.query("SELECT email FROM nms:recipient LIMIT 1")
    calls: list[object] = []
    with session.trace(calls.append):
        with pytest.raises(UnknownName, match=r"emial[\s\S]*\^\^\^\^\^"):
            session.query("SELECT emial FROM nms:recipient")
        with pytest.raises(InvalidValue, match="femal"):
            session.query("SELECT email FROM nms:recipient WHERE gender = 'femal'")
    assert calls == []
