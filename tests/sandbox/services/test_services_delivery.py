"""Deliveries: from a template to the last click, on the clock."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from lxml import etree
from sandbox.services.conftest import ADMIN, READER, build_desk

from campaign_magics.sandbox.business import clockwork
from campaign_magics.sandbox.persist.save import write_documents

pytestmark = pytest.mark.pure

EVERYBODY = (
    "<targets><deliveryTarget><targetPart type='query'><where/></targetPart>"
    "</deliveryTarget></targets>"
)


def targets(where: str, more: str = "") -> str:
    return (
        "<targets><deliveryTarget><targetPart type='query' exclusion='false'>"
        f"<where><condition expr='{where}'/></where></targetPart>{more}"
        "</deliveryTarget></targets>"
    )


def submit(desk, content: str, model: str = "newsletter") -> str:
    """Submit a delivery and return its id."""
    desk.call("nms:delivery#SubmitDelivery", model, content)
    return max(desk.rows("nms:delivery", "@id"), key=lambda row: int(row[0]))[0]


def state(desk, delivery: str) -> str:
    return desk.value("nms:delivery", "@state", f"@id = {delivery}")


def entity(delivery: str) -> str:
    return f"<delivery xtkschema='nms:delivery' id='{delivery}'/>"


def new(desk, content: str = f"<delivery label='New'>{EVERYBODY}</delivery>") -> str:
    """Create a delivery from a template, save it, return its id."""
    reply = desk.call("nms:delivery#CreateFromModel", "newsletter", content)
    document = etree.fromstring(reply.outputs[0])
    write_documents(desk.world, [document], ADMIN)
    return document.get("id")


def test_a_submitted_delivery_is_counted_prepared_sent_and_finished(desk):
    """The states of nms:delivery in their order, by time alone."""
    delivery = submit(desk, f"<delivery label='All'>{EVERYBODY}</delivery>")
    seen = [state(desk, delivery)]
    for _ in range(80):
        desk.after(0.1)
        if (now := state(desk, delivery)) != seen[-1]:
            seen.append(now)
    assert seen == ["12", "22", "51", "55", "95"]


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


def test_a_direct_call_prepares_before_it_returns(desk):
    """Prepare, then Start: ready, pending, started, finished."""
    delivery = new(desk)
    reply = desk.call("nms:delivery#Prepare", entity=entity(delivery))
    assert etree.fromstring(reply.entity).get("state") == "45"
    assert state(desk, delivery) == "45"
    where = f"[@delivery-id] = {delivery}"
    statuses = {s for (s,) in desk.rows("nms:broadLogRcp", "@status", where)}
    assert statuses == {"0", "6"}
    desk.call("nms:delivery#Start", entity=entity(delivery))
    assert state(desk, delivery) == "51"
    desk.after(10)
    assert state(desk, delivery) == "95"


def test_preparing_and_starting_is_one_call(desk):
    """Nobody confirms."""
    delivery = new(desk)
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    assert state(desk, delivery) == "51"
    desk.after(10)
    assert state(desk, delivery) == "95"


@pytest.mark.parametrize(
    ("mode", "content", "then"),
    [
        ("0", EVERYBODY, "45"),
        ("1", EVERYBODY, "51"),
        ("2", EVERYBODY, "51"),
        ("1", targets("@id = -1"), "45"),
        ("2", targets("@id = -1"), "51"),
    ],
)
def test_the_approval_mode_decides_whether_sending_begins(desk, mode, content, then):
    """Adobe: manual waits, semi-automatic starts unless warned, automatic starts."""
    validation = f"<validation validationMode='{mode}'/>"
    delivery = new(desk, f"<delivery label='Mode'>{validation}{content}</delivery>")
    desk.call("nms:delivery#Prepare", entity=entity(delivery))
    assert state(desk, delivery) == then


def test_a_delayed_delivery_waits_for_its_contact_date(desk):
    """Start pending until then."""
    date = "2030-01-01 00:00:00.000Z"
    schedule = f"<scheduling delayed='1' contactDate='{date}'/>"
    content = f"<delivery label='Later'>{schedule}{EVERYBODY}</delivery>"
    delivery = new(desk, content)
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    desk.after(3_600)
    assert state(desk, delivery) == "51"
    desk.call("nms:delivery#Stop", entity=entity(delivery))


def test_a_paused_delivery_holds_and_goes_on(desk):
    """What has left stays sent, nothing is sent twice."""
    delivery = new(desk)
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    desk.after(0.95)
    desk.call("nms:delivery#Pause", entity=entity(delivery))
    assert state(desk, delivery) == "71"
    desk.after(60)
    assert state(desk, delivery) == "75"
    where = f"[@delivery-id] = {delivery}"
    before = dict(
        desk.rows("nms:broadLogRcp", "@id @eventDate", f"{where} AND @status = 1")
    )
    assert 0 < len(before) < 200
    desk.call("nms:delivery#Start", entity=entity(delivery))
    desk.after(60)
    assert state(desk, delivery) == "95"
    after = dict(desk.rows("nms:broadLogRcp", "@id @eventDate", where))
    assert len(after) == 300
    assert before.items() <= after.items()


def test_a_stopped_delivery_cancels_what_has_not_left(desk):
    """Pending messages become cancelled ones; it cannot be started again."""
    delivery = new(desk)
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    desk.after(0.95)
    desk.call("nms:delivery#Stop", entity=entity(delivery))
    assert state(desk, delivery) == "81"
    desk.after(60)
    assert state(desk, delivery) == "85"
    where = f"[@delivery-id] = {delivery}"
    statuses = [s for (s,) in desk.rows("nms:broadLogRcp", "@status", where)]
    assert "6" not in statuses
    assert statuses.count("3") > 100
    assert statuses.count("1") > 0
    assert "cannot be started" in desk.refused(
        "nms:delivery#Start", entity=entity(delivery)
    )


def test_preparing_again_replaces_the_first_analysis(desk):
    """Each recipient has one message."""
    delivery = new(desk)
    for _ in range(2):
        desk.call("nms:delivery#Prepare", entity=entity(delivery))
    where = f"[@delivery-id] = {delivery}"
    assert desk.count("nms:broadLogRcp", where) == 300
    urls = desk.rows("nms:trackingUrl", "@type", where)
    assert sorted(urls) == [("1",), ("3",), ("6",)]


def target_of(desk, content: str) -> set[str]:
    """Prepare a delivery and return the recipients it is for."""
    delivery = new(desk, f"<delivery label='Target'>{content}</delivery>")
    desk.call("nms:delivery#Prepare", entity=entity(delivery))
    where = f"[@delivery-id] = {delivery}"
    return {key for (key,) in desk.rows("nms:broadLogRcp", "[@recipient-id]", where)}


def part(kind: str, inner: str, more: str = "") -> str:
    return (
        "<targets><deliveryTarget>"
        f"<targetPart type='{kind}' {more}>{inner}</targetPart>"
        "</deliveryTarget></targets>"
    )


def people(desk, where: str) -> set[str]:
    return {key for (key,) in desk.rows("nms:recipient", "@id", where)}


def test_targets_are_queries_lists_services_and_folders(desk):
    """Each kind of part selects what a query would."""
    assert target_of(desk, targets("@gender = 2")) == people(desk, "@gender = 2")
    vip = {
        key
        for (key,) in desk.rows(
            "nms:rcpGrpRel", "[@recipient-id]", "[rcpGroup/@name] = 'vip'"
        )
    }
    assert vip
    assert target_of(desk, part("group", "<rcpGroup name='vip'/>")) == vip
    news = {
        key
        for (key,) in desk.rows(
            "nms:subscription", "[@recipient-id]", "[service/@name] = 'newsletter'"
        )
    }
    assert target_of(desk, part("service", "<service name='newsletter'/>")) == news
    folder = people(desk, "[folder/@name] = 'nmsProspects'")
    assert folder
    assert target_of(desk, part("folder", "<folder name='nmsProspects'/>")) == folder
    (key,) = desk.rows("nms:group", "@id", "@name = 'vip'")[0]
    assert target_of(desk, part("group", f"<rcpGroup id='{key}'/>")) == vip


def test_parts_add_up_and_exclusions_take_away(desk):
    """Each recipient once; exclusions count wherever they stand."""
    women, men = "@gender = 2", "@gender = 1"
    more = (
        "<targetPart type='query' exclusion='true'><where><condition "
        "expr='@id &lt; 1100'/></where></targetPart>"
        "<targetPart type='query'><where>"
        f"<condition expr='{men}'/></where></targetPart>"
    )
    found = target_of(desk, targets(women, more))
    assert found == people(desk, "@gender IN (1, 2) AND @id >= 1100")


def test_who_refused_and_who_has_no_address_is_left_out(desk):
    """They are counted, and their message is ignored."""
    delivery = new(desk)
    desk.call("nms:delivery#Prepare", entity=entity(delivery))
    out = {
        key
        for (key,) in desk.rows(
            "nms:broadLogRcp",
            "[@recipient-id]",
            f"[@delivery-id] = {delivery} AND @status = 0",
        )
    }
    refused = people(desk, "@blackList = 1 OR @blackListEmail = 1 OR @email = ''")
    assert refused <= out
    emails = [e.lower() for _, e in desk.rows("nms:recipient", "@id @email") if e]
    assert len(out) - len(refused) <= len(emails) - len(set(emails))


def test_an_sms_goes_to_a_mobile_phone_and_is_not_tracked(desk):
    """The channel decides on the address."""
    reply = desk.call(
        "nms:delivery#CreateFromModel",
        "sms",
        f"<delivery label='SMS'>{EVERYBODY}</delivery>",
    )
    document = etree.fromstring(reply.outputs[0])
    write_documents(desk.world, [document], ADMIN)
    delivery = document.get("id")
    desk.call("nms:delivery#PrepareAndStart", entity=entity(delivery))
    desk.after(3_600)
    where = f"[@delivery-id] = {delivery}"
    rows = desk.rows(
        "nms:broadLogRcp",
        "@address [recipient/@mobilePhone]",
        f"{where} AND @status = 1",
    )
    assert rows
    assert all(address == phone for address, phone in rows)
    assert desk.rows("nms:trackingLogRcp", "@id", where) == []


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        ("", "DLV-490009"),
        (targets("@nothing = 1"), "XTK-170036"),
        (targets("@id ="), "XTK-17003"),
        (part("pigeon", ""), "SBX-100001"),
        (part("group", ""), "names no rcpGroup"),
        ("<targets fromExternalSource='true'/>", "has no lines"),
        (
            "<targets fromExternalSource='true'><externalSource>Name|Age\nx|3"
            "</externalSource></targets>",
            "no column 'email'",
        ),
    ],
)
def test_a_target_that_cannot_be_computed_fails_the_analysis(desk, content, cause):
    """The delivery is in error, the fault tells why, and it can be tried again."""
    delivery = new(desk, f"<delivery label='Bad'>{content}</delivery>")
    assert cause in desk.refused("nms:delivery#Prepare", entity=entity(delivery))
    assert state(desk, delivery) == "37"
    assert cause in desk.refused("nms:delivery#Prepare", entity=entity(delivery))


@pytest.mark.parametrize(
    ("method", "cause"),
    [
        ("Prepare", "no delivery"),
        ("PrepareProof", "no delivery"),
        ("PrepareAndStart", "no delivery"),
        ("Start", "no delivery"),
        ("Pause", "no delivery"),
        ("Stop", "no delivery"),
    ],
)
@pytest.mark.parametrize("key", ["0", "1", "", "x", "99999999999999999999"])
def test_a_delivery_that_is_not_there_is_a_fault(desk, method, cause, key):
    """Whatever stands in its id."""
    args = [True] if method == "PrepareProof" else []
    shown = f"<delivery id='{key}'/>"
    assert cause in desk.refused(f"nms:delivery#{method}", *args, entity=shown)


def test_methods_out_of_turn_say_so(desk):
    """The status is named; templates are refused."""
    delivery = new(desk)
    for method in ("Start", "Pause", "Stop"):
        cause = desk.refused(f"nms:delivery#{method}", entity=entity(delivery))
        assert "its status is 'Being edited'" in cause
    assert "template" in desk.refused("nms:delivery#Prepare", entity=entity("1001"))
    assert "no delivery template" in desk.refused(
        "nms:delivery#SubmitDelivery", "nothing", None
    )


def test_a_copy_of_a_template_is_not_saved_and_takes_the_patch(desk):
    """CreateFromModel: isModel cleared, a future id, the patch on top."""
    before = desk.count("nms:delivery", "")
    patch = (
        "<delivery label='Mine'><mailParameters><subject>Hi &amp; bye</subject>"
        "</mailParameters></delivery>"
    )
    (answer,) = desk.call("nms:delivery#CreateFromModel", "newsletter", patch).outputs
    document = etree.fromstring(answer)
    assert document.tag == "delivery"
    assert document.get("label") == "Mine"
    assert document.get("isModel") == "false"
    assert document.get("internalName").startswith("DM")
    assert document.get("_operation") == "insert"
    assert document.findtext("mailParameters/subject") == "Hi & bye"
    assert document.findtext("mailParameters/senderAddress") == "news@mail.example"
    assert desk.count("nms:delivery", "") == before
    write_documents(desk.world, [document], ADMIN)
    where = f"@id = {document.get('id')}"
    assert desk.value("nms:delivery", "[mailParameters/subject]", where) == "Hi & bye"


def test_a_submitted_delivery_without_a_target_fails_in_its_own_time(desk):
    """SubmitDelivery itself succeeds: it returns nothing but errors of its call."""
    delivery = submit(desk, "<delivery label='Nobody'/>")
    desk.after(5)
    assert state(desk, delivery) == "37"


def test_what_is_written_wrong_is_not_submitted(desk):
    """The content is checked as any document; nothing is left behind."""
    before = desk.count("nms:delivery", "")
    cause = desk.refused(
        "nms:delivery#SubmitDelivery", "newsletter", "<delivery labl='x'/>"
    )
    assert "labl" in cause
    assert desk.count("nms:delivery", "") == before


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


def messages_of(desk, content: str) -> list[tuple[str, str, str]]:
    """Prepare a delivery; return recipient, address and status of its messages."""
    delivery = new(desk, f"<delivery label='Lines'>{content}</delivery>")
    desk.call("nms:delivery#Prepare", entity=entity(delivery))
    where = f"[@delivery-id] = {delivery}"
    rows = desk.rows(
        "nms:broadLogRcp", "@publicId [@recipient-id] @address @status", where
    )
    return [tuple(row[1:]) for row in sorted(rows, key=lambda row: int(row[0]))]


def test_the_lines_of_an_external_source_are_targets(desk):
    """Adobe's sample: no template, one column, nobody recognised."""
    content = """<targets fromExternalSource="true" targetMode="1"
      noReconciliation="true" addressField="Email"><fileFormat active="true">
      <source format="text" type="text"><dataSourceConfig>
      <dataSourceColumn label="Email" name="Email" type="string"/></dataSourceConfig>
      </source><destination type="xtkDataStore"/></fileFormat>
      <externalSource><![CDATA[not-a-recipient@domain.example]]></externalSource>
      </targets>"""
    assert messages_of(desk, content) == [("0", "not-a-recipient@domain.example", "6")]


