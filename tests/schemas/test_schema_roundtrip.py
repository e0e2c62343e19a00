"""Any schema: compile, read, compile again."""

from __future__ import annotations

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from lxml import etree

from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.errors import SchemaError
from campaign_magics.schemas.reader import read_schema, read_schemas
from campaign_magics.schemas.source import attributes
from campaign_magics.xtk.types import TYPES

pytestmark = pytest.mark.pure

SCALARS = sorted(set(TYPES) - {"link", "DOMElement", "DOMDocument"})
NAMES = ("a", "b", "A", "aB", "a-b", "a_b", "id", "Id", "data", "name", "x1", "x-1",
         "é", "folder", "folder-id", "a-id", "b-id")  # fmt: skip
names = st.sampled_from(NAMES)
texts = st.sampled_from(["", "Label", 'O\'Hara & "Söhne"', "<b>", "顧客 🎈"])


@st.composite
def fields(draw: st.DrawFn, depth: int = 2) -> list[etree._Element]:
    found = []
    for name in draw(st.lists(names, max_size=5, unique=True)):
        kinds = ["attribute", "leaf"] + (["group", "collection"] if depth else [])
        kind = draw(st.sampled_from(kinds))
        item = etree.Element("attribute" if kind == "attribute" else "element")
        item.set("name", name)
        item.set("label", draw(texts))
        if kind in ("attribute", "leaf"):
            item.set("type", draw(st.sampled_from(SCALARS)))
            if draw(st.booleans()):
                item.set("xml", "true")
        else:
            if kind == "collection":
                item.set("unbound", "true")
            item.extend(draw(fields(depth=depth - 1)))
        found.append(item)
    return found


@st.composite
def source_sets(draw: st.DrawFn) -> list[etree._Element]:
    """Schemas with keys, linked to each other in any direction."""
    schemas = draw(st.lists(names, min_size=1, max_size=4, unique=True))
    made = []
    for name in schemas:
        root = etree.Element("srcSchema", namespace="cus", name=name)
        main = etree.SubElement(root, "element", name=name, autopk="true")
        if draw(st.booleans()):
            main.set("autouuid", "true")
        if draw(st.booleans()):
            main.set("dataSource", "nms:extAccount:ffda")
            main.set("autoStg", draw(st.sampled_from(["true", "false"])))
        main.extend(draw(fields()))
        taken = {item.get("name") for item in main}
        for target in draw(st.lists(st.sampled_from(schemas), max_size=2)):
            link = draw(names)
            if link not in taken:
                taken.add(link)
                etree.SubElement(
                    main, "element", name=link, type="link", target=f"cus:{target}"
                )
        made.append(root)
    return made


def compiled(
    sources: list[etree._Element], **options: bool
) -> dict[str, etree._Element]:
    """Compile, or reject the example where a reverse link meets a field's name."""
    try:
        return compile_schemas(sources, **options)
    except SchemaError as error:
        if "already" not in error.message:
            raise
        reject()


@settings(max_examples=25, deadline=None)
@given(source_sets())
def test_compiling_again_changes_nothing(sources: list[etree._Element]) -> None:
    """A compiled set is a fixed point, whatever it holds."""
    once = compiled(sources, staging_twins=True)
    again = compile_schemas(once.values(), staging_twins=True)
    assert list(again) == list(once)
    for name, document in once.items():
        assert etree.tostring(again[name]) == etree.tostring(document)


@settings(max_examples=25, deadline=None)
@given(source_sets())
def test_what_was_declared_is_what_is_read(sources: list[etree._Element]) -> None:
    """Every declared field comes out; columns are unique; links join real fields."""
    schemas = read_schemas(compiled(sources))
    for root in sources:
        schema = schemas[f"cus:{root.get('name')}"]
        main = root.find("element")
        assert main is not None
        declared = {
            f"@{item.get('name')}" if item.tag == "attribute" else item.get("name")
            for item in main
            if item.get("type") not in (None, "link")
        }
        assert declared <= schema.field_by_path.keys()
        columns = [f.sql_name.lower() for f in schema.fields if f.sql_name]
        assert len(columns) == len(set(columns))
        assert "mdata" not in columns
        for field in schema.fields:
            assert (field.sql_name is None) == field.xml
        for link in schema.links:
            target = schemas[link.target]
            for join in link.joins:
                assert join.source in schema.field_by_path
                assert join.target in target.field_by_path


@settings(max_examples=25, deadline=None)
@given(source_sets())
def test_a_schema_read_from_text_equals_one_read_from_the_tree(
    sources: list[etree._Element],
) -> None:
    """Serialising loses nothing."""
    for document in compiled(sources).values():
        assert read_schema(etree.tostring(document)) == read_schema(document)
        assert dict(attributes(document))["md5"] == read_schema(document).md5


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    """No other exception than ours."""
    with pytest.raises(SchemaError):
        compile_schemas([text])
