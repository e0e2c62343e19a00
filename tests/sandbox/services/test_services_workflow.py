"""Workflows: states, tasks, journal and signals, on the clock."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import etree
from sandbox.services.conftest import ADMIN, READER, Desk, build_desk

from campaign_magics.sandbox.persist.save import write_documents

pytestmark = pytest.mark.pure

EDITED, TESTING, STARTING, STARTED = "0", "9", "10", "11"
PAUSING, PAUSED, RESUMING, STOPPING, RESTARTING, FINISHED = (
    "12", "13", "14", "15", "17", "20",
)  # fmt: skip


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """One world; every test makes workflows of its own."""
    made = build_desk(rows=20)
    yield made
    made.world.close()


@pytest.fixture
def workflow(desk, request) -> str:
    """A saved workflow named after its test: query, split, end."""
    return make(desk, request.node.name[:60], "query:query split:split end:end")


def make(desk: Desk, name: str, activities: str, more: str = "") -> str:
    steps = "".join(
        f"<activity type='{kind}' name='{step}'/>"
        for kind, _, step in (one.partition(":") for one in activities.split())
    )
    document = etree.fromstring(
        f"<workflow xtkschema='xtk:workflow' internalName='{name}' label='{name}'"
        f" {more}><activities>{steps}</activities></workflow>"
    )
    write_documents(desk.world, [document], ADMIN)
    return name


def state(desk: Desk, name: str) -> str:
    return desk.value("xtk:workflow", "@state", f"@internalName = '{name}'")


def journal(desk: Desk, name: str) -> list[str]:
    rows = desk.rows(
        "xtk:workflowLog", "@id @message", f"[workflow/@internalName] = '{name}'"
    )
    return [text for _, text in sorted(rows, key=lambda row: int(row[0]))]


def open_tasks(desk: Desk, name: str) -> list[str]:
    where = f"[workflow/@internalName] = '{name}' AND @status = 0"
    return [name for (name,) in desk.rows("xtk:workflowTask", "@activity", where)]


def signal(desk: Desk, name: str, activity: str = "signal", *, complete=False) -> None:
    variables = "<variables hello='world'/>"
    desk.call("xtk:workflow#PostEvent", name, activity, "", variables, complete)


def test_a_started_workflow_runs_its_tasks_and_finishes(desk, workflow):
    """Starting, started, one task after the other, finished."""
    desk.call("xtk:workflow#Start", workflow)
    seen = [state(desk, workflow)]
    for _ in range(40):
        desk.after(0.1)
        if (now := state(desk, workflow)) != seen[-1]:
            seen.append(now)
    assert seen == [STARTING, STARTED, FINISHED]
    assert journal(desk, workflow) == [
        "Workflow started.",
        "Task 'query' finished",
        "Task 'split' finished",
        "Workflow finished.",
    ]


def test_the_end_is_the_same_however_often_one_looks(desk):
    """What happens follows from the time, not from who asks when."""
    watched = make(desk, "watched", "query:query split:split end:end")
    unwatched = make(desk, "unwatched", "query:query split:split end:end")
    for name in (watched, unwatched):
        desk.call("xtk:workflow#Start", name)
    dates = []
    for _ in range(30):
        desk.after(0.13)
        desk.rows("xtk:workflow", "@state", f"@internalName = '{watched}'")
    for name in (watched, unwatched):
        where = f"[workflow/@internalName] = '{name}'"
        dates.append([d for (d,) in desk.rows("xtk:workflowLog", "@logDate", where)])
    assert dates[0] == dates[1]
    assert len(set(dates[0])) == 3  # the last task and the end come together


def test_a_workflow_is_named_by_its_id_as_well(desk, workflow):
    """protocol.md §8: id or internal name."""
    key = desk.value("xtk:workflow", "@id", f"@internalName = '{workflow}'")
    desk.call("xtk:workflow#Start", key)
    assert state(desk, workflow) == STARTING


def test_parameters_become_instance_variables(desk, workflow):
    """They are kept in the workflow's <variables>."""
    variables = "<variables hello='world' n='1'/>"
    desk.call("xtk:workflow#StartWithParameters", workflow, variables)
    sql = "SELECT mData FROM XtkWorkflow WHERE sInternalName = ?"
    (batch,) = desk.world.databases.run("local", sql, [workflow])
    root = etree.fromstring(batch.column(0)[0].as_py())
    assert dict(root.find("variables").attrib) == {"hello": "world", "n": "1"}
    assert len(root.find("activities")) == 3


def test_parameters_have_one_root_only(desk, workflow):
    """Anything but <variables> is refused, and nothing starts."""
    call = ("xtk:workflow#StartWithParameters", workflow, "<params a='1'/>")
    assert "<variables" in desk.refused(*call)
    assert state(desk, workflow) == EDITED


