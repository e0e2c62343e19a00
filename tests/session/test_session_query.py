"""Queries through a session: the rows, the limit, and what a result tells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from session.instance import Instance
from threads import in_threads

from campaign_magics.errors import (
    InvalidValue,
    QuerySyntaxError,
    SoapFault,
    UnknownName,
)
from campaign_magics.query.model import QueryDef, SelectNode
from campaign_magics.session import PROFILE_LIMIT, Connection

QUERY = """<queryDef schema="nms:recipient" operation="select">
  <select>
    <node expr="@email"/><node expr="@gender"/><node expr="[folder/@label]"/>
  </select>
</queryDef>"""


def with_line_count(number: int) -> str:
    return QUERY.replace('operation="select"', f'lineCount="{number}"')


def test_a_query_returns_a_typed_frame(session: Connection) -> None:
    """Text in, DataFrame out; enumerations by name, by label on request."""
    frame = session.query(QUERY)
    assert list(frame["email"])[:2] == ["r0@example.test", "r1@example.test"]
    assert list(frame["gender"])[:3] == ["unknown", "male", "female"]
    assert frame.iloc[1, 2] == "Folder 1"
    labelled = session.query(QUERY, labels=True)
    assert list(labelled["gender"])[:2] == ["Not specified", "Male"]


def test_a_result_tells_its_story(instance: Instance, session: Connection) -> None:
    """attrs["campaign"]: the facts that the design promises."""
    facts = session.query(QUERY, limit=5).attrs["campaign"]
    seconds = {name: facts.pop(name) for name in list(facts) if "seconds" in name}
    assert facts == {
        "schema": "nms:recipient",
        "database": "cloud",
        "rows": 5,
        "truncated": True,
        "limit": 5,
        "warning": "",
        "pages": 1,
        "calls": 1,
    }
    assert set(seconds) == {
        "seconds",
        "throttled_seconds",
        "server_seconds",
        "decode_seconds",
    }
    assert all(value >= 0 for value in seconds.values())


@pytest.mark.parametrize(
    ("text", "limit", "sent", "rows", "truncated"),
    [
        (QUERY, PROFILE_LIMIT, 201, 7, False),
        (QUERY, 7, 8, 7, False),
        (QUERY, 6, 7, 6, True),
        (QUERY, 0, 1, 0, True),
        (QUERY, None, 5_001, 7, False),
        (with_line_count(3), PROFILE_LIMIT, 4, 3, True),
        (with_line_count(3), 5, 4, 3, True),
        (with_line_count(5), 3, 4, 3, True),
        (with_line_count(300), PROFILE_LIMIT, 301, 7, False),
        (with_line_count(3), None, 4, 3, True),
    ],
)
def test_one_row_more_than_wanted_tells_whether_there_are_more(
    instance: Instance,
    session: Connection,
    text: str,
    limit: int | None,
    sent: int,
    rows: int,
    truncated: bool,
) -> None:
    """Nothing is cut silently (design decision 5): we ask for one more, and drop it."""
    frame = session.query(text, limit=limit)
    assert instance.queries[-1].get("lineCount") == str(sent)
    assert len(frame) == rows
    assert frame.attrs["campaign"]["truncated"] is truncated


def test_a_limit_may_be_a_number_of_numpy(session: Connection) -> None:
    """As ``limit=df["n"].max()``; what a result tells stays plain."""
    frame = session.query(QUERY, limit=np.int64(5))  # type: ignore[arg-type]
    assert len(frame) == 5
    assert type(frame.attrs["campaign"]["limit"]) is int


@pytest.mark.parametrize("limit", [-1, "5", 2.5])
def test_a_limit_that_is_no_number_of_rows_is_refused(
    instance: Instance, session: Connection, limit: Any
) -> None:
    """Before anything is asked."""
    with pytest.raises(InvalidValue, match=f"A limit of {limit!r} rows"):
        session.query(QUERY, limit=limit)
    assert instance.queries == []


@pytest.mark.parametrize("what", [None, 123])
def test_what_is_no_query_is_named_by_its_type(session: Connection, what: Any) -> None:
    """A variable that was never filled, say."""
    with pytest.raises(QuerySyntaxError, match="A query is SQL, XML, JSON or a dict"):
        session.query(what)


def test_no_rows_is_an_empty_frame_with_columns(
    instance: Instance, session: Connection
) -> None:
    """An empty answer keeps names and types."""
    instance.rows = 0
    frame = session.query(QUERY)
    assert len(frame) == 0
    assert list(frame.columns)[:2] == ["email", "gender"]
    assert isinstance(frame["gender"].dtype, pd.CategoricalDtype)


def test_the_footer_says_what_it_cost(connect: Callable[..., Connection]) -> None:
    """``first 5 rows · nms:recipient (cloud) · 1 call · 0.03 s · TPS 3/50``."""
    session = connect(tps=50)
    parts = session.footer(session.query(QUERY, limit=5)).split(" · ")
    assert parts[0] == "first 5 rows"
    assert parts[1] == "nms:recipient (cloud)"
    assert parts[2] == "1 call"
    assert parts[3].endswith(" s")
    assert parts[4].startswith("TPS ")
    assert parts[4].endswith("/50")
    assert session.footer(session.query(QUERY)).startswith("7 rows · ")
    assert session.footer(pd.DataFrame()) == ""


def test_parameters_are_bound_as_literals(
    instance: Instance, session: Connection
) -> None:
    """A quote in a value stays in the value."""
    text = QUERY.replace(
        "</queryDef>",
        '<where><condition expr="@email = :mail"/></where></queryDef>',
    )
    session.query(text, {"mail": "o'hara@example.test"})
    [condition] = instance.queries[-1].iter("condition")
    assert condition.get("expr") == r"@email = 'o\'hara@example.test'"


def test_count_asks_for_a_number(instance: Instance, session: Connection) -> None:
    """Whatever the query's order and lineCount."""
    assert session.count(with_line_count(3)) == 7
    asked = instance.queries[-1]
    assert asked.get("operation") == "count"
    assert asked.get("lineCount") is None
    assert session.count("<queryDef schema='nms:recipient'/>") == 7


