"""What people see of a plan: one line a value, whatever the value; right plurals."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from campaign_magics.write.result import WriteResult
from campaign_magics.write.show import as_html, as_text, counted, legible

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain é 日本", "plain é 日本"),
        ("two\nlines\r\tand", r"two\nlines\r\tand"),
        ("\x1b[31mred\x00", r"\x1b[31mred\x00"),
        ("\u202egnp.exe\u2066", r"\u202egnp.exe\u2066"),
        ("\ufeff\u2028", r"\ufeff\u2028"),
        ("שלום", "שלום"),
        ("\U0001f469\u200d\U0001f467", "\U0001f469\u200d\U0001f467"),
        ("x" * 1_000, "x" * 99 + "…"),
        (("a\n", 1, pd.Timestamp("2024-01-02")), r"(a\n, 1, 2024-01-02 00:00:00)"),
        (3, "3"),
    ],
)
def test_a_value_is_one_line_that_disturbs_nothing(value: object, shown: str) -> None:
    assert legible(value) == shown


def test_the_label_of_a_multi_index_shows_numbers_as_numbers() -> None:
    index = pd.MultiIndex.from_tuples([("a", 1)])
    assert legible(index[0]) == "(a, 1)"


HOSTILE = pd.DataFrame(
    {
        "<b>": ["<img src=x onerror=alert(1)>", "\x1b[2J", "a\nb"],
        "list": [[1], {"a": 1}, None],
    }
)


def test_hostile_values_stay_text_in_a_table() -> None:
    """HTML is escaped, names of columns too; a terminal gets no codes; rows stay."""
    html = as_html([("key", "<i>")], [("<u>title", HOSTILE)], "<p>")
    assert not re.search(r"<(b|img|i|u|p)\b", html)
    assert html.count("<tr>") == 1 + 1 + len(HOSTILE)
    text = as_text([("key", "x")], [("title", HOSTILE)])
    assert "\x1b" not in text
    assert len(text.splitlines()) == 1 + 1 + 1 + 1 + len(HOSTILE)


def test_one_is_not_many() -> None:
    assert counted(1, "row") == "1 row"
    assert counted(0, "row") == "0 rows"
    assert counted(2_000, "row") == "2,000 rows"


@pytest.mark.parametrize(
    ("waited", "cost"),
    [(0.04, "6 calls, 6.3 s"), (2.04, "6 calls, 6.3 s, waited 2.0 s")],
)
def test_waiting_is_told_when_it_is_worth_a_word(waited: float, cost: str) -> None:
    """In the words of a query's footer."""
    result = WriteResult(
        schema="nms:recipient",
        operation="insert",
        database="cloud",
        total=60,
        landed=60,
        skipped=0,
        rejected=pd.DataFrame(),
        unsent=0,
        calls=6,
        seconds=6.3,
        waited=waited,
        job="job",
        path=Path("journal.sqlite"),
    )
    assert dict(result.lines())["cost"] == cost
