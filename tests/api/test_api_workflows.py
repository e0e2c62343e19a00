"""Workflows over the wire: what each word does, and what goes wrong in two lines."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from api.conftest import Office
from lxml import etree

from campaign_magics.api import Moment, Workflow, Workflows
from campaign_magics.errors import (
    AccessDenied,
    AnswerLost,
    InvalidOption,
    InvalidValue,
    SoapFault,
    StillRunning,
    UnknownName,
    WorkFailed,
)
from campaign_magics.session import Interrupted


def messages(flow: Workflow) -> list[str]:
    """Return the journal, the oldest line first."""
    return flow.logs()["message"].tolist()[::-1]


def test_a_workflow_runs_from_start_to_end(office: Office) -> None:
    """WKF7: query, export, end; three seconds of the instance's clock."""
    flow = office.workflows.start("WKF7")
    assert (flow.state, flow.state_label) == ("starting", "Start in progress")
    seen: list[Moment] = []
    ended = office.workflows.wait(flow, progress=seen.append)
    assert (ended.state, ended.failed) == ("finished", False)
    assert seen[0].state == "Start in progress"
    assert seen[-1].state == "Finished"
    assert messages(ended)[-1] == "Workflow finished."
    assert ended.started is not None
    assert ended.started.utcoffset() is not None


def test_states_are_names_and_lists_are_frames(office: Office) -> None:
    frame = office.workflows.list()
    assert set(frame["name"]) >= {"WKF1", "WKF2", "cleanup"}
    assert frame["state"].dtype == "category"
    assert " ".join(frame.columns) == (
        "id name label state failed started last_task next_task folder"
    )
    logs = office.workflows.logs("WKF5", limit=1)
    assert " ".join(logs.columns) == "date level activity message"
    paused = office.workflows.list("paused")
    assert set(paused["state"]) == {"paused"}
    with pytest.raises(UnknownName) as caught:
        office.workflows.list("pausd")
    assert caught.value.hint == "did you mean paused?"


@pytest.mark.parametrize("which", [1009, "1009", " WKF4 "])
def test_a_workflow_is_named_by_id_or_internal_name(
    office: Office, which: int | str
) -> None:
    assert office.workflows.status(which).label == "Re-activation"


@pytest.mark.parametrize(
    ("wrong", "near"),
    [("WKF22", "WKF2"), ("welcome programm", "WKF2"), ("Cleanup", "cleanup")],
)
def test_a_wrong_name_gets_the_nearest_one(
    office: Office, wrong: str, near: str
) -> None:
    """Internal names and labels are compared; nothing was started."""
    with pytest.raises(UnknownName) as caught:
        office.workflows.start(wrong)
    assert f"'{wrong}'" in caught.value.message
    assert f"did you mean {near} (" in caught.value.hint


@pytest.mark.parametrize(
    "which", ["", "  ", None, True, 1.5, ["WKF1"], pd.DataFrame({"id": [1, 2]})]
)
def test_what_is_no_name_is_refused_before_anything_is_sent(
    office: Office, which: object
) -> None:
    def work() -> None:
        with pytest.raises(InvalidValue, match="names no workflow") as caught:
            office.workflows.status(which)  # type: ignore[arg-type]
        assert len(caught.value.render()) == 2

    assert office.calls(work) == []


@pytest.mark.parametrize("name", ["' OR '1'='1", "x\\", "<WKF1>", "9" * 400, "ü&☃"])
def test_a_hostile_name_is_only_an_unknown_one(office: Office, name: str) -> None:
    with pytest.raises(UnknownName):
        office.workflows.status(name)


def test_pause_and_start_again(office: Office) -> None:
    """A paused workflow rests; starting it lets it go on."""
    flow = office.workflows.pause("tracking")
    assert flow.state == "pausing"
    assert office.workflows.wait(flow).state == "paused"
    flow = office.workflows.start("tracking")
    assert flow.state == "resuming"
    assert office.workflows.wait(flow, "started").state == "started"


def test_stop_and_kill(office: Office) -> None:
    flow = office.workflows.stop("WKF4")
    assert flow.state == "stopping"
    assert office.workflows.wait(flow).state == "finished"
    assert office.workflows.kill("WKF3").state == "finished"


def test_restart_goes_through_its_states_and_runs_again(office: Office) -> None:
    before = office.workflows.start("WKF4").wait("started")
    office.clock.seconds += 60
    flow = before.restart()
    assert flow.state == "restarting"
    running = flow.wait("started")
    assert running.started is not None
    assert before.started is not None
    assert running.started > before.started


def test_parameters_become_variables(office: Office) -> None:
    """Text with quotes, tags and other alphabets arrives as it is."""
    hard = 'O\'Hara & <Söhne> "☃" \n next'
    flow = office.workflows.start("WKF6", {"who": hard, "week": 12, "dry": True})
    office.workflows.wait(flow)
    sql = "SELECT mData FROM XtkWorkflow WHERE iWorkflowId = ?"
    (batch,) = office.world.databases.run("local", sql, [flow.id])
    kept = etree.fromstring(batch.to_pylist()[0]["mData"]).find("variables")
    assert kept is not None
    assert dict(kept.attrib) == {"who": hard, "week": "12", "dry": "true"}


