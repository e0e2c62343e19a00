"""``%%campaign_query``: parse, call, show."""

from __future__ import annotations

import re
from collections import ChainMap
from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments

from ..errors import InvalidOption
from ..options import positive_int
from .arguments import literal, parse
from .campaign import CampaignMagics
from .footer import show_footer, show_under_next_result

if TYPE_CHECKING:
    from pandas import DataFrame

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


@magics_class
class QueryMagics(Magics):
    """The query cell."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    @magic_arguments("%%campaign_query")
    @argument(
        "query", nargs="?", help="line magic only: the quoted query, or a variable"
    )
    @argument("--out", metavar="NAME", help="variable that receives the DataFrame")
    @argument("--limit", type=positive_int, help="rows to return (default: %%config)")
    @argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of :NAME in the query; without it, the notebook's variable",
    )
    def campaign_query(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> DataFrame | None:
        """Run a query and return a DataFrame.

        Examples::

            %%campaign_query --out french --limit 500
            <queryDef schema="nms:recipient" operation="select">
              <select><node expr="@email"/><node expr="[folder/@label]"/></select>
              <where><condition expr="@language = :language"/></where>
            </queryDef>

            df = %campaign_query my_query --limit 10
        """
        options = parse(self.campaign_query, line, "campaign_query")
        session = self._campaign.session
        names = {**self.shell.user_ns, **(local_ns or {})}
        if options.out is not None and not _IDENTIFIER.match(options.out):
            raise InvalidOption(
                f"--out {options.out} is not a variable's name.",
                hint="--out recipients",
            )
        what = _body(options.query, cell, names)
        frame = session.query(
            what,
            params=ChainMap(_given(options.param), names),
            limit=options.limit or self._campaign.limit,
        )
        if options.out is None and cell is not None:
            show_under_next_result(self.shell, frame, session.footer(frame))
            return frame
        show_footer(session.footer(frame))
        if options.out is None:
            return frame
        self.shell.user_ns[options.out] = frame
        return None


def _body(
    word: str | None, cell: str | None, names: dict[str, Any]
) -> str | dict[str, Any]:
    """Return the query: the cell's body, the quoted text, or a variable's value."""
    if cell is not None:
        if word is not None:
            raise InvalidOption(
                f"'{word}' stands on the magic's line; the query goes below it.",
                hint="options on the first line, the query on the next",
            )
        return cell
    if word is None:
        raise InvalidOption(
            "There is no query.",
            hint='df = %campaign_query "<queryDef …>" or %%campaign_query',
        )
    if not _IDENTIFIER.match(word):
        return word
    if word not in names:
        raise InvalidOption(
            f"There is no variable '{word}'.", hint="assign the query to it first"
        )
    value: str | dict[str, Any] = names[word]
    return value


def _given(pairs: list[str]) -> dict[str, Any]:
    """Read ``--param`` values: Python literals as such, everything else as text."""
    values = {}
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not equals or not _IDENTIFIER.match(name):
            raise InvalidOption(
                f"--param {pair} is not NAME=VALUE.", hint="--param language=fr"
            )
        values[name] = literal(text)
    return values
