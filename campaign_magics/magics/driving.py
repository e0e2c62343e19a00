"""``%campaign_sandbox``: drive the sandbox that a notebook talks to."""

from __future__ import annotations

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from ..options import positive_number
from .arguments import named_values, parse
from .campaign import CampaignMagics
from .footer import show, show_footer, table

_COMMANDS = ("status", "replicate", "reset", "expire", "throttle", "faults")


@magics_class
class DrivingMagics(Magics):
    """The sandbox, driven."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @line_magic
    @magic_arguments("campaign_sandbox")
    @argument("command", nargs="?", choices=_COMMANDS, default="status", help="what")
    @argument("fault", nargs="*", help="faults: KIND NAME=VALUE …, or off")
    @argument("--tps", type=positive_number, help="throttle: calls a second")
    def campaign_sandbox(self, line: str) -> None:
        """Drive the sandbox that this notebook talks to.

        Examples::

            %campaign_sandbox status
            %campaign_sandbox throttle --tps 2
            %campaign_sandbox expire
            %campaign_sandbox replicate
            %campaign_sandbox reset
            %campaign_sandbox faults status status=503 calls=3
            %campaign_sandbox faults latency seconds=0.5 probability=0.2
            %campaign_sandbox faults off
        """
        from ..front import sandbox_driver

        options = parse(self.campaign_sandbox, line, "campaign_sandbox")
        driver = sandbox_driver()
        match options.command:
            case "status":
                counted = driver.stats()
                rows = [(name, counted[name]) for name in counted if name != "apis"]
                rows = [row for row in rows if row[0] != "per_second"]
                rows += [(api, c["calls"]) for api, c in counted["apis"].items()]
                text = "\n".join(f"{name:<28} {value}" for name, value in rows)
                show(text, table(rows, "Sandbox"))
            case "throttle":
                driver.throttle(options.tps)
                limit = "no limit" if options.tps is None else f"{options.tps:g} TPS"
                show_footer(f"the sandbox allows {limit}")
            case "expire":
                show_footer(f"{driver.expire()} sessions ended")
            case "replicate":
                driver.replicate()
                show_footer("staged and reference rows are in the cloud database")
            case "faults":
                kind, order = _order(options.fault)
                orders = driver.faults(kind, **order)
                lines = [str(one) for one in orders] or ["no fault is ordered"]
                rows = [(str(number), line) for number, line in enumerate(lines, 1)]
                show("\n".join(lines), table(rows, "Ordered faults"))
            case "reset":
                driver.reset()
                show_footer("the rows are as they were at the start")


def _order(words: list[str]) -> tuple[str | None, dict[str, object]]:
    """Read ``KIND NAME=VALUE …``: Python literals as such, other words as text."""
    if not words:
        return None, {}
    example = "%campaign_sandbox faults latency seconds=0.5"
    return words[0], named_values(words[1:], example)
