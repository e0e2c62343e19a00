"""Golden pairs: a queryDef above the line; below it, SQL by dialect and the answer."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from campaign_magics.query.from_xml import from_xml
from campaign_magics.sandbox.engine import build_sql

GOLDEN = Path(__file__).parents[2] / "golden" / "engine"
CASES = sorted(path.stem for path in GOLDEN.glob("*.txt"))


def read(case: str) -> tuple[str, dict[str, str]]:
    """Split a golden file into its query and what it must become."""
    query, _, below = (GOLDEN / f"{case}.txt").read_text("utf-8").partition("\n---\n")
    pairs = (line.partition(": ")[::2] for line in below.splitlines() if line.strip())
    return query, dict(pairs)


@pytest.mark.parametrize("case", CASES)
def test_the_answer_is_as_written(world, case):
    """Both databases give the answer that was worked out by hand."""
    query, expected = read(case)
    assert world.ask(query) == expected["answer"]


@pytest.mark.parametrize("case", CASES)
def test_the_sql_is_as_written(mixed, case):
    """BuildQuery's text, values as literals."""
    query, expected = read(case)
    for dialect in expected.keys() - {"answer"}:
        built = build_sql(from_xml(etree.fromstring(query)), mixed, dialect)
        assert built == expected[dialect]
