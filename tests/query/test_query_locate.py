"""A caret points into the text the user wrote, not into our copy of it."""

from __future__ import annotations

import pytest

from campaign_magics.query.locate import locate

pytestmark = pytest.mark.pure


@pytest.mark.parametrize(
    ("expr", "part", "source", "marked"),
    [
        ("@emial", "@emial", '<node expr="@emial"/>', "@emial"),
        ("@em", "@em", '<node expr="@email"/><node expr="@em"/>', "@em"),
        ("@a < @b", "@b", '<condition expr="@a &lt; @b"/>', "@b"),
        ("@a = 'x' AND @b", "@b", "<c expr='@a = &apos;x&apos; AND @b'/>", "@b"),
        ("@a\n= 1", "1", '<c expr="@a\r= 1"/>', "1"),
    ],
)
def test_the_part_is_found(expr: str, part: str, source: str, marked: str) -> None:
    """Entities and white space of the source are taken into account."""
    start = expr.index(part)
    found = locate(expr, (start, start + len(part)), source)
    assert found is not None
    assert source[found[0] : found[1]] == marked


def test_an_absent_expression_is_not_found() -> None:
    assert locate("@x", (0, 2), "<node expr='@y'/>") is None


def test_the_second_of_two_similar_attributes_is_meant() -> None:
    """``@em`` is not looked for inside ``@email``."""
    source = '<node expr="@email"/><node expr="@em"/>'
    assert locate("@em", (0, 3), source) == (33, 36)
