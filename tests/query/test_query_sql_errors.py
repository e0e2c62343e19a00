"""What SQL cannot ask of Campaign: one sentence, a caret, and what to write instead."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from campaign_magics.errors import (
    CampaignError,
    InvalidValue,
    QuerySyntaxError,
    UnknownName,
)
from campaign_magics.query.check import check
from campaign_magics.query.params import bind
from campaign_magics.query.read import read, read_query
from campaign_magics.query.scope import Lookup

pytestmark = pytest.mark.pure

R = "FROM nms:recipient"


def checked(sql: str, lookup: Lookup, **params: object) -> None:
    reading = read(sql, lookup)
    query = bind(reading.query, params, reading.source, lookup)
    check(query, lookup, reading.source)


@pytest.mark.parametrize(
    ("sql", "marked", "words", "hint"),
    [
        # No equivalent
        (f"SELECT email {R} r JOIN xtk:folder f ON 1=1", "JOIN", "no JOIN", "folder."),
        (f"SELECT email {R}, xtk:folder", "xtk:folder", "no JOIN", "folder.label"),
        (f"SELECT email {R} UNION SELECT 1", "UNION", "no UNION", "pd.concat"),
        ("WITH a AS (SELECT 1) SELECT 2 FROM a", "WITH", "no WITH", "IN (SELECT"),
        (f"SELECT email {R}; DROP TABLE x", "DROP", "one query", "own cell"),
        ("SELECT a FROM (SELECT 1) x", None, "one schema", "IN (SELECT"),
        (f"SELECT email {R} QUALIFY 1 = 1", "QUALIFY", "QUALIFY", "RowNum"),
        (f"SELECT SUM(id) OVER () {R}", "SUM(id)", "window", "RowNum"),
        (f"SELECT SUM(DISTINCT id) {R}", "id", "DISTINCT", "COUNT(DISTINCT"),
        (f"SELECT id {R} WHERE id = (SELECT 1 {R})", None, "IN or EXISTS", "Count("),
        (f"SELECT (SELECT 1 {R}) {R}", None, "no value", "Count("),
        (f"SELECT id {R} WHERE email REGEXP 'a'", None, "regular", "LIKE"),
        (
            f"SELECT id {R} WHERE id IN (SELECT 1 FROM broadLog)",
            "broadLog",
            "EXISTS",
            "",
        ),
        (f"SELECT id {R} ORDER BY id NULLS LAST", "NULLS", "nulls", "leave"),
        (f"SELECT id {R} GROUP BY ROLLUP(id)", "id", "ROLLUP", "groupby"),
        (f"SELECT DISTINCT ON (id) id {R}", "id", "DISTINCT ON", "drop_duplicates"),
        (f"SELECT id {R} LIMIT 10 PERCENT", "10", "PERCENT", "LIMIT 100"),
        (f"SELECT * EXCEPT (id) {R}", "EXCEPT", "stands alone", "by name"),
        (f"SELECT REPLACE(email, 'a', 'b') {R}", None, "REPLACE", "str.replace"),
        (f"SELECT DATEDIFF(day, created, NOW()) {R}", None, "DATEDIFF", "DaysDiff"),
        (f"SELECT CAST(id AS JSON) {R}", "id", "no type JSON", "VARCHAR"),
        (f"SELECT EXTRACT(EPOCH FROM created) {R}", "created", "epoch", "year"),
        (f"SELECT created - lastModified {R}", None, "Two times", "DaysDiff"),
        (f"SELECT NULL {R}", "SELECT", "no value", "IS NULL"),
        (f"SELECT id {R} WHERE email = NULL", "email", "NULL", "IS NULL"),
        (f"SELECT id {R} WHERE (id, email) IN ((1, 2))", None, "one value", "AND"),
        (f"SELECT id {R} WHERE email = ?", "?", ":name", "--param"),
        (f"SELECT id {R} WHERE email = $1", "$1", ":name", "--param"),
        (f"SELECT id {R} WHERE email = {{x}}", "{", ":name", "--param"),
        (f"SELECT id {R} WHERE id = 1 && id = 2", "&&", "&&", "AND"),
        (f"SELECT TOP 5 id {R}", "TOP", "TOP", "LIMIT 5"),
        (f"DELETE {R}", "DELETE", "only reads", "%campaign_write"),
        ("INSERT INTO x VALUES (1)", "INSERT", "only reads", "%campaign_write"),
        ("EXPLAIN SELECT 1", "EXPLAIN", "not a query", "build_sql"),
        # Not SQL
        ("SELEC email", "SELEC", "starts with SELECT", "SELECT email FROM"),
        (f"SELECT email,, id {R}", ",", "comma", "take it away"),
        (f"SELECT email {R} WHERE (id = 1", "(", "never closed", "add )"),
        (f"SELECT email {R} WHERE id = 1)", ")", "never opened", "take it"),
        (f"SELECT email {R} WHERE lastName = 'O'Hara'", "'", "never closed", "O''Hara"),
        (f"SELECT email {R} WHERE", "WHERE", "cannot be read", "word"),
        ("SELECT email", "SELECT email", "no FROM", "FROM nms:recipient"),
        ("SELECT email FROM recipient", "recipient", "no schema", "nms:recipient"),
        (f"SELECT id {R} LIMIT 0", "0", "nothing", "LIMIT 1"),
        (f"SELECT id {R} LIMIT :n", ":n", "a number", "--limit"),
        (f"SELECT id {R} ORDER BY 2", "2", "no column 2", "1 to 1"),
        (f"SELECT id {R} WHERE id = 99999999999999999999", None, "range", ""),
        (f"SELECT Left(email) {R}", "Left(email)", "2 arguments", "Left(text, n)"),
        (f"SELECT Lowr(email) {R}", "Lowr", "no function Lowr", "Lower"),
        (f"SELECT id {R} WHERE birthDate < #2020-99-01#", "#2020-99-01#", "date", ""),
    ],
)
def test_the_error_says_what_to_write_instead(
    lookup: Lookup, sql: str, marked: str | None, words: str, hint: str
) -> None:
    with pytest.raises(QuerySyntaxError) as caught:
        checked(sql, lookup)
    error = caught.value
    assert words in error.message
    assert hint in error.hint
    assert error.source == sql
    assert error.span is not None
    if marked is not None:
        assert sql[error.span[0] : error.span[1]] == marked


@pytest.mark.parametrize(
    ("sql", "kind", "marked", "hint"),
    [
        (f"SELECT emial {R}", UnknownName, "emial", "@email"),
        (f"SELECT fodler.label {R}", UnknownName, "fodler.label", "folder"),
        (f"SELECT [folder/@lable] {R}", UnknownName, "[folder/@lable]", "label"),
        (f"SELECT x.email {R} r", UnknownName, "x.email", ""),
        (f"SELECT r.emial {R} r", UnknownName, "r.emial", "@email"),
        (f'SELECT id {R} WHERE email = "x"', UnknownName, '"x"', "'x'"),
        ("SELECT id FROM nms:recipients", UnknownName, "nms:recipients", ""),
        (f"SELECT id {R} WHERE gender = 'femal'", InvalidValue, "'femal'", "female"),
        (f"SELECT id {R} WHERE gender IN (1, 'x')", InvalidValue, "'x'", "male"),
        (f"SELECT id {R} WHERE age > 'abc'", InvalidValue, "'abc'", "number"),
        (f"SELECT id {R} WHERE email = 5", InvalidValue, "5", "'5'"),
        (f"SELECT id {R} WHERE birthDate = 5", InvalidValue, "5", "a date"),
        (f"SELECT id {R} WHERE birthDate = '1/2/20'", InvalidValue, "'1/2/20'", "#"),
        (f"SELECT id {R} WHERE blackList = 'maybe'", InvalidValue, "'maybe'", "true"),
        (f"SELECT id {R} WHERE account = id", InvalidValue, "id", "ToString(@id)"),
        (
            f"SELECT id {R} WHERE EXISTS (SELECT 1 FROM broadLog WHERE status = 'snt')",
            InvalidValue,
            "'snt'",
            "sent",
        ),
        (
            f"SELECT id {R} WHERE id IN (SELECT emial FROM nms:subscription)",
            UnknownName,
            "emial",
            "",
        ),
    ],
)
def test_a_wrong_name_or_value_is_pointed_at(
    lookup: Lookup, sql: str, kind: type[CampaignError], marked: str, hint: str
) -> None:
    """The caret stands in the user's SQL, though XTK is what was checked."""
    with pytest.raises(kind) as caught:
        checked(sql, lookup)
    error = caught.value
    assert error.source == sql
    assert error.span is not None
    assert sql[error.span[0] : error.span[1]] == marked
    assert hint in error.hint


