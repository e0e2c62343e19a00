"""Rows that fail on their way: named, kept, sent again."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import pytest
from api.conftest import Office
from api.fans import people, subscribed

from campaign_magics.errors import AccessDenied, AnswerLost, SoapFault, Unreachable
from campaign_magics.session import Interrupted, Progress
from campaign_magics.throttle.budget import WaitCancelled


def spoil(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    failures: dict[str, BaseException],
) -> None:
    """Let the calls for some addresses fail."""
    call = office.connection.call

    def failing(schema: str, method: str, *args: Any, **more: Any) -> Any:
        if method == "Subscribe" and args[1].get("email") in failures:
            raise failures[args[1].get("email")]
        return call(schema, method, *args, **more)

    monkeypatch.setattr(office.connection, "call", failing)


def test_refused_rows_are_named_and_the_rest_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = people(office, 6)
    spoil(office, monkeypatch, {rows["email"][2]: SoapFault("Bad <luck>.")})
    seen: list[Progress] = []
    result = office.subscriptions.subscribe(rows, "offers", progress=seen.append)
    assert result.done == 5
    assert result.rejected["reason"].to_dict() == {2: "Bad <luck>."}
    assert "Bad &lt;luck&gt;." in result._repr_html_()


def test_a_lost_answer_leaves_its_row_in_doubt(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = people(office)
    spoil(office, monkeypatch, {rows["email"][1]: AnswerLost("Nobody knows.")})
    result = office.subscriptions.subscribe(rows, "offers")
    assert result.frame["outcome"].tolist() == ["done", "in doubt", "done"]
    assert result.rest.index.tolist() == [1]
    assert "row 1     Nobody knows." in str(result)


def test_the_rest_completes_a_list_that_was_cut_short(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is done is not sent again; the rest is, profile and all."""
    rows = people(office, 30).assign(lastName="Rested")
    gone = Unreachable("Gone.", hint="look")
    spoil(office, monkeypatch, {rows["email"][9]: gone})
    with pytest.raises(Unreachable):
        office.subscriptions.subscribe(rows, "offers", profile="lastName")
    monkeypatch.undo()
    kept = office.subscriptions.last
    assert kept is not None
    assert kept.rest["lastName"].tolist() == ["Rested"] * (30 - kept.done)
    again = office.subscriptions.subscribe(kept.rest, "offers", profile="lastName")
    assert again.calls == again.done == 30 - kept.done
    assert set(rows["email"]) <= subscribed(office, "offers")


@pytest.mark.parametrize(
    ("failure", "raised"),
    [
        (KeyboardInterrupt(), Interrupted),
        (Unreachable("Gone.", hint="look"), Unreachable),
        (AccessDenied("No.", hint="ask"), AccessDenied),
    ],
)
def test_what_was_done_is_kept_when_it_is_cut_short(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    raised: type[BaseException],
) -> None:
    rows = people(office, 30)
    spoil(office, monkeypatch, {rows["email"][12]: failure})
    with pytest.raises(raised) as caught:
        office.subscriptions.subscribe(rows, "offers")
    kept = office.subscriptions.last
    assert kept is not None
    outcomes = kept.frame["outcome"].tolist()
    assert outcomes[:12] == ["done"] * 12
    assert outcomes[-5:] == ["not sent"] * 5
    assert kept.done == caught.value.facts["kept"]  # type: ignore[attr-defined]
    assert "session.subscription.last" in caught.value.hint  # type: ignore[attr-defined]


def test_an_interrupt_ends_it_at_once_although_no_answer_comes(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real SIGINT; calls under way are in doubt, the others were never sent."""
    call, forever = office.connection.call, threading.Event()

    def silent(schema: str, method: str, *args: Any, **more: Any) -> Any:
        if method == "Subscribe":
            forever.wait(20)
            raise WaitCancelled
        return call(schema, method, *args, **more)

    monkeypatch.setattr(office.connection, "call", silent)
    rows = [f"i{n}@x.example" for n in range(20)]
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    began = time.monotonic()
    timer.start()
    with pytest.raises(Interrupted):
        office.subscriptions.subscribe(rows, "offers", create=True)
    assert time.monotonic() - began < 3
    forever.set()
    kept = office.subscriptions.last
    assert kept is not None
    assert kept.frame["outcome"].tolist() == ["in doubt"] * 6 + ["not sent"] * 14


def test_a_fault_that_meets_every_row_stops_early(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty refusals for one reason and no success: the rest is not tried."""
    rows = [f"r{n}@x.example" for n in range(200)]
    fault = SoapFault("The table is locked.")
    spoil(office, monkeypatch, dict.fromkeys(rows, fault))
    with pytest.raises(SoapFault, match="locked"):
        office.subscriptions.subscribe(rows, "offers", create=True)
    kept = office.subscriptions.last
    assert kept is not None
    assert kept.calls < 40
