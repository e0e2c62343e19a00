"""Envelopes: both dialects in, one exact form out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from campaign_magics.sandbox.envelope import (
    BadMessage,
    answer,
    attribute,
    document_of,
    fault_answer,
    output_name,
    read_message,
    server_time,
    text,
)
from campaign_magics.sandbox.faults import Fault
from campaign_magics.schemas.model import Parameter

pytestmark = pytest.mark.pure

SDK = (
    '<SOAP-ENV:Envelope xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:ns="http://xml.apache.org/xml-soap">'
    "<SOAP-ENV:Header><Cookie>__sessiontoken=___1</Cookie>"
    "<X-Security-Token>@2==</X-Security-Token></SOAP-ENV:Header>"
    '<SOAP-ENV:Body><m:ExecuteQuery xmlns:m="urn:xtk:queryDef">'
    '<sessiontoken xsi:type="xsd:string">___1</sessiontoken>'
    '<document xsi:type=""><queryDef schema="nms:recipient">'
    '<select><node expr="@id"/></select></queryDef></document>'
    "</m:ExecuteQuery></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)
TOOLKIT = (
    "<soapenv:Envelope xmlns:soapenv='http://schemas.xmlsoap.org/soap/envelope/' "
    "xmlns:urn='urn:xtk:queryDef'><soapenv:Header/><soapenv:Body><urn:ExecuteQuery>"
    "<urn:sessiontoken>___1</urn:sessiontoken><urn:entity>"
    "<urn:queryDef schema='nms:recipient'><urn:select><urn:node expr='@id'/>"
    "</urn:select></urn:queryDef></urn:entity>"
    "</urn:ExecuteQuery></soapenv:Body></soapenv:Envelope>"
)


@pytest.mark.parametrize("body", [SDK, TOOLKIT])
def test_both_dialects_mean_the_same(body: str):
    """rpc/encoded and document/literal: the same method, parts and payload."""
    message = read_message(body.encode())
    assert (message.urn, message.method) == ("xtk:queryDef", "ExecuteQuery")
    assert message.parts[0].text == "___1"
    query = document_of(message.parts[1])
    assert etree.tostring(query) == (
        b'<queryDef schema="nms:recipient"><select><node expr="@id"/></select>'
        b"</queryDef>"
    )


def test_a_namespace_may_hold_braces():
    """XML allows them; lxml's names do not."""
    message = read_message(
        b"<Envelope><Body><m:Write xmlns:m='urn:xtk:{0}session'/></Body></Envelope>"
    )
    assert (message.urn, message.method) == ("xtk:{0}session", "Write")


def test_the_header_carries_both_tokens():
    """The SDK repeats them in the SOAP header."""
    message = read_message(SDK.encode())
    assert (message.session_token, message.security_token) == ("___1", "@2==")
    assert "___1" not in repr(message)
    assert "@2==" not in repr(message)


LATIN = SDK.replace("nms:recipient", "nms:é")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (LATIN.encode(), "text/xml; charset=utf-8"),
        (LATIN.encode(), ""),
        (LATIN.encode("iso-8859-1"), 'text/xml; charset="ISO-8859-1"'),
        (
            f"<?xml version='1.0' encoding='ISO-8859-1'?>{LATIN}".encode("iso-8859-1"),
            "text/xml; charset=utf-8",
        ),
        (LATIN.encode("utf-16"), "text/xml"),
    ],
    ids=["utf-8", "no charset", "header", "declaration wins", "utf-16 mark"],
)
def test_encodings(body: bytes, content_type: str):
    """The declaration decides, then the header, then UTF-8."""
    query = document_of(read_message(body, content_type).parts[1])
    assert query is not None
    assert query.get("schema") == "nms:é"


BOMB = (
    "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>]>"
    "<Envelope><Body><m>&b;</m></Body></Envelope>"
)


@pytest.mark.parametrize(
    ("body", "cause"),
    [
        (b"", ""),
        (b"hello", ""),
        (SDK[:-20].encode(), ""),
        (b"<html><body><p/></body></html>", "not 'Envelope'"),
        (b"<Envelope/>", "no body"),
        (b"<Envelope><Body/></Envelope>", "no body"),
        (b"<Envelope><Body><!-- x --></Body></Envelope>", "no body"),
        (BOMB.encode(), "document type"),
        (b"<Envelope>" + b"<a>" * 300 + b"</a>" * 300 + b"</Envelope>", "nested"),
        (b"<Envelope>\xff\xfe</Envelope>", ""),
        (b"<Envelope><Body><m>&nbsp;</m></Body></Envelope>", ""),
    ],
)
def test_what_is_no_envelope_is_refused(body: bytes, cause: str):
    """With a reason, without entities, without deep recursion."""
    with pytest.raises(BadMessage) as refusal:
        read_message(body)
    assert cause in str(refusal.value)


@pytest.mark.parametrize("charset", ["punycode", "no-such", "zip", "us-ascii"])
def test_odd_charsets_are_refused(charset: str):
    """Some of Python's codecs take quadratic time; é is not ASCII."""
    with pytest.raises(BadMessage, match="charset"):
        read_message(LATIN.encode(), f"text/xml; charset={charset}")


def whole(pieces: object) -> str:
    return b"".join(pieces).decode()  # type: ignore[call-overload]


