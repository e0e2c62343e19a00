"""``%campaign_connect`` and ``%campaign_status``: the notebook's session."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments
from IPython.display import display
from traitlets import Bool, Enum, Int, observe
from traitlets.config.configurable import Configurable

from ..errors import CampaignError, InvalidOption, NotConnected
from ..options import positive_int, positive_number
from .arguments import parse
from .attended import somebody_sits_at
from .footer import show, show_footer, table

if TYPE_CHECKING:
    from ..profiles import Profile
    from ..widgets.connect import ConnectBox
    from ..workbench import Session


@magics_class
class CampaignMagics(Magics, Configurable):
    """The notebook's connection and the magics that use it."""

    limit = Int(200, min=1, help="Rows of a query that has no LIMIT, unless told.").tag(
        config=True
    )
    page_size = Int(
        5_000, min=1, help="Rows asked for at once; more come in pages."
    ).tag(config=True)
    frame = Enum(
        ["pandas", "polars", "arrow"], "pandas", help="What a query cell returns."
    ).tag(config=True)
    labels = Bool(False, help="Show enumerations by label instead of by name.").tag(
        config=True
    )
    progress = Bool(
        True, help="Draw a progress line for long readings; costs one count."
    ).tag(config=True)
    show_traceback = Bool(
        False, help="Show the full traceback under an error of ours."
    ).tag(config=True)

    def __init__(self, shell: Any) -> None:
        super().__init__(shell=shell)
        self._session: Session | None = None
        self._ours = False
        self._box: ConnectBox | None = None
        self.matcher: Callable[..., Any] | None = None

    @observe("show_traceback")
    def _show_traceback(self, change: dict[str, Any]) -> None:
        CampaignError.show_traceback = change["new"]

    def close(self) -> None:
        """Log off, unless the session is one that a variable of the user holds."""
        session, self._session = self._session, None
        if session is not None and self._ours:
            session.close()

    @property
    def held(self) -> Session | None:
        """The session, or None before there is one."""
        return self._session

    @property
    def session(self) -> Session:
        """The notebook's session.  Raises NotConnected before there is one."""
        if self._session is None:
            raise NotConnected(
                "There is no connection yet.",
                hint="log on in the connection box, then run this cell again"
                if self._box is not None and not self._box.finished
                else "run %campaign_connect sandbox, or %campaign_connect PROFILE",
            )
        return self._session

    @no_var_expand
    @needs_local_scope
    @line_magic
    @magic_arguments("campaign_connect")
    @argument(
        "what",
        nargs="?",
        help="profile name, URL, 'sandbox', or a variable that holds a Session",
    )
    @argument("--user", help="operator to log on as")
    @argument("--tps", type=positive_number, help="calls a second to stay under")
    @argument("--rows", type=positive_int, help="recipients (sandbox only)")
    @argument("--box", action="store_true", help="show the connection box")
    def campaign_connect(self, line: str, local_ns: dict[str, Any]) -> None:
        """Log on; later cells use this session, the one before it is logged off.

        Without an argument: show the profiles and take the default one.  Where there
        is none, and somebody sits at the notebook, a box asks for it; ``--box`` shows
        it in any case.  The box does not hold up the cell, and a run without anybody
        (papermill, nbconvert) never gets one: it raises.

        Examples::

            %campaign_connect
            %campaign_connect --box
            %campaign_connect sandbox
            %campaign_connect sandbox --tps 5 --rows 100000
            %campaign_connect prod
            %campaign_connect https://acme.campaign.adobe.com --user me
        """
        options = vars(parse(self.campaign_connect, line, "campaign_connect"))
        what, box = options.pop("what"), options.pop("box")
        given = {name: value for name, value in options.items() if value is not None}
        if box or (what is None and not given and self._lacks_default()):
            self._show_box(what, given)
            return
        default = self._show_profiles() if what is None else ""
        held = self._held(what, local_ns)
        if held is not None and given:
            raise InvalidOption(
                f"'{what}' is a session already; it takes no options.",
                hint="give options to cm.connect(), or name a profile",
            )
        session = held or self._open(what, given)
        self._use(session, ours=held is None)
        show_footer(f"connected to {session.describe()}{default}")

    def _use(self, session: Session, *, ours: bool) -> None:
        """Take a session for later cells; the one before it is logged off."""
        if self._session is not session:
            self.close()
        self._session, self._ours = session, ours

    def _lacks_default(self) -> bool:
        """Tell whether a box has to ask where to, and somebody is there to answer."""
        from ..profiles import find_profiles

        return somebody_sits_at(self.shell) and find_profiles().preferred is None

    def _show_box(self, what: str | None, given: dict[str, Any]) -> None:
        """Show the connection box; it does its work after the cell."""
        if what is not None or given:
            raise InvalidOption(
                "--box takes nothing else.", hint="%campaign_connect --box"
            )
        if not somebody_sits_at(self.shell):
            raise InvalidOption(
                "There is nobody here to fill in a box.",
                hint="name a profile: %campaign_connect PROFILE",
            )
        from .connecting import make_box

        self._box = make_box(self._open, partial(self._use, ours=True))
        display(self._box)

    def _show_profiles(self) -> str:
        """Show which profiles file won and what is in it; return what is taken."""
        from ..profiles import find_profiles
        from ..profiles.describe import as_text, profile_rows

        found = find_profiles()
        rows = profile_rows(found)
        show(as_text(rows), table(rows, "Profiles"))
        return f" · the default of {found.path}" if found.preferred else ""

    def _held(self, what: str | None, names: dict[str, Any]) -> Session | None:
        """Return the Session that a variable of that name holds, if one does."""
        from ..workbench import Session

        held = names.get(what or "", self.shell.user_ns.get(what or ""))
        return held if isinstance(held, Session) else None

    def _open(self, what: str | Profile | None, options: dict[str, Any]) -> Session:
        from ..front import connect

        if "rows" in options and what != "sandbox":
            raise InvalidOption(
                "--rows is for the sandbox.", hint="%campaign_connect sandbox --rows N"
            )
        session = connect(what, **options)
        try:
            session.log_on()
        except BaseException:
            session.close()
            raise
        return session

    @no_var_expand
    @line_magic
    @magic_arguments("campaign_status")
    def campaign_status(self, line: str) -> None:
        """Show instance, operator, session age, budget and cache; asks nobody."""
        parse(self.campaign_status, line, "campaign_status")
        status = self.session.status()
        show(str(status), table(status.rows()))
