"""The connection box in JupyterLab: typed, tested, connected; the password is gone."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser.desk import Desk

    from campaign_magics import Sandbox

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_person_logs_on_by_typing(desk: Desk, sandbox: Sandbox) -> None:
    """A wrong password is told in the box; the right one is in no file afterwards."""
    notebook = desk.write(
        "%load_ext campaign_magics\n%campaign_connect --box",
        "%%campaign_query --limit 3\nSELECT email FROM nms:recipient",
    )
    desk.open(notebook)
    desk.run_cell(0)
    page = desk.page
    page.get_by_label("Connect to").select_option(label="another instance")
    page.get_by_label("Address").fill(sandbox.url)
    page.get_by_label("Operator").fill(sandbox.user)
    password = page.get_by_label("Password", exact=True)
    assert password.get_attribute("type") == "password"
    password.fill("not the password")
    page.get_by_role("button", name="Connect", exact=True).click()
    page.get_by_text("hint: check the operator and the password").wait_for()
    for theme in ("Light", "Dark"):
        desk.use_theme(theme)
        assert desk.serious_faults(".jp-OutputArea") == []
    password.fill(sandbox.password.reveal())
    password.press("Enter")
    page.get_by_text(re.compile("^connected to ")).first.wait_for()
    desk.run_cell(1)
    page.get_by_text("first 3 rows · nms:recipient (cloud)").wait_for()
    assert page.get_by_label("Password", exact=True).count() == 0
    desk.save()
    text = (desk.folder / notebook).read_text()
    assert sandbox.password.reveal() not in text
    assert "widgets" not in json.loads(text)["metadata"]
