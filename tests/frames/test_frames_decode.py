"""Answers become tables: every shape of protocol.md §5.3, on both paths."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest
from frames.answers import GENDER, column, output, select
from frames.conftest import Decode, rows

from campaign_magics.frames import decode, row_count
from campaign_magics.xtk.columns import Column

pytestmark = pytest.mark.pure


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
