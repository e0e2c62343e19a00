"""Calls over a real socket: what is sent and what comes back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree
from soap.calls import GET_OPTION, Connect, method
from soap.scripted import PASSWORD, SECURITY, SESSION, Heard, Server, response

from campaign_magics.errors import BadAnswer, InvalidValue
from campaign_magics.schemas.model import Schema
from campaign_magics.soap.methods import EXECUTE_QUERY, GET_ENTITY


def body_of(heard: Heard) -> etree._Element:
    """Return the element below the SOAP Body of a request."""
    return etree.fromstring(heard.body)[0][0]


def test_the_first_call_logs_on_and_carries_both_tokens(
    server: Server, connect: Connect
) -> None:
    """Logon once; then cookie and X-Security-Token on every call (protocol.md §1)."""
    server.says(
        "GetOption",
        response("GetOption", "<pstrValue>v</pstrValue><pbtType>6</pbtType>"),
    )
    client = connect()
    assert client.call(GET_OPTION, ["XtkDatabaseId"]).outputs == ("v", 6)
    client.call(GET_OPTION, ["Other"])
    logon, first, second = server.heard
    assert logon.action == "xtk:session#Logon"
    assert [e.text for e in body_of(logon)][1:3] == ["admin", PASSWORD]
    for call in (first, second):
        assert call.action == "xtk:session#GetOption"
        assert call.headers["Cookie"] == f"__sessiontoken={SESSION}"
        assert call.headers["X-Security-Token"] == SECURITY
        assert call.headers["User-Agent"].startswith("campaign_magics/")
        assert call.headers["X-Query-Source"].startswith("campaign_magics/")
    assert first.headers["x-request-id"] != second.headers["x-request-id"]


def test_the_envelope_is_the_documented_one(server: Server, connect: Connect) -> None:
    """Document/literal: sessiontoken first, entity next, inputs in order (§2.1)."""
    server.says(
        "SelectAll", response("SelectAll", "<entity><queryDef a='1'/></entity>")
    )
    select_all = method(
        "SelectAll", "duplicate: boolean", urn="xtk:queryDef", static=False
    )
    mine = etree.fromstring("<queryDef schema='nms:recipient'><select/></queryDef>")
    answer = connect().call(select_all, [True], entity=mine)
    call = body_of(server.heard[-1])
    assert call.tag == "{urn:xtk:queryDef}SelectAll"
    assert [etree.QName(e).localname for e in call] == [
        "sessiontoken",
        "entity",
        "duplicate",
    ]
    assert call[1][0].tag == "queryDef"
    assert call[1][0].get("xtkschema") == "xtk:queryDef"
    assert call[2].text == "true"
    assert mine.getparent() is None
    assert mine.get("xtkschema") is None
    assert answer.entity is not None
    assert dict(answer.entity.attrib) == {"a": "1"}


def test_an_interface_method_names_its_schema_in_soapaction_only(
    server: Server, connect: Connect
) -> None:
    """``xtk:persist|nms:delivery`` holds a bar that no namespace may hold (§4.4)."""
    new = method("NewInstance", urn="xtk:persist|nms:delivery", static=False)
    connect().call(new, entity={"delivery": {"label": "Spring & more"}})
    heard = server.heard[-1]
    assert heard.action == "xtk:persist|nms:delivery#NewInstance"
    assert body_of(heard).tag == "{urn:xtk:persist}NewInstance"
    assert body_of(heard)[1][0].get("xtkschema") == "nms:delivery"


def test_arguments_and_outputs_are_converted_by_their_types(
    server: Server, connect: Connect
) -> None:
    """Python values in, Python values out, by position (§2.1, §2.2)."""
    everything = method(
        "Everything",
        "flag: boolean",
        "count: long",
        "missing: long",
        "when: datetime",
        "patch: DOMElement",
        "done: boolean out",
        "id: int64 out",
        "at: datetime out",
        "doc: DOMDocument out",
        "none: DOMElement out",
    )
    server.says(
        "Everything",
        response(
            "Everything",
            "<a>1</a><b>9007199254740993</b><c>2020-07-05 14:11:31.986Z</c>"
            "<d><root x='1'><child>t</child></root></d><e/>",
        ),
    )
    answer = connect().call(
        everything,
        [True, 7, None, datetime(2020, 12, 31, 12, tzinfo=UTC), {"v": {"a": [{}, {}]}}],
    )
    call = body_of(server.heard[-1])
    assert [e.text for e in call[1:5]] == [
        "true",
        "7",
        "0",
        "2020-12-31T12:00:00.000Z",
    ]
    assert etree.tostring(call[5][0]) == b"<v><a/><a/></v>" or len(call[5][0]) == 2
    done, number, at, doc, none = answer.outputs
    assert (done, number, none) == (True, 9007199254740993, None)
    assert at == datetime(2020, 7, 5, 14, 11, 31, 986000, tzinfo=UTC)
    assert isinstance(doc, etree._Element)
    assert etree.tostring(doc) == b'<root x="1"><child>t</child></root>'


@pytest.mark.parametrize(
    ("args", "word"),
    [([], "takes 1 argument, 0 given"), (["a", "b"], "2 given")],
)
def test_a_wrong_number_of_arguments_is_told_with_the_signature(
    server: Server, connect: Connect, args: list[str], word: str
) -> None:
    """Nothing is sent, not even a logon."""
    with pytest.raises(InvalidValue, match=word) as caught:
        connect().call(GET_OPTION, args)
    assert "GetOption(name: string) -> value: string, type: byte" in caught.value.hint
    assert server.heard == []


@pytest.mark.parametrize("value", ["many", 1.5, 2**40])
def test_an_argument_of_the_wrong_type_is_named(
    server: Server, connect: Connect, value: object
) -> None:
    """The error names the parameter and its type."""
    with pytest.raises(InvalidValue, match=r"count: .*long"):
        connect().call(method("Do", "count: long"), [value])
    assert server.heard == []


def test_the_row_path_hands_out_raw_bytes(server: Server, connect: Connect) -> None:
    """ExecuteQuery's answer is not parsed on its way (design decision 1)."""
    raw = response("ExecuteQuery", "<pdomOutput><r-collection/></pdomOutput>")
    server.says("ExecuteQuery", raw)
    answer = connect().call(EXECUTE_QUERY, entity="<queryDef schema='nms:r'/>")
    assert answer.raw == raw
    assert "outputs" not in vars(answer)


