"""Many ways to say the same, and many who say it at once."""

from __future__ import annotations

import gzip
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest
from sandbox.server.caller import ROUTER, Caller
from sandbox.server.served import Served

from campaign_magics import Sandbox
from campaign_magics.sandbox.stores.world import World, build_world

PERSIST = "xtk:persist|xtk:session"
RPC = """<SOAP-ENV:Envelope xmlns:xsd="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body>
<m:Write xmlns:m="urn:xtk:persist|xtk:session"
 SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">
<sessiontoken xsi:type="xsd:string"/><doc xsi:type="">
<recipient xtkschema="nms:recipient" _key="@email" email="{email}" lastName="Müßig"/>
</doc></m:Write></SOAP-ENV:Body></SOAP-ENV:Envelope>"""
DOCUMENT = """<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:urn="urn:xtk:session"><soapenv:Header/><soapenv:Body><urn:Write>
<urn:sessiontoken/><urn:domDoc>
<urn:recipient xtkschema="nms:recipient" _key="@email" email="{email}"
 lastName="Müßig"/></urn:domDoc></urn:Write></soapenv:Body></soapenv:Envelope>"""


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """Rows of this module alone."""
    made = build_world(rows=20)
    yield made
    made.close()


def last_name(caller: Caller, email: str) -> str | None:
    query = (
        '<queryDef schema="nms:recipient" operation="getIfExists"><select>'
        '<node expr="@lastName"/></select><where>'
        f"<condition expr=\"@email = '{email}'\"/></where></queryDef>"
    )
    found = caller.call("xtk:queryDef", "ExecuteQuery", query).payload()
    return found.get("lastName")


@pytest.mark.parametrize("dialect", ["rpc", "document"])
@pytest.mark.parametrize("encoding", ["utf-8", "iso-8859-1", "declared", "gzip"])
def test_a_write_means_the_same_in_every_dialect_and_encoding(
    caller: Caller, dialect: str, encoding: str
):
    """rpc/encoded as the SDK, document/literal as toolkits; bytes as they come."""
    email = f"{dialect}-{encoding}@mail.test"
    text = (RPC if dialect == "rpc" else DOCUMENT).format(email=email)
    headers = {"Content-Type": "text/xml; charset=utf-8"}
    body = text.encode()
    if encoding == "iso-8859-1":
        headers, body = {"Content-Type": "text/xml; charset=ISO-8859-1"}, latin(text)
    elif encoding == "declared":
        head = "<?xml version='1.0' encoding='ISO-8859-1'?>"
        headers, body = {"Content-Type": "text/xml"}, latin(head + text)
    elif encoding == "gzip":
        headers["Content-Encoding"], body = "gzip", gzip.compress(body)
    action = (
        "xtk:persist|xtk:session#Write" if dialect == "rpc" else '"xtk:persist#Write"'
    )
    headers |= {"SOAPAction": action, **caller.tokens}
    answer = caller.send("POST", ROUTER, body, headers)
    assert (answer.status, answer.fault) == (200, None)
    urn = "xtk:persist|xtk:session" if dialect == "rpc" else "xtk:session"
    assert f"<WriteResponse xmlns='urn:{urn}'" in answer.text
    assert last_name(caller, email) == "Müßig"


def latin(text: str) -> bytes:
    return text.encode("iso-8859-1")


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE a [<!ENTITY b 'x'>]>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'>",
    ],
)
def test_entities_are_refused_on_the_wire(caller: Caller, document: str):
    """A fault of the client's, which quotes nothing of it."""
    body = (document + RPC.format(email="&b;")).encode()
    headers = {"SOAPAction": f"{PERSIST}#Write", **caller.tokens}
    answer = caller.send("POST", ROUTER, body, headers)
    assert answer.fault is not None
    assert answer.fault[0] == "SOAP-ENV:Client"
    assert "passwd" not in answer.text
    assert "root:" not in answer.text


def mixed(served: Served, me: int) -> tuple[list[int], dict[str, str]]:
    """One client: own records, a shared one, a counter, and reads of its own."""
    client, numbers, mine = served.caller(), [], {}
    client.log_on()
    for turn in range(24):
        email = f"c{me}-{turn // 8}@mixed.test"
        shared = f"shared{turn % 3}@mixed.test"
        written = email if turn % 4 else shared
        document = (
            f'<recipient xtkschema="nms:recipient" _key="@email" email="{written}" '
            f'lastName="{me}-{turn}"/>'
        )
        answer = client.call(PERSIST, "Write", document)
        assert (answer.status, answer.fault) == (200, None)
        if turn % 4:
            mine[email] = f"{me}-{turn}"
            assert last_name(client, email) == mine[email]
        else:
            answer = client.call("xtk:counter", "IncreaseValue", "together")
            numbers.append(int(answer.output("plValue")))
    client.close()
    return numbers, mine


def test_clients_at_once_lose_and_double_nothing(served: Served, caller: Caller):
    """8 of them; bench_server.py does 500 calls each, in processes."""
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda me: mixed(served, me), range(8)))
    given = sorted(number for numbers, _ in done for number in numbers)
    assert given == [*range(given[0], given[0] + 8 * 6)]
    query = (
        '<queryDef schema="nms:recipient" operation="select" lineCount="1000"><select>'
        '<node expr="@email"/><node expr="@lastName"/></select><where>'
        "<condition expr=\"@email LIKE '%@mixed.test'\"/></where></queryDef>"
    )
    rows = caller.call("xtk:queryDef", "ExecuteQuery", query).payload()
    found = {row.get("email"): row.get("lastName") for row in rows}
    expected = {key: value for _, mine in done for key, value in mine.items()}
    assert expected.items() <= found.items()
    assert max(Counter(row.get("email") for row in rows).values()) == 1
    assert len(found) == len(expected) + 3


def test_a_sandbox_starts_with_little_work():
    """Under 2 s with 1,000 rows: what it computes, however busy the machine is."""
    with Sandbox(tps=0, rows=1_000) as sandbox:
        times = psutil.Process(sandbox._process.pid).cpu_times()
    assert times.user + times.system < 3  # about 1.4 where nothing else runs
