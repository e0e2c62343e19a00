"""Floor 0: errors that render themselves, secrets that do not, a clock to pass in."""

from __future__ import annotations

import copy
import pickle
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign_magics import errors
from campaign_magics.clock import SYSTEM_CLOCK
from campaign_magics.errors import CampaignError, UnknownName
from campaign_magics.secret import Sealed, Secret, Veiled

pytestmark = pytest.mark.pure

KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, CampaignError)
]


def test_an_error_renders_cause_caret_and_hint() -> None:
    error = UnknownName(
        "Unknown attribute '@emial' of nms:recipient.",
        hint="did you mean @email?",
        source='<select>\n  <node expr="@emial"/>\n</select>',
        span=(23, 29),
    )
    assert error._render_traceback_() == [
        "UnknownName [ACM-102] Unknown attribute '@emial' of nms:recipient.",
        '      <node expr="@emial"/>',
        "                  ^^^^^^",
        "  hint: did you mean @email?",
    ]


def test_without_a_source_there_are_two_lines() -> None:
    assert len(CampaignError("No.", hint="Try.").render()) == 2


@given(st.text(), st.integers(-5, 400), st.integers(-5, 400))
def test_no_span_can_break_the_rendering(source: str, start: int, end: int) -> None:
    """A repr that raises would fail the cell for the wrong reason."""
    lines = CampaignError("No.", source=source, span=(start, end)).render()
    assert len(lines) == 3
    assert "^" in lines[2]


def test_a_long_line_is_cut_around_the_caret() -> None:
    error = CampaignError("No.", source="a" * 500 + "!" + "b" * 500, span=(500, 501))
    _, line, caret = error.render()
    assert len(line) <= 100
    assert line[caret.index("^")] == "!"
    wide = CampaignError("No.", source="a" * 5_000, span=(10, 4_000))
    assert max(map(len, wide.render())) <= 100


@pytest.mark.parametrize("kind", KINDS)
def test_errors_cross_processes(kind: type[CampaignError]) -> None:
    """Pickled by a worker pool or copied, an error keeps what it knows."""
    error = kind("No.", hint="Try.", source="abc", span=(1, 2), method="a:b#C")
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is kind
        assert other.render() == error.render()
        assert other.facts == {"method": "a:b#C"}


def test_every_error_has_a_code_of_its_own_and_stands_in_the_tree() -> None:
    """The tree drawn at the top of the module is the table of codes."""
    codes = {kind.code for kind in KINDS}
    assert len(codes) == len(KINDS)
    for kind in KINDS:
        assert any(
            kind.__name__ in line and kind.code in line
            for line in (errors.__doc__ or "").splitlines()
        ), kind


def test_a_secret_has_no_text_to_print() -> None:
    secret = Secret("canary")
    assert "canary" not in f"{secret} {secret!r} {secret:>20} {[secret]} {dir(secret)}"
    assert secret.reveal() == "canary"


def test_a_secret_is_not_stored_or_sent() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret("x"))


def test_waiting_ends_when_cancelled() -> None:
    cancel = threading.Event()
    cancel.set()
    assert SYSTEM_CLOCK.wait(60, cancel) is True
    assert SYSTEM_CLOCK.wait(0, threading.Event()) is False


def test_a_text_on_its_way_to_the_wire_does_not_show_itself() -> None:
    """It is the text itself for a library, and a mask in a repr of any container."""
    word, request = Veiled("canary"), Sealed(b"canary")
    assert (word, request) == ("canary", b"canary")
    assert "canary" not in f"{[word, request]!r} { ({'Cookie': word})!r}"
    assert repr(request) == "<6 bytes>"
