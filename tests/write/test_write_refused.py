"""Options that make no sense: refused in a sentence, with a hint, before a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest

import campaign_magics as cm
from campaign_magics.errors import InvalidOption, QuerySyntaxError, UnknownName
from campaign_magics.workbench import Session

SCHEMA = "nms:recipient"
ONE = pd.DataFrame({"email": ["a@refused.example"], "lastName": ["A"]})
BY_EMAIL = {"key": "@email"}


@pytest.fixture
def session(sandbox: cm.Sandbox) -> Iterator[Session]:
    """Nothing is written here, so the sandbox that all share will do."""
    with cm.connect(sandbox) as opened:
        yield opened


@pytest.mark.parametrize(
    ("data", "wishes", "cause"),
    [
        (ONE, {"operation": "upsert"}, "'upsert' is no operation"),
        (ONE, {"key": 5}, "key=5 names no columns"),
        (ONE, {"key": ","}, "key=',' names no columns"),
        (ONE, {"key": []}, r"key=\[\] names no columns"),
        (ONE[[]], {}, "'@email' is no column of the data"),
        (ONE, {"key": ["@email", 5]}, "names no columns"),
        (ONE, {"key": "@account"}, "'@account' is no column of the data"),
        (ONE, {"key": None}, "No column of the data tells"),
        (ONE, {"links": "folder"}, "links='folder' is no dict"),
        (ONE, {"links": {"folder": "update"}}, "No column belongs to the link"),
        (ONE, {"nulls": "keep"}, "nulls='keep' is unknown"),
        (ONE, {"batch_rows": "5"}, "batch_rows='5' makes no sense"),
        (ONE, {"batch_rows": 0}, "batch_rows=0 makes no sense"),
        (ONE, {"batch_rows": True}, "batch_rows=True makes no sense"),
        (ONE, {"sample": 1.5}, "sample=1.5 makes no sense"),
        (5, {}, "Rows cannot be read from an int"),
        (ONE["email"], {}, "Rows cannot be read from a Series"),
        ("people.csv", {}, "This text is no XML document"),
        ([{"email": "x"}, 5], {}, "A row is an int, not a dict"),
        (ONE.set_axis([0, 1], axis=1), {}, "The column 0 is not named by a text"),
        ("<recipient-collection/>", {}, "The document holds no record"),
    ],
)
def test_a_wrong_option_is_told_with_what_to_try(
    session: Session, data: Any, wishes: dict[str, Any], cause: str
) -> None:
    with pytest.raises(InvalidOption, match=cause) as caught:
        session.write(data, SCHEMA, **{**BY_EMAIL, **wishes})
    assert caught.value.hint


def test_a_text_that_names_no_schema_must_be_a_document(session: Session) -> None:
    """It is not the schema that is missing."""
    with pytest.raises(QuerySyntaxError, match="The XML cannot be read"):
        session.write("people.csv")


def test_a_key_that_is_named_twice_counts_once(session: Session) -> None:
    plan = session.write(ONE, SCHEMA, key="@email, email", batch_rows=np.int64(5))
    assert plan.key == ("@email",)
    assert plan.changes.columns.is_unique


def test_arguments_that_were_swapped_are_told(session: Session) -> None:
    with pytest.raises(InvalidOption, match="not by a DataFrame") as caught:
        session.write(SCHEMA, ONE)  # type: ignore[arg-type]  # it is what is tested
    assert "the data comes first" in caught.value.hint


@pytest.mark.parametrize("wishes", [BY_EMAIL, {}])
def test_a_key_that_is_the_index_is_found_out(
    session: Session, wishes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidOption) as caught:
        session.write(ONE.set_index("email"), SCHEMA, **wishes)
    assert "the index (email) is no column: data.reset_index()" in caught.value.hint


def test_a_mistake_in_a_condition_is_shown_in_the_condition(session: Session) -> None:
    """Not in the query that was made around it."""
    with pytest.raises(UnknownName) as caught:
        session.delete(SCHEMA, "status = 1 AND emial = 'x'")
    error = caught.value
    assert error.source == "status = 1 AND emial = 'x'"
    assert error.span is not None
    assert error.source[slice(*error.span)] == "emial"
    with pytest.raises(InvalidOption, match="not a bytes"):
        session.delete(SCHEMA, b"x")  # type: ignore[arg-type]  # it is what is tested


def test_a_value_for_all_that_none_can_take_is_one_error(session: Session) -> None:
    """A problem for each of the records would say the same again and again."""
    with pytest.raises(InvalidOption, match="'nope' is no value of nms:recipient:gen"):
        session.update(SCHEMA, "1 = 1", {"gender": "nope"})
