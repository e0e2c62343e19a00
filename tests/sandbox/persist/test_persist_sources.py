"""Writing xtk:srcSchema compiles it and makes its table; GetModifiedEntities tells."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import etree
from sandbox.persist.conftest import Bench, open_bench

from campaign_magics.sandbox.persist.changes import modified_entities

pytestmark = pytest.mark.pure

THING = """
<srcSchema xtkschema="xtk:srcSchema" namespace="cus" name="{name}" label="Things"
           {more}>
  <enumeration name="size" basetype="string" default="small">
    <value name="small" value="S"/><value name="large" value="L"/>
  </enumeration>
  <element name="{name}" autopk="true">
    <key name="code"><keyfield xpath="@code"/></key>
    <attribute name="code" type="string" length="10"/>
    <attribute name="size" type="string" enum="size"/>
    <attribute name="due" type="date" default="AddDays(GetDate(), 30)"/>
    <attribute name="tag" type="string" default="'T-' + @code"/>
    <attribute name="token" type="string" default="NewUUID()"/>
    {inner}
  </element>
</srcSchema>
"""


def thing(name: str, inner: str = "", more: str = "") -> str:
    return THING.format(name=name, inner=inner, more=more)


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    """A world of its own: schemas stay."""
    with open_bench(rows=5) as made:
        yield made


def test_a_schema_is_written_and_used_at_once(bench: Bench):
    """Its defaults are computed, its closed list has a default too."""
    bench.write(thing("thing"))
    bench.write('<thing xtkschema="cus:thing" code="A"/>')
    row = bench.one("cus:thing", "@code = 'A'", "@due", "@tag", "@size", "@token")
    assert len(row.pop("@token")) == 36
    assert row == {"@due": "2026-06-27", "@tag": "T-A", "@size": "S"}
    bench.write('<thing xtkschema="cus:thing" code="A" size="large"/>')
    assert bench.one("cus:thing", "@code = 'A'", "@size") == {"@size": "L"}


def test_a_schema_written_again_gets_its_new_columns(bench: Bench):
    """Rows that were there have what stands for no value."""
    bench.write(thing("grown"))
    bench.write('<grown xtkschema="cus:grown" code="old"/>')
    bench.write(thing("grown", '<attribute name="weight" type="double"/>'))
    bench.write('<grown xtkschema="cus:grown" code="new" weight="1.5"/>')
    rows = bench.rows("cus:grown", "@id <> 0", "@code", "@weight")
    assert [(r["@code"], float(r["@weight"])) for r in rows] == [
        ("old", 0.0),
        ("new", 1.5),
    ]


def test_an_extension_adds_a_field_to_a_schema_that_stands(bench: Bench):
    """The same call that Campaign's console makes."""
    bench.write(
        '<srcSchema xtkschema="xtk:srcSchema" namespace="cus" name="recipient"'
        ' extendedSchema="nms:recipient" label="More"><element name="recipient">'
        '<attribute name="shoe" type="byte"/></element></srcSchema>'
    )
    bench.write('<recipient xtkschema="nms:recipient" email="shoe@s.test" shoe="42"/>')
    row = bench.one("nms:recipient", "@email = 'shoe@s.test'", "@shoe")
    assert row == {"@shoe": "42"}


def test_what_does_not_compile_is_refused_with_all_beside_it(bench: Bench):
    """None of the two is there afterwards."""
    bad = thing("bad", '<element name="l" type="link" target="cus:nowhere"/>')
    said = bench.refused(thing("good"), bad)
    assert "cus:nowhere" in said
    assert said.endswith("document of type 'Source schemas (xtk:srcSchema)'.")
    assert "cus:good" not in bench.world.schema_ids()


def test_what_cannot_be_done_with_schemas(bench: Bench):
    """Inserting one that exists, deleting, writing what the server compiles."""
    assert "exists already" in bench.refused(thing("thing", more='_operation="insert"'))
    assert "SBX-100001" in bench.refused(thing("thing", more='_operation="delete"'))
    said = bench.refused('<schema xtkschema="xtk:schema" namespace="a" name="b"/>')
    assert "write 'xtk:srcSchema'" in said
    option = '<option xtkschema="xtk:option" name="x"/>'
    assert "in a call of their own" in bench.refused(option, thing("thing"))
    bench.write(thing("never", more='_operation="update"'))
    assert "cus:never" not in bench.world.schema_ids()


def modified(bench: Bench, **attributes: str) -> etree._Element:
    asked = etree.Element("cache", **attributes)
    etree.SubElement(asked, "schema")
    return etree.fromstring(modified_entities(bench.world, asked))


def test_modified_entities_are_those_since_the_last_answer(bench: Bench):
    """First a client empties its cache; then it hears what changed."""
    first = modified(bench)
    assert first.get("emptyCache") == "true"
    seen = {"buildNumber": first.get("buildNumber"), "lastModified": first.get("time")}
    bench.clock.seconds += 10
    second = modified(bench, **{**seen, "lastModified": "2026-05-28T21:00:00.000Z"})
    assert len(second) == 0
    bench.write(thing("later"))
    third = modified(bench, **seen | {"lastModified": second.get("time")})
    assert [e.get("pk") for e in third] == ["xtk:schema|cus:later"]
    assert third[0].get("md5") == bench.world.schema("cus:later").md5
    assert third[0].get("schema") == "xtk:schema"


def test_a_client_of_another_build_empties_its_cache(bench: Bench):
    """What it holds was made by another server."""
    answer = modified(bench, buildNumber="1", lastModified="2026-05-28T21:00:00.000Z")
    assert answer.get("emptyCache") == "true"
