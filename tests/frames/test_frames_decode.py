"""Answers become tables: every shape of protocol.md §5.3, on both paths."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from frames.answers import GENDER, HEAD, TAIL, column, output, select

from campaign_magics.errors import BadAnswer
from campaign_magics.frames import arrow_schema, decode, decode_lxml, row_count
from campaign_magics.xtk.columns import Column

pytestmark = pytest.mark.pure

Decode = Callable[..., pa.Table]


@pytest.fixture(params=[decode, decode_lxml], ids=["fast", "lxml"])
def read(request: pytest.FixtureRequest) -> Decode:
    """Either path; whatever a test says holds for both."""
    path: Decode = request.param
    return path


def rows(
    read: Decode, answer: bytes, *columns: Column, element: str = "recipient"
) -> list[dict[str, object]]:
    """Decode, check that the types are the announced ones, return plain rows."""
    table = read(answer, columns, element=element)
    assert table.schema == arrow_schema(columns)
    table.validate(full=True)
    found: list[dict[str, object]] = table.to_pylist()
    return found


def test_reference_answer(read: Decode) -> None:
    """The answer of wire/09: two recipients, unasked attributes are left out."""
    answer = select(
        '<recipient id="1005" email="b@example.test" folderLabel="Profiles" gender="0" '
        'genderName="unknown" genderLabel="Not specified"></recipient>'
        '<recipient id="1004" email="a@example.test" folderLabel="Profiles" gender="1" '
        'genderName="male" genderLabel="Male"></recipient>'
    )
    asked = [
        column("@id", "long"),
        column("@email"),
        column("@folderLabel"),
        column("@gender", "byte", values=GENDER),
    ]
    assert rows(read, answer, *asked) == [
        {
            "@id": 1005,
            "@email": "b@example.test",
            "@folderLabel": "Profiles",
            "@gender": "0",
        },
        {
            "@id": 1004,
            "@email": "a@example.test",
            "@folderLabel": "Profiles",
            "@gender": "1",
        },
    ]


@pytest.mark.parametrize(
    ("type_name", "text", "value"),
    [
        ("long", "12", 12),
        ("long", " -7 ", -7),
        ("long", "12.0", 12),
        ("long", "+3", 3),
        ("int64", "9223372036854775807", 2**63 - 1),
        ("int64", "-9223372036854775808", -(2**63)),
        ("int64", "9007199254740993.0", 2**53 + 1),
        ("byte", "", None),
        ("double", "1.5", 1.5),
        ("double", "-1e-7", -1e-7),
        ("double", "", None),
        ("percent", "12", 12.0),
        ("boolean", "true", True),
        ("boolean", "False", False),
        ("boolean", "1", True),
        ("boolean", " 0", False),
        ("boolean", "", None),
        (
            "datetime",
            "2020-07-05 14:11:31.986Z",
            datetime(2020, 7, 5, 14, 11, 31, 986_000, UTC),
        ),
        ("datetime", "2020-07-05T14:11:31Z", datetime(2020, 7, 5, 14, 11, 31, 0, UTC)),
        (
            "datetime",
            "2020-07-05 14:11:31+02:00",
            datetime(2020, 7, 5, 12, 11, 31, 0, UTC),
        ),
        (
            "datetime",
            "2020-07-05 14:11:31-0530",
            datetime(2020, 7, 5, 19, 41, 31, 0, UTC),
        ),
        ("datetime", "2020-07-05 14:11:31", datetime(2020, 7, 5, 14, 11, 31, 0, UTC)),
        ("datetime", "2020/07/05 14:11:31", datetime(2020, 7, 5, 14, 11, 31, 0, UTC)),
        (
            "datetime",
            "2020-07-05 14:11:31.123456789Z",
            datetime(2020, 7, 5, 14, 11, 31, 123_456, UTC),
        ),
        ("datetime", "2020-07-05", datetime(2020, 7, 5, 0, 0, 0, 0, UTC)),
        ("datetime", "", None),
        ("datetimenotz", "2020-07-05 14:11:31.5", "2020-07-05T14:11:31.500000"),
        ("datetimenotz", "2020-07-05 14:11:31Z", "2020-07-05T14:11:31"),
        ("datetimenotz", "2020-07-05 14:11:31+02:00", "2020-07-05T14:11:31"),
        ("date", "2020-07-05", date(2020, 7, 5)),
        ("date", "2020/07/05", date(2020, 7, 5)),
        ("date", "2020-07-05 22:00:00.000Z", date(2020, 7, 5)),
        ("date", "", None),
        ("timespan", "86400", timedelta(days=1)),
        ("timespan", "-1.5", timedelta(seconds=-1.5)),
        ("timespan", "", None),
        ("string", "", None),
        ("string", " ", " "),
        ("ANY", "x", "x"),
        ("uuid", "7c0e", "7c0e"),
    ],
)
def test_text_of_each_type(
    read: Decode, type_name: str, text: str, value: object
) -> None:
    """Attribute text becomes the value of its type; empty and absent become null."""
    asked = column("@x", type_name)
    got = rows(read, select(f'<recipient x="{text}"/><recipient/>'), asked)
    if isinstance(value, str) and type_name == "datetimenotz":
        value = datetime.fromisoformat(value)
    assert got == [{"@x": value}, {"@x": None}]


@pytest.mark.parametrize(
    ("type_name", "text"),
    [
        ("long", "abc"),
        ("long", "12.5"),
        ("long", "9223372036854775808"),
        ("long", "1e999999999"),
        ("long", "1_000"),
        ("long", "0x1F"),
        ("double", "1,5"),
        ("double", "1_0.5"),
        ("boolean", "yes"),
        ("boolean", "2"),
        ("datetime", "5 July 2020"),
        ("datetime", "2020-02-30 00:00:00Z"),
        ("datetimenotz", "14:11"),
        ("date", "0000-00-00"),
        ("date", "2020-07/05"),
        ("timespan", "1 day"),
        ("timespan", "99999999999999999"),
    ],
)
def test_value_that_does_not_fit(read: Decode, type_name: str, text: str) -> None:
    """The error names the column, the row and the text; nothing becomes null."""
    answer = select(f'<recipient/><recipient x=""/><recipient x="{text}"/>')
    with pytest.raises(BadAnswer) as caught:
        read(answer, [column("@x", type_name)], element="recipient")
    assert caught.value.message == f"Column @x, row 3: {text!r} is not a {type_name}."
    assert caught.value.hint
    assert (caught.value.facts["column"], caught.value.facts["row"]) == ("@x", 2)


def test_long_text_is_cut_in_the_message(read: Decode) -> None:
    """A memo in a number column does not flood the notebook."""
    with pytest.raises(BadAnswer) as caught:
        read(
            select(f'<recipient x="{"a" * 5000}"/>'),
            [column("@x", "long")],
            element="recipient",
        )
    assert len(caught.value.message) < 120


def test_linked_fields_and_texts(read: Decode) -> None:
    """Links nest, memos are child elements, absent ones are null."""
    answer = select(
        '<recipient id="1"><folder label="A"><parent label="Root"/></folder>'
        "<desc>a &lt;b&gt; <![CDATA[<i>&amp;</i>]]>\n end</desc></recipient>"
        '<recipient id="2"><folder label=""/><desc/></recipient>'
        '<recipient id="3"/>'
    )
    asked = [column("folder/@label"), column("folder/parent/@label"), column("desc")]
    assert rows(read, answer, *asked) == [
        {
            "folder/@label": "A",
            "folder/parent/@label": "Root",
            "desc": "a <b> <i>&amp;</i>\n end",
        },
        {"folder/@label": None, "folder/parent/@label": None, "desc": None},
        {"folder/@label": None, "folder/parent/@label": None, "desc": None},
    ]


def test_link_named_like_the_row(read: Decode) -> None:
    """A recipient's link may itself be called recipient; rows are still counted."""
    answer = select('<recipient id="1"><recipient id="2"/></recipient>')
    asked = [column("@id", "long"), column("recipient/@id", "long")]
    assert rows(read, answer, *asked) == [{"@id": 1, "recipient/@id": 2}]


