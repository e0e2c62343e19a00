"""Adobe's own examples of source schemas, and the compiled schemas they print."""

from __future__ import annotations

import pytest
from lxml import etree

from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.model import Join, Schema
from campaign_magics.schemas.reader import read_schemas

pytestmark = pytest.mark.pure

RECIPIENT = """
<srcSchema name="recipient" namespace="cus">
  <enumeration name="gender" basetype="byte">
    <value name="unknown" label="Not specified" value="0"/>
    <value name="male" label="male" value="1"/>
    <value name="female" label="female" value="2"/>
  </enumeration>
  <element name="recipient" {main}>
    {inside}
    <attribute name="email" type="string" length="80" label="Email"/>
    <attribute name="created" type="datetime" label="Date" default="GetDate()"/>
    <attribute name="gender" type="byte" label="gender" enum="gender"/>
    <element name="location" label="Location">
      <attribute name="city" type="string" length="50" label="City" userEnum="city"/>
    </element>
    {after}
  </element>
</srcSchema>
"""

COMPANY = """
<srcSchema name="company" namespace="cus"><element name="company" autopk="true"/>
</srcSchema>
"""


def recipient(main: str = "", inside: str = "", after: str = "") -> str:
    return RECIPIENT.format(main=main, inside=inside, after=after)


def compiled(*sources: str) -> dict[str, Schema]:
    return read_schemas(compile_schemas(sources))


def index_paths(schema: Schema) -> dict[str, tuple[tuple[str, ...], bool]]:
    return {index.name: (index.paths, index.unique) for index in schema.indexes}


def test_table_and_columns_are_named_as_in_database_mapping() -> None:
    """CusRecipient with sEmail, tsCreated, iGender, sCity."""
    schema = compiled(recipient())["cus:recipient"]
    assert schema.table == "CusRecipient"
    assert {f.path: f.sql_name for f in schema.fields} == {
        "@email": "sEmail",
        "@created": "tsCreated",
        "@gender": "iGender",
        "location/@city": "sCity",
    }


def test_autopk_makes_key_index_sequence_and_identifier() -> None:
    """Key management, auto-incremental key."""
    schema = compiled(recipient(main='autopk="true"'))["cus:recipient"]
    key = schema.internal_key
    assert key is not None
    assert (key.name, key.paths, key.internal) == ("id", ("@id",), True)
    assert schema.sequence == "XtkNewId"
    assert index_paths(schema) == {"id": (("@id",), True)}
    field = schema.field_by_path["@id"]
    assert (field.sql_name, field.type.name) == ("iRecipientId", "long")
    assert schema.compute_string == "ToString(@id)"


def test_key_declares_a_unique_index_unless_told_not_to() -> None:
    """Key management: two keys, the second with noDbIndex."""
    inside = """
      <key name="email"><keyfield xpath="@email"/>
        <keyfield xpath="location/@city"/></key>
      <key name="created" noDbIndex="true"><keyfield xpath="@created"/></key>
    """
    schema = compiled(recipient(inside=inside))["cus:recipient"]
    assert index_paths(schema) == {"email": (("@email", "location/@city"), True)}
    assert schema.internal_key == schema.keys[0]


def test_link_gains_foreign_key_join_and_index() -> None:
    """Link management, example 1: the source side."""
    after = (
        '<element label="Company" name="company" revIntegrity="define" '
        'revLabel="Contact" target="cus:company" type="link"/>'
    )
    schema = compiled(recipient(after=after), COMPANY)["cus:recipient"]
    link = schema.link_by_path["company"]
    assert link.joins == (Join(source="@company-id", target="@id"),)
    assert (link.rev_link, link.unbound) == ("recipient", False)
    field = schema.field_by_path["@company-id"]
    assert (field.sql_name, field.type.name, field.advanced) == (
        "iCompanyId",
        "long",
        True,
    )
    assert index_paths(schema) == {"companyId": (("@company-id",), False)}


def test_target_gains_the_reverse_link() -> None:
    """Link management, example 1: the target side."""
    after = (
        '<element label="Company" name="company" revIntegrity="define" '
        'revLabel="Contact" target="cus:company" type="link"/>'
    )
    link = compiled(recipient(after=after), COMPANY)["cus:company"].link_by_path[
        "recipient"
    ]
    assert link.joins == (Join(source="@id", target="@company-id"),)
    assert (link.label, link.integrity, link.unbound) == ("Contact", "define", True)
    assert (link.target, link.rev_link) == ("cus:recipient", "company")


def test_key_on_a_link_holds_the_foreign_key() -> None:
    """Link management, example 5: xlink."""
    inside = (
        '<key name="companyEmail"><keyfield xpath="@email"/>'
        '<keyfield xlink="company"/></key>'
    )
    after = '<element name="company" target="cus:company" type="link"/>'
    schema = compiled(recipient(inside=inside, after=after), COMPANY)["cus:recipient"]
    assert schema.keys[0].paths == ("@email", "@company-id")
    assert index_paths(schema)["companyEmail"] == (("@email", "@company-id"), True)


