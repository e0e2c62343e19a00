"""The picker without a browser: values are set and buttons clicked, as a page does."""

from __future__ import annotations

import json
import threading
from typing import Any

import ipywidgets as widgets
import pytest
from widgets.conftest import EVIL

from campaign_magics.errors import SoapFault, UnknownName
from campaign_magics.widgets.picker.fields import PAGE, RowView
from campaign_magics.widgets.picker.view import Picker

pytestmark = pytest.mark.pure


@pytest.fixture
def picker(session: Any) -> Picker:
    return Picker(session, "nms:recipient")


def row(picker: Picker, path: str) -> RowView:
    """Turn pages until the row is on the page."""
    fields = picker.fields
    fields.refresh(0)
    while True:
        shown = fields.rows[: len(fields.page.children)]
        for view in shown:
            if view._row is not None and view._row.path == path:
                return view
        assert not fields.after.disabled, f"there is no row {path}"
        fields.after.click()


def all_widgets(picker: Picker) -> list[Any]:
    def below(widget: Any) -> list[Any]:
        found = [widget]
        for child in getattr(widget, "children", ()):
            found += below(child)
        return found

    return below(picker.view)


def test_searching_as_one_types_offers_schemas_to_open(session: Any) -> None:
    picker = Picker(session)
    assert picker._body.layout.display == "none"
    picker.search.words.value = "RECIP"
    first = picker.search.listed.children[0]
    assert first.description.startswith("nms:recipient · Recipients")
    assert session.fetched == []
    first.click()
    assert session.fetched == ["nms:recipient"]
    assert picker.model.schema.id == "nms:recipient"
    assert picker._body.layout.display is None
    assert picker.search.listed.children == ()


def test_words_of_descriptions_are_found_and_none_is_said(session: Any) -> None:
    picker = Picker(session)
    picker.search.words.value = "opens clicks"
    [found] = picker.search.listed.children
    assert found.description.startswith("nms:trackingLogRcp")
    picker.search.words.value = "zzz"
    assert picker.search.listed.children == ()
    assert "No schema" in picker.search.told.value


def test_return_opens_the_first_schema(session: Any) -> None:
    picker = Picker(session)
    picker.search.words.value = "nms:service"
    picker.search.words._handle_custom_msg({"event": "submit"}, [])
    assert picker.model.schema.id == "nms:service"


def test_more_schemas_come_a_page_at_a_time(session: Any) -> None:
    picker = Picker(session)
    seen = set()
    for _ in range(20):
        shown = picker.search.listed.children
        seen |= {button.description.split(" · ")[0] for button in shown}
        picker.search.more.click()
    assert seen == set(session.schemas)


def test_ticking_choosing_and_running(picker: Picker, session: Any) -> None:
    """The whole job: three fields, a field of a link, a condition, rows."""
    for path in ("@firstName", "@lastName", "@email"):
        row(picker, path).box.value = True
    row(picker, "folder").button.click()
    row(picker, "folder/@label").box.value = True
    row(picker, "@gender").button.click()
    [condition] = picker.chosen.conditions
    condition.value.value = "female"
    picker.chosen.orders[0].path.value = "@lastName"
    picker.chosen.orders[0].desc.value = True
    picker.chosen.limit.value = 12
    assert picker.sql == (
        "SELECT @firstName, @lastName, @email, [folder/@label]\n"
        "FROM nms:recipient\n"
        "WHERE @gender = 2\n"
        "ORDER BY @lastName DESC\n"
        "LIMIT 12"
    )
    assert "WHERE @gender = 2" in picker.outcome.texts["SQL"].value
    picker.start.click()
    assert session.asked == [picker.query]
    assert picker.frame is not None
    assert len(picker.frame) == 12
    assert "12 rows, the first 10 shown" in picker.outcome.rows.value
    assert "12 rows are in picker.frame" in picker.stage.status.value
    assert picker.run().equals(picker.frame)


def test_unticking_removes_the_field_and_its_order(picker: Picker) -> None:
    row(picker, "@email").box.value = True
    row(picker, "@lastName").box.value = True
    picker.chosen.orders[0].path.value = "@email"
    row(picker, "@email").box.value = False
    assert picker.model.chosen == ["@lastName"]
    assert picker.query.order_by == ()
    assert picker.chosen.orders[0].path.value == ""


def test_columns_can_be_moved_and_removed(picker: Picker) -> None:
    picker.tick("@id", "@email", "@age")
    picker.chosen.columns.value = "@age"
    picker.chosen.up.click()
    assert picker.model.chosen == ["@id", "@age", "@email"]
    assert picker.chosen.columns.value == "@age"
    picker.chosen.remove.click()
    assert picker.model.chosen == ["@id", "@email"]
    assert not row(picker, "@age").box.value


