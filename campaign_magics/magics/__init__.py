"""The magics: they parse, call and show; all work is done below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.interactiveshell import InteractiveShell

from .campaign import CampaignMagics
from .completion import matcher_for
from .driving import DrivingMagics
from .explore import ExploreMagics
from .query import QueryMagics

if TYPE_CHECKING:
    from ..schemas.model import Schema

_ROOMS = (QueryMagics, ExploreMagics, DrivingMagics)


def register(shell: InteractiveShell) -> None:
    """Add the magics to ``shell``, once however often the extension is loaded."""
    if _registered(shell) is None:
        campaign = CampaignMagics(shell)
        shell.register_magics(campaign, *(room(campaign) for room in _ROOMS))
        campaign.matcher = matcher_for(campaign)
        shell.Completer.custom_matchers.append(campaign.matcher)
        _describe_schemas(shell)


def unregister(shell: InteractiveShell) -> None:
    """Remove what ``register`` added and close the session."""
    campaign = _registered(shell)
    if campaign is None:
        return
    campaign.close()
    shell.Completer.custom_matchers.remove(campaign.matcher)
    rooms = [c for c in shell.configurables if isinstance(c, (CampaignMagics, *_ROOMS))]
    for room in rooms:
        shell.configurables.remove(room)  # Magics adds itself there
        for kind, names in room.magics.items():
            for name in names:
                shell.magics_manager.magics[kind].pop(name, None)


def _describe_schemas(shell: InteractiveShell) -> None:
    """Let a Schema show itself as a table, in a notebook and in a terminal."""
    where = ("campaign_magics.schemas.model", "Schema")
    formatters = shell.display_formatter.formatters
    formatters["text/html"].for_type_by_name(*where, _schema_html)
    formatters["text/plain"].for_type_by_name(*where, _schema_text)


def _schema_html(schema: Schema) -> str:
    from ..schemas.describe import schema_html

    return schema_html(schema)


def _schema_text(schema: Schema, printer: Any, cycle: bool) -> None:
    from ..schemas.describe import schema_text

    printer.text(schema_text(schema))


def _registered(shell: InteractiveShell) -> CampaignMagics | None:
    return next((c for c in shell.configurables if isinstance(c, CampaignMagics)), None)
