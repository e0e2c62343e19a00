"""What Adobe's own client sends, byte for byte, and the shape of what it expects.

The files in ``wire/`` hold one captured request each and a reference answer.  Tokens
are replaced by living ones, the id of a job by that of a living one, and Content-Length
with them; nothing else is.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from sandbox.server.caller import Caller
from sandbox.server.served import Served

from campaign_magics.sandbox.stores.world import World, build_world

WIRE = Path(__file__).with_name("wire")
ANSWER = re.compile(r"\n\n--- answer: HTTP (\d+) ---\n", re.MULTILINE)
TOKENS = {
    "___4f2c58e1-2144-4eb6-b4d0-59947661be01": 0,
    "___34a6a601-79ef-4545-a2d4-78f38ea5a88d": 0,
    "@77aab3fd-2214-4078-b386-76b02894c8c5==": 1,
    "@4975a469-27e5-47ef-849d-de3a197da340==": 1,
}


def captured(name: str) -> tuple[str, int, str]:
    """Return request, expected status and expected answer."""
    text = next(WIRE.glob(f"{name}_*.txt")).read_text()
    request, status, answer = ANSWER.split(text)
    return request, int(status), answer.strip("\n")


JOB = "1009/nms:delivery@@5b5522a5-094e-4786-b1d8-796afedb5bdd"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Rows of this module alone: some of the captured calls write."""
    made = build_world(rows=100)
    yield made
    made.close()


def replay(
    served: Served, name: str, tokens: tuple[str, str], *, job: str = JOB
) -> tuple[int, str]:
    """Send a captured request through a plain socket; return status and body."""
    request, _, _ = captured(name)
    for old, which in TOKENS.items():
        request = request.replace(old, tokens[which])
    request = request.replace(JOB, job)
    head, _, body = request.partition("\n\n")
    payload = body.encode()
    head = re.sub(r"Content-Length: \d+", f"Content-Length: {len(payload)}", head)
    with socket.create_connection(("127.0.0.1", served.port), timeout=30) as line:
        line.sendall(head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + payload)
        with line.makefile("rb") as stream:
            status = int(stream.readline().split()[1])
            length = 0
            while (header := stream.readline()) != b"\r\n":
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            return status, stream.read(length).decode()


@pytest.fixture
def tokens(served: Served) -> tuple[str, str]:
    """A living session token and its security token."""
    status, body = replay(served, "01", ("", ""))
    assert status == 200
    found = [
        re.search(f"<{name} xsi:type='xsd:string'>([^<]+)<", body)
        for name in ("pstrSessionToken", "pstrSecurityToken")
    ]
    assert all(found)
    return found[0][1], found[1][1]  # type: ignore[index]


def outputs(answer: str, *, recover: bool = False) -> list[tuple[str, str | None]]:
    """Return name and xsi:type of each output, in order.

    ``recover`` for a ``|`` in the namespace, which is no URI to libxml2.
    """
    body = etree.fromstring(answer.encode(), etree.XMLParser(recover=recover))[0]
    kind = "{http://www.w3.org/2001/XMLSchema-instance}type"
    return [(etree.QName(e).localname, e.get(kind)) for e in body[0]]


@pytest.mark.parametrize(
    "name", ["01", "04", "05", "06", "09", "10", "11", "14", "24", "30", "31"]
)
def test_the_answer_has_the_shape_of_the_reference(
    served: Served, tokens: tuple[str, str], name: str
):
    """The envelope to the letter up to the first output; then names and types."""
    _, status, expected = captured(name)
    got_status, body = replay(served, name, tokens)
    assert got_status == status
    opening = expected[: expected.index(">", expected.index("Response")) + 1]
    assert body.startswith(opening)
    assert body.endswith("Response></SOAP-ENV:Body></SOAP-ENV:Envelope>")
    if "... (" not in expected:  # one reference is cut short
        assert outputs(body) == outputs(expected)


def output(answer: str, name: str) -> str:
    found = re.search(f"<{name} [^>]*>([^<]+)<", answer)
    assert found, answer
    return found[1]


@pytest.mark.parametrize("name", ["07", "08", "15", "16", "17", "18", "22"])
def test_calls_that_change_something(
    served: Served, caller: Caller, tokens: tuple[str, str], name: str
):
    """Writes, a subscription, workflows: the reference's envelope to the letter."""
    service = '<service xtkschema="nms:service" _key="@name" name="news" label="News"/>'
    assert caller.call("xtk:persist|xtk:session", "Write", service).fault is None
    _, status, expected = captured(name)
    got_status, body = replay(served, name, tokens)
    assert got_status == status
    if name == "15":  # the object in it has ids and times of its own
        opening = expected[: expected.index("<delivery ")]
        assert body.startswith(opening)
        assert body.endswith(expected[-60:])
        assert outputs(body, recover=True) == outputs(expected, recover=True)
    else:
        assert body == expected