def test_operators_and_values_follow_the_type(picker: Picker) -> None:
    picker.tick("@id")
    for path in ("@gender", "@birthDate", "@lastName", "@blackList"):
        row(picker, path).button.click()
    kinds = [type(view.value) for view in picker.chosen.conditions]
    assert kinds == [widgets.Dropdown, widgets.DatePicker, widgets.Text, type(None)]
    gender = picker.chosen.conditions[0]
    assert ("Female (female)", "female") in gender.value.options
    gender.operator.value = "is one of"
    assert isinstance(gender.value, widgets.SelectMultiple)
    gender.value.value = ("male", "female")
    for _ in range(2):
        assert "has no value yet" in picker.outcome.texts["SQL"].value
        picker.chosen.conditions[1].remove.click()
    assert [c.expr for c in picker.query.where] == [
        "@gender IN (1, 2)",
        "@blackList = true",
    ]
    picker.chosen.joined.value = True
    assert picker.query.where[0].bool_operator == "OR"


def test_a_removed_condition_leaves_no_widget_behind(picker: Picker) -> None:
    before = len(all_widgets(picker))
    row(picker, "@lastName").button.click()
    old = picker.chosen.conditions[0]
    old.remove.click()
    assert len(all_widgets(picker)) == before
    assert old.operator.comm is None
    assert old.value.comm is None


def test_the_operator_of_days_starts_with_a_number(picker: Picker) -> None:
    """What the control shows is what the query says."""
    picker.tick("@id")
    row(picker, "@created").button.click()
    picker.chosen.conditions[0].operator.value = "is in the last days"
    assert picker.query.where[0].expr == "@created >= AddDays(GetDate(), -7)"


def test_counting_is_on_request_or_after_every_change(
    picker: Picker, session: Any
) -> None:
    picker.tick("@email")
    assert session.asked == []
    picker.count.click()
    assert "7 records of nms:recipient fit" in picker.stage.status.value
    picker.live.value = True
    assert picker.counting.wait()
    assert len(session.asked) == 2
    row(picker, "@id").box.value = True
    assert picker.counting.wait()
    assert len(session.asked) == 3


def test_a_live_count_blocks_nobody_and_the_last_change_wins(
    picker: Picker, session: Any
) -> None:
    """While the server counts, fields are ticked; then it counts the last query."""
    started, answers = threading.Event(), threading.Event()

    def slow(query: Any) -> int:
        session.asked.append(query)
        started.set()
        assert answers.wait(10)
        return len(query.select)

    session.count = slow
    picker.tick("@email")
    picker.live.value = True
    assert started.wait(10)
    for path in ("@id", "@lastName", "@firstName"):
        row(picker, path).box.value = True  # would hang if the count held the lock
    assert "SELECT @email, @id, @lastName, @firstName" in picker.sql
    assert "fit" not in picker.stage.status.value
    answers.set()
    assert picker.counting.wait()
    assert [len(query.select) for query in session.asked] == [1, 4]
    assert "4 records of nms:recipient fit." in picker.stage.status.value


def test_a_live_count_tells_errors_and_goes_on(picker: Picker, session: Any) -> None:
    """Also one of a query that is not finished: it waits for the rest."""
    picker.tick("@email")
    session.refuses = SoapFault("The server is tired.", hint="wait")
    picker.live.value = True
    assert picker.counting.wait()
    assert "The server is tired." in picker.stage.status.value
    session.refuses = None
    row(picker, "@lastName").button.click()  # a condition without a value yet
    assert picker.counting.wait()
    asked = len(session.asked)
    picker.chosen.conditions[0].value.value = "Ng"
    assert picker.counting.wait()
    assert len(session.asked) == asked + 1
    assert "7 records" in picker.stage.status.value


