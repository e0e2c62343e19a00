"""Rules of compilation beyond Adobe's examples."""

from __future__ import annotations

import pytest
from lxml import etree

from campaign_magics.sandbox.data import standard_sources
from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.reader import read_schema, read_schemas

pytestmark = pytest.mark.pure


def source(
    content: str, *, name: str = "thing", before: str = "", main: str = "", **root: str
) -> str:
    attributes = "".join(f' {key}="{value}"' for key, value in root.items())
    return (
        f'<srcSchema namespace="cus" name="{name}"{attributes}>{before}'
        f'<element name="{name}" {main}>{content}</element></srcSchema>'
    )


def compiled(*sources: str) -> dict[str, Schema]:
    return read_schemas(compile_schemas([*sources, *standard_sources().values()]))


def thing(content: str, **options: str) -> Schema:
    return compiled(source(content, **options))["cus:thing"]


def text_of(documents: dict[str, etree._Element]) -> dict[str, bytes]:
    return {name: etree.tostring(document) for name, document in documents.items()}


def test_template_copies_a_field_and_keeps_what_the_user_wrote() -> None:
    """Adobe v8: <attribute name="mobile" template="nms:common:phone" required=…>."""
    schema = thing(
        '<attribute name="mobile" label="Mobile" template="nms:common:phone" '
        'required="true"/>'
    )
    field = schema.field_by_path["@mobile"]
    assert (field.label, field.length, field.required) == ("Mobile", 32, True)
    assert field.sql_name == "sMobile"


def test_aggregate_puts_the_audit_trail_into_the_record() -> None:
    """Adobe v8: <element aggregate="xtk:common:auditTrail" name="auditTrail"/>."""
    schema = thing('<element aggregate="xtk:common:auditTrail" name="auditTrail"/>')
    assert [f.path for f in schema.fields] == [
        "@created",
        "@lastModified",
        "@createdBy-id",
        "@modifiedBy-id",
    ]
    assert list(schema.link_by_path) == ["createdBy", "modifiedBy"]


def test_each_use_of_a_shared_element_has_columns_of_its_own() -> None:
    """Two addresses in one table: the second takes its parent's name."""
    schema = thing(
        '<element name="home" ref="nms:common:address"/>'
        '<element name="work" ref="nms:common:address"/>'
    )
    assert schema.field_by_path["home/@city"].sql_name == "sCity"
    assert schema.field_by_path["work/@city"].sql_name == "sWorkCity"


def test_a_foreign_definition_brings_its_enumerations_by_full_name() -> None:
    """A template that uses gender still finds it in its own schema."""
    other = source(
        '<attribute name="kind" type="byte" enum="kind"/>',
        name="other",
        before='<enumeration name="kind" basetype="byte"><value name="a" value="1"/>'
        "</enumeration>",
    )
    copy = source('<attribute name="mine" template="cus:other:other/@kind"/>')
    field = compiled(copy, other)["cus:thing"].field_by_path["@mine"]
    assert field.enum is not None
    assert field.enum.name == "cus:other:kind"


def test_content_stored_as_xml_may_contain_itself() -> None:
    """A cyclic ref is legal (protocol.md §4.3); it is read once."""
    schema = thing(
        '<element name="tree" unbound="true" ref="node"/>',
        before='<element name="node"><attribute name="label"/>'
        '<element name="node" unbound="true" ref="node"/></element>',
    )
    tree = schema.collection_by_path["tree"]
    assert [f.path for f in tree.fields] == ["@label"]
    assert "tree/node" in schema.collection_by_path


def test_a_schema_may_share_a_cyclic_definition_of_another() -> None:
    """xtk:queryDef's conditions hold conditions; they compile in a custom schema."""
    schema = thing('<element name="filter" xml="true" ref="xtk:queryDef:condition"/>')
    assert "filter/@expr" in schema.field_by_path


def test_xml_fields_have_no_column() -> None:
    """xml="true" lives in mData; sql="true" takes one field out of it."""
    schema = thing(
        '<attribute name="plain"/><element name="note" type="memo" xml="true"/>'
        '<element name="data" xml="true"><attribute name="a"/>'
        '<attribute name="b" sql="true"/></element>'
    )
    columns = {f.path: (f.sql_name, f.xml) for f in schema.fields}
    assert columns == {
        "@plain": ("sPlain", False),
        "note": (None, True),
        "data/@a": (None, True),
        "data/@b": ("sB", False),
    }


def test_a_collection_that_is_no_link_is_stored_as_xml() -> None:
    """A repeated element cannot be a column."""
    schema = thing(
        '<element name="group" unbound="true"><attribute name="label"/></element>'
    )
    assert schema.fields == ()
    assert schema.collections[0].path == "group"
    assert schema.collections[0].fields[0].xml


