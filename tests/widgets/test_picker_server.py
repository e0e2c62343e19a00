"""The picker on a server that makes trouble: told in the widget, which goes on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from campaign_magics import Sandbox, connect
from campaign_magics.widgets.picker.view import Picker
from campaign_magics.workbench import Session

QUERIES = "xtk:queryDef#ExecuteQuery"


@pytest.fixture
def session(sandbox: Sandbox) -> Iterator[Session]:
    with connect(sandbox) as session:
        yield session
    sandbox.faults("off")


@pytest.fixture
def picker(session: Session) -> Picker:
    picker = session.pick("nms:recipient")
    picker.tick("@email")
    picker.count.click()
    assert "records of nms:recipient fit." in picker.stage.status.value
    return picker


def test_a_session_that_expired_is_renewed(picker: Picker, sandbox: Sandbox) -> None:
    sandbox.expire()
    picker.count.click()
    assert picker.error is None
    assert "records of nms:recipient fit." in picker.stage.status.value


def test_a_refused_call_says_that_it_waits_and_then_counts(
    picker: Picker, sandbox: Sandbox
) -> None:
    """HTTP 429 with a second to wait: told meanwhile, and no error in the end."""
    told: list[str] = []
    picker.stage.status.observe(lambda change: told.append(change["new"]), "value")
    sandbox.faults("status", status=429, retry_after=1, calls=1, api=QUERIES)
    picker.count.click()
    assert any("It waits: the server refused with HTTP 429" in one for one in told)
    assert "records of nms:recipient fit." in told[-1]
    assert picker.error is None


@pytest.mark.parametrize("button", ["count", "preview", "start"])
def test_a_closed_session_is_told_in_two_lines(
    picker: Picker, session: Session, button: str
) -> None:
    session.close()
    getattr(picker, button).click()
    shown = picker.stage.status.value
    assert "NotConnected [ACM-112] This session is closed." in shown
    assert len(shown.splitlines()) == 2
    picker.tick("@id")  # what needs no server goes on
    assert picker.sql.startswith("SELECT @email, @id")
    picker.live.value = True
    assert picker.counting.wait()
    assert "This session is closed." in picker.stage.status.value


def test_a_connection_that_breaks_is_told_and_may_be_tried_again(
    picker: Picker, sandbox: Sandbox
) -> None:
    sandbox.faults("login_page")
    picker.preview.click()
    assert picker.error is not None
    assert 'role="alert"' in picker.stage.status.value
    sandbox.faults("off")
    picker.preview.click()
    assert picker.error is None
    assert "<td>" in picker.outcome.rows.value