def test_two_columns_read_the_same_place(read: Decode) -> None:
    """The caller names columns; two of them may want one attribute."""
    asked = [
        Column(name="n", steps=("@id",), type=column("", "long").type),
        Column(name="t", steps=("@id",), type=column("", "string").type),
        Column(name="n2", steps=("@id",), type=column("", "long").type),
    ]
    assert rows(read, select('<recipient id="07"/>'), *asked) == [
        {"n": 7, "t": "07", "n2": 7}
    ]


@pytest.mark.parametrize(
    "content",
    [
        "<recipient-collection/>",
        "<recipient-collection></recipient-collection>",
        "<recipient-collection>\n  </recipient-collection>",
        "<recipient-collection><!-- none --></recipient-collection>",
        "<recipient/>",
        "<recipient> </recipient>",
        "",
    ],
)
def test_no_row(read: Decode, content: str) -> None:
    """An empty select and a getIfExists that found nothing keep their types."""
    asked = [
        column("@id", "long"),
        column("@x", "datetime"),
        column("@g", "byte", values=GENDER),
        column("group", items=(column("@name"),)),
    ]
    assert rows(read, output(content), *asked) == []


def test_single_row_of_a_get(read: Decode) -> None:
    """A get answers the row itself, without a collection."""
    answer = output('<recipient id="1" email="x"><folder label="F"/></recipient>')
    asked = [column("@id", "long"), column("folder/@label")]
    assert rows(read, answer, *asked) == [{"@id": 1, "folder/@label": "F"}]