def test_a_paused_workflow_goes_on_where_it_was(desk, workflow):
    """Pausing, paused; Start again: resuming, started, finished."""
    desk.call("xtk:workflow#Start", workflow)
    desk.after(0.6)
    desk.call("xtk:workflow#Pause", workflow)
    assert state(desk, workflow) == PAUSING
    desk.after(60)
    assert state(desk, workflow) == PAUSED
    assert open_tasks(desk, workflow) == ["query"]
    desk.call("xtk:workflow#Start", workflow)
    assert state(desk, workflow) == RESUMING
    desk.after(5)
    assert state(desk, workflow) == FINISHED
    assert journal(desk, workflow) == [
        "Workflow started.",
        "Workflow paused.",
        "Workflow resumed.",
        "Task 'query' finished",
        "Task 'split' finished",
        "Workflow finished.",
    ]


def test_a_stopped_workflow_ends_in_a_moment(desk, workflow):
    """Stopping, then finished; its tasks are cancelled."""
    desk.call("xtk:workflow#Start", workflow)
    desk.after(0.6)
    desk.call("xtk:workflow#Stop", workflow)
    assert state(desk, workflow) == STOPPING
    desk.after(10)
    assert state(desk, workflow) == FINISHED
    assert open_tasks(desk, workflow) == []
    assert journal(desk, workflow) == ["Workflow started.", "Workflow stopped."]


def test_a_killed_workflow_ends_at_once(desk, workflow):
    """No moment in between."""
    desk.call("xtk:workflow#Start", workflow)
    desk.call("xtk:workflow#Kill", workflow)
    assert state(desk, workflow) == FINISHED
    desk.after(10)
    assert state(desk, workflow) == FINISHED


def test_a_restarted_workflow_begins_anew(desk, workflow):
    """The first task runs a second time."""
    desk.call("xtk:workflow#Start", workflow)
    desk.after(1.6)
    desk.call("xtk:workflow#Restart", workflow)
    assert state(desk, workflow) == RESTARTING
    desk.after(10)
    assert journal(desk, workflow).count("Task 'query' finished") == 2
    assert state(desk, workflow) == FINISHED


def test_starting_what_is_started_is_noted_and_nothing_else(desk, workflow):
    """No second run."""
    desk.call("xtk:workflow#Start", workflow)
    desk.after(0.6)
    desk.call("xtk:workflow#Start", workflow)
    desk.after(10)
    lines = journal(desk, workflow)
    assert lines.count("Workflow started.") == 1
    assert sum("started already" in line for line in lines) == 1


def test_a_simulation_is_being_tested(desk, workflow):
    """State 9, and the journal says so."""
    desk.call("xtk:workflow#SimulateWithParameters", workflow, "<variables/>")
    desk.after(0.6)
    assert state(desk, workflow) == TESTING
    assert journal(desk, workflow) == ["Workflow started as a simulation."]


def test_spawning_starts_a_copy(desk):
    """The template stays as it is; the copy has a name and id of its own."""
    name = make(desk, "model1", "query:query end:end", "isModel='1'")
    variables = "<variables a='1'/>"
    reply = desk.call("xtk:workflow#SpawnWithParametersEx", name, False, variables)
    (copy,) = reply.outputs
    desk.after(5)
    ((internal, copied, is_model),) = desk.rows(
        "xtk:workflow", "@internalName @state @isModel", f"@id = {copy}"
    )
    assert internal.startswith("WKF")
    assert (copied, is_model) == (FINISHED, "0")
    assert state(desk, name) == EDITED
    assert "template" in desk.refused("xtk:workflow#Start", name)


def test_a_scheduled_workflow_runs_every_hour(desk):
    """After its end it waits for the next run; Wakeup runs it now."""
    name = make(desk, "hourly", "scheduler:scheduler query:query end:end")
    desk.call("xtk:workflow#Start", name)
    desk.after(10)
    assert state(desk, name) == STARTED
    runs = journal(desk, name).count("Task 'query' finished")
    assert runs == 1
    desk.after(3_700)
    assert journal(desk, name).count("Task 'query' finished") == 2
    desk.call("xtk:workflow#Wakeup", name)
    desk.after(10)
    assert journal(desk, name).count("Task 'query' finished") == 3
    desk.call("xtk:workflow#Stop", name)
    desk.after(7_300)
    assert journal(desk, name).count("Task 'query' finished") == 3


