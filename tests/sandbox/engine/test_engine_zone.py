"""Days begin in the server's zone (Adobe's note on DateOnly), here Europe/Paris.

Recipient 1002 was created on 2026-02-01 at 23:30 UTC, 00:30 on the 2nd in Paris.
"""

from __future__ import annotations

import pytest
from lxml import etree


@pytest.fixture(scope="module", params=["local", "cloud"])
def paris(request, make_world):
    """A server in Paris, on each database."""
    return make_world(request.param, timezone="Europe/Paris")


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        ("DateOnly(@created)", "2026-02-01 23:00:00.000Z"),
        ("ToDate(@created)", "2026-02-02"),
        ("Day(@created)", "2"),
        ("Hour(@created)", "0"),
        ("TruncWeek(@created)", "2026-02-01 23:00:00.000Z"),
        ("TruncDate(@created, 86400)", "2026-02-01 23:00:00.000Z"),
        ("YearAndMonth(AddMonths(@created, 5))", "202607"),
        ("Hour(AddMonths(@created, 5))", "1"),
        ("Day(@birthDate)", "31"),
        ("Iif(@created = #2026-02-01T23:30:00Z#, 'same', 'other')", "same"),
        ("Iif(DateOnly(@created) = #2026-02-02#, 'same', 'other')", "same"),
        ("Iif(@created >= '2026-02-02', 'after', 'before')", "after"),
        ("Iif(@created >= #2026-02-02T00:30:00#, 'after', 'before')", "after"),
        ("Iif(@created > #2026-02-02T00:30:00#, 'after', 'before')", "before"),
        ("@created", "2026-02-01 23:30:00.000Z"),
    ],
)
def test_days_are_those_of_the_server(paris, expr, value):
    """Values stay UTC on the wire; only parts and days depend on the zone."""
    node = etree.Element("queryDef", schema="nms:recipient", operation="get")
    select = etree.SubElement(node, "select")
    etree.SubElement(select, "node", expr=expr, alias="@x")
    where = etree.SubElement(node, "where")
    etree.SubElement(where, "condition", expr="@id = 1002")
    answer = paris.ask(etree.tostring(node).decode())
    assert etree.fromstring(answer).get("x") == value
