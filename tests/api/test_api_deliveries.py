"""Deliveries over the wire: from a template to the last message."""

from __future__ import annotations

from typing import Any

import pytest
from api.conftest import FRENCH, Office, new

from campaign_magics.api import Deliveries, Moment
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


def test_from_template_to_the_last_message(office: Office) -> None:
    """Made, analysed, sent; its counts, messages and reactions agree."""
    delivery = new(office)
    assert (delivery.state, delivery.channel) == ("edition", "mail")
    assert delivery.channel_label == "Email"
    expected = office.connection.count(f"SELECT id FROM nms:recipient WHERE {FRENCH}")
    seen: list[Moment] = []
    ready = office.deliveries.prepare(delivery, progress=seen.append)
    assert ready.state == "ready"
    assert ready.target == expected
    assert ready.to_send == expected - ready.rejected
    shares = [moment.share or 0.0 for moment in seen]
    assert shares == sorted(shares)
    assert (seen[-1].state, shares[-1]) == ("Finished", 1.0)

    office.deliveries.start(ready)
    done = office.deliveries.wait(ready)
    assert done.state == "finished"
    assert done.sent + done.failed == done.processed == done.to_send
    assert done.progress == 1.0

    logs = office.deliveries.logs(done, limit=None)
    assert len(logs) == expected
    counts = logs["status"].value_counts()
    assert counts["sent"] == done.sent
    assert counts.get("ignored", 0) == done.rejected
    sent = office.deliveries.logs(done, status="sent", limit=None)
    assert len(sent) == done.sent
    assert sent["address"].equals(sent["email"])

    office.clock.seconds += 2_000
    reactions = office.deliveries.logs(done, tracking=True, limit=None)
    assert set(reactions["type"]) >= {"open"}
    (stats,) = office.deliveries.stats(done).to_dict("records")
    opens = reactions[reactions["type"] == "open"]["recipient_id"].nunique()
    assert stats["opened"] == opens
    assert stats["open_rate"] == pytest.approx(100 * opens / done.sent)
    for count in ("target", "rejected", "to_send", "processed", "sent", "failed"):
        assert stats[count] == getattr(done, count)


def test_submit_makes_and_sends_at_once(office: Office) -> None:
    """SubmitDelivery answers nothing: the delivery is found by its name."""
    delivery = office.deliveries.submit("mail", targets=FRENCH, label="Été & <co>")
    assert delivery.label == "Été & <co>"
    assert office.deliveries.wait(delivery, "finished").sent > 0
    named = office.deliveries.submit("mail", targets=FRENCH, name="mine_1")
    assert named.name == "mine_1"


def test_an_analysis_that_fails_says_why(office: Office) -> None:
    """The template has no target: DLV-490009 comes from the job's journal."""
    delivery = office.deliveries.create("mail", label="Nobody")
    with pytest.raises(WorkFailed, match="DLV-490009") as caught:
        office.deliveries.prepare(delivery)
    assert len(caught.value.render()) == 2
    with pytest.raises(WorkFailed, match="Message preparation failed"):
        office.deliveries.wait(delivery)


