"""Staging as a client sees it: Adobe's own envelopes, on a real sandbox's socket."""

from __future__ import annotations

import http.client
import os
import re
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sandbox.server.caller import ROUTER, Answer, Caller
from sandbox.staging.conftest import SAMPLE

from campaign_magics import Sandbox

INGEST = """<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:urn="urn:xtk:session"><soapenv:Header/><soapenv:Body><urn:{method}>
<urn:sessiontoken>{token}</urn:sessiontoken><urn:domDoc>{document}</urn:domDoc>
</urn:{method}></soapenv:Body></soapenv:Envelope>"""
"""The shape of Adobe's samples ("Specific FFDA Campaign APIs")."""

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Client(Caller):
    """A caller that knows the sample table."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(urlsplit(sandbox.url).port or 0)
        assert self.log_on("admin", sandbox.password.reveal()).status == 200

    def ingest(self, words: str, method: str = "Ingest", by: str = "session") -> Answer:
        document = f'<sampleTableStg {words} xtkschema="dem:sampleTableStg"/>'
        token = self.tokens["Cookie"].partition("=")[2]
        body = INGEST.format(method=method, token=token, document=document)
        headers = {
            "Content-Type": "text/xml",
            "SOAPAction": f"xtk:{by}#{method}",
            "X-Security-Token": self.tokens["X-Security-Token"],
        }
        return self.send("POST", ROUTER, body.encode(), headers)

    def rows(self, schema: str = "dem:sampleTable") -> list[str | None]:
        found = self.query(schema, "@testcol1", lineCount="1000")
        return sorted(row.get("testcol1") for row in found.payload())


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    (folder / "sample.xml").write_bytes(SAMPLE)
    return folder


@pytest.fixture(scope="module")
def hourly(schemas: Path) -> Iterator[Sandbox]:
    """A sandbox that replicates once an hour, or when told."""
    with Sandbox(tps=0, rows=10, schemas=schemas) as server:
        yield server


@pytest.fixture
def client(hourly: Sandbox) -> Iterator[Client]:
    """Logged on; the sample table is as it was seeded."""
    made = Client(hourly)
    yield made
    made.close()
    hourly.reset()


@pytest.mark.parametrize("by", ["session", "persist"])
def test_adobes_ingest_answers_a_uuid(hourly, client, by):
    """By the URN of the schema, as Adobe's page shows, or of the interface."""
    before = client.rows()
    answer = client.ingest('testcol1="from SOAP"', by=by)
    assert UUID.fullmatch(answer.output("pstrSUuids"))
    assert client.rows() == before
    assert "from SOAP" in client.rows("dem:sampleTableStg")
    assert hourly.replicate()["dem:sampleTable"] == 1
    assert client.rows() == sorted([*before, "from SOAP"])
    assert client.rows("dem:sampleTableStg") == []


def test_adobes_ingest_with_a_key_answers_an_empty_output(client):
    """The element is there, and empty."""
    answer = client.ingest('_key="@id" id="ABDCD321" testcol1="x"')
    assert re.search(
        r"<pstrSUuids xsi:type='xsd:string'(/>|></pstrSUuids>)", answer.text
    )


def test_adobes_ingest_ext_answers_nothing(hourly, client):
    """An empty response; the update reaches the cloud with the next replication."""
    client.ingest('_key="@id" id="ABDCD321" testcol1="before"')
    hourly.replicate()
    words = '_key="@id" id="ABDCD321" testcol1="after"'
    answer = client.ingest(words, method="IngestExt")
    assert answer.status == 200
    assert re.search(r"<IngestExtResponse[^>]*>\s*</IngestExtResponse>", answer.text)
    assert "before" in client.rows()
    hourly.replicate()
    assert "after" in client.rows()
    assert "before" not in client.rows()


@pytest.mark.parametrize("name", ["dem:sampleTable", "dem:sampleTableStg"])
def test_replication_by_method(client, name):
    """nms.replicationStrategy.StartReplicateStagingData("dem:sampleTable")."""
    client.ingest('testcol1="by method"')
    urn = "nms:replicationStrategy"
    answer = client.call(urn, "StartReplicateStagingData", name)
    assert answer.fault is None, answer.text
    assert "by method" in client.rows()


@pytest.mark.parametrize("name", ["xtk:folder", "dem:nothing", ""])
def test_replication_by_method_of_what_is_not_staged_is_a_fault(client, name):
    """SOP-330011 with the cause."""
    urn = "nms:replicationStrategy"
    answer = client.call(urn, "StartReplicateStagingData", name)
    assert answer.fault is not None
    assert answer.fault[1].startswith("SOP-330011")


