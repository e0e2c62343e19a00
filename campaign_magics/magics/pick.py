"""``%campaign_pick``: the schema picker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from IPython.core.magic import Magics, line_magic, magics_class, no_var_expand
from IPython.core.magic_arguments import argument, magic_arguments

from .arguments import parse
from .asking import PICKER
from .campaign import CampaignMagics

if TYPE_CHECKING:
    from ..widgets.picker.view import Picker


_WITHOUT_BODY = re.compile(r"%%campaign_query\b.*\s--from\b")


def give_body(lines: list[str]) -> list[str]:
    """Put a blank line below a lone ``%%campaign_query --from …``.

    IPython refuses a cell magic with nothing below it, and here nothing is missing.
    """
    if len(lines) == 1 and _WITHOUT_BODY.match(lines[0]):
        return [f"{lines[0].rstrip()}\n", "\n"]
    return lines


@magics_class
class PickMagics(Magics):
    """A query by looking instead of by typing."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @line_magic
    @magic_arguments("campaign_pick")
    @argument("schema", nargs="?", help="a schema's full name, opened at once")
    def campaign_pick(self, line: str) -> Picker:
        """Search a schema, tick fields, choose conditions; see and run the query.

        The picker is the variable ``picker``: picker.query is what was picked, and
        picker.frame the rows of its last run.

        Examples::

            %campaign_pick
            %campaign_pick nms:recipient

            %%campaign_query --from picker
            %%campaign_query --from picker --all
        """
        options = parse(self.campaign_pick, line, "campaign_pick")
        picker = self._campaign.session.pick(options.schema)
        self.shell.user_ns[PICKER] = picker
        return picker
