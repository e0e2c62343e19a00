"""Schemas for people."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from lxml import html

from campaign_magics.schemas.describe import (
    schema_html,
    schema_text,
    search_html,
    search_text,
)
from campaign_magics.schemas.model import Schema
from campaign_magics.schemas.reader import read_schema
from campaign_magics.schemas.store import SchemaSummary

pytestmark = pytest.mark.pure

EVIL = "<img src=x onerror=alert(1)>\"'&"


def evil_schema() -> Schema:
    escaped = "&lt;img src=x onerror=alert(1)&gt;&quot;'&amp;"
    return read_schema(
        f'<schema namespace="cus" name="t" label="{escaped}" desc="{escaped}">'
        f'<enumeration name="e" label="{escaped}"><value name="{escaped}"/>'
        f'</enumeration><element name="t"><attribute name="a" label="{escaped}" '
        f'desc="{escaped}" enum="e" expr="{escaped}"/>'
        f'<element name="l" type="link" target="{escaped}" label="{escaped}"/>'
        f'<element name="c" unbound="true" label="{escaped}"/></element>'
        f'<methods><method name="m"><help>{escaped}</help></method></methods></schema>'
    )


def test_text_lists_every_part(standard: Mapping[str, Schema]) -> None:
    """Headline, keys, fields, links, enumerations, methods."""
    text = schema_text(standard["nms:delivery"])
    lines = text.splitlines()
    assert lines[0] == "nms:delivery · Deliveries · local · table NmsDelivery"
    assert "keys: @id; @internalName" in lines
    for title in ("Fields (", "Links (", "Collections", "Enumerations (", "Methods ("):
        assert any(line.startswith(title) for line in lines)
    assert any("@internalName" in x and "string(64)" in x for x in lines)
    assert any("SubmitDelivery(scenarioName: string, content" in x for x in lines)


def test_text_tells_cloud_and_staged(standard: Mapping[str, Schema]) -> None:
    """Where the rows live decides what a query sees."""
    assert "· staged, cloud ·" in schema_text(standard["nms:recipient"])
    assert "· cloud ·" in schema_text(standard["nms:broadLogRcp"])


def test_text_spells_out_a_foreign_enumeration(
    standard: Mapping[str, Schema],
) -> None:
    """Its own are listed below, others are not."""
    text = schema_text(standard["nms:rtEvent"])
    assert "one of status" in text
    assert "one of unknown = 0, text = 1, html = 2" in text
    assert "mail = 0, sms = 1, phone = 2, paper = 3, fax = 4, agency = 5, …" in text


def test_html_is_a_table_that_a_screen_reader_can_walk(
    standard: Mapping[str, Schema],
) -> None:
    """Captions, column heads and row heads with their scope."""
    root = html.fromstring(schema_html(standard["nms:recipient"]))
    for table in root.iter("table"):
        assert table.find("caption") is not None
        assert {th.get("scope") for th in table.iter("th")} == {"col", "row"}
        for row in table.find("tbody"):
            assert row[0].tag == "th"


def test_html_fits_light_and_dark_themes(standard: Mapping[str, Schema]) -> None:
    """No colour of its own, no style sheet, no script."""
    text = schema_html(standard["nms:recipient"]) + search_html(
        [SchemaSummary(id="a:b")]
    )
    assert "#" not in text.replace("&#x27;", "")
    assert "<style" not in text
    assert "<script" not in text
    assert "background" not in text


def test_words_of_a_server_are_text_everywhere() -> None:
    """A label of <img onerror=…> shows as text."""
    schema = evil_schema()
    assert EVIL in schema_text(schema)
    text = schema_html(schema)
    root = html.fromstring(text)
    assert not list(root.iter("img"))
    assert root.text_content().count(EVIL) >= 8
    found = [SchemaSummary(id=EVIL, label=EVIL, description=EVIL)]
    root = html.fromstring(search_html(found, title=EVIL))
    assert not list(root.iter("img"))
    assert root.text_content().count(EVIL) == 4


def test_line_breaks_in_labels_do_not_break_the_columns() -> None:
    """One line each."""
    found = [SchemaSummary(id="a:b", label="two\nlines", description="x\ty")]
    assert search_text(found) == "  a:b  two lines  x y"


def test_search_result_lines_up() -> None:
    """Names, labels and descriptions in columns."""
    found = [
        SchemaSummary(id="nms:recipient", label="Recipients", description="Profiles"),
        SchemaSummary(id="xtk:folder", label="Folders", description="Tree"),
    ]
    assert search_text(found) == (
        "  nms:recipient  Recipients  Profiles\n  xtk:folder     Folders     Tree"
    )


def test_nothing_found_is_said() -> None:
    """An empty list is not an empty output."""
    assert search_text([]) == "No schema has that in its name, label or description."
    assert search_html([]) == f"<p>{search_text([])}</p>"
