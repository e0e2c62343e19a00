"""``%%campaign_query``: parse, call, show."""

from __future__ import annotations

import argparse
from collections import ChainMap
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from IPython.core.magic import (
    Magics,
    line_cell_magic,
    magics_class,
    needs_local_scope,
    no_var_expand,
)
from IPython.core.magic_arguments import argument, magic_arguments

from ..options import positive_int
from . import asking
from .arguments import parse
from .campaign import CampaignMagics
from .footer import show_under_next_result
from .progress import ProgressLine

if TYPE_CHECKING:
    from ..session.limits import Limit
    from ..workbench import Session

PARTIAL = "campaign_partial"
"""The variable that receives the rows of a reading that was cut short."""

_QUOTE_IT = "quote the query, or put it on the lines below %%campaign_query"


@magics_class
class QueryMagics(Magics):
    """The query cell."""

    def __init__(self, campaign: CampaignMagics) -> None:
        super().__init__(shell=campaign.shell)
        self._campaign = campaign

    @no_var_expand
    @needs_local_scope
    @line_cell_magic
    @magic_arguments("%campaign_query")
    @argument(
        "query", nargs="?", help="line magic only: the quoted query, or a variable"
    )
    @argument(
        "--from",
        dest="source",
        metavar="NAME",
        help="run the query of this variable, such as the picker",
    )
    @argument("--out", metavar="NAME", help="variable that receives the result")
    @argument("--limit", type=positive_int, help="rows to return (default: %%config)")
    @argument("--all", action="store_true", help="every row, however many calls")
    @argument("--page-size", type=positive_int, metavar="ROWS", help="rows of a call")
    @argument(
        "--param",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="value of :NAME in the query; without it, the notebook's variable",
    )
    @argument(
        "--as",
        dest="shape",
        choices=("pandas", "polars", "arrow"),
        help="what to return (default: %%config)",
    )
    @argument("--labels", action="store_true", help="enumerations by label")
    @argument("--explode", action="store_true", help="a row for each collection item")
    @argument("--to", metavar="PATH", help="write all rows to a folder, as Parquet")
    @argument("--resume", action="store_true", help="go on where it was cut short")
    @argument("--count", action="store_true", help="only count the records")
    @argument("--dry-run", action="store_true", help="tell what it would cost")
    @argument("--show-code", action="store_true", help="write it as XML, JSON, Python")
    def campaign_query(
        self, line: str, cell: str | None = None, local_ns: dict[str, Any] | None = None
    ) -> Any:
        """Run a query and return a DataFrame.

        The query is SQL, queryDef XML or queryDef JSON.  Interrupting keeps the rows
        that arrived, in the variable campaign_partial; the same cell with --resume
        goes on.  With --to the rows go to Parquet files instead, in constant memory.

        Examples::

            %%campaign_query --out french --limit 500
            SELECT email, folder.label FROM nms:recipient WHERE language = :language

            %%campaign_query --all --dry-run
            SELECT * FROM nms:broadLogRcp

            %%campaign_query --from picker

            df = %campaign_query my_query --limit 10
        """
        options = parse(self.campaign_query, line, "campaign_query", too_many=_QUOTE_IT)
        asking.check(options)
        session = self._campaign.session
        names = {**self.shell.user_ns, **(local_ns or {})}
        limited = bool(options.all or options.limit)
        what = asking.body(options.query, cell, names, options.source, limited=limited)
        params = ChainMap(asking.given(options.param), names)
        if options.show_code:
            result: Any = _code(session, what, params)
        elif options.count:
            result = session.count(what, params)
        elif options.dry_run:
            result = session.dry_run(what, params, **self._size(options))
        elif options.to:
            result = self._write(session, what, params, options)
            if cell is not None and options.out is None:
                return None  # its footer says it all
        else:
            return self._rows(session, what, params, options, cell is not None)
        return self._hand_out(result, options.out)

    def _rows(
        self,
        session: Session,
        what: Any,
        params: Any,
        options: argparse.Namespace,
        beneath: bool,
    ) -> Any:
        """Read rows and show their footer: beneath them if the cell shows them."""
        line = self._line(session)

        def read() -> Any:
            return session.read(
                what,
                params,
                **self._size(options),
                **self._look(options),
                resume=options.resume,
                progress=line if self._campaign.progress else None,
            )

        result = self._watched(read, line, session)
        shown = result.shaped(options.shape or self._campaign.frame)
        text = session.footer(result)
        if options.out is None and beneath:
            line.end("")
            show_under_next_result(self.shell, shown, text)
            return shown
        line.end(text)
        return self._hand_out(shown, options.out)

    def _write(
        self, session: Session, what: Any, params: Any, options: argparse.Namespace
    ) -> Any:
        """Write rows to a folder and show how many."""
        line = self._line(session)

        def write() -> Any:
            return session.to_parquet(
                what,
                Path(options.to).expanduser(),
                params,
                **self._size(options),
                **self._look(options),
                resume=options.resume,
                progress=line if self._campaign.progress else None,
            )

        extract = self._watched(write, line, None)
        line.end(session.footer(extract))
        return extract

    def _line(self, session: Session) -> ProgressLine:
        """Return the line that tells how far it is; silent where that is not wanted."""
        budget = session.budget if self._campaign.progress else None
        return ProgressLine(self.shell, budget)

    def _watched(
        self, work: Callable[[], Any], line: ProgressLine, session: Session | None
    ) -> Any:
        """Do the work; if it is cut short, say so and hand out what arrived."""
        try:
            return work()
        except BaseException as failure:
            kept = ""
            partial = session.partial if session and _was_kept(failure) else None
            if partial is not None:
                self.shell.user_ns[PARTIAL] = partial
                kept = (
                    f"{len(partial):,} rows are in {PARTIAL}; "
                    "the same cell with --resume goes on"
                )
            line.end(kept)  # not how far it was drawn: pages under way are kept too
            raise

    def _size(self, options: argparse.Namespace) -> dict[str, Any]:
        """Return how many rows are wanted, and how many at once."""
        from ..session import ProfileLimit

        limit: Limit = options.limit or ProfileLimit(self._campaign.limit)
        everything = options.all or (options.to and not options.limit)
        return {
            "limit": None if everything else limit,
            "page_size": options.page_size or self._campaign.page_size,
        }

    def _look(self, options: argparse.Namespace) -> dict[str, bool]:
        labels = options.labels or self._campaign.labels
        return {"labels": labels, "explode": options.explode}

    def _hand_out(self, result: Any, name: str | None) -> Any:
        """Return the result, or put it into a variable."""
        if name is None:
            return result
        self.shell.user_ns[name] = result
        return None


def _code(session: Session, what: Any, params: Any) -> Any:
    from ..query.code import to_code

    return to_code(session.check(what, params).query, profile=session.profile.name)


def _was_kept(failure: BaseException) -> bool:
    """Tell whether rows of the reading that failed were kept."""
    return bool(getattr(failure, "facts", {}).get("kept"))
