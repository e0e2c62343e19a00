"""``%campaign_pick``, and the query cell that runs what was picked."""

from __future__ import annotations

import pytest
from magics.notebook import Notebook

from campaign_magics.errors import InvalidOption, UnknownName


def test_the_picker_is_shown_and_kept_in_a_variable(connected: Notebook) -> None:
    picker = connected.run("%campaign_pick nms:recipient")
    assert connected.shell.user_ns["picker"] is picker
    assert "application/vnd.jupyter.widget-view+json" in connected.shown
    assert "schema nms:recipient, " in connected.shown
    assert "chosen: nothing yet" in connected.shown


def test_a_query_cell_runs_what_was_picked(connected: Notebook) -> None:
    """The cell needs no body; its other options count as ever."""
    connected.run("%campaign_pick nms:recipient")
    connected.run('picker.tick("@email", "[folder/@label]")')
    connected.run('picker.where("@gender", "is", "female")')
    frame = connected.run("%%campaign_query --from picker --limit 3")
    assert list(frame.columns) == ["email", "folder.label"]
    assert len(frame) == 3
    assert "first 3 rows · nms:recipient" in connected.shown
    connected.run("df = %campaign_query --from picker")
    assert len(connected.shell.user_ns["df"]) == 200


def test_an_option_goes_before_the_limit_that_nobody_set(connected: Notebook) -> None:
    """The picker starts with 200, as servers do; 1,000 recipients are there."""
    connected.run("%campaign_pick nms:recipient")
    connected.run('picker.tick("@id")')
    assert len(connected.run("%%campaign_query --from picker --all")) == 1_000
    assert len(connected.run("%%campaign_query --from picker --limit 300")) == 300
    connected.run("df = %campaign_query picker --limit 250")
    assert len(connected.shell.user_ns["df"]) == 250
    picker = connected.shell.user_ns["picker"]
    assert len(picker.run(limit=None)) == 1_000
    assert len(picker.run()) == 200


def test_from_takes_any_variable_that_holds_a_query(connected: Notebook) -> None:
    connected.shell.user_ns["mine"] = "SELECT email FROM nms:recipient"
    assert len(connected.run("%%campaign_query --from mine --limit 2")) == 2


def test_from_and_a_query_contradict_each_other(connected: Notebook) -> None:
    connected.run("%campaign_pick nms:recipient")
    with pytest.raises(InvalidOption, match="another one is given"):
        connected.run("%%campaign_query --from picker\nSELECT email FROM nms:recipient")


def test_from_before_the_picker_says_what_to_run(connected: Notebook) -> None:
    connected.shell.user_ns.pop("picker", None)
    with pytest.raises(InvalidOption, match="no variable 'picker'") as told:
        connected.run("%%campaign_query --from picker")
    assert told.value.hint == "run %campaign_pick first"


def test_a_schema_that_does_not_exist_fails_the_cell(connected: Notebook) -> None:
    with pytest.raises(UnknownName, match="no schema nms:recipent"):
        connected.run("%campaign_pick nms:recipent")


def test_what_was_picked_can_be_counted_and_written_as_code(
    connected: Notebook,
) -> None:
    connected.run("%campaign_pick nms:recipient")
    connected.run('picker.tick("@email")')
    assert connected.run("%%campaign_query --from picker --count") == 1_000
    assert "session.query" in str(
        connected.run("%%campaign_query --from picker --show-code")
    )
