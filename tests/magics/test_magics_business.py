"""Workflows, deliveries, subscriptions and jobs from a notebook, on a real sandbox."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from IPython.core.completer import provisionalcompleter
from magics.notebook import Notebook

import campaign_magics as cm
from campaign_magics import Sandbox
from campaign_magics.errors import (
    AccessDenied,
    InvalidOption,
    InvalidValue,
    NotConnected,
    SoapFault,
    StillRunning,
    UnknownName,
    Unreachable,
)
from campaign_magics.magics.commands import COMMANDS

CHANGES = (
    *(f"workflow {do} WKF1" for do in ("start", "pause", "stop", "kill", "restart")),
    "workflow signal WKF2 signal",
    *(
        f"delivery {do} mail --targets \"language = 'fr'\""
        for do in ("submit", "create")
    ),
    *(f"delivery {do} DM1" for do in ("prepare", "start", "pause", "stop")),
    *(f"subscription {do} a@x.example events" for do in ("subscribe", "unsubscribe")),
    "subscription denylist a@x.example",
    "jobs submit nms:delivery#Prepare 1005",
    "jobs cancel 1/nms:delivery@@x",
)
"""Every command that changes something."""


def test_a_workflow_from_start_to_end(desk: Notebook) -> None:
    """Started with parameters, waited for, its journal in a variable."""
    flow = desk.run(
        '%campaign_workflow start WKF7 --param week=12 --param "who=O\'Hara"'
    )
    assert flow.state == "starting"
    assert "Workflow WKF7 · Export for the data warehouse" in desk.shown
    assert desk.run("%campaign_workflow wait WKF7 --timeout 30").state == "finished"
    assert desk.run("%campaign_workflow logs WKF7 --limit 3 --out logs") is None
    assert desk.shell.user_ns["logs"]["message"][0] == "Workflow finished."
    assert "first 3 rows · xtk:workflowLog" in desk.shown
    assert desk.run("%campaign_workflow status WKF7").name == "WKF7"


def test_workflows_are_listed_paused_and_signalled(desk: Notebook) -> None:
    frame = desk.run("%campaign_workflow list started")
    assert set(frame["state"]) == {"started"}
    assert "rows · xtk:workflow" in desk.shown
    assert desk.run("%campaign_workflow pause tracking").state == "pausing"
    assert desk.run("%campaign_workflow wait tracking").state == "paused"
    desk.run("%campaign_workflow start tracking")
    assert (
        desk.run("%campaign_workflow wait tracking --until started,finished").state
        == "started"
    )
    desk.run("%campaign_workflow signal WKF2 signal --param list=vip --complete")
    with pytest.raises(StillRunning):
        desk.run("%campaign_workflow wait cleanup --timeout 0.2")
    assert desk.run("%campaign_workflow stop WKF4").state == "stopping"
    assert desk.run("%campaign_workflow kill WKF3").state == "finished"


def test_a_delivery_from_template_to_logs(desk: Notebook) -> None:
    """Content from a variable, a condition with the notebook's own variable."""
    desk.shell.user_ns["news"] = {"subject": "<Ünï> & co", "html": "<p>Hi</p>"}
    desk.shell.user_ns["language"] = "fr"
    made = desk.run(
        "made = %campaign_delivery create mail --label 'For <you>' --content news "
        "--targets \"language = :language AND email LIKE '%@%'\" --name tuto1\nmade"
    )
    assert made.label == "For <you>"
    assert "<you>" not in made._repr_html_()
    assert desk.run("%campaign_delivery prepare tuto1").state == "ready"
    desk.run("%campaign_delivery start tuto1")
    done = desk.run("%campaign_delivery wait tuto1 --until finished")
    logs = desk.run("%campaign_delivery logs tuto1")
    assert len(logs) == done.target
    assert "nms:broadLogRcp" in desk.shown
    assert desk.run("%campaign_delivery stats tuto1")["name"][0] == "tuto1"
    assert len(desk.run("%campaign_delivery logs tuto1 --tracking")) == 0
    assert "mail" in set(desk.run("%campaign_delivery list --templates")["name"])
    with pytest.raises(SoapFault, match="its status is 'Finished'"):
        desk.run("%campaign_delivery pause tuto1")
    with pytest.raises(SoapFault):
        desk.run("%campaign_delivery stop tuto1")
    sent = desk.run("%campaign_delivery submit mail --targets \"lastName = 'Young'\"")
    assert desk.run(f"%campaign_delivery status {sent.name}").id == sent.id


