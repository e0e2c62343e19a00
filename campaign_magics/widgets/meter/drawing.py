"""A meter as HTML: the same parts in the live widget and in its static twin.

Inline styles only, and no colour without a shape: this kernel's bars are full, other
kernels' hollow, refused calls are crosses in a lane of their own.  Colours are the
theme's where it has any, else that of the text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from html import escape

from ...session.progress import Progress
from ..progress_html import progress_html
from .model import (
    SECONDS,
    ApiLine,
    MeterView,
    Second,
    clock_words,
    minute_words,
    state_words,
    usage_words,
)

_OWN = "var(--jp-brand-color1,currentColor)"
_OTHERS = "var(--jp-content-font-color2,currentColor)"
_REFUSED = "var(--jp-error-color1,currentColor)"
_LINE = "var(--jp-border-color2,currentColor)"

_LEFT, _PITCH, _BAR = 34, 9, 7
_TOP, _HEIGHT = 16, 72
_WIDTH = _LEFT + SECONDS * _PITCH + 2
_BASE = _TOP + _HEIGHT

_CELL = f"padding:2px 14px 2px 0;border-bottom:1px solid {_LINE}"


def static_html(view: MeterView, closed: bool = False) -> str:
    """Return everything a meter shows; ``closed`` says that it will not move again."""
    when = f"{'closed at' if closed else 'as of'} {clock_words(view.at)}"
    return f'<div class="campaign-magics">{body_html(view, when)}</div>'


def body_html(view: MeterView, when: str = "") -> str:
    """Return everything a meter shows and, for one that stands still, since when."""
    parts = (
        head_html(view, when),
        chart_html(view),
        legend_html(view),
        works_html(view.works),
        apis_html(view.apis),
    )
    return f'<div style="max-width:{_WIDTH}px">{"".join(parts)}</div>'


def head_html(view: MeterView, when: str = "") -> str:
    """Return which instance, how many calls now, and what keeps others back."""
    share = min(1.0, view.used / (view.limit or view.top))
    title = f"Calls to {view.instance}" + (f", {when}" if when else "")
    return (
        f'<div style="opacity:.8">{escape(title)}</div>'
        '<div style="margin:2px 0 4px"><span style="font-size:1.5em;font-weight:600;'
        f'font-variant-numeric:tabular-nums">{escape(usage_words(view))}</span>'
        f'<span style="margin-left:14px">{escape(state_words(view))}</span></div>'
        f'<div aria-hidden="true" style="height:6px;border:1px solid {_LINE};'
        'border-radius:3px;overflow:hidden">'
        f'<div style="height:6px;width:{share:.0%};background:{_OWN}"></div></div>'
    )


def chart_html(view: MeterView) -> str:
    """Return the last minute as bars, one a second, with the limit as a dashed line."""
    label = (
        f"Calls per second in the last {SECONDS} seconds: {minute_words(view)}; "
        f"{view.busiest} in the busiest second"
        + (f", the limit is {view.limit:g}" if view.limit is not None else "")
    )
    return (
        f'<svg role="img" aria-label="{escape(label)}" '
        f'viewBox="0 0 {_WIDTH} {_BASE + 16}" style="display:block;width:100%;'
        f'max-width:{_WIDTH}px;height:auto;margin-top:6px" font-size="11" '
        f'fill="currentColor" xmlns="http://www.w3.org/2000/svg">'
        f"{_axes(view)}{_bars(view)}</svg>"
    )


def legend_html(view: MeterView) -> str:
    """Return what the shapes mean, and how many of each there were."""
    marks = [
        (f'<rect x="1" y="1" width="9" height="9" fill="{_OWN}"/>', "this kernel",
         view.own),
        (f'<rect x="1.5" y="1.5" width="8" height="8" fill="none" stroke="{_OTHERS}"/>',
         "other kernels" if view.shared else "other kernels (not seen)", view.others),
        (f'<path d="{_cross(2, 2)}" stroke="{_REFUSED}" stroke-width="2"/>',
         "refused (429)", view.refused),
    ]  # fmt: skip
    items = "".join(
        '<span style="margin-right:18px;white-space:nowrap">'
        f'<svg aria-hidden="true" width="11" height="11" style="margin-right:5px">'
        f"{mark}</svg>{escape(name)} <b>{count:,}</b></span>"
        for mark, name, count in marks
    )
    return f'<div style="font-size:.92em;margin:2px 0 6px">{items}</div>'


def works_html(works: Iterable[Progress]) -> str:
    """Return the running work, each with a bar and the time it has left.

    Without any it is an empty line: what stands below must not jump when work begins.
    """
    # One line, whatever it says, for the same reason.
    look = (
        "font-size:.92em;margin:4px 0;white-space:nowrap;overflow:hidden;"
        "text-overflow:ellipsis"
    )
    lines = [f"Running: {progress_html(work)}" for work in works] or ["&nbsp;"]
    return "".join(f'<div style="{look}">{line}</div>' for line in lines)


def apis_html(apis: Iterable[ApiLine]) -> str:
    """Return a table with a row for each API that was called lately."""
    body = "".join(
        f'<tr><th scope="row" style="text-align:left;font-weight:normal;{_CELL}">'
        f"{escape(api.api)}</th>{_cells(api)}</tr>"
        for api in apis
    )
    if not body:
        return ""
    head = "".join(
        f'<th scope="col" style="text-align:{"left" if at == 0 else "right"};{_CELL}">'
        f"{name}</th>"
        for at, (name, _) in enumerate((("API", None), *_COLUMNS))
    )
    return (
        '<table style="border-collapse:collapse;table-layout:auto;width:100%;'
        'font-size:.92em;font-variant-numeric:tabular-nums;margin:0">'
        '<caption style="text-align:left;opacity:.8;caption-side:top">'
        "Per API; calls, refused and errors of the last 10 minutes</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    )


def _rate(api: ApiLine) -> str:
    if api.rate is None:
        return "–"
    lowered = api.rate != api.limit
    return f"{api.rate:g}" + (" (eased)" if lowered else "")


_COLUMNS: tuple[tuple[str, Callable[[ApiLine], str]], ...] = (
    ("now", lambda api: f"{api.used:,}"),
    ("own limit", _rate),
    ("waiting", lambda api: f"{api.waiting:,}"),
    ("calls", lambda api: f"{api.calls:,}"),
    ("refused", lambda api: f"{api.refused:,}"),
    ("errors", lambda api: f"{api.errors:,}"),
)


def _cells(api: ApiLine) -> str:
    return "".join(
        f'<td style="text-align:right;{_CELL}">{text(api)}</td>' for _, text in _COLUMNS
    )


def _axes(view: MeterView) -> str:
    """Return base line, limit, and what stands at the ends of both axes."""
    right = _LEFT + SECONDS * _PITCH
    parts = [
        f'<path d="M{_LEFT} {_BASE + 0.5}H{right}" stroke="{_LINE}"/>',
        f'<text x="{_LEFT}" y="{_BASE + 13}" opacity=".8">60 s ago</text>',
        f'<text x="{right}" y="{_BASE + 13}" text-anchor="end" opacity=".8">now</text>',
        f'<text x="{_LEFT - 5}" y="{_BASE}" text-anchor="end" opacity=".8">0</text>',
    ]
    shown = view.top if view.limit is None else view.limit
    y = _y(shown, view)
    parts.append(
        f'<text x="{_LEFT - 5}" y="{y + 4:g}" text-anchor="end" opacity=".8">'
        f"{shown:g}</text>"
    )
    if view.limit is not None:
        parts.append(
            f'<path d="M{_LEFT} {y:g}H{right}" stroke="currentColor" opacity=".6" '
            'stroke-dasharray="4 3"/>'
        )
    return "".join(parts)


def _bars(view: MeterView) -> str:
    """Return a path for each kind: short, whatever the number of bars."""
    own, others, refused = [], [], []
    for at, second in enumerate(view.seconds):
        x = _LEFT + at * _PITCH + 1
        if second.own:
            own.append(_box(x, _y(0, view), _y(second.own, view), _BAR))
        if second.others:
            others.append(_hollow(x, second, view))
        if second.refused:
            refused.append(_cross(x, 3))
    return (
        f'<path d="{"".join(own)}" fill="{_OWN}"/>'
        f'<path d="{"".join(others)}" fill="none" stroke="{_OTHERS}"/>'
        f'<path d="{"".join(refused)}" stroke="{_REFUSED}" stroke-width="2"/>'
    )


def _hollow(x: float, second: Second, view: MeterView) -> str:
    """Return other kernels' bar, which stands on this one's."""
    low, high = _y(second.own, view), _y(second.calls, view)
    return _box(x + 0.5, low - 0.5, min(high + 0.5, low - 1.5), _BAR - 1)


def _box(x: float, low: float, high: float, width: float) -> str:
    return f"M{x:g} {low:g}V{high:g}h{width}V{low:g}z"


def _cross(x: float, y: float) -> str:
    return f"M{x:g} {y:g}l7 7m0 -7l-7 7"


def _y(calls: float, view: MeterView) -> float:
    return round(_BASE - calls / view.top * _HEIGHT, 1)
