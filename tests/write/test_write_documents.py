"""Documents to write: sent as they are, once their names and values are checked."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from campaign_magics.errors import InvalidOption, QuerySyntaxError, UnknownName
from campaign_magics.write.documents import document_schema
from campaign_magics.write.rows import Rows

pytestmark = pytest.mark.pure
Read = Callable[..., Rows]

TWO = """
<recipient-collection xtkschema="nms:recipient" xmlns="urn:xtk:queryDef">
  <!-- a comment is no part of it -->
  <recipient email="a@x" gender="male" birthDate="1956/05/04" _key="@email">
    <location city="L'Aquila &amp; more"/>
    <folder name="F1" _operation="none"/>
    <rcpGrpRel _key="[rcpGroup/@name]"><rcpGroup name="A"/></rcpGrpRel>
  </recipient>
  <recipient email="b@x" _key="@email"><comment>  one
two </comment></recipient>
</recipient-collection>"""


def test_a_document_is_sent_as_it_is(rows: Read) -> None:
    """Namespaces, comments and white space between elements aside."""
    read = rows(TWO, key=None)
    head = '<recipient _operation="insertOrUpdate" _key="@email"'
    assert read.documents(0, 2) == [
        f'{head} email="a@x" gender="male" birthDate="1956/05/04">'
        '<location city="L\'Aquila &amp; more"></location>'
        '<folder name="F1" _operation="none"></folder>'
        '<rcpGrpRel _key="[rcpGroup/@name]"><rcpGroup name="A"></rcpGroup></rcpGrpRel>'
        "</recipient>",
        f'{head} email="b@x"><comment>  one&#10;two </comment></recipient>',
    ]
    assert read.keys(0, 2) == [("a@x",), ("b@x",)]
    assert document_schema(TWO) == "nms:recipient"


def test_its_texts_can_be_compared(rows: Read) -> None:
    """Columns hold what the server will have: stored values, plain dates."""
    table = rows(TWO).table
    assert table.column("@gender").to_pylist() == ["1", None]
    assert table.column("@birthDate").to_pylist() == ["1956-05-04", None]
    assert table.column("folder/@name").to_pylist() == ["F1", None]
    assert table.column("comment").to_pylist() == [None, "  one\ntwo "]


def test_entities_may_say_their_operation(rows: Read) -> None:
    """The others take the one that was asked for."""
    text = (
        '<recipient-collection><recipient email="a" _operation="delete"/>'
        '<recipient email="b"/></recipient-collection>'
    )
    read = rows(text, operation="update")
    assert read.operations(0, 2) == ["delete", "update"]
    assert read.documents(0, 2) == [
        '<recipient _key="@email" _operation="delete" email="a"></recipient>',
        '<recipient _key="@email" _operation="update" email="b"></recipient>',
    ]


def test_one_entity_is_a_document_too(rows: Read) -> None:
    """As an element, or as bytes."""
    one = etree.Element("recipient", email="a@x")
    assert rows(one).documents(0, 1) == rows(etree.tostring(one)).documents(0, 1)


def test_bad_values_and_keys_are_problems(rows: Read) -> None:
    """As those of a frame; the index is the place of the entity."""
    text = (
        '<recipient-collection><recipient email="a" birthDate="soon"/>'
        '<recipient lastName="x"/><recipient email="c"/></recipient-collection>'
    )
    read = rows(text)
    assert [*read.index] == [2]
    assert [*read.problems["index"]] == [0, 1]
    assert [*read.problems["column"]] == ["@birthDate", "@email"]


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('<recipient email="a" lastNam="b"/>', "'@lastNam'", "did you mean @lastName?"),
        ('<recipient email="a">\n<place/></recipient>', r"'place' \(line 2\)", ""),
        ('<recipient email="a"><folder nme="b"/></recipient>', "xtk:folder has no", ""),
        ('<recipient email="a"><rcpGrpRel foo="b"/></recipient>', "rcpGrpRel has", ""),
        ('<delivery label="a"/>', "<delivery> .line 1. is no nms:recipient", ""),
    ],
)
def test_unknown_names_are_errors(
    rows: Read, text: str, message: str, hint: str
) -> None:
    """They say the line and the nearest name."""
    with pytest.raises(UnknownName, match=message) as caught:
        rows(text)
    assert hint in caught.value.hint


def test_what_is_no_document_of_the_schema_is_refused(rows: Read) -> None:
    """Broken XML, another schema, entities that differ in their key."""
    with pytest.raises(QuerySyntaxError, match="XML cannot be read"):
        rows("<recipient")
    with pytest.raises(InvalidOption, match="is of nms:group"):
        rows('<group xtkschema="nms:group"/>')
    with pytest.raises(InvalidOption, match="same _key"):
        rows(
            '<recipient-collection><recipient _key="@email" email="a"/>'
            '<recipient _key="@id" id="3"/></recipient-collection>',
            key=None,
        )
