"""Whom a delivery goes to: queries, lists, folders, given lines; who is left out."""

from __future__ import annotations

import pytest
from sandbox.services.sending import EVERYBODY, entity, new, state, targets

pytestmark = pytest.mark.pure


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
    content = f"<delivery label='SMS'>{EVERYBODY}</delivery>"
    delivery = new(desk, content, model="sms")
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