def test_row_of_nulls_counts(read: Decode) -> None:
    """Inside a collection an empty element is a row."""
    assert rows(read, select("<recipient/><recipient/>"), column("@id")) == [
        {"@id": None},
        {"@id": None},
    ]


def test_count() -> None:
    """A count answers one attribute."""
    assert row_count(output('<recipient count="3"/>'), element="recipient") == 3
    assert row_count(output("<recipient/>")) == 0


def test_collections_nest(read: Decode) -> None:
    """Repeated elements become lists of structs, typed inside too; none is []."""
    asked = column(
        "subscription",
        items=(
            column("@created", "date"),
            column("service/@name"),
            column("@kind", "byte", values=GENDER),
            column("event", items=(column("@n", "long"),)),
        ),
    )
    answer = select(
        '<recipient><subscription created="2020-07-05" kind="1"><service name="s"/>'
        '<event n="1"/><event n="2"/></subscription><subscription/></recipient>'
        "<recipient/>"
    )
    first = {
        "@created": date(2020, 7, 5),
        "service/@name": "s",
        "@kind": "1",
        "event": [{"@n": 1}, {"@n": 2}],
    }
    second = {"@created": None, "service/@name": None, "@kind": None, "event": []}
    assert rows(read, answer, asked) == [
        {"subscription": [first, second]},
        {"subscription": []},
    ]


def test_collection_below_a_link(read: Decode) -> None:
    """A collection may hang below a link, beside a column of that link."""
    asked = [
        column("folder/@label"),
        column("folder/child", items=(column("@n", "long"),)),
    ]
    answer = select(
        '<recipient><folder label="F"><child n="1"/></folder></recipient>'
        "<recipient><folder/></recipient>"
    )
    assert rows(read, answer, *asked) == [
        {"folder/@label": "F", "folder/child": [{"@n": 1}]},
        {"folder/@label": None, "folder/child": []},
    ]


def test_misfit_in_a_collection_names_the_row(read: Decode) -> None:
    """The row is that of the answer, not the position among all items."""
    asked = column("event", items=(column("@n", "long"),))
    answer = select(
        '<recipient><event n="1"/><event n="2"/></recipient>'
        '<recipient><event n="3"/><event n="x"/></recipient>'
    )
    with pytest.raises(BadAnswer, match="Column @n, row 2: 'x' is not a long"):
        read(answer, [asked], element="recipient")


def test_document_column(read: Decode) -> None:
    """An XML field keeps its elements, without the envelope's namespaces."""
    answer = select('<recipient><data a="1">x<b/></data></recipient><recipient/>')
    assert rows(read, answer, column("data", "DOMElement")) == [
        {"data": '<data a="1">x<b/></data>'},
        {"data": None},
    ]


def test_enumeration_keeps_unknown_values(read: Decode) -> None:
    """Stored values come first, in schema order; what the schema lacks follows."""
    asked = column("@g", "byte", values=GENDER)
    answer = select('<recipient g="9"/><recipient g="2"/><recipient/>')
    table = read(answer, [asked], element="recipient")
    chunk = table.column(0).chunk(0)
    assert chunk.dictionary.to_pylist() == ["0", "1", "2", "9"]
    assert chunk.to_pylist() == ["9", "2", None]


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


def test_value_over_ten_megabytes(read: Decode) -> None:
    """A memo may hold a whole e-mail with its pictures."""
    big = "é" * 5_500_000
    answer = select(f"<recipient><desc>{big}</desc></recipient>")
    (row,) = rows(read, answer, column("desc"))
    assert row["desc"] == big


def test_own_text_of_the_row(read: Decode) -> None:
    """A column without steps is the text of the row element itself."""
    asked = Column(name="text", steps=(), type=column("").type)
    assert rows(read, select("<recipient>a<b>no</b>c</recipient>"), asked) == [
        {"text": "ac"}
    ]


def test_threads_share_one_parser() -> None:
    """Pages in flight are decoded side by side; each thread gets its own rows."""
    asked = [column("@id", "long"), column("folder/@label")]
    pages = [
        select(f'<recipient id="{n}"><folder label="F{n}"/></recipient>' * 500)
        for n in range(16)
    ]
    with ThreadPoolExecutor(4) as pool:
        tables = pool.map(lambda page: decode(page, asked, element="recipient"), pages)
        for n, table in enumerate(tables):
            assert table.to_pylist() == [{"@id": n, "folder/@label": f"F{n}"}] * 500