def test_a_schema_that_cannot_be_fetched_is_told_where_it_is_seen(
    session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is open yet, so the line must not be in what is hidden till then."""
    picker = Picker(session)
    picker.search.words.value = "nms:recipient"
    lookup = picker.model._lookup

    def lost(name: str) -> Any:
        raise SoapFault("The schema is locked.", hint="try again")

    monkeypatch.setattr(picker.model, "_lookup", lost)
    picker.search.listed.children[0].click()
    assert "The schema is locked." in picker.stage.status.value
    assert picker.stage.status in picker.view.children
    monkeypatch.setattr(picker.model, "_lookup", lookup)
    picker.search.listed.children[0].click()
    assert picker.model.schema.id == "nms:recipient"
    assert "locked" not in picker.stage.status.value


def test_a_1_n_link_says_that_records_repeat(picker: Picker) -> None:
    picker.tick("@email")
    assert picker.chosen.repeats.value == ""
    picker.tick("subscription/@created")
    assert "one row for each item of subscription" in picker.chosen.repeats.value


def test_a_preview_asks_for_ten_rows(picker: Picker, session: Any) -> None:
    picker.tick("@email")
    picker.preview.click()
    assert [query.line_count for query in session.asked] == [10]
    assert picker.frame is None


@pytest.mark.parametrize("button", ["count", "preview", "start"])
def test_an_error_of_the_server_is_two_lines_in_the_widget(
    picker: Picker, session: Any, button: str
) -> None:
    picker.tick("@email")
    session.refuses = SoapFault(f"The server said {EVIL}.", hint="ask less")
    getattr(picker, button).click()
    shown = picker.stage.status.value
    assert 'role="alert"' in shown
    assert "SoapFault [ACM-201] The server said &lt;img" in shown
    assert "hint: ask less" in shown
    assert picker.error is session.refuses
    session.refuses = None
    getattr(picker, button).click()
    assert "SoapFault" not in picker.stage.status.value
    assert picker.error is None


def test_a_fault_of_ours_is_not_lost_either(picker: Picker, session: Any) -> None:
    picker.tick("@email")
    session.refuses = ZeroDivisionError("by zero")
    picker.count.click()
    assert "ZeroDivisionError: by zero" in picker.stage.status.value
    assert picker.error is session.refuses


def test_running_before_anything_is_ticked_says_what_to_do(picker: Picker) -> None:
    picker.start.click()
    assert "No field of nms:recipient is ticked yet" in picker.stage.status.value


def test_an_unknown_schema_is_an_error_of_the_cell(session: Any) -> None:
    with pytest.raises(UnknownName, match="no schema nms:recipent"):
        Picker(session, "nms:recipent")


def test_a_link_that_cannot_be_opened_is_told(picker: Picker, session: Any) -> None:
    """The row stays closed and can be tried again."""
    real = picker.model.tree._lookup  # type: ignore[union-attr]

    def lost(name: str) -> Any:
        raise SoapFault("gone")

    picker.model.tree._lookup = lost  # type: ignore[union-attr]
    row(picker, "folder").button.click()
    assert "gone" in picker.stage.status.value
    picker.model.tree._lookup = real  # type: ignore[union-attr]
    row(picker, "folder").button.click()
    assert "Close" in row(picker, "folder").button.description


def test_server_text_is_text_everywhere(session: Any) -> None:
    """A label of markup stays a label: in HTML it is escaped, elsewhere it is text."""
    picker = Picker(session)
    picker.search.words.value = "evil"
    assert EVIL in picker.search.listed.children[0].description
    picker.search.listed.children[0].click()
    picker.tick("@one", "@colour")
    picker.where("@colour", "is", EVIL)
    picker.where("@one", "is", EVIL)
    picker.fields.rows[-1].box.value = True
    picker.start.click()
    html = [w for w in all_widgets(picker) if isinstance(w, widgets.HTML)]
    assert any("&lt;img src=x onerror" in w.value for w in html)
    for widget in html:
        assert "<img" not in widget.value
    for widget in all_widgets(picker):
        assert not getattr(widget, "description_allow_html", False)
        assert not getattr(widget, "tooltip_allow_html", False)
    bundle = picker._repr_mimebundle_()
    assert "<img" not in bundle["text/html"]


def test_the_twin_says_what_is_picked(picker: Picker) -> None:
    picker.tick("@email")
    fields = len(picker.model.schema.fields)
    assert picker.note() == (
        f"schema nms:recipient, {fields} attributes, chosen: @email"
    )
    bundle = picker._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "SELECT @email\nFROM nms:recipient" in bundle["text/plain"]
    assert "SELECT @email\nFROM nms:recipient" in bundle["text/html"]
    assert "chosen: @email" in repr(picker)


def test_every_control_has_a_visible_label(picker: Picker) -> None:
    row(picker, "@lastName").button.click()
    for widget in all_widgets(picker):
        if not isinstance(widget, widgets.HTML | widgets.Box):
            assert widget.description, type(widget)


def test_clicks_of_other_threads_take_turns(picker: Picker) -> None:
    """JupyterLab may deliver clicks in threads of their own."""
    paths = [f.path for f in picker.model.schema.fields][:20]
    threads = [threading.Thread(target=picker.tick, args=(path,)) for path in paths]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(picker.model.chosen) == sorted(paths)
    assert len(picker.query.select) == 20


def test_a_page_costs_few_widgets_however_large_the_schema(picker: Picker) -> None:
    """The rows are made once: opening links and turning pages adds none."""
    before = len(all_widgets(picker))
    assert len(picker.fields.rows) == PAGE
    row(picker, "folder").button.click()
    row(picker, "folder/@label")
    assert len(all_widgets(picker)) <= before + 4 * PAGE
    assert len(all_widgets(picker)) < 150


def test_no_text_in_a_widgets_state_is_a_secret_or_an_address(picker: Picker) -> None:
    state = json.dumps([str(w.get_state()) for w in all_widgets(picker)])
    assert "http" not in state.replace("http://www.w3.org/2000/svg", "")
