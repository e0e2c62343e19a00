"""One answer may be spelled in many ways: envelopes, names, encodings, line ends."""

from __future__ import annotations

import pytest
from frames.answers import HEAD, TAIL, column, output, select
from frames.conftest import Decode, rows

from campaign_magics.errors import BadAnswer

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("element", "tag"),
    [
        ("recipient", "recipient"),
        ("", "anything"),
        ("temp:group:12", "temp_group_12"),
        ("group_12", "temp_group_12"),
    ],
)
def test_row_names(read: Decode, element: str, tag: str) -> None:
    """Rows are found by structure; temporary schemas write _ for :."""
    answer = output(f'<{tag}-collection><{tag} id="1"/></{tag}-collection>')
    assert rows(read, answer, column("@id", "long"), element=element) == [{"@id": 1}]


def test_rows_of_another_schema_are_refused(read: Decode) -> None:
    """Deliveries are no recipients, and would read as a frame of nulls."""
    answer = output('<delivery-collection><delivery id="1"/></delivery-collection>')
    with pytest.raises(BadAnswer, match="<delivery> rows where <recipient>"):
        read(answer, [column("@id")], element="recipient")


@pytest.mark.parametrize(
    "envelope",
    [
        "<e:Envelope xmlns:e='u'><e:Header><Body><x/></Body></e:Header><e:Body>"
        "<r:ExecuteQueryResponse xmlns:r='v'><r:pdomOutput>{}</r:pdomOutput>"
        "</r:ExecuteQueryResponse></e:Body></e:Envelope>",
        "<Envelope>\n<Body>\n<ExecuteQueryResponse>\n<pdomOutput>\n{}\n</pdomOutput>"
        "\n</ExecuteQueryResponse>\n</Body>\n</Envelope>\n",
        "\ufeff" + HEAD + "{}" + TAIL,
        "<!-- hello --><?pi x?>" + HEAD.partition("?>")[2] + "{}" + TAIL,
        HEAD + "{}" + TAIL + "<!-- the end -->",
    ],
    ids=["prefixes", "indented", "bom", "prolog", "epilog"],
)
def test_envelopes_vary(read: Decode, envelope: str) -> None:
    """Prefixes, namespaces, white space and comments do not matter."""
    inside = "<recipient-collection><recipient id='1'/></recipient-collection>"
    answer = envelope.replace("{}", inside).encode()
    assert rows(read, answer, column("@id", "long")) == [{"@id": 1}]


@pytest.mark.parametrize(
    "inside",
    [
        "<q:recipient-collection xmlns:q='u'><q:recipient id='1'><q:f l='x'/>"
        "</q:recipient></q:recipient-collection>",
        "<recipient-collection><recipient id='1'><q:f xmlns:q='u' l='x'/></recipient>"
        "</recipient-collection>",
        "<recipient-collection><recipient xmlns:q='u' q:id='7' id='1'>"
        "<f q:l='no' l='x'/></recipient></recipient-collection>",
        "<recipient-collection>\n\t<recipient\n\tid\n=\n'1'\n><f\tl='x'\n/>\n"
        "</recipient\n>\n</recipient-collection\n>",
        "<recipient-collection><!-- <recipient/> --><recipient id='1'><f l='x'/>"
        "<?p <recipient ?></recipient></recipient-collection>",
        "<recipient-collection><recipient id='1'><f l='x'/><z><![CDATA[<recipient "
        "id='2'><f l='y'/>]]></z></recipient></recipient-collection>",
    ],
    ids=["rows", "link", "attributes", "spaces", "comments", "cdata"],
)
def test_rows_vary(read: Decode, inside: str) -> None:
    """What has a prefix is another name for attributes, the same one for elements."""
    asked = [column("@id", "long"), column("f/@l")]
    assert rows(read, output(inside), *asked) == [{"@id": 1, "f/@l": "x"}]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "iso-8859-1", "windows-1252", "utf-16", "UTF-8"]
)
def test_encodings(read: Decode, encoding: str) -> None:
    """The declaration decides; the text is the same."""
    text = f"<?xml version='1.0' encoding='{encoding}'?>" + HEAD.partition("?>")[2]
    text += "<recipient-collection><recipient n='José'/></recipient-collection>" + TAIL
    assert rows(read, text.encode(encoding), column("@n")) == [{"@n": "José"}]


def test_line_ends(read: Decode) -> None:
    """XML line ends: CR LF and CR read as LF; written as references they stay."""
    answer = select(
        "<recipient a='1\r\n2\t3&#13;&#10;4'>\r\n"
        "<desc>1\r\n2\r3&#13;</desc></recipient>"
    )
    assert rows(read, answer, column("@a"), column("desc")) == [
        {"@a": "1 2 3\r\n4", "desc": "1\n2\n3\r"}
    ]