def test_recipients_are_recognised_by_their_address(desk):
    """With a header line; twice the same address is one message, as is none."""
    ((key, email),) = desk.rows(
        "nms:recipient",
        "@id @email",
        "@email <> '' AND @blackList = 0 AND @blackListEmail = 0",
    )[:1]
    content = (
        "<targets fromExternalSource='true'><externalSource>Id|Email|City\n"
        f"1|{email.upper()}|Paris\n2|new@a.example|Rome\n3|{email}|Oslo\n4||Bonn"
        "</externalSource></targets>"
    )
    assert messages_of(desk, content) == [
        (key, email.upper(), "6"),
        ("0", "new@a.example", "6"),
        (key, email, "0"),
        ("0", "", "0"),
    ]


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


def test_the_cloud_knows_a_delivery_as_soon_as_it_is_prepared(desk):
    """Adobe v8: deliveries are replicated on the fly."""
    delivery = new(desk)
    desk.call("nms:delivery#Prepare", entity=entity(delivery))
    where = f"[@delivery-id] = {delivery}"
    labels = {x for (x,) in desk.rows("nms:broadLogRcp", "[delivery/@label]", where)}
    assert labels == {"New"}


@pytest.mark.parametrize(
    "method",
    ["Prepare", "PrepareProof", "PrepareAndStart", "Start", "Pause", "Stop"],
)
def test_who_may_only_read_may_not_send(desk, method):
    """XTK-170019."""
    args = [True] if method == "PrepareProof" else []
    cause = desk.refused(
        f"nms:delivery#{method}", *args, entity=entity("1005"), by=READER
    )
    assert "XTK-170019" in cause
    assert "XTK-170019" in desk.refused(
        "nms:delivery#SubmitDelivery", "newsletter", "<delivery/>", by=READER
    )


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
