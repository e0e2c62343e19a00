"""Schemas that cannot be compiled: cause, place and hint of each."""

from __future__ import annotations

import pytest

from campaign_magics.errors import UserError
from campaign_magics.sandbox.data import standard_sources
from campaign_magics.schemas.compiler import compile_schemas
from campaign_magics.schemas.errors import SchemaError
from campaign_magics.schemas.reader import read_schema

pytestmark = pytest.mark.pure

ENUMERATION = '<enumeration name="e" basetype="{0}">{1}</enumeration>'


def source(content: str = "", before: str = "", root: str = "") -> str:
    return (
        f'<srcSchema namespace="cus" name="thing" {root}>{before}'
        f'<element name="thing">{content}</element></srcSchema>'
    )


NEIGHBOURS = [
    standard_sources()[name]
    for name in (
        "nms:recipient", "nms:country", "nms:common", "nms:group", "xtk:folder",
        "xtk:operator", "xtk:session",
    )
]  # fmt: skip


def failure(*sources: str) -> SchemaError:
    with pytest.raises(SchemaError) as caught:
        compile_schemas([*sources, *NEIGHBOURS])
    return caught.value


CASES = {
    "malformed": ("<srcSchema", "cannot be read", "", "correct the XML"),
    "other document": ("<html/>", "<html> is not a schema", "", "<srcSchema>"),
    "no name": (
        '<srcSchema namespace="cus"/>',
        "no namespace or no name",
        "",
        "namespace=",
    ),
    "bad name": (
        '<srcSchema namespace="cus" name="1;drop"/>',
        "'1;drop' is not a name",
        "cus:1;drop",
        "begins with a letter",
    ),
    "no main element": (
        '<srcSchema namespace="cus" name="thing"><element name="thnig"/></srcSchema>',
        "main element is missing",
        "cus:thing",
        "did you mean thnig?",
    ),
    "duplicate attribute": (
        source('<attribute name="a"/><attribute name="a"/>'),
        "attribute 'a' is declared twice",
        "cus:thing, thing",
        "remove one",
    ),
    "duplicate element": (
        source('<element name="g"><element name="a"/><element name="a"/></element>'),
        "element 'a' is declared twice",
        "cus:thing, thing/g",
        "remove one",
    ),
    "duplicate enumeration value": (
        source(
            before=ENUMERATION.format(
                "byte", '<value name="a" value="2"/><value name="b" value="2"/>'
            )
        ),
        "the value '2' occurs twice",
        "cus:thing, enumeration e",
        "its own value",
    ),
    "duplicate enumeration name": (
        source(
            before=ENUMERATION.format(
                "byte", '<value name="a" value="1"/><value name="a" value="2"/>'
            )
        ),
        "the name 'a' occurs twice",
        "cus:thing, enumeration e",
        "its own name",
    ),
    "enumeration declared twice": (
        source(before=ENUMERATION.format("byte", "") * 2),
        "enumeration 'e' is declared twice",
        "cus:thing",
        "remove one",
    ),
    "text in a numeric enumeration": (
        source(before=ENUMERATION.format("byte", '<value name="a"/>')),
        "'a' is not a byte",
        "cus:thing, enumeration e",
        'value="1"',
    ),
    "unknown base type": (
        source(before=ENUMERATION.format("bite", "")),
        "no type 'bite'",
        "cus:thing, enumeration e",
        "did you mean byte?",
    ),
    "unknown enumeration default": (
        source(
            before='<enumeration name="e" default="z"><value name="a"/></enumeration>'
        ),
        "default 'z' is not one of the values",
        "cus:thing, enumeration e",
        "name one",
    ),
    "unknown type": (
        source('<attribute name="a" type="strnig"/>'),
        "no type 'strnig'",
        "cus:thing, thing/@a",
        "did you mean string?",
    ),
    "bad length": (
        source('<attribute name="a" length="long"/>'),
        "length 'long' is not a number",
        "cus:thing, thing/@a",
        "number of characters",
    ),
    "unknown enumeration": (
        source('<attribute name="a" enum="nms:recipient:gendr"/>'),
        "no enumeration 'gendr' in nms:recipient",
        "cus:thing, thing/@a",
        "did you mean gender?",
    ),
    "enumeration of an unknown schema": (
        source('<attribute name="a" enum="nms:recipiant:gender"/>'),
        "no schema 'nms:recipiant'",
        "cus:thing, thing/@a",
        "did you mean nms:recipient?",
    ),
    "link without target": (
        source('<element name="l" type="link"/>'),
        "the link has no target",
        "cus:thing, thing/l",
        "target=",
    ),
    "link to nowhere": (
        source('<element name="l" type="link" target="nms:recipent"/>'),
        "no schema 'nms:recipent'",
        "cus:thing, thing/l",
        "did you mean nms:recipient?",
    ),
    "link to a schema without key": (
        source('<element name="l" type="link" target="xtk:session"/>'),
        "xtk:session has no key",
        "cus:thing, thing/l",
        "autopk",
    ),
    "join with one side": (
        source(
            '<element name="l" type="link" target="nms:recipient">'
            '<join xpath-src="@a"/></element>'
        ),
        "a join lacks a field",
        "cus:thing, thing/l",
        "xpath-dst",
    ),
    "join on an unknown field": (
        source(
            '<attribute name="mail"/><element name="l" type="link" '
            'target="nms:recipient"><join xpath-src="@mail" xpath-dst="@emial"/>'
            "</element>"
        ),
        "names '@emial', which nms:recipient does not have",
        "cus:thing",
        "did you mean @email?",
    ),
    "collection link without join": (
        source('<element name="l" type="link" target="nms:recipient" unbound="true"/>'),
        "a link to a collection needs a join",
        "cus:thing, thing/l",
        "foreign key",
    ),
    "reverse link that is taken": (
        source(
            '<element name="recipient" type="link" target="nms:recipient" '
            'revLink="folder"/>'
        ),
        "nms:recipient has an element 'folder' already",
        "cus:thing, thing/recipient",
        "another revLink",
    ),
    "key without field": (
        source('<key name="k"/>'),
        "names no field",
        "cus:thing, thing",
        "keyfield",
    ),
    "key on an unknown field": (
        source('<attribute name="code"/><key name="k"><keyfield xpath="@kode"/></key>'),
        "names '@kode'",
        "cus:thing",
        "did you mean @code?",
    ),
    "key on an unknown link": (
        source('<key name="k"><keyfield xlink="folder"/></key>'),
        "names the link 'folder'",
        "cus:thing",
        "type=",
    ),
    "unknown template": (
        source('<attribute name="a" template="nms:common:phoen"/>'),
        "no definition 'phoen' in nms:common",
        "cus:thing, thing/@a",
        "did you mean phone?",
    ),
    "definition made of itself": (
        source('<element name="a" ref="n"/>', '<element name="n" ref="n"/>'),
        "'n' leads back to itself",
        "cus:thing, n",
        'xml="true"',
    ),
    "two definitions made of each other": (
        source(
            '<element name="a" xml="true" ref="n"/>',
            '<element name="n" ref="m"/><element name="m" ref="n"/>',
        ),
        "leads back to itself",
        "cus:thing, n",
        'xml="true"',
    ),
    "cyclic definition as columns": (
        source(
            '<element name="a" ref="n"/>',
            '<element name="n"><attribute name="x"/><element name="n" ref="n"/>'
            "</element>",
        ),
        "'n' leads back to itself",
        "cus:thing, thing/a/n",
        'xml="true"',
    ),
    "extension of nothing": (
        source(root='extendedSchema="nms:recipiant"'),
        "'nms:recipiant' to extend does not exist",
        "cus:thing",
        "did you mean nms:recipient?",
    ),
    "schema given twice": (
        source().replace("cus", "nms").replace("thing", "group"),
        "nms:group is given twice",
        "",
        "extendedSchema",
    ),
    "parameter without type": (
        source().replace(
            "</srcSchema>",
            '<methods><method name="M"><parameters><param name="p"/></parameters>'
            "</method></methods></srcSchema>",
        ),
        "no name or no type",
        "cus:thing, method M",
        "<param",
    ),
    "parameter of an unknown direction": (
        source().replace(
            "</srcSchema>",
            '<methods><method name="M"><parameters><param name="p" type="long" '
            'inout="both"/></parameters></method></methods></srcSchema>',
        ),
        "'both' of p is unknown",
        "cus:thing, method M",
        "inout",
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_bad_schema_says_what_where_and_what_to_try(
    case: tuple[str, str, str, str],
) -> None:
    """One cause line, the place in it, and a hint."""
    text, cause, where, hint = case
    error = failure(text)
    assert cause in error.message
    assert error.where == where
    assert error.message.startswith(where)
    assert hint in error.hint
    assert "\n" not in error.message


def test_schema_errors_are_user_errors_with_a_code_of_their_own() -> None:
    """They render as two lines like every other error."""
    error = failure("<html/>")
    assert isinstance(error, UserError)
    head, hint = error.render()
    assert head.startswith("SchemaError [ACM-104]")
    assert hint.startswith("  hint: ")


def test_keys_made_of_links_to_each_other_are_refused() -> None:
    """Neither schema has a value to begin with."""
    text = (
        '<srcSchema namespace="cus" name="{0}"><element name="{0}">'
        '<key name="id" internal="true"><keyfield xlink="{1}"/></key>'
        '<element name="{1}" type="link" target="cus:{1}"/></element></srcSchema>'
    )
    error = failure(text.format("a", "b"), text.format("b", "a"))
    assert "link back to here" in error.message


def test_definitions_that_multiply_are_stopped() -> None:
    """Thirty levels of two uses each would be a billion fields."""
    levels = "".join(
        f'<element name="d{n}"><element name="l" ref="d{n + 1}"/>'
        f'<element name="r" ref="d{n + 1}"/></element>'
        for n in range(25)
    )
    last = '<element name="d25"><attribute name="x"/></element>'
    error = failure(source('<element name="a" ref="d0"/>', levels + last))
    assert "expand to more than" in error.message


def test_reading_a_schema_that_shares_without_end_stays_small() -> None:
    """The same definitions, kept as references: read to a bounded depth."""
    levels = "".join(
        f'<element name="d{n}">'
        + "".join(f'<element name="e{m}" ref="d{m}"/>' for m in range(20))
        + "</element>"
        for n in range(20)
    )
    text = source('<element name="a" xml="true" ref="d0"/>', levels)
    assert len(read_schema(text).fields) < 50_000


@pytest.mark.parametrize("text", ["<schema/>", "", b"\xff\xfe", "<schema>" * 200])
def test_reading_rubbish_is_a_schema_error(text: str | bytes) -> None:
    """Never a parser's own exception."""
    with pytest.raises(SchemaError):
        read_schema(text)


def test_reading_a_schema_without_its_main_element_is_an_error() -> None:
    """The root of the record is what everything hangs on."""
    with pytest.raises(SchemaError, match="main element is missing"):
        read_schema('<schema namespace="nms" name="x"><element name="y"/></schema>')
