"""The same query on both databases gives the same answer."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign_magics.query.model import Condition, OrderNode, QueryDef, SelectNode
from campaign_magics.sandbox.faults import Fault

STRINGS = ["@email", "@lastName", "@firstName", "[location/@city]", "[folder/@label]"]
NUMBERS = ["@id", "@gender", "@blackList", "[@folder-id]", "[folder/@id]"]
DATES = ["@birthDate", "@created", "ToDate(@created)"]
WORDS = ["", "a", "Ann", "Paris", "%", "é", "O'Neil", "2nd"]

texts = st.recursive(
    st.sampled_from(STRINGS)
    | st.sampled_from(WORDS).map(lambda word: "'" + word.replace("'", "\\'") + "'"),
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(
                ["Upper", "Lower", "Smart", "Ltrim", "Md5Digest", "GetEmailDomain"]
            ),
            inner,
        ).map(lambda p: f"{p[0]}({p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"({p[0]} + {p[1]})"),
        st.tuples(inner, inner).map(lambda p: f"JuxtWords({p[0]}, {p[1]})"),
        st.tuples(
            st.sampled_from(["Left", "Right", "GetLine"]), inner, st.integers(-1, 5)
        ).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(inner, st.integers(-1, 4), st.integers(-1, 4)).map(
            lambda p: f"Substring({p[0]}, {p[1]}, {p[2]})"
        ),
        st.tuples(inner, st.integers(0, 12)).map(
            lambda p: f"LPad({p[0]}, {p[1]}, '-+')"
        ),
    ),
    max_leaves=4,
)
numbers = st.recursive(
    st.sampled_from(NUMBERS) | st.integers(-50, 2000).map(str),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from("+-*/%"), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        st.tuples(st.sampled_from(["Abs", "Sign", "Floor", "Ceil"]), inner).map(
            lambda p: f"{p[0]}({p[1]})"
        ),
        texts.map(lambda text: f"Length({text})"),
        st.tuples(texts, st.sampled_from(STRINGS)).map(
            lambda p: f"Charindex({p[0]}, {p[1]})"
        ),
    ),
    max_leaves=4,
)
dates = st.recursive(
    st.sampled_from(DATES),
    lambda inner: st.one_of(
        st.tuples(
            st.sampled_from(["AddDays", "AddMonths", "SubYears", "AddHours"]),
            inner,
            st.integers(-40, 40),
        ).map(lambda p: f"{p[0]}({p[1]}, {p[2]})"),
        st.tuples(
            st.sampled_from(["TruncWeek", "TruncQuarter", "TruncYear", "DateOnly"]),
            inner,
        ).map(lambda p: f"{p[0]}({p[1]})"),
    ),
    max_leaves=3,
)
counted = st.tuples(
    st.sampled_from(
        ["DaysDiff", "MonthsDiff", "YearsDiff", "HoursDiff", "SecondsDiff"]
    ),
    dates,
    dates,
).map(lambda p: f"{p[0]}({p[1]}, {p[2]})")
parts = st.tuples(
    st.sampled_from(["Year", "Month", "Day", "WeekDay", "DayOfYear", "YearsOld"]), dates
).map(lambda p: f"{p[0]}({p[1]})")
comparison = st.one_of(
    st.tuples(texts, st.sampled_from(["=", "<>", "<", ">=", "LIKE"]), texts),
    st.tuples(numbers, st.sampled_from(["=", "<>", "<", ">="]), numbers),
    st.tuples(dates, st.sampled_from(["=", "<>", "<", ">="]), dates),
).map(" ".join)
tests = st.recursive(
    comparison
    | st.tuples(st.sampled_from(STRINGS + DATES), st.sampled_from(["", " NOT"])).map(
        lambda p: f"{p[0]} IS{p[1]} NULL"
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(
            lambda p: f"({p[0]} {p[1]} {p[2]})"
        ),
        inner.map(lambda test: f"NOT ({test})"),
    ),
    max_leaves=4,
)
expressions = st.one_of(texts, numbers, dates, counted, parts, tests)
collections = st.builds(
    Condition,
    expr=st.sampled_from(["subscription", "broadLog"]),
    set_operator=st.sampled_from(["EXISTS", "NOT EXISTS"]),
)
queries = st.builds(
    QueryDef,
    schema=st.just("nms:recipient"),
    select=st.lists(
        st.builds(SelectNode, expr=expressions, analyze=st.booleans()),
        min_size=1,
        max_size=3,
    ).map(tuple),
    where=st.lists(
        st.builds(Condition, expr=tests, bool_operator=st.sampled_from(["AND", "OR"]))
        | collections,
        max_size=2,
    ).map(tuple),
    order_by=st.tuples(expressions, st.booleans()).map(
        lambda p: (OrderNode(expr=p[0], desc=p[1]), OrderNode(expr="@id"))
    ),
    line_count=st.integers(0, 5),
    start_line=st.integers(0, 2),
)


def outcome(world: Any, query: QueryDef) -> str:
    """The answer, or that there is none."""
    try:
        return world.ask(query)
    except Fault as fault:
        return fault.code


@given(query=queries)
@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_both_databases_agree(local, cloud, query):
    """Whatever is asked of nms:recipient, SQLite and DuckDB answer alike."""
    assert outcome(local, query) == outcome(cloud, query)
