"""The magics: they parse, call and show; all work is done below."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell

from .business import BusinessMagics
from .campaign import CampaignMagics
from .completion import matcher_for
from .driving import DrivingMagics
from .explore import ExploreMagics
from .footer import table
from .meter import MeterMagics, close_meters
from .pick import PickMagics, give_body
from .query import QueryMagics
from .write import WriteMagics

if TYPE_CHECKING:
    from ..query.code import Code
    from ..schemas.model import Schema
    from ..session import Estimate

_ROOMS = (
    QueryMagics,
    ExploreMagics,
    DrivingMagics,
    MeterMagics,
    PickMagics,
    BusinessMagics,
    WriteMagics,
)


def register(shell: InteractiveShell) -> None:
    """Add the magics to ``shell``, once however often the extension is loaded."""
    if _registered(shell) is None:
        campaign = CampaignMagics(shell)
        shell.register_magics(campaign, *(room(campaign) for room in _ROOMS))
        campaign.matcher = matcher_for(campaign)
        shell.Completer.custom_matchers.append(campaign.matcher)
        shell.input_transformers_cleanup.insert(0, give_body)
        _show_our_own(shell)


def unregister(shell: InteractiveShell) -> None:
    """Remove what ``register`` added, close the session and freeze the meters."""
    campaign = _registered(shell)
    if campaign is None:
        return
    campaign.close()
    close_meters()
    shell.Completer.custom_matchers.remove(campaign.matcher)
    shell.input_transformers_cleanup.remove(give_body)
    rooms = [c for c in shell.configurables if isinstance(c, (CampaignMagics, *_ROOMS))]
    for room in rooms:
        shell.configurables.remove(room)  # Magics adds itself there
        for kind, names in room.magics.items():
            for name in names:
                shell.magics_manager.magics[kind].pop(name, None)


def _show_our_own(shell: InteractiveShell) -> None:
    """Let schemas, estimates and code show themselves, in notebook and terminal."""
    formatters = shell.display_formatter.formatters
    for where, as_html, as_text in _SHOWN:
        formatters["text/html"].for_type_by_name(*where, as_html)
        formatters["text/plain"].for_type_by_name(*where, as_text)


def _schema_html(schema: Schema) -> str:
    from ..schemas.describe import schema_html

    return schema_html(schema)


def _schema_text(schema: Schema, printer: Any, cycle: bool) -> None:
    from ..schemas.describe import schema_text

    printer.text(schema_text(schema))


def _estimate_html(estimate: Estimate) -> str:
    return table(estimate.lines(), "Dry run: nothing was read")


def _code_html(code: Code) -> str:
    return f"<pre>{escape(str(code))}</pre>"


def _as_text(shown: object, printer: Any, cycle: bool) -> None:
    printer.text(str(shown))


_SHOWN = (
    (("campaign_magics.schemas.model", "Schema"), _schema_html, _schema_text),
    (("campaign_magics.session.estimate", "Estimate"), _estimate_html, _as_text),
    (("campaign_magics.query.code", "Code"), _code_html, _as_text),
)
"""Type, HTML and text; by name, so that nothing is imported before it is used."""


def _registered(shell: InteractiveShell) -> CampaignMagics | None:
    return next((c for c in shell.configurables if isinstance(c, CampaignMagics)), None)
