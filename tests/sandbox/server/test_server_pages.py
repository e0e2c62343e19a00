"""HTTP besides SOAP: message center, upload, download, published files (§9)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

import pytest
from sandbox.server.caller import Answer, Caller
from sandbox.server.served import Served

from campaign_magics.sandbox.auth import Operator
from campaign_magics.sandbox.files import Files
from campaign_magics.secret import Secret

UPLOAD = "/nl/jsp/uploadFile.jsp"
DOWNLOAD = "/nl/jsp/downloadFile.jsp"
TEST_MD5 = "d8e8fca2dc0f896fd7cb4cb0031ba249"
"""Of ``test\\n``, as `md5sum` and the SDK's own test say."""


def upload(
    caller: Caller,
    data: bytes,
    *,
    name: str = "test.txt",
    field: str = "file_noMd5",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    disposition = f'form-data; name="{field}"; filename="{name}"'
    body = (
        f"--edge\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
        + data
        + b"\r\n--edge--\r\n"
    )
    kind = {"Content-Type": "multipart/form-data; boundary=edge"}
    return caller.send("POST", UPLOAD, body, {**kind, **(headers or tokens(caller))})


def tokens(caller: Caller) -> dict[str, str]:
    """What the SDK sends on uploads and downloads: both headers, no cookie."""
    return {
        "X-Session-Token": caller.tokens["Cookie"].partition("=")[2],
        "X-Security-Token": caller.tokens["X-Security-Token"],
    }


def download(caller: Caller, query: str) -> Answer:
    return caller.send("GET", f"{DOWNLOAD}?{query}", headers=tokens(caller))


def test_a_file_goes_up_and_comes_down(caller: Caller):
    """The answer starts with Ok and its script tells name and md5."""
    answer = upload(caller, b"test\n")
    assert answer.status == 200
    assert answer.text.startswith("Ok")
    facts = json.loads(re.search(r"aFilesInfo\.push\((.*?)\),window", answer.text)[1])
    assert facts == {
        "paramName": "file",
        "fileName": "test.txt",
        "newFileName": f"{TEST_MD5}.txt",
        "md5": TEST_MD5,
    }
    answer = download(
        caller,
        f"md5={TEST_MD5}&ext=.txt&fileName=my%20t%C3%A9st&contentType=text/plain",
    )
    assert (answer.status, answer.body) == (200, b"test\n")
    assert answer.headers["Content-Type"] == "text/plain"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename*=UTF-8''my%20t%C3%A9st"
    )


@pytest.mark.parametrize(
    "query",
    [
        "",
        "md5=0123&ext=txt",
        f"md5={'0' * 32}&ext=txt",
        "md5=../../etc/passwd&ext=txt",
        f"md5={TEST_MD5}",
        f"md5={TEST_MD5}&ext=../x",
        "&".join(["md5=0"] * 1000),
    ],
)
def test_what_was_not_uploaded_is_404(caller: Caller, query: str):
    """Paths, wrong digests, missing parts."""
    upload(caller, b"test\n")
    assert download(caller, query).status == 404


@pytest.mark.parametrize(
    "kind",
    ["text/html%0d%0aSet-Cookie:%20x", "nonsense", "a/b;%20x=y", "text/pl%C3%A4in"],
)
def test_no_header_can_be_smuggled_in(caller: Caller, kind: str):
    """A type that is none is sent as bytes; a name is always quoted."""
    upload(caller, b"test\n")
    answer = download(
        caller, f"md5={TEST_MD5}&ext=txt&fileName=a%0d%0aX:%20y&contentType={kind}"
    )
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].endswith("''a%0D%0AX%3A%20y")
    assert "Set-Cookie" not in answer.headers


def test_a_file_name_cannot_end_the_script(caller: Caller):
    """``</script>`` in a name stays text."""
    answer = upload(caller, b"x", name="</script><b>.png")
    assert answer.text.count("</script>") == 1


def test_files_need_a_session(served: Served, caller: Caller):
    """Both ways; a reader may not upload."""
    nobody = {"X-Session-Token": "", "X-Security-Token": ""}
    assert upload(caller, b"x", headers=nobody).status == 403
    assert caller.send("GET", f"{DOWNLOAD}?md5={TEST_MD5}&ext=txt").status == 403
    reader = Operator(login="reader", rights=frozenset())
    served.instance.authority.add_operator(reader, Secret("reader"))
    client = served.caller()
    client.log_on("reader", "reader")
    answer = upload(client, b"x")
    client.close()
    assert (answer.status, answer.text[:10]) == (403, "XTK-170019")


@pytest.mark.parametrize("field", ["file", ""])
def test_a_form_without_the_file(caller: Caller, field: str):
    """400 and what is missing."""
    assert upload(caller, b"x", field=field).status == 400
    headers = {"Content-Type": "text/plain", **tokens(caller)}
    assert caller.send("POST", UPLOAD, b"no form", headers).status == 400