def test_subscribing_the_rows_of_a_variable(desk: Notebook) -> None:
    desk.run(
        "fans = %campaign_query 'SELECT email FROM nms:recipient "
        "WHERE email IS NOT NULL' --limit 5"
    )
    result = desk.run("%campaign_subscription subscribe fans events --key @email")
    assert result.done == 5
    assert "5 of 5 subscribed · events" in desk.shown
    events = desk.run("%campaign_subscription history events --limit 5")
    assert set(events["action"]) == {"subscription"}
    email = desk.shell.user_ns["fans"]["email"][0]
    assert desk.run(f"%campaign_subscription unsubscribe {email} events").done == 1
    frame = desk.run(f"%campaign_subscription history --email {email}")
    assert frame["action"][0] == "unsubscription"
    assert "subscribers" in desk.run("%campaign_subscription list")
    assert len(desk.run("%campaign_subscription list smsAlerts")) > 0
    assert desk.run(f"%campaign_subscription denylist {email}").done == 1
    made = desk.run("%campaign_subscription subscribe zoë@x.example offers --create")
    assert made.done == 1
    desk.shell.user_ns["nobody"] = pd.DataFrame({"email": []})
    assert desk.run("%campaign_subscription subscribe nobody events").done == 0


def test_what_was_done_before_it_was_cut_short_is_handed_out(
    desk: Notebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = desk.shell.user_ns["session"]
    call = session.call

    def failing(schema: str, method: str, *args: Any, **more: Any) -> Any:
        if method == "Subscribe" and args[1].get("email") == "b@x.example":
            raise Unreachable("Gone.", hint="look")
        return call(schema, method, *args, **more)

    monkeypatch.setattr(session, "call", failing)
    desk.shell.user_ns["rows"] = ["a@x.example", "b@x.example"]
    with pytest.raises(Unreachable):
        desk.run("%campaign_subscription subscribe rows events --create")
    kept = desk.shell.user_ns["campaign_partial"]
    assert kept["outcome"].tolist() == ["done", "not sent"]
    assert "campaign_partial tells row by row" in desk.shown


def test_jobs_by_their_id(desk: Notebook) -> None:
    made = desk.run("%campaign_delivery create mail --targets \"language = 'de'\"")
    job = desk.run(f"%campaign_jobs submit nms:delivery#Prepare {made.id}")
    assert desk.run(f"%campaign_jobs status {job.id}").state == "running"
    assert desk.run(f"%campaign_jobs wait {job.id}").state == "finished"
    assert desk.run(f"%campaign_jobs result {job.id}") == ""
    assert len(desk.run(f"%campaign_jobs logs {job.id}")) >= 3
    proof = desk.run(f"%campaign_jobs submit nms:delivery#PrepareProof {made.id} false")
    assert desk.run(f"%campaign_jobs cancel {proof.id}").state == "cancelling"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("workflow strat WKF1", "did you mean start?"),
        ("workflow frobnicate", "one of list, status"),
        ("workflow start", "start wants WORKFLOW"),
        ("workflow start WKF1 now", "'now' is one word too many for start"),
        ("workflow signal WKF2", "signal wants ACTIVITY"),
        ("workflow start WKF1 --until paused", "--until is not for start"),
        ("workflow start WKF1 --param week", "NAME=VALUE"),
        ("workflow list --out 1x", "not a variable's name"),
        ("workflow wait WKF1 --timeout soon", "not a number"),
        ("delivery submit", "submit wants TEMPLATE"),
        ("delivery submit mail --content nothing", "no variable 'nothing'"),
        ("delivery start DM1 --label x", "--label is not for start"),
        ("subscription subscribe rows", "subscribe wants SERVICE"),
        ("subscription subscribe missing events", "no variable 'missing'"),
        ("jobs submit Prepare", "is not SCHEMA#METHOD"),
        ("jobs submit nms:delivery#Prepare DM9", "or give the id"),
        ("jobs stauts x", "did you mean status?"),
    ],
)
def test_a_wrong_line_says_how_to_write_it(
    desk: Notebook, line: str, said: str
) -> None:
    with pytest.raises(InvalidOption) as caught:
        desk.run(f"%campaign_{line}")
    assert said in "\n".join(caught.value.render())