@pytest.mark.parametrize(
    "variables",
    [
        {"a b": 1},
        {"x": "\x00"},
        {"x": [1, 2]},
        {"x": {"y": 1}},
        {"x": pd.DataFrame({"id": [1, 2]})},
        {"x": object()},
        {"x": b"bytes"},
        "x=1",
        pd.DataFrame({"id": [1, 2]}),
    ],
)
def test_variables_that_are_none_are_refused(office: Office, variables: Any) -> None:
    with pytest.raises(InvalidValue, match=r"[Vv]ariable") as caught:
        office.workflows.start("WKF1", variables)
    assert len(caught.value.render()) == 2


def test_a_signal_wakes_the_workflow_up(office: Office) -> None:
    """PostEvent: the journal tells that it was received; the tasks follow."""
    flow = office.workflows.signal("WKF2", "signal", variables={"list": "a<b"})
    office.clock.seconds += 5
    assert "Signal received." in messages(flow)
    assert "Task 'query' finished" in messages(flow)


def test_a_signal_to_nowhere_is_told_by_the_journal(office: Office) -> None:
    flow = office.workflows.signal("WKF2", "sginal")
    office.clock.seconds += 1
    errors = flow.logs(level="error")["message"].tolist()
    assert errors == ["The workflow has no signal activity 'sginal'."]
    for nothing in (" ", None):
        with pytest.raises(InvalidValue, match="activity is missing"):
            office.workflows.signal("WKF2", nothing)  # type: ignore[arg-type]
    rows: Any = pd.DataFrame({"a": [1]})
    for words in ((rows,), ("signal", rows)):
        with pytest.raises(InvalidValue, match="is a DataFrame"):
            office.workflows.signal("WKF2", *words)


def test_a_workflow_in_error_ends_the_wait_with_its_cause(office: Office) -> None:
    with pytest.raises(WorkFailed) as caught:
        office.workflows.wait("WKF5")
    assert "unknown field '@loyalty'" in caught.value.message
    assert len(caught.value.render()) == 2


def test_waiting_for_what_cannot_come_any_more_ends(office: Office) -> None:
    with pytest.raises(WorkFailed, match="'Finished', not paused"):
        office.workflows.wait("WKF1", "paused")
    with pytest.raises(UnknownName):
        office.workflows.wait("WKF1", "pausd")


def test_a_wait_has_an_end(office: Office) -> None:
    """WKF2 waits for a signal for ever; the clock says when the time is up."""
    before = office.clock.seconds
    with pytest.raises(StillRunning, match="still 'Started' after 1 min 0 s"):
        office.workflows.wait("cleanup", timeout=60)
    assert office.clock.seconds - before == 60


def test_an_interrupt_ends_only_the_wait(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(office.clock, "wait", interrupt)
    with pytest.raises(Interrupted) as caught:
        office.workflows.wait("cleanup")
    assert "was 'Started'" in caught.value.message
    assert office.workflows.status("cleanup").state == "started"


def test_the_server_s_refusal_is_told_in_two_lines(office: Office) -> None:
    """A template cannot be started: the cause comes from the fault's detail."""
    office.connection.call(
        "xtk:session",
        "Write",
        "<workflow xtkschema='xtk:workflow' internalName='tpl' label='T&lt;1>' "
        "isModel='true'/>",
    )
    with pytest.raises(SoapFault) as caught:
        office.workflows.start("tpl")
    assert caught.value.message == "The workflow 'T<1>' is a template."
    assert len(caught.value.render()) == 2


def test_when_nobody_knows_it_says_how_to_check(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(*_: Any, **__: Any) -> Any:
        raise AnswerLost("The answer was lost.")

    monkeypatch.setattr(office.connection, "call", lose)
    with pytest.raises(AnswerLost) as caught:
        office.workflows.start("WKF4")
    assert caught.value.hint == (
        "it may have been done all the same: "
        "see session.workflow.status('WKF4') before you repeat it"
    )


def test_an_operator_who_may_only_read_can_look_but_not_touch(office: Office) -> None:
    reader = Workflows(office.connect("reader"), clock=office.clock)
    assert reader.status("WKF1").name == "WKF1"
    assert len(reader.logs("WKF1")) > 0
    for word in (reader.start, reader.pause, reader.stop, reader.kill):
        with pytest.raises(AccessDenied, match="right to read"):
            word("WKF1")
    with pytest.raises(AccessDenied):
        reader.signal("WKF2", "signal")


def test_production_wants_the_profile_s_name(office: Office) -> None:
    live = Workflows(office.connect(production=True), clock=office.clock)
    with pytest.raises(InvalidOption, match="Starting the workflow WKF1 changes"):
        live.start("WKF1")
    with pytest.raises(InvalidOption, match="this is 'live'"):
        live.status("WKF1").pause(yes="test")
    assert live.status("WKF1").state == "finished"
    assert live.start("WKF1", yes="live").state == "starting"


def test_a_workflow_shows_itself_and_escapes_what_it_shows(office: Office) -> None:
    office.connection.call(
        "xtk:session",
        "Write",
        "<workflow xtkschema='xtk:workflow' internalName='evil' "
        "label='&lt;script>alert(1)&lt;/script>'/>",
    )
    flow = office.workflows.status("evil")
    assert "<script" not in flow._repr_html_()
    assert "&lt;script" in flow._repr_html_()
    assert str(flow).splitlines()[0] == "Workflow evil · <script>alert(1)</script>"
    assert repr(flow).endswith(": Being edited>")
    assert flow == flow.refresh()