def test_an_analysis_that_nobody_waits_for_is_not_begun_again(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = new(office)
    hint = (
        "the analysis goes on; "
        f"see its end with session.delivery.wait('{delivery.name}')"
    )
    with pytest.raises(StillRunning) as late:
        delivery.prepare(timeout=0)
    assert late.value.hint == hint
    assert delivery.wait().state == "ready"

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(office.clock, "wait", interrupt)
    with pytest.raises(Interrupted) as stopped:
        delivery.prepare()
    assert stopped.value.hint == hint


def test_pause_stop_and_what_cannot_be(office: Office) -> None:
    delivery = new(office)
    with pytest.raises(SoapFault, match="its status is 'Being edited'"):
        office.deliveries.start(delivery)
    with pytest.raises(SoapFault) as caught:
        office.deliveries.stop(delivery)
    assert caught.value.hint == (
        f"see how it stands: session.delivery.status('{delivery.name}')"
    )
    office.deliveries.prepare(delivery)
    office.deliveries.start(delivery)
    assert office.deliveries.pause(delivery).state == "pausing"
    assert office.deliveries.wait(delivery).state == "paused"
    with pytest.raises(StillRunning, match="'Paused'"):
        office.deliveries.wait(delivery, "finished", timeout=5)
    office.deliveries.start(delivery)
    assert office.deliveries.stop(delivery).state == "stopping"
    assert office.deliveries.wait(delivery).state == "stopped"
    with pytest.raises(WorkFailed, match="'Stopped', not finished"):
        office.deliveries.wait(delivery, "finished")


def test_names_are_looked_up_and_templates_are_no_deliveries(office: Office) -> None:
    with pytest.raises(UnknownName) as caught:
        office.deliveries.submit("newsleter")
    assert "did you mean newsletter" in caught.value.hint
    with pytest.raises(UnknownName, match="There is no delivery 'mail'"):
        office.deliveries.status("mail")
    templates = office.deliveries.list(templates=True)
    assert "mail" in templates["name"].tolist()
    assert "mail" not in office.deliveries.list()["name"].tolist()
    assert set(office.deliveries.list("paused")["state"]) == {"paused"}


def test_stats_of_several_deliveries_are_one_frame(office: Office) -> None:
    names = office.deliveries.list("finished")["name"].tolist()[:3]
    assert set(office.deliveries.stats(*names)["name"]) == set(names)
    assert len(office.deliveries.stats()) > 3


def test_columns_are_named_as_people_type_them(office: Office) -> None:
    """The same words as a Delivery's attributes; no path, no dash."""
    frames = {
        "list": office.deliveries.list(limit=1),
        "stats": office.deliveries.stats("DM1"),
        "logs": office.deliveries.logs("DM1", limit=1),
        "tracking": office.deliveries.logs("DM1", tracking=True, limit=1),
    }
    assert {name: " ".join(frame.columns) for name, frame in frames.items()} == {
        "list": "id name label channel state to_send started modified folder",
        "stats": (
            "name label state target rejected to_send processed sent failed "
            "quarantined opened clicked unsubscribed "
            "success_rate open_rate click_rate reactivity"
        ),
        "logs": "date status address email recipient_id message reason log_id",
        "tracking": "date type link email recipient_id device",
    }
    dtypes = frames["stats"].dtypes.astype(str)
    assert set(dtypes["target":"unsubscribed"]) == {"Int64"}
    assert set(dtypes["success_rate":]) == {"Float64"}


def test_a_lost_answer_is_looked_after(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is ours, so the delivery is found, or is known not to be there."""
    call = office.connection.call

    def lose(schema: str, method: str, *args: Any, **more: Any) -> Any:
        if method != "SubmitDelivery":
            return call(schema, method, *args, **more)
        if applied:
            call(schema, method, *args, **more)
        raise AnswerLost("The answer was lost.")

    monkeypatch.setattr(office.connection, "call", lose)
    applied = True
    assert office.deliveries.submit("mail", targets=FRENCH, name="lost1").name == (
        "lost1"
    )
    applied = False
    with pytest.raises(AnswerLost) as caught:
        office.deliveries.submit("mail", targets=FRENCH, name="lost2")
    assert caught.value.hint == (
        "there is no delivery 'lost2' so far; it may have been done all the same: "
        "see session.delivery.status('lost2') before you repeat it"
    )


def failing(office: Office, monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    """Let every method that changes something end with an error."""
    call = office.connection.call

    def fail(schema: str, method: str, *args: Any, **more: Any) -> Any:
        if schema in ("xtk:queryDef", "xtk:job"):
            return call(schema, method, *args, **more)
        raise error

    monkeypatch.setattr(office.connection, "call", fail)


WORDS = ("prepare", "start", "pause", "stop")


@pytest.mark.parametrize("word", WORDS)
def test_when_nobody_knows_it_says_how_to_check(
    office: Office, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    delivery = new(office)
    hint = (
        "it may have been done all the same: "
        f"see session.delivery.status('{delivery.name}') before you repeat it"
    )
    failing(office, monkeypatch, AnswerLost("The answer was lost."))
    with pytest.raises(AnswerLost) as lost:
        getattr(delivery, word)()
    assert lost.value.hint == hint
    monkeypatch.undo()
    failing(office, monkeypatch, KeyboardInterrupt())
    with pytest.raises(Interrupted) as interrupted:
        getattr(delivery, word)()
    assert interrupted.value.hint == hint
    assert f"the delivery {delivery.name} was interrupted" in interrupted.value.message


def test_making_one_that_is_interrupted_names_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name was made up, so nobody else could tell."""
    failing(office, monkeypatch, KeyboardInterrupt())
    with pytest.raises(Interrupted, match="Making the delivery CM") as caught:
        office.deliveries.submit("mail", targets=FRENCH)
    assert "session.delivery.status('CM" in caught.value.hint
    monkeypatch.undo()
    failing(office, monkeypatch, AnswerLost("The answer was lost."))
    with pytest.raises(AnswerLost) as lost:
        office.deliveries.create("mail", targets=FRENCH)
    assert lost.value.hint == "it saves nothing yet: it is safe to do it again"


def test_a_taken_name_is_refused_before_anything_is_sent(office: Office) -> None:
    """Else an answer that is lost would find the old one and call it made."""
    new(office, name="taken")
    for make in (office.deliveries.create, office.deliveries.submit):
        with pytest.raises(InvalidValue, match="already a delivery 'taken'"):
            make("mail", targets=FRENCH, name="taken")


def test_a_number_is_no_name(office: Office) -> None:
    """Else the delivery of that id would be looked at, and started, for it."""
    other = new(office)
    with pytest.raises(InvalidValue, match=f"'{other.id}' would be taken for an id"):
        new(office, name=str(other.id))
    with pytest.raises(InvalidValue, match="An empty text names no delivery"):
        new(office, name=" ")


def test_an_analysis_that_finds_nobody_says_so(office: Office) -> None:
    delivery = new(office, targets="email = 'nobody@x.example'")
    assert "target" not in str(delivery)
    ready = delivery.prepare()
    assert ready.warning == "There is no message to send."
    assert "target   0" in str(ready)


def test_ids_and_states_as_they_come_out_of_frames(office: Office) -> None:
    frame = office.deliveries.list("finished", limit=1)
    found = office.deliveries.status(frame["id"].iloc[0])
    assert found.name == frame["name"].iloc[0]
    assert found.wait(["finished", "failed"]).state == "finished"
    for wrong in (95, "95", "Finished", ["Finished"]):
        with pytest.raises(UnknownName) as caught:
            found.wait(wrong)  # type: ignore[arg-type]
        assert caught.value.hint == "did you mean finished?"


def test_clicks_have_no_status(office: Office) -> None:
    with pytest.raises(InvalidOption, match="Opens and clicks have no status"):
        office.deliveries.logs("DM1", tracking=True, status="sent")


def test_readers_may_look_and_production_asks(office: Office) -> None:
    reader = Deliveries(office.connect("reader"), clock=office.clock)
    assert len(reader.list()) > 0
    with pytest.raises(AccessDenied):
        reader.submit("mail", targets=FRENCH)
    live = Deliveries(office.connect(production=True), clock=office.clock)
    with pytest.raises(InvalidOption, match="Sending a delivery from mail changes"):
        live.submit("mail", targets=FRENCH)
    with pytest.raises(InvalidOption, match="Making a delivery"):
        live.create("mail")
    made = live.create("mail", targets=FRENCH, yes="live")
    for word in (made.prepare, made.start, made.pause, made.stop):
        with pytest.raises(InvalidOption):
            word()
    assert made.prepare(yes="live").state == "ready"