def test_build_sql_returns_the_servers_text(session: Connection) -> None:
    """xtk:queryDef#BuildQuery."""
    assert session.build_sql(QUERY) == "SELECT R0.sEmail FROM NmsRecipient R0"


def test_a_querydef_object_is_taken_too(session: Connection) -> None:
    """For programs that build their queries."""
    query = QueryDef(schema="nms:recipient", select=(SelectNode(expr="@email"),))
    assert len(session.query(query)) == 7


@pytest.mark.parametrize(
    ("text", "kind", "hint"),
    [
        (QUERY.replace("nms:recipient", "nms:recipeint"), UnknownName, "nms:recipient"),
        (QUERY.replace("@email", "@emial"), UnknownName, "@email"),
        ("<queryDef schema='nms:recipient'", QuerySyntaxError, "close"),
    ],
)
def test_mistakes_are_told_before_a_query_is_sent(
    instance: Instance, session: Connection, text: str, kind: type[Exception], hint: str
) -> None:
    """A misspelt name costs no query, and the hint has the right one."""
    with pytest.raises(kind) as caught:
        session.query(text)
    assert hint in caught.value.hint  # type: ignore[attr-defined]
    assert [q for q in instance.queries if q.get("schema") != "xtk:schema"] == []


def test_the_servers_refusal_is_an_error(session: Connection) -> None:
    """``get`` without a row is a fault (protocol.md §5.3)."""
    with pytest.raises(SoapFault, match="No document") as caught:
        session.query(QUERY.replace("select", "get", 1))
    assert caught.value.facts["server_code"] == "SOP-330011"


def test_threads_share_a_session(instance: Instance, session: Connection) -> None:
    """Twenty threads: one logon, each schema fetched once, twenty right answers."""
    sizes = in_threads(20, lambda: len(session.query(QUERY)))
    assert sizes == [7] * 20
    assert instance.count("Logon") == 1
    assert instance.count("GetEntityIfMoreRecent") == 2
