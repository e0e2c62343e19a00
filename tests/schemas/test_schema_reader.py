"""Compiled XML to values."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from lxml import etree

from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.reader import read_schema
from campaign_magics.xtk.parser import parse
from campaign_magics.xtk.types import DATE, STRING, TYPES

pytestmark = pytest.mark.pure


def test_recipient_is_the_documented_table(standard: Mapping[str, Schema]) -> None:
    """NmsRecipient's columns as Adobe's data model names them."""
    schema = standard["nms:recipient"]
    columns = {f.sql_name for f in schema.fields}
    assert {
        "iRecipientId", "sEmail", "iEmailFormat", "sAddress1", "sAddress4", "sZipCode",
        "sCity", "sPhone", "sMobilePhone", "sFax", "iBlackList", "iFolderId",
        "sCountryCode",
    } <= columns  # fmt: skip
    assert (schema.table, schema.database, schema.staged) == (
        "NmsRecipient",
        "cloud",
        True,
    )
    assert (schema.label, schema.label_singular) == ("Recipients", "Recipient")
    assert schema.compute_string == "@lastName + ' ' + @firstName + ' (' + @email + ')'"


@pytest.mark.parametrize(
    ("schema", "columns"),
    [
        ("xtk:folder", {"iFolderId", "iParentId", "iChildCount", "sFullName"}),
        ("nms:rcpGrpRel", {"iRecipientId", "iGroupId"}),
        ("nms:service", {"sName", "iType", "iFolderId"}),
        ("nms:subHisto", {"iAction", "tsDate"}),
        (
            "nms:delivery",
            {"sInternalName", "iFolderProcessId", "iState", "iIsModel", "tsValidity",
             "iDeliveryMode", "iToDeliver", "iDeleteStatus", "tsBroadEnd"},
        ),
        ("xtk:workflow", {"iWorkflowId", "iState", "tsProcessing"}),
    ],
)  # fmt: skip
def test_columns_that_adobe_names(
    standard: Mapping[str, Schema], schema: str, columns: set[str]
) -> None:
    """Data model description and the SQL of Adobe's cleanup workflow."""
    assert columns <= {f.sql_name for f in standard[schema].fields}


def test_field_says_type_length_and_enumeration(
    standard: Mapping[str, Schema],
) -> None:
    """What a query's column needs."""
    fields = standard["nms:recipient"].field_by_path
    assert (fields["@email"].type, fields["@email"].length) == (STRING, 128)
    assert fields["@birthDate"].type == DATE
    gender = fields["@gender"].enum
    assert gender is not None
    assert gender.name == "nms:recipient:gender"
    assert [(v.value, v.name) for v in gender.values] == [
        ("0", "unknown"),
        ("1", "male"),
        ("2", "female"),
    ]
    assert gender.default == "unknown"


def test_field_uses_the_enumeration_of_another_schema(
    standard: Mapping[str, Schema],
) -> None:
    """nms:rtEvent asks for a channel of nms:delivery."""
    channel = standard["nms:rtEvent"].field_by_path["@wishedChannel"].enum
    assert channel is not None
    assert channel.name == "nms:delivery:messageType"


def test_foreign_enumeration_is_none_when_nobody_knows_it(
    documents: Mapping[str, etree._Element],
) -> None:
    """A single schema can be read without its neighbours."""
    schema = read_schema(documents["nms:rtEvent"])
    assert schema.field_by_path["@wishedChannel"].enum is None
    assert schema.field_by_path["@status"].enum is not None


def test_enumeration_value_without_value_takes_its_name(
    standard: Mapping[str, Schema],
) -> None:
    """protocol.md §4.3."""
    operation = standard["xtk:queryDef"].enumerations["operation"]
    assert [v.value for v in operation.values] == [
        "select",
        "get",
        "getIfExists",
        "count",
    ]


def test_stored_text_without_length_holds_255_characters() -> None:
    """Adobe, "Schema structure"; XML and computed text have no limit."""
    schema = read_schema(
        '<schema namespace="cus" name="t"><element name="t"><attribute name="a"/>'
        '<attribute name="b" xml="true"/><attribute name="c" expr="@a"/>'
        '<attribute name="d" type="long"/></element></schema>'
    )
    assert [f.length for f in schema.fields] == [255, None, None, None]


def test_numbers_are_not_null_and_the_rest_may_be() -> None:
    """Adobe, "attribute element", notNull."""
    schema = read_schema(
        '<schema namespace="cus" name="t"><element name="t">'
        '<attribute name="n" type="double"/><attribute name="s"/>'
        '<attribute name="d" type="datetime"/>'
        '<attribute name="x" type="long" notNull="false"/>'
        '<attribute name="y" notNull="true"/></element></schema>'
    )
    assert [f.not_null for f in schema.fields] == [True, False, False, False, True]


def test_nested_computed_field_is_written_from_the_root(
    standard: Mapping[str, Schema],
) -> None:
    """Its neighbours become paths of the record, ready for a query."""
    fields = standard["nms:delivery"].field_by_path
    assert fields["indicators/@successRatio"].expr == (
        "Percent([indicators/@success], [properties/@toDeliver])"
    )


