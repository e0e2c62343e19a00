"""``%campaign_workflow``, ``…_delivery``, ``…_subscription`` and ``…_jobs``."""

from __future__ import annotations

from argparse import ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import replace
from inspect import cleandoc
from textwrap import indent
from typing import Any

from IPython.core.magic import (
    Magics,
    line_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments

from ..errors import InvalidOption
from ..options import positive_int, positive_number
from .arguments import parse, value_of
from .asking import check_name
from .campaign import CampaignMagics
from .commands import COMMANDS
from .errands import Errand
from .footer import show, show_footer, table
from .progress import ProgressLine
from .subcommands import Command, choose, lines, listing

PARTIAL = "campaign_partial"
"""The variable that receives, row by row, what was done before it was cut short."""

_ANY = {"command", "words", "help"}
_WRITTEN_OUT = {"command", "words", "out", "yes", "content", "targets"}
"""What stays as it is typed: consent, and what an errand looks up by itself."""

_NUMBERS = {"limit": positive_int, "timeout": positive_number}
"""Options that are read as numbers once variables have their values."""


_VARIABLES = """\
A word, or the value of an option, that is :name, $name or {name} is the notebook's
variable, as it is."""


def _common(magic: Callable[..., Any]) -> Callable[..., Any]:
    """Add what all of them take, and their commands to the help."""
    commands = indent(listing(COMMANDS[magic.__name__]), "    ")
    doc = cleandoc(magic.__doc__ or "")
    magic.__doc__ = f"{doc}\n\n{_VARIABLES}\n\nCommands::\n\n{commands}"
    for add in (
        argument("--yes", metavar="PROFILE", help="consent, for production"),
        argument("--out", metavar="NAME", help="variable that receives the result"),
        argument("words", nargs="*", help="what the command is about"),
        argument("command", nargs="?", help="what to do"),
    ):
        magic = add(magic)
    return magic


@magics_class
class BusinessMagics(Magics):
    """What an instance does: workflows, deliveries, subscriptions, jobs."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @needs_local_scope
    @line_magic
    @magic_arguments("campaign_workflow")
    @_common
    @argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an instance or event variable: week=12, week=:week",
    )
    @argument("--complete", action="store_true", help="signal: end the activity")
    @argument("--level", help="logs: error, warning, info or verbose")
    @argument("--until", metavar="STATE", help="wait: for this state, or STATE,STATE")
    @argument("--timeout", default=600.0, help="wait: seconds")
    @argument("--templates", action="store_true", help="list: templates instead")
    @argument("--limit", default=200, help="rows at most")
    def campaign_workflow(self, line: str, local_ns: dict[str, Any]) -> Any:
        """Start, pause, stop, kill, restart, signal and watch workflows.

        A workflow is named by its internal name or id, or is in a variable (--out).

        Examples::

            %campaign_workflow list paused
            %campaign_workflow start WKF7 --param week=12
            %campaign_workflow wait WKF7 --timeout 60
            %campaign_workflow signal WKF2 signal --param list=vip
            %campaign_workflow logs WKF5 --level error
            %campaign_workflow stop WKF7 --yes prod
        """
        return self._do("campaign_workflow", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    @magic_arguments("campaign_delivery")
    @_common
    @argument("--content", metavar="NAME", help="variable (a dict), or <delivery> XML")
    @argument("--targets", help="a condition on recipients, a variable, or XML")
    @argument("--label", help="what the delivery is called")
    @argument("--name", help="its internal name; made up without")
    @argument(
        "--param", action="append", default=[], metavar="NAME=VALUE", help="for :NAME"
    )
    @argument("--tracking", action="store_true", help="logs: opens and clicks")
    @argument("--status", help="logs: messages of this status")
    @argument("--until", metavar="STATE", help="wait: for this state, or STATE,STATE")
    @argument("--timeout", default=600.0, help="seconds to wait")
    @argument("--templates", action="store_true", help="list: templates instead")
    @argument("--limit", default=200, help="rows at most")
    def campaign_delivery(self, line: str, local_ns: dict[str, Any]) -> Any:
        """Make, prepare, send and watch deliveries.

        A delivery is named by its internal name or id, or is in a variable (--out).

        Examples::

            %campaign_delivery list --templates
            %campaign_delivery create mail --content news --targets "language = 'fr'"
            %campaign_delivery prepare DM12
            %campaign_delivery start DM12
            %campaign_delivery wait DM12 --until finished
            %campaign_delivery logs DM12 --status failed
            %campaign_delivery stats DM12 DM13 --out stats
        """
        return self._do("campaign_delivery", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    @magic_arguments("campaign_subscription")
    @_common
    @argument("--key", default="@email", help="columns that find a recipient")
    @argument("--create", action="store_true", help="make who is not found")
    @argument("--profile", default="", help="columns to write into profiles, or all")
    @argument("--email", help="history: of one address")
    @argument("--limit", default=200, help="rows at most")
    def campaign_subscription(self, line: str, local_ns: dict[str, Any]) -> Any:
        """Subscribe and unsubscribe recipients, one call each; list and history.

        ROWS is a variable: a DataFrame, a list of dicts or of addresses; or one
        address.

        Examples::

            %campaign_subscription list
            %campaign_subscription subscribe fans newsletter --key @email
            %campaign_subscription subscribe zoe@mail.example offers --create
            %campaign_subscription unsubscribe fans newsletter
            %campaign_subscription history newsletter --out events
        """
        return self._do("campaign_subscription", line, local_ns)

    @no_var_expand
    @needs_local_scope
    @line_magic
    @magic_arguments("campaign_jobs")
    @_common
    @argument("--timeout", default=600.0, help="wait: seconds")
    def campaign_jobs(self, line: str, local_ns: dict[str, Any]) -> Any:
        """Run a method in the background; ask for its progress and its result.

        A job is named by its id, or is in a variable (--out).

        Examples::

            %campaign_jobs submit nms:delivery#Prepare 2293 --out job
            %campaign_jobs status job
            %campaign_jobs wait 2294/nms:delivery@@f567…
        """
        return self._do("campaign_jobs", line, local_ns)

    def _do(self, magic: str, line: str, local_ns: dict[str, Any]) -> Any:
        """Run the command of a line, or show those there are."""
        function, commands = getattr(self, magic), COMMANDS[magic]
        options = parse(function, line, magic)
        check_name(options.out)
        if options.command is None:
            show(listing(commands), table(lines(commands), f"%{magic}"))
            return None
        defaults = {
            action.dest: action.default
            for action in function.parser._actions
            if action.dest not in _ANY
        }
        command, words = choose(magic, commands, options, defaults)
        names = {**self.shell.user_ns, **local_ns}
        errand = Errand(
            session=self._campaign.session,
            words=words,
            options=_with_values(options, names),
            names=names,
        )
        result = self._run(command, errand)
        if options.out is None:
            return result
        self.shell.user_ns[options.out] = result
        return None

    def _run(self, command: Command, errand: Errand) -> Any:
        """Run a command, draw how far it is, and show the footer of its result."""
        session, watched = errand.session, self._campaign.progress
        drawn = ProgressLine(self.shell, session.budget if watched else None)
        last: list[Any] = []

        def told(moment: Any) -> None:
            last[:] = [moment]
            drawn(moment)

        text = ""
        try:
            result = command.run(replace(errand, progress=told if watched else None))
            text = _footer(session, result, last, named=errand.options.out is not None)
        except BaseException as failure:
            self._keep(failure)
            raise
        finally:
            drawn.end(text)
        return result

    def _keep(self, failure: BaseException) -> None:
        """Hand out what became of the rows before it was cut short."""
        kept = self._campaign.session.subscription.last
        if kept is not None and "kept" in getattr(failure, "facts", {}):
            self.shell.user_ns[PARTIAL] = kept.frame
            show_footer(f"{kept.title}; {PARTIAL} tells row by row")


def _with_values(options: Namespace, names: dict[str, Any]) -> Namespace:
    """Return the options with the variables in place of words that name them.

    Raises InvalidOption for a number that is none.
    """
    found = {
        option: value_of(value, names)
        if isinstance(value, str) and option not in _WRITTEN_OUT
        else value
        for option, value in vars(options).items()
    }
    for option in _NUMBERS.keys() & found:
        try:
            found[option] = _NUMBERS[option](str(found[option]))
        except ArgumentTypeError as exc:
            raise InvalidOption(
                f"--{option}: {exc}.",
                hint=f"--{option} 60, or a variable that holds it",
            ) from exc
    return Namespace(**found)


def _footer(session: Any, result: Any, last: list[Any], *, named: bool) -> str:
    """Return the line that stays: of a frame, of a name's new value, of a wait."""
    if hasattr(result, "attrs"):
        return str(session.footer(result))
    if named:
        return str(getattr(result, "brief", ""))
    return str(last[0].ended) if last and hasattr(last[0], "state") else ""
