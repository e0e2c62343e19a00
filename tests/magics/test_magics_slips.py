"""Slips of the pen on a magic's line: each fails, and says how it is written."""

from __future__ import annotations

import re

import pytest
from magics.notebook import Notebook

from campaign_magics.errors import InvalidOption
from campaign_magics.front import sandbox_driver

QUERY = "SELECT id FROM nms:recipient"


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (f"%%campaign_query --limt 3\n{QUERY}", "no option --limt", "mean --limit?"),
        ("%campaign_connect sandbox --rwos=5", r"no option --rwos\.$", "mean --rows?"),
        ("%campaign_status now", "'now' is one word too many", "see %campaign_status?"),
        (f"%campaign_query {QUERY}", "'id' is one word too many", "quote the query"),
        (f"%%campaign_query --out class\n{QUERY}", "not a variable's name", "--out"),
        ("%campaign_sandbox statsu", "no command 'statsu'", "did you mean status?"),
        ("%campaign_sandbox expire now", "'now' is one word too many", "expire"),
        ("%campaign_sandbox reset --tps 5", "--tps is not for reset", "reset"),
    ],
)
def test_a_slip_is_named_with_its_remedy(
    connected: Notebook, line: str, message: str, hint: str
) -> None:
    with pytest.raises(InvalidOption, match=message) as caught:
        connected.run(line)
    assert hint in caught.value.hint


@pytest.mark.parametrize("words", ["", "5", "fast", "off --tps 5"])
def test_the_limit_of_the_sandbox_goes_only_when_told(
    connected: Notebook, words: str
) -> None:
    """A number in the wrong place, or none, leaves the limit as it is."""
    with pytest.raises(InvalidOption) as caught:
        connected.run(f"%campaign_sandbox throttle {words}")
    assert "throttle --tps 2" in caught.value.hint
    connected.run("%campaign_sandbox")
    assert "500 calls a second" in connected.shown


def test_the_sandbox_tells_its_counts_in_words(notebook: Notebook) -> None:
    """One call is a call; what nothing limits has no limit."""
    notebook.run("%campaign_connect sandbox --rows 50 --tps 50")
    notebook.run("%campaign_sandbox expire")
    assert "1 session ended" in notebook.shown
    sandbox_driver().stats(clear=True)  # other tests may have used this sandbox
    notebook.run("%campaign_call xtk:session#GetServerTime")
    notebook.run("%campaign_sandbox throttle off")
    assert "the sandbox allows any number of calls" in notebook.shown
    notebook.run("%campaign_sandbox status")
    for line in (r"refused \(429\) +0\b", r"limit +none\b", r"#Logon +1 call\b"):
        assert re.search(line, notebook.shown), line


def test_an_order_of_a_fault_is_shown_as_it_was_typed(notebook: Notebook) -> None:
    notebook.run("%campaign_connect sandbox --rows 50 --tps 50")
    notebook.run("%campaign_sandbox faults reset moment=after calls=1 api=*#Write*")
    line = "reset moment=after api=*#Write* calls=1 · 0 calls seen, 0 struck"
    assert f"'{line}'" in notebook.shown