def test_a_parameter_that_does_not_fit_is_pointed_at(lookup: Lookup) -> None:
    sql = f"SELECT id {R}\nWHERE LOWER(email) = 'x' AND r.age > :least".replace(
        "recipient", "recipient r"
    )
    with pytest.raises(InvalidValue) as caught:
        checked(sql, lookup, least="many")
    assert caught.value.span is not None
    assert sql[slice(*caught.value.span)] == ":least"


def test_a_value_checked_after_binding_is_pointed_at(lookup: Lookup) -> None:
    """Two rewritings away: SQL → XTK → XTK with values."""
    sql = f"SELECT id {R} WHERE gender = 'femal' OR lastName = :name"
    with pytest.raises(InvalidValue) as caught:
        checked(sql, lookup, name="O'Hara")
    assert caught.value.source == sql
    assert caught.value.span is not None
    assert sql[slice(*caught.value.span)] == "'femal'"


def test_sql_needs_the_schemas() -> None:
    with pytest.raises(QuerySyntaxError, match="without the schemas"):
        read_query("SELECT email FROM nms:recipient")


def test_a_long_or_becomes_conditions(lookup: Lookup) -> None:
    """XTK's parser refuses 200 operands in one expression."""
    tests = " OR ".join(f"id = {number}" for number in range(500))
    found = read_query(f"SELECT id {R} WHERE {tests}", lookup)
    assert len(found.where) == 500
    assert {one.bool_operator for one in found.where[:-1]} == {"OR"}


