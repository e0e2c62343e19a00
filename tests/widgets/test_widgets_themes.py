"""What stands in a notebook fits a light theme and a dark one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from widgets.test_widgets_meter_model import snapshot, usage

from campaign_magics.api.shown import Shown
from campaign_magics.magics.footer import table, to_html
from campaign_magics.magics.progress import progress_html
from campaign_magics.profiles import Found, Profile
from campaign_magics.schemas.describe import schema_html
from campaign_magics.schemas.reader import read_schema
from campaign_magics.session.progress import Progress
from campaign_magics.widgets.connect import ConnectBox
from campaign_magics.widgets.connect_ways import Ways
from campaign_magics.widgets.meter.drawing import static_html
from campaign_magics.widgets.meter.model import look
from campaign_magics.widgets.picker.outcome import frame_html
from campaign_magics.write.show import as_html

pytestmark = pytest.mark.pure

EVIL = "<img src=x onerror=alert(1)>"
SCHEMA = """
<schema namespace="nms" name="thing" label="&lt;img src=x onerror=alert(1)&gt;">
  <element name="thing" label="&lt;img src=x onerror=alert(1)&gt;">
    <attribute name="id" type="long" label="&lt;img src=x onerror=alert(1)&gt;"/>
  </element>
</schema>"""
WORK = Progress(rows=1, total=2, seconds=1, speed=1, left=1, tps=None, noun=EVIL)
HOSTILE = Found(
    path=Path("profiles.toml"),
    profiles={EVIL: Profile(name=EVIL, url="https://acme.test", user=EVIL)},
    default=EVIL,
)
WAYS = Ways(
    connect=lambda profile, secrets: None,  # type: ignore[arg-type,return-value]
    taken=lambda connection: None,
    save_profile=lambda profile: Path(),
    remember=lambda profile, name, secret: None,
)


class Delivery(Shown):
    """What a business API returns, with a server's texts in it."""

    title = EVIL

    def facts(self) -> Iterable[tuple[str, object]]:
        return [(EVIL, EVIL)]


VIEWS: dict[str, Callable[[], str]] = {
    "footer": lambda: to_html(EVIL),
    "table": lambda: table([(EVIL, EVIL)], EVIL),
    "progress": lambda: progress_html(WORK, EVIL),
    "meter": lambda: static_html(look(snapshot(usage(1, 3), api=EVIL), [WORK])),
    "meter's instance": lambda: static_html(
        look(replace(snapshot(usage(1, 3)), instance=EVIL))
    ),
    "box": lambda: ConnectBox(HOSTILE, WAYS).as_html(),
    "plan or result": lambda: as_html(
        [(EVIL, EVIL)], [(EVIL, pd.DataFrame({EVIL: [EVIL]}))], EVIL
    ),
    "delivery or workflow": lambda: Delivery()._repr_html_(),
    "picker's rows": lambda: frame_html(pd.DataFrame({EVIL: [EVIL]}), EVIL),
    "schema": lambda: schema_html(read_schema(SCHEMA.encode())),
}


@pytest.mark.parametrize("view", VIEWS)
def test_no_colour_but_the_theme_s(view: str) -> None:
    """A colour of its own would vanish on one of the two backgrounds."""
    html = VIEWS[view]()
    named = r"#[0-9a-f]{3,8}\b|\brgba?\(|:\s*(black|white|gr[ae]y|red|blue|green)\b"
    assert not re.findall(named, re.sub(r"&#?\w+;", "", html), re.I)


@pytest.mark.parametrize("view", VIEWS)
def test_labels_of_a_server_are_text(view: str) -> None:
    """``<img src=x onerror=…>`` is read, not run."""
    html = VIEWS[view]()
    assert "<img" not in html
    assert "&lt;img src=x" in html


@pytest.mark.parametrize("view", VIEWS)
def test_nothing_is_fetched(view: str) -> None:
    """No script, no style sheet, no picture from elsewhere."""
    assert not re.search(r"<(script|link|style|iframe)|url\(|src=[\"']", VIEWS[view]())
