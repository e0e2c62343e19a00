"""The schema picker in a real front end, with the mouse and with the keyboard alone."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from browser.desk import Desk, FrontEnd
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

START = "%load_ext campaign_magics\n%campaign_connect sandbox\n"
EVIL = "<img src=x onerror=window.harmed=1>"
EVIL_LABELS = f"""
import campaign_magics as cm
from dataclasses import replace
from campaign_magics.widgets.picker.view import Picker
session = cm.connect("sandbox")
schema = session.schemas["nms:recipient"]
evil = [replace(f, label={EVIL!r}, description={EVIL!r}) for f in schema.fields]
links = [replace(link, label={EVIL!r}) for link in schema.links]
session.schemas._schemas["nms:recipient"] = replace(
    schema, label={EVIL!r}, fields=tuple(evil), links=tuple(links))
picker = session.pick("nms:recipient")
picker.tick("@email", "folder")
picker.where("@email", "is", {EVIL!r})
picker
"""


def box(page: Any, label: str) -> Any:
    return page.locator(".cm-picker").get_by_label(label, exact=True)


def pick_women(page: Page) -> None:
    """Find nms:recipient, tick four fields, one of them a link's; ask for women."""
    box(page, "Search schemas").fill("profil targ")
    page.get_by_role("button", name=re.compile("^nms:recipient · Recip")).click()
    for label in ("First name", "Last name", "Email"):
        box(page, label).check()
    box(page, "Filter fields").fill("folder")
    box(page, "Email").wait_for(state="detached")  # the kernel has drawn what is left
    page.get_by_role("button", name="▸ Open").first.click()
    box(page, "Filter fields").fill("folder label")
    expect(box(page, "Label")).to_have_count(1)
    box(page, "Label").check()
    box(page, "Filter fields").fill("gender")
    box(page, "Gender").wait_for()  # the kernel has drawn the row
    page.get_by_role("button", name="Where", exact=True).click()
    box(page, "value").select_option(label="Female (female)")


@pytest.mark.parametrize("front_end", ["lab", "notebooks"])
def test_a_query_is_picked_and_run(
    desk: Desk, front_end: FrontEnd, tmp_path: Path
) -> None:
    """Search, three fields and one of a link, a condition, rows; nothing unsaved."""
    desk.front_end = front_end
    page = desk.page
    desk.open(
        desk.write(
            f"{START}%campaign_pick",
            "%%campaign_query --from picker --out df",
            "print(df.shape, *df.columns); df.head(3)",
        )
    )
    desk.run_cell(0)
    pick_women(page)
    page.get_by_role("button", name="Count", exact=True).click()
    page.get_by_text(re.compile(r"^[\d,]+ records of nms:recipient fit")).wait_for()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("200 rows are in picker.frame.").wait_for()
    assert page.locator(".cm-frame tbody tr").count() == 10
    page.get_by_role("tab", name="SQL", exact=True).click()
    written = page.get_by_label("The query as SQL")
    assert written.input_value() == (
        "SELECT @firstName, @lastName, @email, [folder/@label]\n"
        "FROM nms:recipient\nWHERE @gender = 2\nLIMIT 200"
    )
    page.get_by_text(
        "chosen: @firstName, @lastName, @email, folder/@label, 1 condition"
    ).wait_for()
    desk.run_cell(1)
    desk.run_cell(2)
    page.get_by_text("(200, 4) firstName lastName email folder.label").wait_for()
    for theme in ("Light", "Dark"):
        desk.use_theme(theme)  # type: ignore[arg-type]  # one of the two
        page.locator(".cm-picker").screenshot(path=tmp_path / f"picker_{theme}.png")
        assert desk.serious_faults(".cm-picker") == []
    desk.save()
    saved = json.loads((desk.folder / "own.ipynb").read_text())
    assert "widgets" not in saved["metadata"]
    shown = json.dumps(saved["cells"][0]["outputs"])
    assert "chosen: @firstName, @lastName" in shown


def test_the_keyboard_alone_is_enough(desk: Desk) -> None:
    """Tab order is the order of the page, and no key goes to the notebook instead."""
    page = desk.page
    desk.open(desk.write(f"{START}%campaign_pick", "1"))
    desk.run_cell(0)
    search = box(page, "Search schemas")
    search.wait_for()
    search.focus()
    page.keyboard.type("nms:recip")
    page.get_by_text(re.compile("of 9 schemas|2 schemas")).wait_for()
    page.keyboard.press("Enter")
    page.wait_for_function(  # opening the schema moves the focus on
        "document.activeElement.labels?.[0]?.textContent === 'Filter fields'"
    )
    box(page, "Primary key").wait_for()
    page.keyboard.press("Tab")  # to the pager
    expect(page.locator(":focus")).to_have_css("outline-width", "2px")
    keys = ["Tab", "Space", "Tab", "Tab", "Tab", "Tab", "Space", "Tab", "Enter"]
    for key in keys:  # tick the first and the third row; a condition on the third
        page.keyboard.press(key)
    page.locator(".cm-condition").wait_for()
    operator = box(page, "Condition")
    operator.focus()
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    assert operator.input_value() == "contains"
    expect(operator).to_have_css("outline-style", "solid")  # ipywidgets has none
    page.keyboard.press("Tab")
    page.keyboard.type("ar")
    page.keyboard.press("Tab")
    page.wait_for_function(  # the kernel has written the query
        "document.querySelector('.cm-code textarea')?.value.includes('%ar%')"
    )
    page.get_by_role("tab", name="Rows", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.wait_for_function(
        'document.activeElement.value === "SELECT @id, @firstName\\n'
        "FROM nms:recipient\\nWHERE @firstName LIKE '%ar%'\\nLIMIT 200\""
    )
    for key in ("d", "d", "b", "ArrowDown"):
        page.keyboard.press(key)
    page.get_by_role("button", name="Run", exact=True).press("Enter")
    page.get_by_text("rows are in picker.frame").wait_for()
    assert page.locator(".jp-CodeCell").count() == 2
    desk.save()  # Ctrl reaches the front end as ever


def test_a_label_of_markup_is_text_on_the_page(desk: Desk) -> None:
    page = desk.page
    desk.open(desk.write(EVIL_LABELS))
    desk.run_cell(0)
    page.locator(".cm-picker .cm-title").first.wait_for()
    page.get_by_role("button", name="Preview 10 rows").click()
    page.get_by_text("Preview: the first rows.").wait_for()
    assert page.get_by_text(EVIL).count() > 20
    assert page.locator(".jp-Notebook img[src=x]").count() == 0
    assert page.evaluate("window.harmed") is None


def test_the_text_can_be_copied(desk: Desk) -> None:
    """By a button; where the clipboard is closed, by Ctrl+C: the text is selected."""
    page = desk.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    code = f'{START}p = %campaign_pick nms:recipient\np.tick("@email")\np'
    desk.open(desk.write(code))
    desk.run_cell(0)
    page.get_by_role("tab", name="JSON", exact=True).click()
    page.get_by_role("button", name="Copy JSON").click()
    page.get_by_text("Copied.").wait_for()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["select"] == {"node": [{"expr": "@email"}]}
    page.get_by_role("tab", name="SQL", exact=True).click()
    page.get_by_label("The query as SQL").focus()
    assert page.evaluate("getSelection().toString()").startswith("SELECT @email")