@pytest.mark.parametrize(
    "test",
    [
        "(" * 3000 + "id = 1" + ")" * 3000,
        "NOT " * 20_000 + "id = 1",
        "id = " + "- " * 20_000 + "1",
        "id = " + "CASE WHEN " * 5_000 + "1" + " THEN 1 END" * 5_000,
        "id IN "
        + "(SELECT id FROM nms:recipient WHERE id IN " * 500
        + "(1)"
        + ")" * 500,
    ],
    ids=["brackets", "NOT", "minus", "CASE", "SELECT"],
)
def test_deep_nesting_is_an_error_not_a_crash(lookup: Lookup, test: str) -> None:
    with pytest.raises(QuerySyntaxError, match="nested"):
        read_query(f"SELECT id {R} WHERE {test}", lookup)


TEXT = """SELECT FROM nms:recipient WHERE email folder.label 'x' ( ) , AND NOT IN CASE
    WHEN THEN END 1 :a # [ ] @ COUNT * LIMIT EXISTS LIKE = - || INTERVAL DATE CAST AS
    OVER JOIN NULL IS BETWEEN ; . @id EXTRACT YEAR OFFSET " ' -- /*"""
WORDS = [*TEXT.split(), "GROUP BY", "ORDER BY", "id = 1", "(SELECT 1 FROM broadLog)"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_any_words_are_read_or_refused(lookup: Lookup, words: list[str]) -> None:
    """Nothing but our own errors comes out, and they point into the text."""
    sql = "SELECT email FROM nms:recipient WHERE " + " ".join(words)
    try:
        read_query(sql, lookup)
    except CampaignError as exc:
        exc.render()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(lookup: Lookup, text: str) -> None:
    try:
        read_query("SELECT " + text, lookup)
    except CampaignError:
        return
