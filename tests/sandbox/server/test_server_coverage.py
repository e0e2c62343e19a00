"""sandbox/README.md is made from the tables that run the server."""

from __future__ import annotations

import pytest

from campaign_magics.sandbox.coverage import README, coverage_text, declared_methods
from campaign_magics.sandbox.pages import PAGES
from campaign_magics.sandbox.router import COVERAGE
from campaign_magics.sandbox.stores.dictionary import standard_dictionary

pytestmark = pytest.mark.pure


def test_the_readme_is_what_the_tables_say():
    """Else: ``python -m campaign_magics.sandbox.coverage``."""
    assert README.read_text(encoding="utf-8") == coverage_text()


def test_every_emulated_method_and_page_is_explained():
    """A row without a sentence tells nobody anything."""
    text = coverage_text()
    for owner, name in COVERAGE:
        (line,) = (
            part for part in text.splitlines() if f"| `{owner}#{name}` |" in part
        )
        assert len(line.split("|")[2].strip()) > 10
    for page in PAGES:
        assert f"| `{page.verb} {page.path}` |" in text


def test_only_declared_methods_are_emulated():
    """The rest is named as not emulated."""
    declared = declared_methods(standard_dictionary().schemas)
    assert COVERAGE.keys() <= declared
    text = coverage_text().partition("not emulated")[2]
    assert all(
        f"`{owner}#{name}`" in text for owner, name in declared - COVERAGE.keys()
    )
