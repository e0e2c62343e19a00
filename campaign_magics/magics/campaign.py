"""``%campaign_connect`` and ``%%campaign_query``: parse, call, show."""

from __future__ import annotations

import ast
import re
from collections import ChainMap
from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments
from traitlets import Bool, Int, observe
from traitlets.config.configurable import Configurable

from ..errors import CampaignError, InvalidOption, NotConnected
from ..options import positive_int, positive_number
from .arguments import parse
from .footer import show_footer, show_under_next_result

if TYPE_CHECKING:
    from pandas import DataFrame

    from ..session import Session

_IDENTIFIER = re.compile(r"[^\W\d]\w*\Z")


@magics_class
class CampaignMagics(Magics, Configurable):
    """The notebook's connection and the magics that use it."""

    limit = Int(200, min=1, help="Rows a query returns unless told.").tag(config=True)
    show_traceback = Bool(
        False, help="Show the full traceback under an error of ours."
    ).tag(config=True)

    def __init__(self, shell: Any) -> None:
        super().__init__(shell=shell)
        self.session: Session | None = None

    @observe("show_traceback")
    def _show_traceback(self, change: dict[str, Any]) -> None:
        CampaignError.show_traceback = change["new"]

    def close(self) -> None:
        """Log off."""
        if self.session is not None:
            self.session.close()
            self.session = None

    @no_var_expand
    @needs_local_scope
    @line_magic
    @magic_arguments("%campaign_connect")
    @argument(
        "what",
        nargs="?",
        help="profile name, URL, 'sandbox', or a variable that holds a Session",
    )
    @argument("--user", help="operator to log on as")
    @argument("--tps", type=positive_number, help="calls a second to stay under")
    @argument("--rows", type=positive_int, help="recipients (sandbox only)")
    def campaign_connect(self, line: str, local_ns: dict[str, Any]) -> None:
        """Log on; later cells use this session.

        Examples::

            %campaign_connect sandbox
            %campaign_connect sandbox --tps 5 --rows 100000
            %campaign_connect prod
            %campaign_connect https://acme.campaign.adobe.com --user me
        """
        options = vars(parse(self.campaign_connect, line, "campaign_connect"))
        what = options.pop("what")
        given = {name: value for name, value in options.items() if value is not None}
        session = self._open(what, given, local_ns)
        if self.session is not None and self.session is not session:
            self.session.close()
        self.session = session
        show_footer(f"connected to {session.describe()}")

    def _open(
        self, what: str | None, options: dict[str, Any], names: dict[str, Any]
    ) -> Session:
        from ..front import connect
        from ..session import Session

        held = names.get(what or "", self.shell.user_ns.get(what or ""))
        if isinstance(held, Session):
            if options:
                raise InvalidOption(
                    f"'{what}' is a session already; it takes no options.",
                    hint="give options to cm.connect(), or name a profile",
                )
            return held
        if "rows" in options and what != "sandbox":
            raise InvalidOption(
                "--rows is for the sandbox.", hint="%campaign_connect sandbox --rows N"
            )
        session = connect(what, **options)
        session.log_on()
        return session

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
        names = {**self.shell.user_ns, **(local_ns or {})}
        if options.out is not None and not _IDENTIFIER.match(options.out):
            raise InvalidOption(
                f"--out {options.out} is not a variable's name.",
                hint="--out recipients",
            )
        what = _body(options.query, cell, names)
        frame = self._session().query(
            what,
            params=ChainMap(_given(options.param), names),
            limit=options.limit or self.limit,
        )
        if options.out is None and cell is not None:
            show_under_next_result(self.shell, frame, self._session().footer(frame))
            return frame
        show_footer(self._session().footer(frame))
        if options.out is None:
            return frame
        self.shell.user_ns[options.out] = frame
        return None

    def _session(self) -> Session:
        if self.session is None:
            raise NotConnected(
                "There is no connection yet.",
                hint="run %campaign_connect sandbox, or %campaign_connect PROFILE",
            )
        return self.session


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
        try:
            values[name] = ast.literal_eval(text)
        except (ValueError, SyntaxError):
            values[name] = text
    return values
