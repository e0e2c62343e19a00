"""The interface over the wire: faults, rights, ids, options, many clients at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from sandbox.server.caller import Answer, Caller

from campaign_magics import Sandbox

PERSIST = "xtk:persist|xtk:session"


def port(server: Sandbox) -> int:
    return urlsplit(server.url).port or 0


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    """A server of this module alone, with someone who may only read."""
    with Sandbox(tps=0, rows=100, operators={"reader": ()}) as running:
        yield running


@pytest.fixture
def caller(server: Sandbox) -> Iterator[Caller]:
    client = logged_on(server, "admin")
    yield client
    client.close()


def logged_on(server: Sandbox, user: str) -> Caller:
    client = Caller(port(server))
    assert client.log_on(user, server.password.reveal()).status == 200
    return client


def write(client: Caller, document: str, method: str = "Write") -> Answer:
    return client.call(PERSIST, method, document)


def emails(client: Caller, pattern: str) -> list[str]:
    answer = client.call(
        "xtk:queryDef",
        "ExecuteQuery",
        '<queryDef schema="nms:recipient" lineCount="100000"><select>'
        '<node expr="@email"/></select><where>'
        f"<condition expr=\"@email LIKE '{pattern}'\"/></where></queryDef>",
    )
    return sorted(row.get("email") for row in answer.payload())


def test_write_answers_with_nothing(caller: Caller):
    """An empty WriteResponse (wire/07)."""
    answer = write(caller, '<recipient xtkschema="nms:recipient" email="a@s.test"/>')
    assert answer.status == 200
    assert answer.fault is None
    assert "></WriteResponse>" in answer.text
    assert emails(caller, "a@s.test") == ["a@s.test"]


def test_a_collection_and_its_deletion(caller: Caller):
    """wire/08 and wire/22."""
    rows = "".join(f'<recipient _key="@email" email="c{n}@s.test"/>' for n in range(3))
    document = f'<c xtkschema="nms:recipient">{rows}</c>'
    assert write(caller, document, "WriteCollection").fault is None
    assert len(emails(caller, "c_@s.test")) == 3
    where = "<where><condition expr=\"@email = 'c1@s.test'\"/></where>"
    answer = caller.call(PERSIST, "DeleteCollection", "nms:recipient", where, "false")
    assert answer.fault is None
    assert emails(caller, "c_@s.test") == ["c0@s.test", "c2@s.test"]


def test_a_refusal_is_the_documented_fault(caller: Caller):
    """SOP-330011 names method and interface; the detail is the cause."""
    answer = write(caller, '<recipient xtkschema="nms:recipient" gender="x"/>')
    assert answer.fault == (
        "SOAP-ENV:Server",
        "SOP-330011 Error while executing the method 'Write' of service 'xtk:persist'.",
        "The value 'x' is not valid for the 'nms:recipient:gender' enumeration of the "
        "'@gender' field. Impossible to save document of type "
        "'Recipients (nms:recipient)'.",
    )
    for document in ("", '<x xtkschema="nms:x"/>', "<x/>"):
        assert write(caller, document).fault[1].startswith("SOP-330011")


def test_whoever_may_only_read_writes_nothing(server: Sandbox):
    """XTK-170019, for each method that changes something."""
    reader = logged_on(server, "reader")
    document = '<recipient xtkschema="nms:recipient" email="r@s.test"/>'
    where = "<where><condition expr=\"@email = 'a@s.test'\"/></where>"
    answers = [
        write(reader, document),
        write(reader, f"<c>{document}</c>", "WriteCollection"),
        reader.call(PERSIST, "DeleteCollection", "nms:recipient", where, "true"),
    ]
    assert all("XTK-170019" in answer.fault[2] for answer in answers)
    assert emails(reader, "r@s.test") == []
    reader.close()


def test_options_written_are_options_read(caller: Caller):
    """GetOption reads the column of the type that Write said (protocol.md §7)."""
    kinds = [
        (6, 'stringValue="a b"', "", "a b"),
        (3, 'longValue="42"', "", "42"),
        (5, 'doubleValue="1.5"', "", "1.5"),
        (15, 'longValue="1"', "", "1"),
        (7, 'timeStampValue="2026-07-05T14:11:31Z"', "", "2026-07-05 14:11:31.000Z"),
        (12, "", "<memoValue>long &amp; wide</memoValue>", "long &amp; wide"),
    ]
    for code, column, inner, shown in kinds:
        write(
            caller,
            '<option xtkschema="xtk:option" _operation="insertOrUpdate" _key="@name"'
            f' name="sOpt" dataType="{code}" {column}>{inner}</option>',
        )
        answer = caller.call("xtk:session", "GetOption", "sOpt")
        assert answer.output("pstrValue") == shown
        assert answer.output("pbtType") == str(code)


def test_ids_are_reserved(caller: Caller):
    """A comma between them; none comes twice; a record may take one."""
    first = caller.call("xtk:session", "GetNewIdsEx", "3", "XtkNewId")
    second = caller.call("xtk:session", "GetNewIdsEx", "2", "NmsRecipientId")
    ids = first.output("pstrIds").split(",") + second.output("pstrIds").split(",")
    assert len(set(ids)) == 5
    document = f'<recipient xtkschema="nms:recipient" id="{ids[4]}" email="i@s.test"/>'
    assert write(caller, document).fault is None
    for count in ("0", "-1", "1000001"):
        answer = caller.call("xtk:session", "GetNewIdsEx", count, "XtkNewId")
        assert answer.fault


def test_an_entity_comes_back_from_new_instance_and_duplicate(caller: Caller):
    """Both answer with the object (wire/15)."""
    urn = "xtk:persist|nms:delivery"
    made = caller.call(urn, "NewInstance", '<delivery label="H"/>').payload()
    assert made.get("label") == "H"
    assert made.get("_operation") == "insert"
    given = f'<delivery xtkschema="nms:delivery" id="{made.get("id")}" label="H"/>'
    assert write(caller, given).fault is None
    copy = caller.call(
        urn, "Duplicate", "<delivery/>", f"nms:delivery|{made.get('id')}"
    )
    assert copy.payload().get("label") == "H"
    assert copy.payload().get("id") != made.get("id")


def test_the_cache_is_told_what_changed(caller: Caller):
    """GetModifiedEntities (wire/23)."""
    answer = caller.call(
        "xtk:session",
        "GetModifiedEntities",
        '<cache><xtk:schema xmlns:xtk="urn:xtk:schema"/></cache>',
    )
    assert answer.payload().get("emptyCache") == "true"


def test_eight_clients_write_and_read_at_once(server: Sandbox):
    """No row lost or doubled, no fault: keys shared by all, and keys of one's own."""
    problems: list[str] = []

    def work(number: int) -> None:
        client = logged_on(server, "admin")
        for turn in range(20):
            own = f'<recipient _key="@email" email="w{number}-{turn}@m.test"/>'
            shared = (
                f'<recipient _key="@email" email="shared{turn}@m.test"'
                f' lastName="{number}"><rcpGrpRel><rcpGroup name="GRPm{turn % 3}"/>'
                "</rcpGrpRel></recipient>"
            )
            document = f'<c xtkschema="nms:recipient">{own}{shared}</c>'
            answer = write(client, document, "WriteCollection")
            if answer.status != 200 or answer.fault:
                problems.append(answer.text)
            if len(emails(client, f"w{number}-{turn}@m.test")) != 1:
                problems.append(f"w{number}-{turn} is not there")
        client.close()

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert problems == []
    reader = logged_on(server, "admin")
    found = emails(reader, "%@m.test")
    assert len(found) == 8 * 20 + 20
    assert len(found) == len(set(found))
    reader.close()
