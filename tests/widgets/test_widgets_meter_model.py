"""What the meter says of a budget, in numbers, words and HTML."""

from __future__ import annotations

import math
import re

import pytest

from campaign_magics.session.progress import Progress
from campaign_magics.throttle import Snapshot
from campaign_magics.throttle.usage import ApiUsage, Usage
from campaign_magics.widgets.meter.drawing import body_html, chart_html, static_html
from campaign_magics.widgets.meter.model import MeterView, as_text, look

pytestmark = pytest.mark.pure

NOW = 1_000_000.5
EVIL = "<img src=x onerror=alert(1)>"


def usage(ago: int, calls: int, *, kernel: str = "me", refused: int = 0) -> Usage:
    """Calls of one second, ``ago`` seconds before the current one."""
    return Usage(
        second=math.floor(NOW) - ago,
        api="xtk:queryDef#ExecuteQuery",
        kernel=kernel,
        calls=calls,
        throttled=refused,
        waited=0.5 * calls,
    )


def snapshot(
    *history: Usage,
    limit: float | None = 10.0,
    rate: float | None = 10.0,
    api: str = "xtk:queryDef#ExecuteQuery",
    blocked: float = 0.0,
    instance: str = "https://acme.test",
) -> Snapshot:
    total = Usage(second=0, api=api, kernel="", calls=41, throttled=3, errors=2)
    one = ApiUsage(api=api, limit=5.0, rate=5.0, used=4, waiting=2, total=total)
    return Snapshot(
        instance=instance,
        at=NOW,
        kernel="me",
        shared=True,
        limit=limit,
        rate=rate,
        used=7,
        waiting=2,
        blocked=blocked,
        apis=(one,),
        history=history,
    )


def test_the_last_minute_is_split_by_who_called() -> None:
    """A second of a minute ago is off the chart; this very second is its end."""
    view = look(
        snapshot(
            usage(60, 99),
            usage(59, 1),
            usage(3, 2, kernel="other", refused=1),
            usage(3, 4),
            usage(0, 5),
        )
    )
    assert (view.own, view.others, view.refused, view.busiest) == (10, 2, 1, 6)
    assert [(s.own, s.others) for s in (view.seconds[0], view.seconds[-1])] == [
        (1, 0),
        (5, 0),
    ]
    assert view.seconds[56].calls == 6
    assert view.waited == 0.5 * (1 + 2 + 4 + 5)


def test_the_text_has_every_fact() -> None:
    work = Progress(rows=50, total=100, seconds=2, speed=25, left=2, tps=10)
    view = look(snapshot(usage(1, 10), rate=4.0, blocked=1.2), [work])
    lines = as_text(view).splitlines()
    named = [re.split(r"\s{2,}", line, maxsplit=1) for line in lines]
    assert [pair for pair in named if pair[0]] == [
        [
            "now",
            "7 of 10 a second, eased to 4 a second after HTTP 429 · paused for 2 s"
            " · 2 waiting",
        ],
        ["last minute", "10 calls here, 0 by other kernels, 0 refused (429)"],
        ["waited", "5 s"],
        ["running", "50 of 100 rows · 25 rows/s · 2 s left at 10 TPS"],
        ["xtk:queryDef#ExecuteQuery", "4 of 5 a second, 41 calls, 3 refused, 2 errors"],
    ]
    # The limit is a full bar, a second ago.
    assert lines[2].strip() == "█"


def test_without_a_limit_the_busiest_second_is_full_height() -> None:
    view = look(snapshot(usage(2, 4), usage(1, 8), limit=None, rate=None))
    assert "7 a second, no limit" in as_text(view)
    assert "▄█" in as_text(view)


def test_more_than_the_limit_still_fits() -> None:
    """Two seconds on the clock share a burst that the sliding second allowed."""
    view = look(snapshot(usage(1, 14), limit=10.0))
    assert view.top == 14
    assert "█" in as_text(view)


def test_kinds_of_calls_differ_by_shape() -> None:
    """Full, hollow and crossed: no colour is needed to tell them apart."""
    html = chart_html(look(snapshot(usage(1, 3), usage(1, 2, kernel="o", refused=1))))
    own, others, refused = re.findall(r'<path d="(M[^"]*)"([^>]*)/>', html)[-3:]
    assert "fill=" in own[1]
    assert 'fill="none"' in others[1]
    assert 'stroke-width="2"' in refused[1]
    # 3 of 10 is 21.6 of 72 units; the others stand upon it.
    assert own[0] == "M557 88V66.4h7V88z"
    assert others[0] == "M557.5 65.9V52.5h6V65.9z"


def test_the_chart_is_an_image_with_words() -> None:
    html = chart_html(look(snapshot(usage(1, 3))))
    assert '<svg role="img"' in html
    assert (
        'aria-label="Calls per second in the last 60 seconds: 3 calls here, 0 by other'
        " kernels, 0 refused (429); 3 in the busiest second, the limit is 10"
    ) in html


def test_the_table_of_apis_has_caption_and_heads() -> None:
    html = body_html(look(snapshot()))
    assert "<caption" in html
    assert html.count('scope="col"') == 7
    assert re.search(r'<th scope="row"[^>]*>xtk:queryDef#ExecuteQuery</th>', html)


def test_every_name_is_escaped() -> None:
    view = look(snapshot(api=EVIL, instance=EVIL))
    for html in (static_html(view), static_html(view, closed=True)):
        assert "<img" not in html
        assert "&lt;img" in html


def test_the_twin_needs_no_style_sheet_and_no_script() -> None:
    html = static_html(look(snapshot(usage(1, 1))), closed=True)
    assert not re.search(r"<style|<script|https?://(?!acme\.test|www\.w3\.org)", html)
    assert "closed at" in html


def test_an_idle_budget_is_an_empty_chart() -> None:
    view = look(
        Snapshot(
            instance="i",
            at=NOW,
            kernel="me",
            shared=False,
            limit=None,
            rate=None,
            used=0,
            waiting=0,
            blocked=0.0,
            apis=(),
            history=(),
        )
    )
    assert not view.moves
    assert isinstance(view, MeterView)
    assert "others not seen" in as_text(view)
    assert "<table" not in body_html(view)
