"""What is read over a socket: options, entities, queries, bad questions."""

from __future__ import annotations

import pytest
from sandbox.server.caller import Caller, faultstring


def test_options(caller: Caller):
    """Value and type; an unknown one is empty, whatever its name tries."""
    found = caller.call("xtk:session", "GetOption", "XtkDatabaseId")
    assert found.output("pstrValue")
    assert found.output("pbtType") == "6"
    for name in ("nope", "", "x' or 1=1 or @name='", "a\\'b"):
        unknown = caller.call("xtk:session", "GetOption", name)
        assert (unknown.output("pstrValue"), unknown.output("pbtType")) == ("", "0")


def test_a_schema_is_sent_once_per_md5(caller: Caller):
    """The same md5 is answered by an empty document."""
    urn, method, key = (
        "xtk:persist",
        "GetEntityIfMoreRecent",
        "xtk:schema|nms:recipient",
    )
    md5 = caller.call(urn, method, key, "", "false").payload().get("md5")
    again = caller.call(urn, method, key, md5, "false")
    assert "literalxml'></pdomDoc>" in again.text
    assert caller.call(urn, method, key, "0" * 32, "false").payload() is not None


def test_source_schemas_are_entities_too(caller: Caller):
    """``xtk:srcSchema|…`` is what a developer edits."""
    source = caller.call(
        "xtk:persist", "GetEntityIfMoreRecent", "xtk:srcSchema|nms:recipient"
    ).payload()
    assert source.tag == "srcSchema"


def test_an_entity_that_is_not_there(caller: Caller):
    """Empty, or XFR-180000 when it must exist."""
    urn, method = "xtk:persist", "GetEntityIfMoreRecent"
    for key in ("xtk:schema|nms:nope", "xtk:form|nms:recipient", "nms:recipient", ""):
        assert "></pdomDoc>" in caller.call(urn, method, key, "", "false").text
        answer = caller.call(urn, method, key, "", "true")
        assert faultstring(answer).startswith("SOP-330011")
        assert answer.fault is not None
        assert answer.fault[2].startswith("XFR-180000")


def test_the_server_stops_at_200_rows_unless_told(caller: Caller):
    """§5.1; and lineCount tells."""
    assert len(caller.query("nms:recipient", "@id").payload()) == 200
    assert len(caller.query("nms:recipient", "@id", lineCount="7").payload()) == 7


def test_build_query_returns_sql(caller: Caller):
    """What a real instance would run."""
    answer = caller.call(
        "xtk:queryDef",
        "BuildQuery",
        '<queryDef schema="nms:recipient"><select><node expr="@email"/></select>'
        "</queryDef>",
    )
    assert "SELECT" in answer.output("pstrSql").upper()
    assert "sEmail" in answer.output("pstrSql")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "<other/>",
        "<queryDef/>",
        '<queryDef schema="nms:nope"/>',
        '<queryDef schema="nms:recipient" operation="drop"/>',
        '<queryDef schema="nms:recipient" lineCount="many"/>',
        '<queryDef schema="nms:recipient"><select><node/></select></queryDef>',
        '<queryDef schema="nms:recipient"><select><node expr="1; DROP TABLE x"/>'
        "</select></queryDef>",
    ],
)
@pytest.mark.parametrize("method", ["ExecuteQuery", "SelectAll", "BuildQuery"])
def test_bad_questions_are_faults_of_their_method(
    caller: Caller, method: str, document: str
):
    """SOP-330011 names the method that was called; the detail has the cause."""
    answer = caller.call("xtk:queryDef", method, document)
    if method == "SelectAll" and answer.fault is None:
        return  # it replaces the select, so a bad one there does no harm
    assert faultstring(answer) == (
        f"SOP-330011 Error while executing the method '{method}' of service "
        "'xtk:queryDef'."
    )
    assert answer.fault is not None
    assert answer.fault[2]
