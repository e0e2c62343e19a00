"""When the call went well and what follows it does not, both are said."""

from __future__ import annotations

from typing import Any

import pytest
from api.conftest import FRENCH, Office, new

from campaign_magics.errors import AnswerLost, CampaignError, Unreachable
from campaign_magics.session import Interrupted


def blind(
    office: Office,
    monkeypatch: pytest.MonkeyPatch,
    failure: BaseException,
    *,
    lost: bool = False,
) -> None:
    """Let every look fail after the first call that changes something."""
    call, read = office.connection.call, office.connection.read
    changed: list[str] = []

    def watched(schema: str, method: str, *args: Any, **more: Any) -> Any:
        if changed and method == "GetStatus":
            raise failure
        answer = call(schema, method, *args, **more)
        if schema != "xtk:queryDef":
            changed.append(method)
            if lost:
                raise AnswerLost("The answer was lost.")
        return answer

    def look(*args: Any, **more: Any) -> Any:
        if changed:
            raise failure
        return read(*args, **more)

    monkeypatch.setattr(office.connection, "call", watched)
    monkeypatch.setattr(office.connection, "read", look)


def test_what_was_done_is_said_when_the_look_at_it_fails(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it reads as if it had to be done again."""
    delivery = new(office).prepare()
    other = new(office)
    for work, done in (
        (lambda: office.workflows.pause("WKF3"), "Pausing the workflow WKF3 was done"),
        (delivery.start, f"Starting the delivery {delivery.name} was done"),
        (
            lambda: office.deliveries.submit("mail", targets=FRENCH, name="taken1"),
            "The server took the delivery taken1",
        ),
        (
            lambda: office.jobs.submit("nms:delivery", "Prepare", other.id),
            "/nms:delivery@@",
        ),
    ):
        with monkeypatch.context() as patch:
            blind(office, patch, Unreachable("Gone.", hint="look"))
            with pytest.raises(Unreachable) as caught:
                work()
        assert caught.value.hint.startswith("look; ")
        assert done in caught.value.hint
        assert caught.value.hint.endswith(", only the look at it failed")


def test_an_interrupted_look_says_so_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    blind(office, monkeypatch, KeyboardInterrupt())
    with pytest.raises(Interrupted, match="Starting the workflow WKF3 was done"):
        office.workflows.start("WKF3")


def test_a_lost_answer_is_told_before_what_follows_it(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name was made up: only this error tells it."""
    blind(office, monkeypatch, Unreachable("Gone.", hint="look"), lost=True)
    with pytest.raises(CampaignError) as caught:
        office.deliveries.submit("mail", targets=FRENCH)
    assert isinstance(caught.value, AnswerLost)
    assert "see session.delivery.status('CM" in caught.value.hint
