"""Names of schemas, and the nearest name to a misspelt one."""

import pytest

from campaign_magics.errors import UnknownName
from campaign_magics.xtk.names import closest, did_you_mean, split_schema

pytestmark = pytest.mark.pure

RECIPIENT = ["@email", "@firstName", "@lastName", "folder", "@birthDate"]


def test_a_schema_name_splits_at_its_colon():
    assert split_schema("nms:recipient") == ("nms", "recipient")


def test_temporary_and_local_names_are_names_too():
    assert split_schema("cus:loyalty-card") == ("cus", "loyalty-card")


@pytest.mark.parametrize(
    "text",
    ["", "recipient", "nms:", ":recipient", "a:b:c", "nms: x", "nms:x'--", "1:2"],
)
def test_anything_else_is_refused_with_an_example(text):
    with pytest.raises(UnknownName, match="is not the name of a schema") as caught:
        split_schema(text)
    assert "nms:recipient" in caught.value.hint


def test_a_very_long_wrong_name_is_shown_shortened():
    with pytest.raises(UnknownName) as caught:
        split_schema("x" * 10_000_000)
    assert len(str(caught.value)) < 150


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("@emial", "@email"),
        ("mail", "@email"),
        ("lastname", "@lastName"),
        ("@LASTNAME", "@lastName"),
        ("foldr", "folder"),
        ("@birthdate", "@birthDate"),
        ("zzz", None),
        ("x" * 1000, None),
    ],
)
def test_the_nearest_name_ignores_case_and_the_at_sign(word, near):
    assert closest(word, RECIPIENT) == near


def test_the_hint_is_a_question_or_nothing():
    assert did_you_mean("@emial", RECIPIENT) == "did you mean @email?"
    assert did_you_mean("zzz", RECIPIENT) == ""


def test_no_candidates_no_hint():
    assert did_you_mean("@email", []) == ""