def test_a_signal_activates_what_follows_each_time(desk):
    """complete = false: the activity waits again; complete = true: not any more."""
    name = make(desk, "signalled", "signal:signal query:query end:end")
    desk.call("xtk:workflow#Start", name)
    desk.after(10)
    assert (state(desk, name), open_tasks(desk, name)) == (STARTED, ["signal"])
    for _ in range(2):
        signal(desk, name)
        desk.after(10)
    assert journal(desk, name).count("Task 'query' finished") == 2
    assert state(desk, name) == STARTED
    signal(desk, name, complete=True)
    desk.after(10)
    assert journal(desk, name).count("Task 'query' finished") == 3
    assert state(desk, name) == FINISHED


def test_a_completed_signal_hears_no_more(desk):
    """Adobe: complete lets the task finish, it reacts to no later call."""
    name = make(desk, "once", "signal:signal query:query wait:wait signal:other")
    desk.call("xtk:workflow#Start", name)
    desk.after(1)
    signal(desk, name, complete=True)
    desk.after(10)
    signal(desk, name)
    desk.after(10)
    lines = journal(desk, name)
    assert lines.count("Signal received.") == 1
    assert lines[-1] == "The signal 'signal' came after its task had ended."


def test_a_paused_workflow_hears_the_signal_when_it_goes_on(desk):
    """Adobe: the event is queued until the workflow resumes."""
    name = make(desk, "deaf", "signal:signal query:query end:end")
    desk.call("xtk:workflow#Start", name)
    desk.after(1)
    desk.call("xtk:workflow#Pause", name)
    desk.after(1)
    signal(desk, name)
    desk.after(10)
    assert "Signal received." not in journal(desk, name)
    desk.call("xtk:workflow#Start", name)
    desk.after(10)
    assert "Signal received." in journal(desk, name)


def test_a_signal_need_not_be_awaited(desk):
    """Adobe: the triggered activity does not require a task in progress.

    The seeded WKF2 is started and has no task.
    """
    signal(desk, "WKF2")
    desk.after(5)
    assert "Signal received." in journal(desk, "WKF2")
    assert state(desk, "WKF2") == STARTED


@pytest.mark.parametrize(
    ("name", "activity", "cause"),
    [
        ("WKF1", "signal", "while the workflow was not started"),
        ("WKF2", "nothing", "no signal activity 'nothing'"),
        ("WKF2", "query", "no signal activity 'query'"),
    ],
)
def test_a_signal_nobody_waits_for_is_an_error_in_the_journal(
    desk, name, activity, cause
):
    """The call itself succeeds: events are heard later."""
    signal(desk, name, activity)
    desk.after(1)
    where = f"[workflow/@internalName] = '{name}' AND @logType = 1"
    errors = desk.rows("xtk:workflowLog", "@message", where)
    assert any(cause in text for (text,) in errors)


METHODS = ["Start", "Pause", "Stop", "Restart", "Kill", "Wakeup"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", ["", "0", "nobody", "999999999999999999999"])
def test_an_unknown_workflow_is_a_fault(desk, method, name):
    """By every method, whatever the name."""
    assert "no workflow" in desk.refused(f"xtk:workflow#{method}", name)


@pytest.mark.parametrize("method", [*METHODS, "StartWithParameters", "PostEvent"])
def test_who_may_only_read_may_not_drive_workflows(desk, method):
    """XTK-170019."""
    args = ["WKF2", "signal"] if method == "PostEvent" else ["WKF2"]
    cause = desk.refused(f"xtk:workflow#{method}", *args, by=READER)
    assert "XTK-170019" in cause


@pytest.mark.parametrize("method", METHODS)
def test_asking_twice_or_out_of_turn_does_no_harm(desk, method):
    """Each method on a workflow in each state ends in a state that exists."""
    name = make(desk, f"turn{method}", "query:query end:end")
    for first in METHODS:
        desk.call(f"xtk:workflow#{first}", name)
        desk.call(f"xtk:workflow#{method}", name)
        desk.call(f"xtk:workflow#{method}", name)
        desk.after(0.3)
    desk.after(60)
    assert state(desk, name) in (PAUSED, FINISHED)


def test_waking_up_the_replication_replicates(desk):
    """Adobe v8: its pending task can be executed now; stopped, it does nothing."""
    wkf = "ffdaReplicateStagingData"
    who = "<recipient _key='@email' email='woken@a.example'/>"
    desk.call("nms:subscription#Subscribe", "newsletter", who, True)
    where = "@email = 'woken@a.example'"
    assert desk.rows("nms:recipient", "@id", where) == []
    desk.call("xtk:workflow#Stop", wkf)
    desk.after(1)
    desk.call("xtk:workflow#Wakeup", wkf)
    assert desk.rows("nms:recipient", "@id", where) == []
    desk.call("xtk:workflow#Start", wkf)
    desk.after(1)
    desk.call("xtk:workflow#Wakeup", wkf)
    assert len(desk.rows("nms:recipient", "@id", where)) == 1