def test_names_that_are_unknown_get_a_hint(desk: Notebook) -> None:
    for line, near in (
        ("workflow stop WKF77", "WKF7"),
        ("delivery submit newsleter", "newsletter"),
        ("subscription list newsleter", "newsletter"),
        ("workflow list pausd", "paused"),
    ):
        with pytest.raises(UnknownName) as caught:
            desk.run(f"%campaign_{line}")
        assert f"did you mean {near}" in caught.value.hint


def test_every_command_that_changes_something_takes_consent() -> None:
    taking = {
        f"{magic.removeprefix('campaign_')} {name}"
        for magic, commands in COMMANDS.items()
        for name, command in commands.items()
        if "yes" in command.options
    }
    assert {" ".join(line.split()[:2]) for line in CHANGES} == taking


def test_production_asks_for_the_profile(notebook: Notebook, business: Sandbox) -> None:
    with cm.connect(business, production=True) as session:
        notebook.shell.user_ns["live"] = session
        notebook.run("%campaign_connect live")
        heard: list[str] = []
        with session.trace(lambda exchange: heard.append(exchange.method)):
            for line in CHANGES:
                with pytest.raises(InvalidOption) as caught:
                    notebook.run(f"%campaign_{line}")
                assert "--yes sandbox" in caught.value.hint
                assert "changes the production instance" in caught.value.message
        reads = {"xtk:queryDef#ExecuteQuery", "xtk:persist#GetEntityIfMoreRecent"}
        assert {one for one in heard if one != "xtk:session#Logon"} <= reads
        notebook.shell.user_ns["profile"] = "sandbox"
        for other in ("other", ":profile"):
            with pytest.raises(InvalidOption, match="was agreed to for"):
                notebook.run(f"%campaign_workflow start WKF1 --yes {other}")
        flow = notebook.run("%campaign_workflow start WKF1 --yes sandbox")
        assert flow.state == "starting"


def test_a_reader_is_told_so_in_two_lines(
    notebook: Notebook, business: Sandbox
) -> None:
    with cm.connect(business.url, user="analyst", password=business.password) as reader:
        notebook.shell.user_ns["reader"] = reader
        notebook.run("%campaign_connect reader")
        for line in CHANGES:
            with pytest.raises(AccessDenied) as caught:
                notebook.run(f"%campaign_{line}")
            assert len(caught.value.render()) == 2
        assert len(notebook.run("%campaign_workflow list")) > 5


def test_without_a_connection_it_says_so(notebook: Notebook) -> None:
    with pytest.raises(NotConnected):
        notebook.run("%campaign_workflow list")


