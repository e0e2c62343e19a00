"""``%campaign_sandbox``: drive the sandbox that a notebook talks to."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from ..options import positive_number
from .arguments import parse
from .campaign import CampaignMagics
from .orders import SANDBOX, Order
from .subcommands import choose


@magics_class
class DrivingMagics(Magics):
    """The sandbox, driven."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @line_magic
    @magic_arguments("campaign_sandbox")
    @argument("--tps", type=positive_number, help="throttle: calls a second")
    @argument("command", nargs="?", default="status", help=", ".join(SANDBOX))
    @argument("words", nargs="*", help="faults: KIND NAME=VALUE …; off")
    def campaign_sandbox(self, line: str) -> None:
        """Drive the sandbox that this notebook talks to.

        Examples::

            %campaign_sandbox status
            %campaign_sandbox throttle --tps 2
            %campaign_sandbox throttle off
            %campaign_sandbox expire
            %campaign_sandbox replicate
            %campaign_sandbox reset
            %campaign_sandbox faults status status=503 calls=3
            %campaign_sandbox faults latency seconds=0.5 probability=0.2
            %campaign_sandbox faults off
        """
        from ..front import sandbox_driver

        options = parse(self.campaign_sandbox, line, "campaign_sandbox")
        command, words = choose("campaign_sandbox", SANDBOX, options, {"tps": None})
        command.run(Order(sandbox_driver(), words, options))