def test_a_file_over_the_limit_is_413(
    served: Served, caller: Caller, monkeypatch: pytest.MonkeyPatch
):
    """And the next one fits."""
    object.__setattr__(served.instance, "files", Files(max_file=10))
    assert upload(caller, b"x" * 11).status == 413
    assert upload(caller, b"x" * 10).status == 200


def write_resource(caller: Caller, name: str, md5: str) -> None:
    document = (
        f'<fileRes xtkschema="xtk:fileRes" internalName="{name}" md5="{md5}" '
        'label="test.txt" fileName="test.txt" originalName="test.txt" '
        'useMd5AsFilename="1" storageType="5"/>'
    )
    answer = caller.call("xtk:persist|xtk:session", "Write", document)
    assert answer.fault is None


def test_a_published_file_is_anybodys(served: Served, caller: Caller):
    """Upload, Write, PublishIfNeeded, GetURL: what the SDK does, in its order (§9)."""
    upload(caller, b"test\n")
    write_resource(caller, "RES1", TEST_MD5)
    entity = '<fileRes xtkschema="xtk:fileRes" internalName="RES1"/>'
    url = caller.call("xtk:fileRes", "GetURL", entity).output("pstrUrl")
    base = f"http://127.0.0.1:{served.port}"
    assert url == f"{base}/res/{TEST_MD5}.txt"
    stranger = served.caller()
    assert stranger.send("GET", url.removeprefix(base)).status == 404
    for _ in range(2):
        assert caller.call("xtk:fileRes", "PublishIfNeeded", entity).fault is None
    answer = stranger.send("GET", url.removeprefix(base))
    stranger.close()
    assert (answer.status, answer.body) == (200, b"test\n")
    caller.call(
        "xtk:persist|xtk:session",
        "DeleteCollection",
        "xtk:fileRes",
        "<where><condition expr=\"@internalName = 'RES1'\"/></where>",
        "false",
    )


@pytest.mark.parametrize("method", ["GetURL", "PublishIfNeeded"])
def test_a_resource_that_is_not_there(caller: Caller, method: str):
    """A fault that names it; a record without its file cannot be published."""
    entity = '<fileRes xtkschema="xtk:fileRes" internalName="RES404"/>'
    fault = caller.call("xtk:fileRes", method, entity).fault
    assert fault is not None
    assert "RES404" in fault[2]


def test_a_resource_without_its_file_is_not_published(caller: Caller):
    """The bytes must have been uploaded."""
    write_resource(caller, "RES2", "0" * 32)
    entity = '<fileRes xtkschema="xtk:fileRes" internalName="RES2"/>'
    fault = caller.call("xtk:fileRes", "PublishIfNeeded", entity).fault
    assert fault is not None
    assert "not uploaded" in fault[2]


@pytest.mark.parametrize(
    "path", ["/res/", "/res/x.png", "/res/../x", "/res//etc/passwd"]
)
def test_what_was_not_published_is_404(caller: Caller, path: str):
    """Whatever the path tries."""
    assert caller.send("GET", path).status == 404


def test_message_center_counts_what_waits(served: Served, caller: Caller):
    """Time, and pending of 400, as the SDK parses it."""
    answer = caller.send("GET", "/nl/jsp/mcPing.jsp", headers=caller.tokens)
    assert answer.status == 200
    assert re.fullmatch(
        r"Ok\n\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}Z\n\d+/400 pending events\n",
        answer.text,
    )
    assert caller.send("GET", "/nl/jsp/mcPing.jsp").status == 403


def test_a_full_queue_is_an_error(caller: Caller, monkeypatch: pytest.MonkeyPatch):
    """The wording of §9, at a limit of nothing."""
    monkeypatch.setattr("campaign_magics.sandbox.pages._QUEUE", 0)
    answer = caller.send("GET", "/nl/jsp/mcPing.jsp", headers=caller.tokens)
    assert re.fullmatch(r"Error\nThe queue is full \(\d+/0\)\n", answer.text)


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [
        ("GET", "/nl/jsp/nothing.jsp", 404),
        ("GET", "/nl/jsp/../../etc/passwd", 404),
        ("GET", "/report/deliveries", 404),
        ("GET", UPLOAD, 405),
        ("POST", DOWNLOAD, 405),
        ("GET", "/ims/token/v3", 405),
        ("POST", "/res/x", 405),
    ],
)
def test_addresses_that_are_not_served(
    caller: Caller, verb: str, path: str, status: int
):
    """404 for what is not there, 405 for the wrong method."""
    assert caller.send(verb, path, headers=caller.tokens).status == status
