"""A query in the languages of other programs reads back as the same query."""

from __future__ import annotations

import ast
import json

import pytest

from campaign_magics.query.check import check
from campaign_magics.query.code import to_code, to_dict
from campaign_magics.query.read import read, read_query
from campaign_magics.query.scope import Lookup

pytestmark = pytest.mark.pure

SQL = r"""SELECT email, folder.label AS place, COUNT(*) AS n FROM nms:recipient
WHERE lastName = 'O''Hara "x" \n' AND EXISTS (SELECT 1 FROM subscription)
GROUP BY email, folder.label ORDER BY n DESC LIMIT 5"""


def test_the_three_texts_are_as_written_by_hand(lookup: Lookup) -> None:
    """JSON in the shape of the SDK: scalars are attributes, lists repeat."""
    text = (
        "SELECT email FROM nms:recipient WHERE gender = 'male' ORDER BY id DESC LIMIT 5"
    )
    reading = read(text, lookup)
    code = to_code(check(reading.query, lookup, reading.source).query)
    assert code.xml.splitlines() == [
        '<queryDef xtkschema="xtk:queryDef" schema="nms:recipient" operation="select" '
        'lineCount="5">',
        "  <select>",
        '    <node expr="@email"/>',
        "  </select>",
        "  <where>",
        '    <condition expr="@gender = 1"/>',
        "  </where>",
        "  <orderBy>",
        '    <node expr="@id" sortDesc="true"/>',
        "  </orderBy>",
        "</queryDef>",
    ]
    assert json.loads(code.json) == {
        "schema": "nms:recipient",
        "operation": "select",
        "lineCount": 5,
        "select": {"node": [{"expr": "@email"}]},
        "where": {"condition": [{"expr": "@gender = 1"}]},
        "orderBy": {"node": [{"expr": "@id", "sortDesc": True}]},
    }
    assert code.python.startswith(
        "import campaign_magics as cm\n\nwith cm.connect('sandbox') as session:\n"
        '    df = session.query(r"""\n<queryDef'
    )
    assert all(part in str(code) for part in (code.xml, code.json, "# Python"))


def test_each_text_is_the_same_query_again(lookup: Lookup) -> None:
    """Quotes, backslashes and brackets included."""
    reading = read(SQL, lookup)
    query = check(reading.query, lookup, reading.source).query
    code = to_code(query)
    assert read_query(code.xml) == query
    assert read_query(code.json) == query
    assert read_query(to_dict(query)) == query
    (call,) = (
        node
        for node in ast.walk(ast.parse(code.python))
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "query"
    )
    assert read_query(ast.literal_eval(call.args[0])) == query


def test_a_count_is_written_as_one() -> None:
    query = read_query('<queryDef schema="a:b" operation="count"/>')
    assert "n = session.count(" in to_code(query, profile="prod").python
    assert "cm.connect('prod')" in to_code(query, profile="prod").python
