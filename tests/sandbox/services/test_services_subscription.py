"""Subscriptions: who, to what, through staging, and their history."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sandbox.services.conftest import READER, Desk, build_desk

from campaign_magics.sandbox.staging.move import move

pytestmark = pytest.mark.pure

SUBSCRIBE = "nms:subscription#Subscribe"
UNSUBSCRIBE = "nms:subscription#Unsubscribe"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """One world, replicated when a test says so; each has recipients of its own."""
    made = build_desk(rows=20)
    yield made
    made.world.close()


def someone(email: str, more: str = "") -> str:
    return f'<recipient _key="@email" email="{email}" {more}/>'


def services_of(desk: Desk, email: str) -> set[str]:
    """Names of the services that the cloud knows a recipient is subscribed to."""
    move(desk.world)
    rows = desk.rows(
        "nms:subscription", "[service/@name]", f"[recipient/@email] = '{email}'"
    )
    return {name for (name,) in rows}


def history_of(desk: Desk, email: str) -> list[tuple[str, str]]:
    move(desk.world)
    rows = desk.rows(
        "nms:subHisto", "@id @action [service/@name]", f"[recipient/@email] = '{email}'"
    )
    return [(action, name) for _, action, name in sorted(rows, key=lambda r: int(r[0]))]


def test_a_new_recipient_is_made_and_subscribed_to_several_services(desk):
    """Names by comma; each service leaves a line of history."""
    desk.call(SUBSCRIBE, "newsletter, offers", someone("new@a.example"), True)
    assert services_of(desk, "new@a.example") == {"newsletter", "offers"}
    assert history_of(desk, "new@a.example") == [("1", "newsletter"), ("1", "offers")]


def test_the_cloud_learns_of_it_at_the_next_replication(desk):
    """Adobe v8: opt-in requests are processed each hour."""
    move(desk.world)
    before = desk.count("nms:subscription", "")
    desk.call(SUBSCRIBE, "newsletter", someone("later@a.example"), True)
    assert desk.rows("nms:recipient", "@id", "@email = 'later@a.example'") == []
    assert desk.count("nms:subscription", "") == before
    assert services_of(desk, "later@a.example") == {"newsletter"}


def test_an_unknown_recipient_is_left_alone_unless_asked(desk):
    """create = false: nothing made, no error."""
    desk.call(SUBSCRIBE, "newsletter", someone("ghost@a.example"), False)
    desk.call(UNSUBSCRIBE, "newsletter", someone("ghost@a.example"))
    desk.call(UNSUBSCRIBE, "", someone("ghost@a.example"))
    move(desk.world)
    assert desk.rows("nms:recipient", "@id", "@email = 'ghost@a.example'") == []


def test_subscribing_updates_the_profile(desk):
    """The document's other fields are written to the recipient found by its key."""
    ((key, email),) = desk.rows("nms:recipient", "@id @email", "@email <> ''")[:1]
    desk.call(SUBSCRIBE, "events", someone(email, 'firstName="Zoë"'), False)
    assert "events" in services_of(desk, email)
    assert desk.value("nms:recipient", "@firstName", f"@id = {key}") == "Zoë"
    assert len(desk.rows("nms:recipient", "@id", f"@email = '{email}'")) == 1


def test_subscribing_twice_is_subscribing_once(desk):
    """Before replication as after it."""
    for _ in range(2):
        desk.call(SUBSCRIBE, "offers", someone("twice@a.example"), True)
    move(desk.world)
    desk.call(SUBSCRIBE, "offers", someone("twice@a.example"), True)
    assert history_of(desk, "twice@a.example") == [("1", "offers")]
    assert len(desk.rows("nms:recipient", "@id", "@email = 'twice@a.example'")) == 1


def test_unsubscribing_ends_it_once_and_can_be_taken_back(desk):
    """Staged or not, each change counts once."""
    who = someone("back@a.example")
    desk.call(SUBSCRIBE, "offers", who, True)
    move(desk.world)
    for _ in range(2):
        desk.call(UNSUBSCRIBE, "offers", who)
    assert services_of(desk, "back@a.example") == set()
    desk.call(SUBSCRIBE, "offers", who, True)
    desk.call(UNSUBSCRIBE, "offers", who)
    desk.call(SUBSCRIBE, "offers", who, True)
    assert services_of(desk, "back@a.example") == {"offers"}
    assert [action for action, _ in history_of(desk, "back@a.example")] == [
        "1", "0", "1", "0", "1",
    ]  # fmt: skip


def test_without_a_service_the_recipient_goes_on_the_denylist(desk):
    """Unsubscribe with an empty name sets @blackList, as Adobe says."""
    ((key, email),) = desk.rows(
        "nms:recipient", "@id @email", "@email <> '' AND @blackList = 0"
    )[:1]
    subscribed = services_of(desk, email)
    desk.call(UNSUBSCRIBE, "", someone(email))
    assert services_of(desk, email) == subscribed
    assert desk.value("nms:recipient", "@blackList", f"@id = {key}") in ("1", "true")


def test_a_service_with_a_message_confirms(desk):
    """sendConfirmation and a scenario: one sent message in the logs."""
    desk.world.databases.execute(
        "local",
        "UPDATE NmsService SET iSubScenarioId = 1001, iSendConfirmation = 1"
        " WHERE sName = 'newsletter'",
    )
    desk.call(SUBSCRIBE, "newsletter", someone("ann@a.example"), True)
    move(desk.world)
    before = len(desk.rows("nms:broadLogRcp", "@id", "[@delivery-id] = 1001"))
    desk.call(UNSUBSCRIBE, "newsletter", someone("ann@a.example"))
    desk.call(SUBSCRIBE, "newsletter", someone("ann@a.example"), True)
    rows = desk.rows("nms:broadLogRcp", "@address @status", "[@delivery-id] = 1001")
    assert len(rows) == before + 1
    assert ("ann@a.example", "1") in rows


@pytest.mark.parametrize(
    ("args", "cause"),
    [
        (("nothing", someone("a@a.example"), True), "no service 'nothing'"),
        (("", someone("a@a.example"), True), "service is missing"),
        (("newsletter", None, True), "recipient is missing"),
        (("newsletter", '<recipient _key="@emial" emial="x"/>', True), "emial"),
        (("newsletter", '<recipient firstName="x"/>', True), "key"),
    ],
)
def test_what_is_wrong_is_a_fault_and_changes_nothing(desk, args, cause):
    """One service that is unknown stops the others too."""
    before = desk.count("nms:subHisto", "")
    assert cause in desk.refused(SUBSCRIBE, *args)
    assert desk.count("nms:subHisto", "") == before


def test_one_unknown_service_among_others_subscribes_to_none(desk):
    """All or nothing."""
    who = someone("all@a.example")
    desk.refused(SUBSCRIBE, "newsletter,nothing", who, True)
    assert services_of(desk, "all@a.example") == set()


def test_who_may_only_read_may_not_subscribe(desk):
    """XTK-170019, and nothing happens."""
    who = someone("read@a.example")
    assert "XTK-170019" in desk.refused(SUBSCRIBE, "offers", who, True, by=READER)
    assert "XTK-170019" in desk.refused(UNSUBSCRIBE, "", who, by=READER)