def test_an_empty_document_is_none(server: Server, connect: Connect) -> None:
    """GetEntityIfMoreRecent answers an empty pdomDoc when there is nothing (§4.1)."""
    server.says(
        "GetEntityIfMoreRecent", response("GetEntityIfMoreRecent", "<pdomDoc/>")
    )
    args = ["xtk:schema|nms:x", "", False]
    assert connect().call(GET_ENTITY, args).value is None


@pytest.mark.parametrize("content", ["", "<a>v</a>", "<a>v</a><b>six</b>"])
def test_outputs_that_do_not_fit_the_declaration_are_a_bad_answer(
    server: Server, connect: Connect, content: str
) -> None:
    """Too few outputs, or one of the wrong type."""
    server.says("GetOption", response("GetOption", content))
    answer = connect().call(GET_OPTION, ["x"])
    with pytest.raises(BadAnswer):
        _ = answer.outputs


def test_zeeps_own_service_works_on_our_transport(
    server: Server, connect: Connect
) -> None:
    """Who knows zeep gets its proxy; the call carries our session."""
    server.says(
        "GetOption",
        response("GetOption", "<value>v</value><type>6</type>"),
    )
    schema = Schema(namespace="xtk", name="session", methods=(GET_OPTION,))
    service = connect().service(schema)
    assert service.GetOption("", "XtkDatabaseId").value == "v"
    assert server.heard[-1].headers["X-Security-Token"] == SECURITY