def test_relation_table_is_compiled_as_printed() -> None:
    """Examples of schemas edition, relationship table."""
    relation = """
    <srcSchema name="rcpGrpRel" namespace="cus">
      <element name="rcpGrpRel">
        <key internal="true" name="id">
          <keyfield xlink="rcpGroup"/><keyfield xlink="recipient"/>
        </key>
        <element integrity="neutral" label="Recipient" name="recipient"
                 revIntegrity="own" target="nms:recipient" type="link"/>
        <element integrity="neutral" label="Group" name="rcpGroup" revIntegrity="own"
                 revLink="rcpGrpRel" target="nms:group" type="link"/>
      </element>
    </srcSchema>"""
    others = [
        f'<srcSchema namespace="nms" name="{n}"><element name="{n}" autopk="true"/>'
        "</srcSchema>"
        for n in ("recipient", "group")
    ]
    schemas = compiled(relation, *others)
    schema = schemas["cus:rcpGrpRel"]
    assert schema.table == "CusRcpGrpRel"
    assert schema.compute_string == (
        "ToString([@rcpGroup-id]) + ',' + ToString([@recipient-id])"
    )
    assert index_paths(schema) == {
        "id": (("@rcpGroup-id", "@recipient-id"), True),
        "rcpGroupId": (("@rcpGroup-id",), False),
        "recipientId": (("@recipient-id",), False),
    }
    assert {f.sql_name for f in schema.fields} == {"iRcpGroupId", "iRecipientId"}
    assert schema.link_by_path["recipient"].rev_link == "rcpGrpRel"
    assert "rcpGrpRel" in schemas["nms:group"].link_by_path


def test_overflow_table_borrows_the_key_of_its_target() -> None:
    """Examples of schemas edition, overflow table: the key is the link, 1-1."""
    overflow = """
    <srcSchema label="Overflow" name="overflow" namespace="cus">
      <element name="overflow">
        <key internal="true" name="id"><keyfield xlink="recipient"/></key>
        <attribute label="Single" name="single" type="boolean"/>
        <element label="Customer" name="recipient" revCardinality="single"
                 revIntegrity="own" revExternalJoin="true" target="cus:recipient"
                 type="link"/>
      </element>
    </srcSchema>"""
    schemas = compiled(overflow, recipient(main='autopk="true"'))
    assert schemas["cus:overflow"].keys[0].paths == ("@recipient-id",)
    reverse = schemas["cus:recipient"].link_by_path["overflow"]
    assert (reverse.unbound, reverse.external_join, reverse.integrity) == (
        False,
        True,
        "own",
    )


def test_extension_completes_the_schema_it_extends() -> None:
    """Examples of schemas edition, extending a table."""
    extension = """
    <srcSchema mappingType="sql" name="extension" namespace="cus"
               xtkschema="xtk:srcSchema" extendedSchema="cus:recipient">
      <enumeration basetype="string" default="area1" name="area">
        <value label="Zone 1" name="area1"/><value label="Zone 2" name="area2"/>
      </enumeration>
      <element name="extension">
        <dbindex name="area"><keyfield xpath="location/@area"/></dbindex>
        <attribute label="Loyalty code" name="fidelity" type="long"/>
        <element name="location">
          <attribute name="area" label="Zone" type="string" length="50" enum="area"/>
        </element>
      </element>
    </srcSchema>"""
    documents = compile_schemas([extension, recipient()])
    assert list(documents) == ["cus:recipient"]
    root = documents["cus:recipient"]
    assert root.get("dependingSchemas") == "cus:extension"
    assert root.get("extendedSchema") is None
    schema = read_schemas(documents)["cus:recipient"]
    assert schema.field_by_path["@fidelity"].sql_name == "iFidelity"
    area = schema.field_by_path["location/@area"]
    assert area.sql_name == "sArea"
    assert area.enum is not None
    assert [v.value for v in area.enum.values] == ["area1", "area2"]
    assert index_paths(schema) == {"area": (("location/@area",), False)}
    assert "location/@city" in schema.field_by_path


def test_cloud_schema_with_uuid_and_staging_has_a_local_twin() -> None:
    """API staging mechanism: dem:sampleTable and dem:sampleTableStg."""
    source = """
    <srcSchema label="Sample Table" mappingType="sql" name="sampleTable"
               namespace="dem" xtkschema="xtk:srcSchema">
      <element autoStg="true" autopk="true" autouuid="true"
               dataSource="nms:extAccount:ffda" label="Sample Table"
               name="sampleTable">
        <attribute label="Test Col 1" length="255" name="testcol1" type="string"/>
      </element>
    </srcSchema>"""
    schemas = read_schemas(compile_schemas([source], staging_twins=True))
    cloud, twin = schemas["dem:sampleTable"], schemas["dem:sampleTableStg"]
    assert (cloud.database, cloud.staged, cloud.auto_uuid) == ("cloud", True, True)
    assert cloud.field_by_path["@id"].type.name == "uuid"
    assert cloud.indexes == (), "no unique index in the cloud database"
    assert (twin.database, twin.staged) == ("local", False)
    assert twin.table == "DemSampleTableStg"
    assert [f.sql_name for f in twin.fields] == [f.sql_name for f in cloud.fields]


def test_root_of_a_compiled_schema_says_what_it_is() -> None:
    """Database mapping: <schema mappingType="sql" … xtkschema="xtk:schema">."""
    root = compile_schemas([recipient()])["cus:recipient"]
    assert isinstance(root, etree._Element)
    assert (root.tag, root.get("mappingType"), root.get("xtkschema")) == (
        "schema",
        "sql",
        "xtk:schema",
    )
    assert len(root.get("md5") or "") == 32
