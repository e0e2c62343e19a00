"""``%campaign_meter``: calls a second against the limit, live or as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from .arguments import parse
from .campaign import CampaignMagics
from .footer import show

if TYPE_CHECKING:
    from ..widgets.meter.view import Meter
    from ..workbench import Session


@magics_class
class MeterMagics(Magics):
    """The budget, watched."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @line_magic
    @magic_arguments("campaign_meter")
    @argument("--text", action="store_true", help="as it is now, as text and HTML")
    @argument("--close", action="store_true", help="freeze every open meter")
    def campaign_meter(self, line: str) -> Meter | None:
        """Show calls a second against the limit: now, and over the last minute.

        In a notebook it is live, also while cells run, and shows the calls of other
        kernels.  Its Close button, ``--close`` and the session's end leave a summary
        in its place.  In a terminal it is text.

        Examples::

            %campaign_meter
            %campaign_meter --text
            %campaign_meter --close
            meter = %campaign_meter
        """
        options = parse(self.campaign_meter, line, "campaign_meter")
        if options.close:
            close_meters()
            return None
        session = self._campaign.session
        if hasattr(self.shell, "kernel") and not options.text:
            return session.meter()
        _show_as_text(session)
        return None


def close_meters() -> None:
    """Freeze every open meter of this kernel."""
    from ..widgets.ticker import TICKER

    TICKER.close_all()


def _show_as_text(session: Session) -> None:
    from ..widgets.meter.drawing import static_html
    from ..widgets.meter.model import as_text, look

    view = look(session.budget.snapshot(), session.underway.now)
    show(as_text(view), static_html(view))
