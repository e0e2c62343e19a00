"""The notebook's variables in the lines of the business magics."""

from __future__ import annotations

from typing import Any

import pytest
from magics.notebook import Notebook

from campaign_magics.errors import InvalidOption, InvalidValue


@pytest.mark.parametrize("word", [":it", "$it", "{it}"])
def test_a_variable_stands_for_a_word_as_it_is(
    desk: Notebook, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """Quotes, spaces, braces, a number's text: nothing of it is taken for syntax."""
    told = 'O\'Hara said "☃" {it} $it --yes'
    names = desk.shell.user_ns
    names["it"], names["digits"] = "WKF7", "'12'"
    assert desk.run(f"%campaign_workflow status {word}").name == "WKF7"
    names["it"] = 1012
    assert desk.run(f"%campaign_workflow status {word}").name == "WKF7"
    names["it"] = told
    heard: list[Any] = []
    call = names["session"].call
    monkeypatch.setattr(
        names["session"],
        "call",
        lambda *args, **more: heard.append(args) or call(*args, **more),
    )
    desk.run(f"%campaign_workflow start WKF7 --param who={word} --param n=$digits")
    (started,) = (args for args in heard if args[1] == "StartWithParameters")
    assert dict(started[3].attrib) == {"who": told, "n": "'12'"}
    made = desk.run(
        f"%campaign_delivery create mail --label {word} --targets 'lastName = :it'"
    )
    assert made.label == told
    names["it"] = ["it@x.example"]
    result = desk.run(f"%campaign_subscription subscribe {word} events --create")
    assert result.done == 1


def test_what_a_variable_holds_is_no_name_of_another(desk: Notebook) -> None:
    """An account that is called as a variable of the notebook is an account."""
    names = desk.shell.user_ns
    names["account"], names["rows"] = "rows", ["a@x.example", "b@x.example"]
    result = desk.run("%campaign_subscription subscribe :account events --key @account")
    assert result.frame["@account"].tolist() == ["rows"]
    names["text"] = "account"
    with pytest.raises(InvalidValue, match="not well-formed"):
        desk.run("%campaign_delivery create mail --content :text")


@pytest.mark.parametrize("word", [":some", "$some", "{some}"])
def test_a_variable_stands_for_a_number_of_an_option(desk: Notebook, word: str) -> None:
    desk.shell.user_ns["some"] = 3
    assert len(desk.run(f"%campaign_workflow list --limit {word}")) == 3
    assert desk.run(f"%campaign_workflow wait WKF1 --timeout={word}").name == "WKF1"
    desk.shell.user_ns["some"] = "soon"
    with pytest.raises(InvalidOption, match="--limit: 'soon' is not a whole number"):
        desk.run(f"%campaign_workflow list --limit {word}")


@pytest.mark.parametrize("word", [":nobody", "$nobody", "{nobody}"])
def test_a_variable_that_is_not_there_is_said(desk: Notebook, word: str) -> None:
    for line in (
        f"workflow start {word}",
        f"workflow start WKF7 --param week={word}",
        f"delivery create mail --label {word}",
    ):
        with pytest.raises(InvalidOption, match="There is no variable 'nobody'"):
            desk.run(f"%campaign_{line}")