def test_jobs_are_submitted_and_asked_about(served: Served, tokens: tuple[str, str]):
    """Submit, SubmitSoapCall, GetStatus: ids and types as in the references."""
    for name in ("19", "21"):
        _, status, expected = captured(name)
        got_status, body = replay(served, name, tokens)
        assert got_status == status
        job = output(body, "pstrId")
        assert re.fullmatch(r"\d+/nms:delivery@@[0-9a-f-]{36}", job)
        assert body == expected.replace(output(expected, "pstrId"), job)
    _, status, expected = captured("20")
    got_status, body = replay(served, "20", tokens, job=job)
    assert got_status == status
    assert body.startswith(expected[: expected.index("<psStatus")])
    assert outputs(body, recover=True) == outputs(expected, recover=True)
    assert re.search("<progress current=['\"]\\d+['\"] max=['\"]\\d+['\"]/>", body)


def test_the_modified_entities_of_a_new_server(served: Served, tokens: tuple[str, str]):
    """The reference is older than 8.4 and refuses; §7 shows the answer since then."""
    status, body = replay(served, "23", tokens)
    assert status == 200
    assert outputs(body) == [("pdomDirtyEntities", "ns:Element")]
    cache = etree.fromstring(body.encode()).find(".//{*}cache")
    assert cache is not None
    assert {"buildNumber", "time"} <= {*cache.attrib}


def test_the_queue_of_the_message_center(served: Served, tokens: tuple[str, str]):
    """Three lines, of which the SDK parses the counts."""
    _, status, expected = captured("29")
    got_status, body = replay(served, "29", tokens)
    assert got_status == status
    assert re.sub(r"\d", "0", body.strip()) == re.sub(r"\d", "0", expected)


def test_every_captured_call_is_replayed():
    """All that Adobe's client was seen to send."""
    assert len([*WIRE.glob("*.txt")]) == 31


@pytest.mark.parametrize("name", ["02", "03", "25", "26"])
def test_refusals_are_text(served: Served, tokens: tuple[str, str], name: str):
    """Failed log-on and expired session: HTTP 403 and one line."""
    _, status, expected = captured(name)
    assert replay(served, name, tokens) == (status, expected)


@pytest.mark.parametrize("name", ["12", "13"])
def test_faults_are_soap(served: Served, tokens: tuple[str, str], name: str):
    """HTTP 200, code in the faultstring, cause in the detail."""
    _, status, expected = captured(name)
    got_status, body = replay(served, name, tokens)
    assert got_status == status
    until = "<detail xsi:type='xsd:string'>"
    assert body.partition(until)[0] == expected.partition(until)[0]
    code = re.search(r"[A-Z]{3}-\d{6}", expected.partition(until)[2])
    assert code is not None
    assert code[0] in body.partition(until)[2]


def test_documents_are_what_was_asked_for(served: Served, tokens: tuple[str, str]):
    """The payload's root, by local name."""
    roots = {
        "01": "sessionInfo",
        "04": "schema",
        "09": "recipient-collection",
        "11": "recipient",
        "14": "queryDef",
    }
    for name, root in roots.items():
        answer = etree.fromstring(replay(served, name, tokens)[1].encode())
        documents = [output[0] for output in answer[0][0] if len(output)]
        assert etree.QName(documents[0]).localname == root


def test_select_all_lists_the_stored_fields(served: Served, tokens: tuple[str, str]):
    """The same expressions as the reference, in its order."""
    pattern = r'expr="([^"]+)"'
    _, _, expected = captured("14")
    _, body = replay(served, "14", tokens)
    assert re.findall(pattern, body) == re.findall(pattern, expected)
    assert 'startPath="/"' in body


def test_log_off_ends_the_session(served: Served, tokens: tuple[str, str]):
    """The next call with the same tokens is refused."""
    assert replay(served, "05", tokens)[0] == 200
    assert replay(served, "30", tokens)[0] == 200
    assert replay(served, "05", tokens) == (
        403,
        "XSV-350008 Session has expired or is invalid. Please reconnect.",
    )


def test_r_test_needs_no_session(served: Served):
    """One line with the attributes that the SDK reads."""
    status, body = replay(served, "27", ("", ""))
    _, _, expected = captured("27")
    names = re.compile(r" (\w+)='")
    assert status == 200
    assert body.startswith("<redir status='OK' date='")
    assert names.findall(body) == names.findall(expected)


def test_ping_needs_one(served: Served, tokens: tuple[str, str]):
    """``OK`` and the time, or 403."""
    status, body = replay(served, "28", tokens)
    assert status == 200
    assert re.fullmatch(r"OK\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z\n", body)
    assert replay(served, "28", ("", ""))[0] == 403