def test_computed_fields_have_no_column() -> None:
    """expr="…" is calculated by each query."""
    schema = thing(
        '<attribute name="email"/>'
        '<attribute name="domain" expr="GetEmailDomain(@email)"/>'
    )
    field = schema.field_by_path["@domain"]
    assert (field.sql_name, field.expr) == (None, "GetEmailDomain(@email)")


@pytest.mark.parametrize(
    ("declaration", "column"),
    [
        ('type="long" name="points"', "iPoints"),
        ('type="int64" name="big"', "lBig"),
        ('type="double" name="price"', "dPrice"),
        ('type="boolean" name="on"', "iOn"),
        ('type="datetime" name="when"', "tsWhen"),
        ('type="date" name="day"', "tsDay"),
        ('type="memo" name="text"', "mText"),
        ('type="uuid" name="key"', "sKey"),
        ('name="co-holderName"', "sCoHolderName"),
        ('name="data" type="memo"', "mData2"),
        ('type="long" name="x" sqlname="myColumn"', "myColumn"),
    ],
)
def test_columns_take_a_prefix_from_their_type(declaration: str, column: str) -> None:
    """protocol.md §4.2; a field called data does not become the XML memo."""
    assert thing(f"<attribute {declaration}/>").fields[0].sql_name == column


def test_mapping_xml_has_no_table() -> None:
    """xtk:queryDef is a document, not a table."""
    schema = compiled()["xtk:queryDef"]
    assert schema.table is None
    assert {f.sql_name for f in schema.fields} == {None}


def test_link_of_another_name_than_its_target_names_both_in_reverse() -> None:
    """Adobe's report reads delivery-linkedDelivery: schema, then link."""
    link = '<element name="buyer" type="link" target="nms:recipient"/>'
    schemas = compiled(source(link))
    assert "thing-buyer" in schemas["nms:recipient"].link_by_path
    assert schemas["cus:thing"].link_by_path["buyer"].rev_link == "thing-buyer"


def test_reverse_link_can_be_refused() -> None:
    """revLink="_NONE_" leaves the target as it is."""
    link = '<element name="boss" type="link" target="xtk:operator" revLink="_NONE_"/>'
    schemas = compiled(source(link))
    assert all("thing" not in n for n in schemas["xtk:operator"].link_by_path)


def test_schemas_of_one_name_in_two_namespaces_get_two_reverse_links() -> None:
    """The second is told apart by its namespace."""
    link = '<element name="recipient" type="link" target="nms:recipient"/>'
    twin = source(link).replace('namespace="cus"', 'namespace="abc"')
    links = compiled(source(link), twin)["nms:recipient"].link_by_path
    assert (links["thing"].target, links["abc-thing"].target) == (
        "cus:thing",
        "abc:thing",
    )


def test_link_inside_a_structure_has_its_foreign_key_beside_it() -> None:
    """location/country joins on location/@country-id."""
    schema = thing(
        '<element name="location"><element name="country" type="link" '
        'target="nms:country"/></element>'
    )
    link = schema.link_by_path["location/country"]
    assert link.joins[0].source == "location/@country-id"
    assert schema.field_by_path["location/@country-id"].sql_name == "iCountryId"


def test_foreign_key_has_the_type_of_the_key_it_refers_to() -> None:
    """A link to a UUID key is a UUID."""
    link = '<element name="log" type="link" target="nms:broadLogRcp"/>'
    field = thing(link).field_by_path["@log-id"]
    assert (field.type.name, field.sql_name) == ("uuid", "sLogId")


def test_link_to_a_composite_key_has_a_foreign_key_for_each_part() -> None:
    """nms:subscription is identified by service and recipient."""
    link = '<element name="sub" type="link" target="nms:subscription"/>'
    schema = thing(link)
    assert [(j.source, j.target) for j in schema.link_by_path["sub"].joins] == [
        ("@sub-service-id", "@service-id"),
        ("@sub-recipient-id", "@recipient-id"),
    ]


def test_own_primary_key_replaces_the_automatic_one() -> None:
    """Adobe v8: householdId instead of the id that autopk would make."""
    schema = thing(
        '<key name="householdId" internal="true"><keyfield xpath="@householdId"/></key>'
        '<attribute name="householdId" type="string" length="32"/>',
        main='autopk="true"',
    )
    assert "@id" not in schema.field_by_path
    assert schema.keys[0].paths == ("@householdId",)


def test_data_source_decides_the_database() -> None:
    """nms:extAccount:ffda is the cloud database."""
    assert thing("", main='dataSource="nms:extAccount:ffda"').database == "cloud"
    assert thing("").database == "local"


