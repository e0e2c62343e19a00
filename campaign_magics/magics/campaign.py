"""``%campaign_connect`` and ``%campaign_status``: the notebook's session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
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
from .footer import show, show_footer, table

if TYPE_CHECKING:
    from ..session import Session


@magics_class
class CampaignMagics(Magics, Configurable):
    """The notebook's connection and the magics that use it."""

    limit = Int(200, min=1, help="Rows a query returns unless told.").tag(config=True)
    show_traceback = Bool(
        False, help="Show the full traceback under an error of ours."
    ).tag(config=True)

    def __init__(self, shell: Any) -> None:
        super().__init__(shell=shell)
        self._session: Session | None = None

    @observe("show_traceback")
    def _show_traceback(self, change: dict[str, Any]) -> None:
        CampaignError.show_traceback = change["new"]

    def close(self) -> None:
        """Log off."""
        if self._session is not None:
            self._session.close()
            self._session = None

    @property
    def session(self) -> Session:
        """The notebook's session.  Raises NotConnected before there is one."""
        if self._session is None:
            raise NotConnected(
                "There is no connection yet.",
                hint="run %campaign_connect sandbox, or %campaign_connect PROFILE",
            )
        return self._session

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
        if self._session is not session:
            self.close()
        self._session = session
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
    @line_magic
    @magic_arguments("%campaign_status")
    def campaign_status(self, line: str) -> None:
        """Show instance, operator, session age, budget and cache; asks nobody."""
        parse(self.campaign_status, line, "campaign_status")
        status = self.session.status()
        show(str(status), table(status.rows()))
