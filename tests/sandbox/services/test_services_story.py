"""What comes of a delivery: messages, opens and clicks, told by seed and time alone."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from sandbox.services.conftest import build_desk
from sandbox.services.sending import EVERYBODY, entity, new, submit

from campaign_magics.sandbox.business import clockwork

pytestmark = pytest.mark.pure


def test_indicators_are_what_the_logs_add_up_to(desk):
    """Sent, failed, opens and clicks: the counters are counts of rows."""
    delivery = submit(desk, f"<delivery label='Counted'>{EVERYBODY}</delivery>")
    desk.after(20)
    desk.after(3_600)
    where = f"@id = {delivery}"

    def shown(path: str) -> int:
        return int(desk.value("nms:delivery", path, where))

    def logs(test: str) -> int:
        return len(
            desk.rows(
                "nms:broadLogRcp", "@id", f"[@delivery-id] = {delivery} AND {test}"
            )
        )

    def hits(test: str) -> list[tuple[str, ...]]:
        where = f"[@delivery-id] = {delivery} AND {test}"
        return desk.rows("nms:trackingLogRcp", "@id [@broadLog-id]", where)

    assert shown("[properties/@totalTarget]") == 300
    assert shown("[properties/@reject]") == logs("@status = 0") > 0
    assert shown("[properties/@toDeliver]") == logs("@status IN (1, 2)")
    assert shown("[indicators/@processed]") == logs("@status IN (1, 2)")
    assert shown("[indicators/@success]") == logs("@status = 1") > 150
    assert shown("[indicators/@error]") == logs("@status = 2") > 0
    assert shown("[indicators/@totalRecipientOpen]") == len(hits("[@url-id] = 1")) > 0
    assert shown("[indicators/@recipientOpen]") == len(
        {log for _, log in hits("[@url-id] = 1")}
    )
    clicks = hits("[url/@type] = 1")
    assert shown("[indicators/@totalRecipientClick]") == len(clicks) > 0
    assert shown("[indicators/@personClick]") == len({log for _, log in clicks})


def test_the_links_of_the_content_are_tracked(desk):
    """Each once, with opt-out and mirror page."""
    html = (
        "<content><html><source>&lt;a href='https://shop.example/a'&gt;A&lt;/a&gt; "
        "&lt;a href=&quot;https://shop.example/b?x=1&quot;&gt;B&lt;/a&gt; "
        "&lt;a href='https://shop.example/a'&gt;again&lt;/a&gt;</source></html></content>"
    )
    delivery = new(desk, f"<delivery label='Links'>{html}{EVERYBODY}</delivery>")
    desk.call("nms:delivery#Prepare", entity=entity(delivery))
    where = f"[@delivery-id] = {delivery}"
    urls = {url for (url,) in desk.rows("nms:trackingUrl", "sourceURL", where)}
    assert {"https://shop.example/a", "https://shop.example/b?x=1"} <= urls
    assert len(urls) == 4


def story(seed: int, looks: list[float]) -> list[list[tuple[str, ...]]]:
    """Send a delivery in a world of its own, looking now and then; return its rows."""
    desk = build_desk(rows=60, seed=seed)
    try:
        delivery = submit(desk, f"<delivery label='Story'>{EVERYBODY}</delivery>")
        for seconds in looks:
            desk.after(seconds)
        where = f"[@delivery-id] = {delivery}"
        return [
            sorted(
                desk.rows("nms:broadLogRcp", "@id @status @eventDate @address", where)
            ),
            sorted(
                desk.rows(
                    "nms:trackingLogRcp", "@logDate [@url-id] [@broadLog-id]", where
                )
            ),
            desk.rows("nms:delivery", "[indicators/@success]", f"@id = {delivery}"),
        ]
    finally:
        desk.world.close()


def test_the_same_seed_tells_the_same_story_however_often_one_looks():
    """What happens depends on seed and time alone."""
    whole = [0.7] * 20 + [30.0] * 20
    first = story(7, whole)
    assert first == story(7, [sum(whole)])
    assert first != story(8, [sum(whole)])
    assert len(first[1]) > 5


def test_nothing_is_logged_in_the_future(desk):
    """Neither messages nor reactions."""
    delivery = submit(desk, f"<delivery label='Now'>{EVERYBODY}</delivery>")
    desk.after(45)
    where = f"[@delivery-id] = {delivery} AND"
    hits = desk.rows("nms:trackingLogRcp", "@id", f"{where} @logDate > GetDate()")
    logs = desk.rows("nms:broadLogRcp", "@id", f"{where} @eventDate > GetDate()")
    assert (hits, logs) == ([], [])
    early = desk.rows(
        "nms:trackingLogRcp", "@id", f"{where} @logDate < [broadLog/@eventDate]"
    )
    assert early == []
    assert desk.rows("nms:trackingLogRcp", "@id", f"{where} 1 = 1")


class Killed(BaseException):
    """The process ends here."""


def test_killed_between_the_two_databases_it_goes_on(monkeypatch):
    """The cloud has committed, the local database has not: done again, once."""
    desk = build_desk(rows=60)
    kills = iter([False, True] * 200)

    @contextmanager
    def killed_half_way(world):
        with world.databases.local.transaction():
            with world.databases.cloud.transaction():
                yield
            if next(kills):
                raise Killed

    monkeypatch.setattr(clockwork, "repeatable", killed_half_way)
    delivery = submit(desk, f"<delivery label='Killed'>{EVERYBODY}</delivery>")
    desk.clock.seconds += 3_600
    deaths = 0
    while desk.world.agenda.is_due(desk.clock.now()):
        try:
            clockwork.settle(desk.world)
        except Killed:
            deaths += 1
    assert deaths > 10
    where = f"[@delivery-id] = {delivery}"
    logs = desk.rows("nms:broadLogRcp", "[@recipient-id] @status", where)
    assert len(logs) == len({person for person, _ in logs}) == 60
    assert {status for _, status in logs} <= {"0", "1", "2"}
    hits = desk.rows("nms:trackingLogRcp", "@id", where)
    assert len(hits) == len(set(hits)) > 0
    shown = desk.rows(
        "nms:delivery",
        "@state [indicators/@success] [indicators/@totalRecipientOpen]",
        f"@id = {delivery}",
    )
    opens = desk.rows("nms:trackingLogRcp", "@id", f"{where} AND [@url-id] = 1")
    sent = sum(status == "1" for _, status in logs)
    assert shown == [("95", str(sent), str(len(opens)))]
    desk.world.close()


def test_a_task_that_fails_does_not_stand_in_the_way(desk, monkeypatch, caplog):
    """It is logged and dropped; everybody is answered."""
    desk.world.agenda.add(desk.clock.now(), "analysis.target", 0, "not a number:")
    desk.after(1)
    assert "analysis.target" in caplog.text
    desk.world.agenda.add(desk.clock.now(), "no.such", 0)
    desk.after(1)
    assert not desk.world.agenda.is_due(desk.clock.now())
