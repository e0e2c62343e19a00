"""The look that all our widgets share, and the only place where they write HTML.

ipywidgets' ``HTML`` puts its value into the page as it is, so every text of a server
goes through ``escape`` here or stands in a control that takes text only.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any, Final

import ipywidgets as widgets

from ..errors import CampaignError

ROOT: Final = "campaign-magics"
"""Class of the root of every view; the style sheet below knows nothing else."""

_KEYS: Final = (
    "const k=e=>e.target.toggleAttribute('data-lm-suppress-shortcuts',"
    "!(e.ctrlKey||e.metaKey));"
    "for(const n of ['focusin','keydown','keyup'])"
    "this.closest('.campaign-magics').addEventListener(n,k)"
)
"""JupyterLab takes arrows and letters for its own as long as no text is being typed:
a down arrow in a list would move to the next cell, ``dd`` would delete this one.  It
leaves alone what carries this attribute; what has the focus does, except while Ctrl or
Command is held down, so that saving works."""

_ARROW: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='18' "
    "height='18'%3E%3Cpath d='M5 7l4 4 4-4' fill='none' stroke='%23808080' "
    "stroke-width='2'/%3E%3C/svg%3E"
)
"""The arrow of a list: a grey that is seen on white and on black.  ipywidgets' own is
black in every theme."""

_STYLE: Final = (
    f'<style onload="{_KEYS}">'
    + """
.cell-output-ipywidget-background:has(.campaign-magics){
  background:transparent!important}
.campaign-magics.widget-box{
  box-sizing:border-box;padding:10px 12px;border-radius:4px;overflow:hidden;
  border:1px solid var(--jp-border-color2,#bdbdbd);
  background:var(--jp-layout-color1,#fff);
  color:var(--jp-content-font-color1,#212121)}
.campaign-magics .widget-html,.campaign-magics .widget-html-content,
.campaign-magics .widget-label,.campaign-magics .widget-checkbox label{
  color:var(--jp-content-font-color1,#212121)}
.campaign-magics .widget-html{height:auto}
.campaign-magics .widget-checkbox{
  height:auto;min-height:28px;align-items:center}
.campaign-magics .widget-checkbox label{
  display:flex;align-items:center;height:auto;white-space:normal;line-height:1.3}
.campaign-magics .widget-checkbox input{margin-top:0;margin-bottom:0}
.campaign-magics .widget-html-content{line-height:1.45}
.campaign-magics :is(button,input,select,textarea,[role=tab]):focus-visible{
  outline:2px solid var(--jp-brand-color1,#1976d2)!important;
  outline-offset:0!important}
.campaign-magics .mod-primary:focus-visible{
  outline-color:var(--jp-content-font-color1,#212121)!important}
.campaign-magics code,.campaign-magics .cm-mono{
  font-family:var(--jp-code-font-family,monospace);font-size:.95em}
.campaign-magics code{background:transparent;color:inherit}
.campaign-magics .widget-dropdown>select{background-image:url("ARROW")}
.campaign-magics .cm-quiet{color:var(--jp-content-font-color2,#616161)}
.campaign-magics .cm-title{font-size:1.05em;font-weight:600}
.campaign-magics .cm-cut{
  overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.campaign-magics .cm-error{
  border-left:3px solid currentColor;padding:2px 8px;white-space:pre-wrap}
.campaign-magics .cm-tag{
  border:1px solid currentColor;border-radius:3px;padding:0 4px;font-size:.85em;
  white-space:nowrap}
</style>""".replace("ARROW", _ARROW)
)


def framed(
    children: Iterable[Any], *, classes: Iterable[str] = (), style: str = ""
) -> Any:
    """Return the root box of a view: our colours and style sheet around its parts.

    Both a background and a colour are set, for a front end may paint its own white
    behind widgets whatever the theme.  ``style`` adds rules of the view's own.
    """
    text = _STYLE.replace("</style>", f"{style}</style>")
    sheet = widgets.HTML(text, layout={"display": "none"})
    box = widgets.VBox([sheet, *children])
    for name in (ROOT, *classes):
        box.add_class(name)
    return box


def line(text: str, *, quiet: bool = False) -> str:
    """Return a text of ours or of a server as one line of HTML, escaped."""
    look = ' class="cm-quiet"' if quiet else ""
    return f"<div{look}>{escape(text)}</div>"


def cut(text: str, told: str) -> str:
    """Return a text on one line, escaped and cut where there is no room for it.

    ``told`` is shown when the mouse rests on it.
    """
    return f'<div class="cm-cut" title="{escape(told)}">{escape(text)}</div>'


def title(text: str) -> str:
    """Return the heading of a part, escaped."""
    return f'<div class="cm-title">{escape(text)}</div>'


def said(text: str) -> str:
    """Return a line that a screen reader speaks when it appears, escaped."""
    return f'<div role="status">{escape(text)}</div>'


def failed(error: BaseException) -> str:
    """Return an error as a cell would show it, to be spoken at once."""
    return f'<div role="alert" class="cm-error">{escape(error_text(error))}</div>'


def error_text(error: BaseException) -> str:
    """Return an error's lines: the cause with its code, a caret, and the hint.

    A failure that is not one of ours is named, and its first line given.
    """
    if isinstance(error, CampaignError):
        return "\n".join(error.render())
    words = str(error).strip().splitlines() or [""]
    return f"{type(error).__name__}: {words[0]}".removesuffix(": ")
