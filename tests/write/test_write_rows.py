"""What a frame's rows become: documents, and problems that name their cause."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest

from campaign_magics.errors import InvalidOption, UnknownName, UserError
from campaign_magics.write.rows import Rows

pytestmark = pytest.mark.pure
Read = Callable[..., Rows]


def reasons(rows: Rows) -> list[tuple[Any, ...]]:
    return list(rows.problems.drop(columns="value").itertuples(index=False, name=None))


def test_a_row_becomes_a_document_with_its_key_and_operation(rows: Read) -> None:
    """Groups of fields nest, markup and line breaks survive as references."""
    frame = pd.DataFrame(
        {
            "email": ["a@b.test"],
            "lastName": ['O\'Hara & "Sons" <x>\n'],
            "location.city": ["Paris"],
        }
    )
    assert rows(frame).documents(0, 1) == [
        '<recipient _operation="insertOrUpdate" _key="@email" email="a@b.test" '
        'lastName="O\'Hara &amp; &quot;Sons&quot; &lt;x&gt;&#10;">'
        '<location city="Paris"/></recipient>'
    ]


def test_missing_values_are_left_out_and_empty_ones_empty(rows: Read) -> None:
    """NA leaves what is stored alone, "" empties it; nulls="clear" makes NA empty."""
    frame = pd.DataFrame({"email": ["a@b.test"], "phone": [None], "fax": [""]})
    head = '<recipient _operation="insertOrUpdate" _key="@email" email="a@b.test"'
    assert rows(frame).documents(0, 1) == [f'{head} fax=""/>']
    cleared = rows(frame, nulls="clear").documents(0, 1)
    assert cleared == [f'{head} phone="" fax=""/>']


def test_a_key_that_occurs_twice_is_a_problem_of_both_rows(rows: Read) -> None:
    """Each of them names the others by their labels."""
    frame = pd.DataFrame({"email": ["a@x", "b@x", "a@x"]}, index=["i", "j", "k"])
    read = rows(frame)
    assert reasons(read) == [
        ("i", "email", "The key occurs 2 times, also in row k."),
        ("k", "email", "The key occurs 2 times, also in row i."),
    ]
    assert (len(read), read.total, list(read.index)) == (1, 3, ["j"])
    assert read.keys(0, 1) == [("b@x",)]


def test_a_misspelt_column_is_an_error_with_a_suggestion(rows: Read) -> None:
    """Nothing is read of the rows then."""
    with pytest.raises(UnknownName) as caught:
        rows(pd.DataFrame({"emial": ["a@x"]}))
    assert caught.value.hint == "did you mean @email?"


def test_a_computed_column_is_an_error(rows: Read) -> None:
    """The server would drop it without a word."""
    with pytest.raises(UserError, match="'age' is computed by the server"):
        rows(pd.DataFrame({"email": ["a@x"], "age": [3]}))


def test_rows_need_a_key(rows: Read) -> None:
    """The error names the keys of the schema and how to name another."""
    with pytest.raises(InvalidOption) as caught:
        rows(pd.DataFrame({"email": ["a@x"]}), key=None)
    assert caught.value.hint == (
        "add the columns of a key (@id), or name one with key='@email'"
    )