def test_a_reply_follows_the_letter():
    """wire/05: prefixes, single quotes, xsi:type, the order of namespaces."""
    outputs = [
        (Parameter(name="value", type="string", inout="out"), "uFE80"),
        (Parameter(name="type", type="byte", inout="out"), 6),
    ]
    assert whole(answer("xtk:session", "GetOption", outputs)) == (
        "<?xml version='1.0'?><SOAP-ENV:Envelope "
        "xmlns:xsd='http://www.w3.org/2001/XMLSchema' "
        "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' "
        "xmlns:ns='urn:xtk:session' "
        "xmlns:SOAP-ENV='http://schemas.xmlsoap.org/soap/envelope/'><SOAP-ENV:Body>"
        "<GetOptionResponse xmlns='urn:xtk:session' "
        "SOAP-ENV:encodingStyle='http://schemas.xmlsoap.org/soap/encoding/'>"
        "<pstrValue xsi:type='xsd:string'>uFE80</pstrValue>"
        "<pbtType xsi:type='xsd:byte'>6</pbtType>"
        "</GetOptionResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    )


@pytest.mark.parametrize(
    ("name", "kind", "value", "expected"),
    [
        ("sql", "string", "a<b&c\r\n", "a&lt;b&amp;c&#13;\n"),
        ("sql", "string", None, ""),
        ("done", "boolean", True, "<pbDone xsi:type='xsd:boolean'>true</pbDone>"),
        ("status", "short", 5, "<psStatus xsi:type='xsd:short'>5</psStatus>"),
        ("value", "long", 7, "<plValue xsi:type='xsd:int'>7</plValue>"),
        ("id", "int64", 2**60, f"<plId xsi:type='xsd:long'>{2**60}</plId>"),
        (
            "serverTime",
            "datetime",
            datetime(2026, 11, 23, 13, 2, 27, 520_999, timezone(timedelta(hours=1))),
            "<ptmServerTime xsi:type='xsd:dateTime'>2026-11-23T12:02:27.520Z<",
        ),
        ("day", "date", date(2020, 7, 5), "xsi:type='xsd:date'>2020-07-05<"),
        ("pk", "primarykey", "nms:x|1", "<pPk xsi:type='xsd:primarykey'>nms:x|1<"),
        (
            "userInfo",
            "sessionUserInfo",
            b"<userInfo/>",
            "<pUserInfo xsi:type='ns:Element' SOAP-ENV:encodingStyle="
            "'http://xml.apache.org/xml-soap/literalxml'><userInfo/></pUserInfo>",
        ),
        ("output", "DOMDocument", iter([b"<a", b"/>"]), "'><a/></pdomOutput>"),
        ("doc", "DOMDocument", None, "literalxml'></pdomDoc>"),
    ],
)
def test_every_type_has_its_form(name: str, kind: str, value: object, expected: str):
    """The table of protocol.md §2.2."""
    parameter = Parameter(name=name, type=kind, inout="out")
    assert expected in whole(answer("x:y", "M", [(parameter, value)]))  # type: ignore[list-item]


def test_the_object_comes_first():
    """SelectAll, NewInstance: ``<entity>`` before the outputs (wire/14)."""
    reply = whole(answer("xtk:persist|nms:delivery", "M", [], entity=b"<d/>"))
    assert "xmlns='urn:xtk:persist|nms:delivery'" in reply
    assert "<entity xsi:type='ns:Element'" in reply
    assert "<d/></entity></MResponse>" in reply


def test_names_on_the_wire():
    """p + Hungarian prefix + name."""
    names = [
        output_name(Parameter(name=name, type=kind, inout="out"))
        for name, kind in [
            ("sessionToken", "string"),
            ("sessionInfo", "sessionSessionInfo"),
            ("returnLogs", "DOMElement"),
        ]
    ]
    assert names == ["pstrSessionToken", "pSessionInfo", "pelemReturnLogs"]


def test_a_fault_follows_the_letter():
    """wire/13: SOAP-ENV prefix, unprefixed children, code first in the faultstring."""
    fault = Fault("SOP-330011", "Error in 'X'.", "a < b & c")
    body = fault_answer(fault).decode()
    assert (
        "<SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode>"
        "<faultstring xsi:type='xsd:string'>SOP-330011 Error in 'X'.</faultstring>"
        "<detail xsi:type='xsd:string'>a &lt; b &amp; c</detail></SOAP-ENV:Fault>"
        "</SOAP-ENV:Body></SOAP-ENV:Envelope>"
    ) in body
    assert "SOAP-ENV:Client" in fault_answer(fault, by_client=True).decode()


def test_line_breaks_survive_in_attributes():
    """``&#10;``, else XML turns them into spaces."""
    assert attribute("a\n\t\r'\"<&>") == "'a&#10;&#9;&#13;&apos;&quot;&lt;&amp;&gt;'"


@settings(max_examples=100, deadline=None)
@given(value=st.text(alphabet=st.characters(codec=None), max_size=40))
def test_any_text_makes_well_formed_xml(value: str):
    """What XML can hold comes back as it was; what it cannot becomes U+FFFD."""
    root = etree.fromstring(f"<a b={attribute(value)}>{text(value)}</a>".encode())
    expected = "".join(c if _fits(c) else "\ufffd" for c in value)
    assert root.get("b") == expected
    assert (root.text or "") == expected


def _fits(character: str) -> bool:
    code = ord(character)
    return (
        character in "\t\n\r"
        or 0x20 <= code < 0xD800
        or 0xE000 <= code < 0xFFFE
        or code > 0xFFFF
    )


def test_server_times_are_utc_with_milliseconds():
    """protocol.md §13.7."""
    when = datetime(2020, 7, 5, 14, 11, 31, 986_000, UTC)
    assert server_time(when) == "2020-07-05 14:11:31.986Z"