def test_reference_tables_are_copied_by_method(client):
    """xtk.builder.CopyXxlData, as Adobe shows it; what is in the cloud is refused."""
    words = '<params dataSource="nms:extAccount:ffda" policy="xs">{}</params>'
    named = '<srcSchema name="{}"/>'
    urn, method = "xtk:builder", "CopyXxlData"
    answer = client.call(urn, method, words.format(named.format("xtk:folder")))
    assert re.search(r'<srcSchema name="xtk:folder" count="\d+"', answer.text)
    for wrong in (named.format("nms:recipient"), named.format("nms:x"), ""):
        fault = client.call(urn, method, words.format(wrong)).fault
        assert fault is not None
        assert fault[1].startswith("SOP-330011")


def test_a_bad_document_is_a_fault_with_its_cause(client):
    """The unknown attribute is named."""
    fault = client.ingest('testcol9="x"').fault
    assert fault is not None
    assert fault[1].startswith("SOP-330011")
    assert "testcol9" in fault[2]


def test_ingesting_needs_a_session_and_a_right(hourly, client):
    """XSV-350008 without a session, XTK-170019 for who may only read."""
    hourly.control.add_operator("reader", hourly.password)
    reader = Caller(urlsplit(hourly.url).port or 0)
    reader.log_on("reader", hourly.password.reveal())
    document = '<sampleTableStg xtkschema="dem:sampleTableStg"/>'
    fault = reader.call("xtk:persist", "Ingest", document).fault
    assert fault is not None
    assert "XTK-170019" in fault[2]
    reader.tokens = {}
    assert "XSV-350008" in reader.call("xtk:persist", "Ingest", document).text
    reader.close()


def test_the_workflows_and_their_journal_are_visible(hourly, client):
    """A client reads in xtk:workflowLog what was sent."""
    client.ingest('testcol1="a"')
    hourly.replicate()
    answer = client.call(
        "xtk:queryDef",
        "ExecuteQuery",
        '<queryDef schema="xtk:workflowLog"><select><node expr="@message"/></select>'
        "<where><condition expr=\"[workflow/@internalName]='ffdaReplicateStagingData'"
        '"/><condition expr="@message like \'1 record(s) of%\'"/></where></queryDef>',
    )
    messages = [row.get("message") for row in answer.payload()]
    assert "1 record(s) of 'dem:sampleTable' sent to the Cloud database" in messages


def test_a_lost_answer_is_not_a_lost_row(hourly, client):
    """A reset after the call: the row was staged, and is there once."""
    hourly.faults("reset", api="xtk:session#Ingest", moment="after", calls=1)
    with pytest.raises(ConnectionResetError):
        client.ingest('id="once" testcol1="once"')
    hourly.faults("off")
    client.close()
    client.ingest('id="once" testcol1="once"')
    hourly.replicate()
    assert client.rows().count("once") == 1


def test_at_once_the_cloud_sees_every_call(schemas):
    """--replicate-every 0: the next query has the row."""
    with Sandbox(tps=0, rows=10, schemas=schemas, replicate_every=0) as server:
        client = Client(server)
        client.ingest('testcol1="at once"')
        assert "at once" in client.rows()
        client.close()


def test_time_replicates(schemas):
    """--replicate-every 0.2: the cloud has the row some time after that."""
    with Sandbox(tps=0, rows=10, schemas=schemas, replicate_every=0.2) as server:
        client = Client(server)
        client.ingest('testcol1="in time"')
        waited = threading.Event()
        for _ in range(100):
            if "in time" in client.rows():
                break
            waited.wait(0.05)
        assert client.rows().count("in time") == 1
        client.close()


def test_kill_9_while_moving_keeps_every_row_exactly_once(schemas, tmp_path):
    """Killed in the middle of ingesting and replicating, twice over."""
    acknowledged: list[str] = []
    words: dict[str, Any] = {"tps": 0, "rows": 10, "schemas": schemas, "data": tmp_path}
    for turn in range(2):
        server = Sandbox(replicate_every=0.01, **words).start()
        assert server._process is not None
        client = Client(server)
        killer = threading.Timer(0.5, os.kill, (server._process.pid, signal.SIGKILL))
        killer.start()
        try:
            for number in range(10_000):
                mark = f"{turn}-{number}"
                if client.ingest(f'testcol1="{mark}"').status == 200:
                    acknowledged.append(mark)
        except (OSError, http.client.HTTPException):
            pass  # killed: the answer was cut, or nobody is there
        killer.join()
        client.close()
        server.stop()
    with Sandbox(**words) as last:
        last.replicate()
        client = Client(last)
        found = client.query("dem:sampleTable", "@testcol1", lineCount="100000")
        kept = [row.get("testcol1") for row in found.payload()]
        client.close()
    seeded = [value for value in kept if not re.fullmatch(r"\d-\d+", value or "")]
    ours = [value for value in kept if value not in seeded]
    assert len(ours) == len(set(ours))
    assert set(acknowledged) <= set(ours)
    assert len(ours) <= len(acknowledged) + 2  # one may be staged, not acknowledged
    assert len(acknowledged) > 3