def test_extension_takes_away_what_it_marks_as_deleted() -> None:
    """_operation="delete" on a declaration of the extended schema."""
    extension = source(
        '<attribute name="fax" _operation="delete"/>',
        name="slim",
        extendedSchema="nms:recipient",
    )
    assert "@fax" not in compiled(extension)["nms:recipient"].field_by_path


def test_extension_changes_what_it_declares_again() -> None:
    """A known attribute is completed; an enumeration gains values."""
    extension = source(
        '<attribute name="account" length="200" label="Customer number"/>',
        name="more",
        before='<enumeration name="gender"><value name="other" value="3"/>'
        "</enumeration>",
        extendedSchema="nms:recipient",
    )
    schema = compiled(extension)["nms:recipient"]
    account = schema.field_by_path["@account"]
    assert (account.length, account.label) == (200, "Customer number")
    assert account.sql_name == "sAccount"
    assert [v.value for v in schema.enumerations["gender"].values] == list("0123")


def test_extension_may_link_to_a_schema_of_its_own() -> None:
    """Examples of schemas edition, extension table: 1-1 in both directions."""
    extension = source(
        '<element name="feature" integrity="own" revCardinality="single" '
        'revLink="recipient" target="cus:feature" type="link"/>',
        name="recipient",
        extendedSchema="nms:recipient",
    )
    feature = source("", name="feature", main='autopk="true"')
    schemas = compiled(extension, feature)
    assert schemas["nms:recipient"].field_by_path["@feature-id"].sql_name == (
        "iFeatureId"
    )
    assert not schemas["cus:feature"].link_by_path["recipient"].unbound


def test_compiling_compiled_schemas_changes_nothing() -> None:
    """All standard schemas and their staging twins are a fixed point."""
    once = compile_schemas(standard_sources().values(), staging_twins=True)
    again = compile_schemas(once.values(), staging_twins=True)
    assert text_of(again) == text_of(once)


def test_order_of_the_sources_does_not_matter_for_a_schema() -> None:
    """Links may point forwards and backwards."""
    sources = list(standard_sources().values())
    forwards = read_schemas(compile_schemas(sources))
    backwards = read_schemas(compile_schemas(sources[::-1]))
    assert forwards.keys() == backwards.keys()
    for name, schema in forwards.items():
        other = backwards[name]
        assert schema.fields == other.fields
        assert set(schema.links) == set(other.links)


def test_md5_changes_with_the_schema_and_only_then() -> None:
    """The same source gives the same md5; an extension gives another."""
    sources = list(standard_sources().values())
    extension = source(
        '<attribute name="extra"/>', name="more", extendedSchema="nms:recipient"
    )
    first, second = compile_schemas(sources), compile_schemas(sources)
    extended = compile_schemas([*sources, extension])
    md5 = {n: d.get("md5") for n, d in first.items()}
    assert {n: d.get("md5") for n, d in second.items()} == md5
    changed = {n for n, d in extended.items() if d.get("md5") != md5[n]}
    assert changed == {"nms:recipient"}


def test_a_compiled_schema_need_not_bring_its_neighbours() -> None:
    """What a server compiled is taken as it is, links out of the set included."""
    recipient = compile_schemas(standard_sources().values())["nms:recipient"]
    alone = compile_schemas([etree.tostring(recipient)])
    assert etree.tostring(alone["nms:recipient"]) == etree.tostring(recipient)


def test_sources_are_left_as_they_were() -> None:
    """Compilation works on copies."""
    element = etree.fromstring(source('<attribute name="a"/>', main='autopk="true"'))
    before = etree.tostring(element)
    compile_schemas([element])
    assert etree.tostring(element) == before


def test_a_namespace_from_a_soap_body_does_not_matter() -> None:
    """A payload copied from an answer drags its namespace along (protocol.md §2.1)."""
    text = source('<attribute name="a"/>').replace(
        "<srcSchema", '<srcSchema xmlns="urn:xtk:persist"', 1
    )
    document = compile_schemas([text])["cus:thing"]
    assert read_schema(document).fields[0].path == "@a"


def test_staging_twin_keeps_columns_and_drops_what_belongs_to_the_original() -> None:
    """nms:recipientStg: same columns, no reverse links, local, not staged itself."""
    documents = compile_schemas(standard_sources().values(), staging_twins=True)
    schemas = read_schemas(documents)
    twin, original = schemas["nms:recipientStg"], schemas["nms:recipient"]
    assert [f.sql_name for f in twin.fields] == [f.sql_name for f in original.fields]
    assert not any(link.unbound for link in twin.links)
    assert (twin.table, twin.database, twin.staged) == (
        "NmsRecipientStg",
        "local",
        False,
    )
    main = documents["nms:recipientStg"].find("element[@name='recipientStg']")
    assert main is not None
    assert main.get("belongsTo") == "nms:recipient"
    assert "nms:subscriptionStg" in schemas
    assert "nms:deliveryStg" not in schemas