def test_expression_that_climbs_out_or_cannot_be_read_stays_as_it_is() -> None:
    """Better the author's text than a guess."""
    text = '<attribute name="a" expr="{}"/>'
    expressions = ["[../../@x]", "((", "'@x' + @y"]
    attributes = "".join(
        text.replace('"a"', f'"a{n}"').format(e) for n, e in enumerate(expressions)
    )
    schema = read_schema(
        '<schema namespace="cus" name="t"><element name="t"><element name="g">'
        f"{attributes}</element></element></schema>"
    )
    assert [f.expr for f in schema.fields] == ["[../../@x]", "((", "'@x' + [g/@y]"]


def test_expressions_of_the_standard_schemas_parse(
    standard: Mapping[str, Schema],
) -> None:
    """Compute strings, computed fields and defaults are XTK."""
    for schema in standard.values():
        texts = [schema.compute_string, *(f.expr for f in schema.fields)]
        texts += [f.default for f in schema.fields]
        for text in filter(None, texts):
            parse(text, functions=None)


def test_methods_of_the_session_and_its_interface(
    standard: Mapping[str, Schema],
) -> None:
    """protocol.md §3, §4.4; wire/04."""
    session = standard["xtk:session"]
    logon = next(m for m in session.methods if m.name == "Logon")
    assert (logon.urn, logon.static, logon.access) == ("xtk:session", True, "anonymous")
    assert [p.name for p in logon.inputs] == ["login", "password", "parameters"]
    assert [(p.name, p.type) for p in logon.outputs] == [
        ("sessionToken", "string"),
        ("sessionInfo", "sessionSessionInfo"),
        ("securityToken", "string"),
    ]
    persist = session.interfaces["xtk:persist"]
    assert {m.urn for m in persist} == {"xtk:persist"}
    assert [(m.name, m.static) for m in persist] == [
        ("Write", True),
        ("WriteCollection", True),
        ("DeleteCollection", True),
        ("GetEntityIfMoreRecent", True),
        ("NewInstance", False),
        ("Duplicate", False),
        ("Ingest", True),
        ("IngestExt", True),
    ]
    assert session.implements == "xtk:persist"
    assert "xtk:jobInterface" in standard["xtk:job"].interfaces


def test_query_methods_belong_to_the_document(standard: Mapping[str, Schema]) -> None:
    """ExecuteQuery is const and not static (protocol.md §5)."""
    methods = {m.name: m for m in standard["xtk:queryDef"].methods}
    assert (methods["ExecuteQuery"].static, methods["ExecuteQuery"].const) == (
        False,
        True,
    )
    assert methods["SelectAll"].const is False


def test_parameters_can_be_sent_by_the_client_that_adobe_publishes(
    standard: Mapping[str, Schema],
) -> None:
    """protocol.md §2.1: no float, double, memo or timespan parameters."""
    sendable = {
        "string", "primarykey", "boolean", "byte", "short", "long", "int", "int64",
        "datetime", "date", "DOMElement", "DOMDocument",
    }  # fmt: skip
    for schema in standard.values():
        for method in (*schema.methods, *sum(schema.interfaces.values(), ())):
            assert {p.type for p in method.inputs} <= sendable, method.name


def test_options_are_stored_in_the_order_of_the_capture(
    standard: Mapping[str, Schema],
) -> None:
    """wire/14: attributes, foreign keys, then elements."""
    assert [f.path for f in standard["xtk:option"].fields] == [
        "@id", "@name", "@dataType", "@stringValue", "@longValue", "@doubleValue",
        "@timeStampValue", "@description", "@created", "@lastModified",
        "@createdBy-id", "@modifiedBy-id", "memoValue", "desc",
    ]  # fmt: skip


def test_workflow_states_are_those_of_the_protocol(
    standard: Mapping[str, Schema],
) -> None:
    """protocol.md §8."""
    states = standard["xtk:workflow"].enumerations["state"].values
    assert [int(v.value) for v in states] == [
        0, 2, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 20,
    ]  # fmt: skip


def test_unknown_type_of_a_server_reads_as_text() -> None:
    """A newer server may know more types than we do."""
    schema = read_schema(
        '<schema namespace="x" name="t"><element name="t">'
        '<attribute name="a" type="hologram" enum="nowhere"/></element></schema>'
    )
    assert schema.fields[0].type == TYPES["string"]
    assert schema.fields[0].enum is None


def test_field_shares_the_attributes_of_its_definition() -> None:
    """A local ref in XML content keeps what the user wrote and takes the rest."""
    schema = read_schema(
        '<schema namespace="x" name="t" mappingType="xml">'
        '<element name="note" type="memo" label="Note"/>'
        '<element name="t"><element name="mine" ref="note" label="My note"/></element>'
        "</schema>"
    )
    field = schema.field_by_path["mine"]
    assert (field.type.name, field.label) == ("memo", "My note")


def test_comments_and_nested_texts_do_not_disturb() -> None:
    """Comments between declarations, a default split by one."""
    schema = read_schema(
        '<schema namespace="x" name="t"><!-- a --><element name="t"><!-- b -->'
        '<attribute name="a"><default>Get<!-- c -->Date()</default></attribute>'
        "</element></schema>"
    )
    assert schema.fields[0].default == "GetDate()"


def test_library_without_main_element_is_read(standard: Mapping[str, Schema]) -> None:
    """xtk:common only lends definitions."""
    schema = standard["xtk:common"]
    assert (schema.fields, schema.table) == ((), None)