def test_names_complete_as_far_as_they_are_known(desk: Notebook) -> None:
    """Nothing is asked of the server for it."""
    session = desk.shell.user_ns["session"]

    def offered(line: str) -> list[str]:
        with provisionalcompleter():
            found = desk.shell.Completer.completions(line, len(line))
            return [one.text for one in found]

    assert "WKF1" not in offered("%campaign_workflow start WK")
    desk.run("%campaign_workflow list")
    desk.run("%campaign_delivery list --templates")
    desk.run("%campaign_delivery logs DM1 --limit 1")
    desk.run("%campaign_delivery create mail --name mine --out made")
    desk.run("%campaign_subscription list")
    desk.shell.user_ns["fans"] = pd.DataFrame({"email": []})
    asked: list[str] = []
    with session.trace(lambda exchange: asked.append(exchange.method)):
        assert "WKF1" in offered("%campaign_workflow start WK")
        assert offered("%campaign_workflow list fin") == ["finished"]
        assert offered("%campaign_workflow wait WKF1 --until fin") == ["finished"]
        assert offered("%campaign_delivery logs DM1 --status sen") == ["sent"]
        assert "newsletter" in offered("%campaign_delivery submit ")
        assert offered("%campaign_delivery wait m") == ["mail", "mine", "made"]
        assert offered("%campaign_delivery stats mine ma") == ["mail", "made"]
        assert "fans" in offered("%campaign_subscription subscribe f")
        assert offered("%campaign_subscription subscribe fans ev") == ["events"]
        assert offered("%campaign_jobs submit nms:delivery#Prepare ma") == ["made"]
    assert asked == []


@pytest.mark.parametrize("magic", sorted(COMMANDS.keys() - {"campaign_sandbox"}))
def test_without_a_command_it_shows_those_there_are(
    notebook: Notebook, magic: str
) -> None:
    """Also before a connection is made; the help lists them as well."""
    assert notebook.run(f"%{magic}") is None
    shown, told = notebook.shown, notebook.shell.find_line_magic(magic)
    for name, command in COMMANDS[magic].items():
        assert f"{name} {command.words}".strip() in shown
        assert command.help in shown
        assert f"    {name} {command.words}".rstrip() in told.__doc__
    assert f"\n  %{magic} [" in told.__doc__


def test_what_out_kept_is_named_by_its_variable(desk: Notebook) -> None:
    """A job's id is nothing to type; a variable of another kind is not meant."""
    desk.run("%campaign_delivery create mail --targets \"language = 'de'\" --out made")
    made = desk.shell.user_ns["made"]
    assert desk.run("%campaign_delivery status made") == made
    assert len(desk.run("%campaign_delivery stats made DM1")) == 2
    desk.run("%campaign_jobs submit nms:delivery#Prepare made --out job")
    assert desk.run("%campaign_jobs wait job").state == "finished"
    assert len(desk.run("%campaign_jobs logs job")) >= 3
    desk.shell.user_ns["WKF1"] = "WKF2"
    assert desk.run("%campaign_workflow status WKF1").name == "WKF1"
    with pytest.raises(InvalidValue, match="names no workflow"):
        desk.run("%campaign_workflow status made")


def test_a_wait_for_a_pause_says_how_it_stands(desk: Notebook) -> None:
    desk.run(
        "%campaign_delivery create mail --name held --targets \"email LIKE '%a%'\""
    )
    desk.run("%campaign_delivery prepare held")
    assert "job " in desk.shown
    assert "Finished · 100%" in desk.shown
    desk.run("%campaign_delivery start held")
    desk.run("%campaign_delivery wait held --until started,finished")
    desk.run("%campaign_delivery pause held")
    desk.run("%campaign_delivery wait held --until paused")
    assert "delivery held: Paused" in desk.shown


def test_commands_complete(notebook: Notebook) -> None:
    """Tab after the magic offers its commands, after a dash its options."""

    def offered(line: str) -> list[str]:
        with provisionalcompleter():
            found = notebook.shell.Completer.completions(line, len(line))
            return [one.text for one in found]

    assert offered("%campaign_workflow s") == ["status", "start", "stop", "signal"]
    assert "submit" in offered("%campaign_delivery ")
    assert "denylist" in offered("%campaign_subscription d")
    assert "--param" in offered("%campaign_workflow start WKF1 --p")
    assert offered("%campaign_workflow logs WKF1 --") == ["--out", "--level", "--limit"]
